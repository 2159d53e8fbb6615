"""What can be promised, and for when."""

from __future__ import annotations

import random
from typing import Any

from gateway.inventory.access import Scope
from gateway.inventory.arrivals import Arrival, Condition
from gateway.operations.lead_time_fold import SETTLED_AFTER
from gateway.planning.projection import HORIZON_DAYS
from tests.movements.stocked import call
from tests.supply.trade import AT_RISK, ATP, CREATE, DAY, MOVE, PROMISE, Trade


async def test_every_term_of_what_can_be_promised_is_told(trade: Trade) -> None:
    purchase, undated = await trade.buys(10, 7), await trade.buys(4, None)
    transfer, lost = await trade.moves(2, 1), await trade.moves(1, None)
    await trade.done(CREATE, lines=[{"inboundId": purchase, "line": 0, "quantity": 6}])
    overdue = await trade.buys(8, -9)
    found = await trade.atp("EAST")
    assert found["places"] == [{"locationId": "EAST", "available": 3, "owed": 0}]
    told = {
        supply["documentId"]: (supply["kind"], supply["free"], supply["due"], supply["countsFrom"], supply["estimated"])
        for supply in found["supplies"]
    }
    assert told == {
        transfer: ("TRANSFER", 2, trade.day(1), trade.day(1), False),
        purchase: ("PURCHASE", 4, trade.day(7), trade.day(7), False),
        undated: ("PURCHASE", 4, trade.day(20), trade.day(20), True),
        overdue: ("PURCHASE", 8, trade.day(-9), None, False),
        lost: ("TRANSFER", 1, None, None, False),
    }
    [bound] = [supply["bound"] for supply in found["supplies"] if supply["documentId"] == purchase]
    assert bound == 6
    by_date = {told["date"]: (told["projected"], told["availableToPromise"]) for told in found["days"]}
    assert len(by_date) == 31
    assert [by_date[trade.day(number)] for number in (0, 1, 6, 7, 19, 20)] == [
        (3, 3),
        (5, 5),
        (5, 5),
        (9, 9),
        (9, 9),
        (13, 13),
    ]
    everywhere = await trade.atp(days=0)
    assert [told["availableToPromise"] for told in everywhere["days"]] == [5]


async def test_overdue_supply_counts_at_the_end_of_its_grace_and_not_after_it(trade: Trade) -> None:
    await trade.buys(8, 1)
    trade.clock.advance(2 * 86_400)
    [supply] = (await trade.atp())["supplies"]
    assert (supply["due"], supply["countsFrom"]) == (trade.day(1), trade.day(4))
    trade.clock.advance(3 * 86_400)
    [supply] = (await trade.atp())["supplies"]
    assert supply["countsFrom"] is None
    assert "beyond the 3 days of grace" in supply["why"]


async def test_a_cart_is_promised_line_by_line_and_as_a_whole(trade: Trade) -> None:
    purchase = await trade.buys(10, 7)
    await trade.buys(1, 3, "WEST", trade.sofa)
    by = (trade.clock.now + 5 * DAY).isoformat()
    found = await trade.promise(trade.lamps(8), trade.lamps(4), {"sku": trade.sofa, "quantity": 2}, by=by)
    assert [line["date"] for line in found["lines"]] == [trade.day(0), trade.day(7), trade.day(3)]
    assert [line["byQuantity"] for line in found["lines"]] == [8, 0, 2]
    assert (found["date"], found["inTime"], found["alone"]) == (trade.day(7), False, None)
    [source] = found["lines"][1]["sources"]
    assert source["supply"] == {"kind": "PURCHASE", "documentId": purchase, "line": 0}
    assert (source["quantity"], source["date"], source["locationId"]) == (4, trade.day(7), "EAST")
    assert 0 < found["confidence"] < found["lines"][1]["confidence"] < 1
    assert found["byConfidence"] < found["confidence"]
    never = await trade.promise(trade.lamps(50))
    assert (never["date"], never["confidence"], never["inTime"], never["lines"][0]["sources"]) == (None, 0, None, [])


async def test_a_single_place_is_told_and_the_nearer_one_preferred(trade: Trade) -> None:
    await trade.buys(5, 7)
    found = await trade.promise(trade.lamps(6))
    assert (found["date"], found["alone"]) == (trade.day(0), {"locationId": "EAST", "date": trade.day(7)})
    await trade.shop.owner.ask(
        "mutation($input: LocationUpdateInput!) { locationUpdate(input: $input) { userErrors { code } } }",
        input={"id": "WEST", "zone": "near"},
    )
    nearest = await trade.promise(trade.lamps(2), destination={"zone": "near"})
    assert [source["locationId"] for source in nearest["lines"][0]["sources"]] == ["WEST"]
    only = await trade.promise(trade.lamps(6, locationId="EAST"))
    assert only["date"] == trade.day(7)


async def test_a_supplier_that_is_always_late_is_believed_less(trade: Trade) -> None:
    gateway = trade.shop.gateway
    for _ in range(6):
        purchase = await trade.buys(1, 5)
        trade.clock.advance(9 * 86_400)
        await gateway.movements.inbound.receive(call(), purchase)
    trade.clock.advance(SETTLED_AFTER.total_seconds())
    await gateway.supply.follow()
    await trade.buys(50, 5)
    found = await trade.promise(trade.lamps(30), by=(trade.clock.now + 9 * DAY).isoformat())
    assert found["confidence"] < 0.25 < 0.8 < found["byConfidence"]


