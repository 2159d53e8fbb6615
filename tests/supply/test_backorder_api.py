"""Backorders and what hurts them, asked for as any client does."""

from __future__ import annotations

from datetime import datetime

from tests.movements.stocked import call
from tests.supply.trade import AT_RISK, BACKORDERS, CANCEL, CREATE, DAY, MOVE, UPDATE, Trade


async def test_a_backorder_from_promise_to_reservation(trade: Trade) -> None:
    purchase = await trade.buys(5, 7)
    [source] = (await trade.promise(trade.lamps(4, locationId="EAST")))["lines"][0]["sources"][-1:]
    share = {"inboundId": source["supply"]["documentId"], "line": source["supply"]["line"], "quantity": 4}
    made = await trade.done(CREATE, idempotencyKey="once", lines=[share], owner="ann", reference="o-1")
    entry = {"kind": "BACKORDER_CREATE", "owed": [{"locationId": "EAST", "delta": 4}]}
    assert (made["replayed"], made["userErrors"], made["entry"]) == (False, [], entry)
    backorder = made["backorder"]
    assert (backorder["state"], backorder["owner"], backorder["reference"]) == ("WAITING", "ann", "o-1")
    assert (await trade.done(CREATE, idempotencyKey="once", lines=[share], owner="ann", reference="o-1"))["replayed"]
    less = await trade.done(CANCEL, backorderId=backorder["id"], lines=[{"line": 0, "quantity": 1}])
    assert [line["waiting"] for line in less["backorder"]["lines"]] == [3]
    assert less["entry"]["owed"] == [{"locationId": "EAST", "delta": -1}]
    other = await trade.buys(5, 9)
    to = {"inboundId": other, "line": 0, "quantity": 2}
    moved = await trade.done(MOVE, backorderId=backorder["id"], line=0, to=to)
    assert [(line["inboundId"], line["waiting"]) for line in moved["backorder"]["lines"]] == [(purchase, 1), (other, 2)]
    await trade.shop.gateway.movements.inbound.receive(call(), purchase)
    found = await trade.shop.owner.ask(BACKORDERS, filter={"sku": trade.lamp, "states": ["WAITING"], "owner": "ann"})
    assert found["backorders"]["nodes"] == [{"id": backorder["id"]}]
    one = await trade.shop.owner.ask(
        'query($id: ID!) { backorder(id: $id) { reservationIds } none: backorder(id: "none") { id } }',
        id=backorder["id"],
    )
    assert one == {"backorder": {"reservationIds": [f"{backorder['id']}-1"]}, "none": None}
    assert (await trade.shop.owner.ask(BACKORDERS, filter={"sku": "NONE"}))["backorders"]["nodes"] == []


async def test_a_later_date_lists_the_promises_that_it_hurts(trade: Trade) -> None:
    purchases = [await trade.buys(5, 7), await trade.buys(5, 8)]
    for number, purchase in enumerate(purchases):
        share = {"inboundId": purchase, "line": 0, "quantity": 2}
        await trade.done(CREATE, lines=[share], reference=f"o-{number}")
        trade.clock.advance(1)
    late = (trade.began + 20 * DAY).isoformat()
    for number, purchase in enumerate(purchases):
        lines = [{"line": 0, "expectedAt": late}]
        updated = await trade.done(UPDATE, inboundId=purchase, lines=lines)
        [hurt] = updated["hurts"]
        assert (hurt["reference"], hurt["quantity"], hurt["reason"]) == (f"o-{number}", 2, "LATER")
        assert datetime.fromisoformat(hurt["nowExpected"]) == datetime.fromisoformat(late)
        assert hurt["promisedFor"] == updated["inbound"]["lines"][0]["firstExpectedAt"]
    first = (await trade.shop.owner.ask(AT_RISK))["promisesAtRisk"]
    after = first["pageInfo"]["endCursor"]
    second = (await trade.shop.owner.ask(AT_RISK, after=after))["promisesAtRisk"]
    found = [node["inbound"]["id"] for page in (first, second) for node in page["nodes"]]
    assert (sorted(found), second["pageInfo"]["hasNextPage"]) == (sorted(purchases), False)


async def test_what_is_hurt_is_told_from_where_it_can_be_had_instead_and_can_be_moved_there(trade: Trade) -> None:
    late, other = await trade.buys(45, 7), await trade.buys(6, 10)
    for units in (2, 10, 15):
        await trade.done(CREATE, lines=[{"inboundId": late, "line": 0, "quantity": units}])
    after = [{"line": 0, "expectedAt": (trade.began + 20 * DAY).isoformat()}]
    first, second, third = (await trade.done(UPDATE, inboundId=late, lines=after))["hurts"]
    # Three are there in the east, five in the west, and six come with the other purchase.
    [source] = first["replacement"]["sources"]
    assert (source["locationId"], source["quantity"], source["supply"]) == ("EAST", 2, None)
    assert (first["replacement"]["date"], first["replacement"]["confidence"]) == (trade.day(0), 1.0)
    sources = [(one["locationId"], one["quantity"], one["supply"]) for one in second["replacement"]["sources"]]
    coming = {"documentId": other, "line": 0}
    assert second["replacement"]["date"] == trade.day(10)
    assert sum(units for _, units, _ in sources) == 10 and ("EAST", 6, coming) in sources
    assert third["replacement"] is None  # not even from the free units of the purchase itself
    to = {"inboundId": other, "line": 0, "quantity": 6}
    moved = await trade.done(MOVE, backorderId=second["backorderId"], line=second["backorderLine"], to=to)
    assert moved["userErrors"] == []
    [page] = (await trade.shop.owner.ask(AT_RISK))["promisesAtRisk"]["nodes"]
    assert [(hurt["quantity"], hurt["replacement"]) for hurt in page["hurts"]] == [
        (2, {"date": trade.day(0)}),
        (4, {"date": trade.day(0)}),
        (15, None),
    ]
    await trade.shop.gateway.movements.inbound.receive(call(), late)