async def test_what_cannot_be_answered_is_refused(trade: Trade) -> None:
    cases: list[tuple[str, dict[str, Any], str]] = [
        (ATP, {"sku": "NONE", "days": 1}, "ITEM_NOT_FOUND"),
        (ATP, {"sku": trade.lamp, "days": HORIZON_DAYS + 1}, "OUT_OF_RANGE"),
        (ATP, {"sku": trade.lamp, "days": 1, "locationIds": ["MOON"]}, "LOCATION_NOT_FOUND"),
        (PROMISE, {"lines": []}, "EMPTY"),
        (PROMISE, {"lines": [trade.lamps(0)]}, "OUT_OF_RANGE"),
        (PROMISE, {"lines": [{"sku": "NONE", "quantity": 1}]}, "ITEM_NOT_FOUND"),
        (PROMISE, {"lines": [trade.lamps(1, channelId="none")]}, "CHANNEL_NOT_FOUND"),
        (PROMISE, {"lines": [trade.lamps(1)], "by": "2027-01-01T00:00:00"}, "INVALID_INPUT"),
        (PROMISE, {"lines": [trade.lamps(1)], "by": "2025-01-01T00:00:00Z"}, "OUT_OF_RANGE"),
    ]
    for document, variables, code in cases:
        assert (await trade.shop.owner.refused(document, **variables))["code"] == code


async def test_promising_needs_its_scopes(trade: Trade) -> None:
    guest = await trade.shop.client(Scope.AVAILABILITY_READ)
    for document, variables in (
        (PROMISE, {"lines": [trade.lamps(1)]}),
        (ATP, {"sku": trade.lamp, "days": 1}),
        (AT_RISK, {}),
    ):
        assert (await guest.refused(document, **variables))["code"] == "FORBIDDEN"
    reader = await trade.shop.client(Scope.INVENTORY_READ, name="reader")
    [error] = (await reader.ask(CREATE, input={"idempotencyKey": "b", "lines": []}))["it"]["userErrors"]
    assert error["code"] == "FORBIDDEN"


async def test_units_owed_without_a_purchase_that_brings_them_are_promised_to_nobody_else(trade: Trade) -> None:
    first, second = await trade.buys(4, 5), await trade.buys(10, 7)
    waiting = (await trade.done(CREATE, lines=[{"inboundId": first, "line": 0, "quantity": 4}]))["backorder"]["id"]
    assert await promisable(trade) == {0: 3, 6: 3, 7: 13}
    supply, inbound = trade.shop.gateway.supply, trade.shop.gateway.movements.inbound
    cancelled = (await inbound.cancel(call(), first)).document
    # They are due now: three are there for them, and one comes with what comes next.
    assert await promisable(trade) == {0: 0, 6: 0, 7: 9}
    assert (await trade.atp("EAST"))["places"] == [{"locationId": "EAST", "available": 3, "owed": 4}]
    dates = [(await trade.promise(trade.lamps(units, locationId="EAST")))["date"] for units in (1, 9, 10)]
    assert dates == [trade.day(7), trade.day(7), None]
    [risk] = supply.risks.of(cancelled)
    [replacement] = await supply.replacements.of([risk])
    assert replacement is not None
    # What is kept for them is what they can have.
    assert (risk.quantity, replacement[1].day) == (4, 0)
    to = {"inboundId": second, "line": 0, "quantity": 4}
    assert (await trade.done(MOVE, backorderId=waiting, line=0, to=to))["userErrors"] == []
    assert await promisable(trade) == {0: 3, 6: 3, 7: 9}


async def promisable(trade: Trade) -> dict[int, int]:
    """In the east, on some of the days."""
    days = (await trade.atp("EAST"))["days"]
    return {number: days[number]["availableToPromise"] for number in (0, 6, 7)}


async def test_what_is_promised_day_by_day_is_what_a_simulation_of_the_same_documents_comes_to(trade: Trade) -> None:
    chance, inbound = random.Random(1), trade.shop.gateway.movements.inbound
    there = {"EAST": 3, "WEST": 5}
    arrivals: list[tuple[int, int, str]] = []
    for number in range(24):
        units, days, at = chance.randint(1, 9), chance.randint(-6, HORIZON_DAYS + 5), chance.choice(["EAST", "WEST"])
        purchase = await trade.buys(units, days, at)
        bound = chance.randint(0, units)
        if bound:
            await trade.done(CREATE, lines=[{"inboundId": purchase, "line": 0, "quantity": bound}])
        if number % 6 == 1:
            await inbound.cancel(call(), purchase)
        elif number % 6 == 2:
            await inbound.receive(call(), purchase, [Arrival(0, units, Condition.UNSELLABLE)])
        elif days >= -3:
            arrivals.append((days if days >= 0 else days + 3, units - bound, at))
            bound = 0
        there[at] -= bound  # nothing brings them, so the first that can be had is theirs
    found = await trade.atp(days=HORIZON_DAYS)
    first: dict[int, str] = {}
    for number, told in enumerate(found["days"]):
        for counts_from, units, at in arrivals:
            there[at] += units if counts_from == number else 0
        promisable = sum(max(0, units) for units in there.values())
        assert told == {"date": trade.day(number), "projected": sum(there.values()), "availableToPromise": promisable}
        first |= {units: trade.day(number) for units in range(1, promisable + 1) if units not in first}
    assert found["days"][0]["projected"] < 0 < found["days"][-1]["projected"]
    for units in (1, len(first) // 2, len(first), len(first) + 1):
        assert (await trade.promise(trade.lamps(units)))["date"] == first.get(units)
