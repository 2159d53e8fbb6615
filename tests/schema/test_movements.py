"""Transfers, purchases, counts, returns and history, as clients ask for them."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.inventory.access import Scope
from tests.schema.shop import Shop

TRANSFER = """
transfer { id state lines { line quantity shipped received unsellable inTransit } discrepancies { line quantity open } }
replayed entry { kind reference } userErrors { code field }
"""
TRANSFER_CREATE = f"mutation($input: TransferCreateInput!) {{ it: transferCreate(input: $input) {{ {TRANSFER} }} }}"
TRANSFER_SHIP = f"mutation($input: TransferInput!) {{ it: transferShip(input: $input) {{ {TRANSFER} }} }}"
TRANSFER_RECEIVE = f"mutation($input: TransferReceiveInput!) {{ it: transferReceive(input: $input) {{ {TRANSFER} }} }}"
TRANSFER_CLOSE = f"mutation($input: TransferInput!) {{ it: transferClose(input: $input) {{ {TRANSFER} }} }}"
TRANSFER_RESOLVE = f"mutation($input: TransferResolveInput!) {{ it: transferResolve(input: $input) {{ {TRANSFER} }} }}"
TRANSFER_CANCEL = f"mutation($input: TransferInput!) {{ it: transferCancel(input: $input) {{ {TRANSFER} }} }}"
TRANSFERS = """
query($first: Int!, $after: String, $filter: TransferFilterInput) {
  transfers(first: $first, after: $after, filter: $filter) { nodes { id } pageInfo { hasNextPage endCursor } }
}
"""
INBOUND = """
inbound { id state supplier lines { line outstanding received expectedAt } } replayed userErrors { code field }
"""
INBOUND_CREATE = f"mutation($input: InboundCreateInput!) {{ it: inboundCreate(input: $input) {{ {INBOUND} }} }}"
INBOUND_UPDATE = f"mutation($input: InboundUpdateInput!) {{ it: inboundUpdate(input: $input) {{ {INBOUND} }} }}"
INBOUND_RECEIVE = f"mutation($input: InboundReceiveInput!) {{ it: inboundReceive(input: $input) {{ {INBOUND} }} }}"
INBOUND_CANCEL = f"mutation($input: InboundInput!) {{ it: inboundCancel(input: $input) {{ {INBOUND} }} }}"
INBOUNDS = "query($filter: InboundFilterInput) { inbounds(filter: $filter) { nodes { id } } }"
STOCK_CHANGE = "adjustment { at kind } inventoryItem { totalAvailableQuantity } userErrors { code field }"
SET = f"mutation($input: InventorySetInput!) {{ it: inventorySet(input: $input) {{ {STOCK_CHANGE} }} }}"
RETURN = f"mutation($input: InventoryReturnInput!) {{ it: inventoryReturn(input: $input) {{ {STOCK_CHANGE} }} }}"
PAST = """
query($asOf: DateTime!) { stock(sku: "LAMP", asOf: $asOf) { levels { locationId available total onHand } } }
"""
EXPLAIN = """
{
  explain(sku: "LAMP", locationId: "WEST") {
    level { incoming }
    buckets { bucket quantity inTerms unlisted byHand beforeMovements }
    terms { source documentId units state owner }
    movements { kind lines { delta } }
  }
}
"""


@pytest.fixture
async def stocked(shop: Shop) -> Shop:
    await shop.stock_up({"LAMP": {"EAST": 10, "WEST": 0}})
    return shop


async def applied(shop: Shop, document: str, **input: object) -> dict[str, Any]:
    """The payload of a mutation that was not refused."""
    payload: dict[str, Any] = (await shop.owner.ask(document, input=input))["it"]
    assert payload["userErrors"] == []
    return payload


async def refusal(shop: Shop, document: str, **input: object) -> tuple[str, list[str]]:
    [error] = (await shop.owner.ask(document, input=input))["it"]["userErrors"]
    return error["code"], error["field"]


async def drafted(shop: Shop, key: str = "draft") -> str:
    lines = [{"sku": "LAMP", "quantity": 6}]
    draft = await applied(shop, TRANSFER_CREATE, originId="EAST", destinationId="WEST", lines=lines, idempotencyKey=key)
    transfer_id: str = draft["transfer"]["id"]
    return transfer_id


async def test_a_transfer_goes_from_draft_to_a_resolved_discrepancy(stocked: Shop) -> None:
    transfer_id = await drafted(stocked)
    shipped = await applied(stocked, TRANSFER_SHIP, transferId=transfer_id, idempotencyKey="ship")
    assert shipped["transfer"]["state"] == "SHIPPED"
    assert shipped["entry"] == {"kind": "TRANSFER_SHIP", "reference": transfer_id}
    arrived = [{"line": 0, "quantity": 3}, {"line": 0, "quantity": 1, "condition": "UNSELLABLE"}]
    partly = await applied(stocked, TRANSFER_RECEIVE, transferId=transfer_id, lines=arrived, idempotencyKey="receive")
    assert partly["transfer"]["lines"] == [
        {"line": 0, "quantity": 6, "shipped": 6, "received": 3, "unsellable": 1, "inTransit": 2}
    ]
    closed = await applied(stocked, TRANSFER_CLOSE, transferId=transfer_id, idempotencyKey="close")
    assert closed["transfer"]["discrepancies"] == [{"line": 0, "quantity": 2, "open": 2}]
    found = {"line": 0, "resolution": "FOUND", "quantity": 1}
    await applied(stocked, TRANSFER_RESOLVE, transferId=transfer_id, idempotencyKey="found", **found)
    lost = {"line": 0, "resolution": "LOST"}
    done = await applied(stocked, TRANSFER_RESOLVE, transferId=transfer_id, idempotencyKey="lost", **lost)
    assert done["transfer"]["discrepancies"] == [{"line": 0, "quantity": 2, "open": 0}]
    again = await applied(stocked, TRANSFER_RESOLVE, transferId=transfer_id, idempotencyKey="lost", **lost)
    assert again["replayed"]


async def test_refusals_of_a_transfer_name_the_field(stocked: Shop) -> None:
    transfer_id = await drafted(stocked)
    many = [{"line": 0, "quantity": 7}]
    ship = {"transferId": transfer_id, "idempotencyKey": "ship"}
    assert await refusal(stocked, TRANSFER_SHIP, transferId="none", idempotencyKey="k") == (
        "TRANSFER_NOT_FOUND",
        ["input", "transferId"],
    )
    await applied(stocked, TRANSFER_SHIP, **ship)
    refused = await refusal(stocked, TRANSFER_RECEIVE, transferId=transfer_id, lines=many, idempotencyKey="k")
    assert refused == ("MORE_THAN_EXPECTED", ["input", "lines", "0", "quantity"])
    refused = await refusal(stocked, TRANSFER_RECEIVE, transferId=transfer_id, lines=[], idempotencyKey="k")
    assert refused == ("EMPTY", ["input", "lines"])
    await applied(stocked, TRANSFER_CANCEL, transferId=transfer_id, idempotencyKey="cancel")
    refused = await refusal(stocked, TRANSFER_CLOSE, transferId=transfer_id, idempotencyKey="k")
    assert refused == ("ALREADY_CANCELLED", ["input", "transferId"])


async def test_transfers_are_listed_page_by_page(stocked: Shop) -> None:
    ids = [await drafted(stocked, f"draft-{n}") for n in range(3)]
    found: list[str] = []
    after = None
    while True:
        page = (await stocked.owner.ask(TRANSFERS, first=2, after=after, filter={"sku": "LAMP"}))["transfers"]
        found += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == ids[::-1]
    none = await stocked.owner.ask(TRANSFERS, first=2, filter={"sku": "NOTHING"})
    assert none["transfers"]["nodes"] == []
    refused = await stocked.owner.refused(TRANSFERS, first=2, after="nonsense")
    assert refused["code"] == "INVALID_INPUT"


async def test_a_purchase_is_expected_received_and_cancelled(stocked: Shop) -> None:
    lines = [{"sku": "LAMP", "locationId": "WEST", "quantity": 5, "expectedAt": "2027-05-01T00:00:00Z"}]
    made = await applied(stocked, INBOUND_CREATE, supplier="ACME", lines=lines, idempotencyKey="order")
    key = {"inboundId": made["inbound"]["id"]}
    in_may = {"sku": "LAMP", "expectedFrom": "2027-05-01T00:00:00Z", "expectedTo": "2027-06-01T00:00:00Z"}
    assert len((await stocked.owner.ask(INBOUNDS, filter=in_may))["inbounds"]["nodes"]) == 1
    later = [{"line": 0, "expectedAt": "2027-06-02T00:00:00+02:00"}]
    updated = await applied(stocked, INBOUND_UPDATE, **key, lines=later, idempotencyKey="later")
    assert updated["inbound"]["lines"][0]["expectedAt"] == "2027-06-01T22:00:00+00:00"
    assert (await stocked.owner.ask(INBOUNDS, filter=in_may))["inbounds"]["nodes"] == []
    more = {"lines": [{"line": 0, "quantity": 6}]}
    refused = await refusal(stocked, INBOUND_RECEIVE, **key, **more, idempotencyKey="more")
    assert refused == ("MORE_THAN_EXPECTED", ["input", "lines", "0", "quantity"])
    part = {"lines": [{"line": 0, "quantity": 2}]}
    partly = await applied(stocked, INBOUND_RECEIVE, **key, **part, idempotencyKey="part")
    assert partly["inbound"]["state"] == "PARTLY_RECEIVED"
    cancelled = await applied(stocked, INBOUND_CANCEL, **key, idempotencyKey="cancel")
    assert cancelled["inbound"]["state"] == "CANCELLED"
    assert cancelled["inbound"]["lines"][0]["outstanding"] == 0


async def test_returned_units_can_be_sold_or_not(stocked: Shop) -> None:
    line = {"sku": "LAMP", "locationId": "EAST", "quantity": 2}
    sellable = await applied(stocked, RETURN, **line, condition="SELLABLE", idempotencyKey="r1")
    assert sellable["inventoryItem"]["totalAvailableQuantity"] == 12
    damaged = await applied(stocked, RETURN, **line, condition="UNSELLABLE", idempotencyKey="r2")
    assert damaged["inventoryItem"]["totalAvailableQuantity"] == 12
    assert damaged["adjustment"]["kind"] == "RETURN"


async def test_a_count_of_the_past_keeps_what_was_sold_since(stocked: Shop) -> None:
    counted = [{"locationId": "EAST", "quantity": 9, "compareQuantity": 10}]
    returned = {"sku": "LAMP", "locationId": "WEST", "quantity": 1, "condition": "SELLABLE", "idempotencyKey": "r"}
    taken_at = (await applied(stocked, RETURN, **returned))["adjustment"]["at"]
    await stocked.owner.adjust("sold", "LAMP", {"EAST": -4})
    count = {"sku": "LAMP", "quantities": counted, "asOf": taken_at, "idempotencyKey": "count"}
    assert (await applied(stocked, SET, **count))["inventoryItem"]["totalAvailableQuantity"] == 6
    past = (await stocked.owner.ask(PAST, asOf=taken_at))["stock"]["levels"]
    assert past == [
        {"locationId": "EAST", "available": 10, "total": 10, "onHand": 10},
        {"locationId": "WEST", "available": 1, "total": 1, "onHand": 1},
    ]


async def test_counts_and_questions_about_the_future_are_refused(stocked: Shop) -> None:
    counted = [{"locationId": "EAST", "quantity": 9, "compareQuantity": None}]
    future = "2100-01-01T00:00:00Z"
    refused = await refusal(stocked, SET, sku="LAMP", quantities=counted, asOf=future, idempotencyKey="k")
    assert refused == ("AS_OF_IN_FUTURE", ["input", "asOf"])
    long_ago = "2001-01-01T00:00:00Z"
    refused = await refusal(stocked, SET, sku="LAMP", quantities=counted, asOf=long_ago, idempotencyKey="k")
    assert refused == ("AS_OF_TOO_OLD", ["input", "asOf"])
    assert (await stocked.owner.refused(PAST, asOf=future))["code"] == "AS_OF_IN_FUTURE"
    unsaid = [{"locationId": "EAST", "quantity": 9}]
    refused = await refusal(stocked, SET, sku="LAMP", quantities=unsaid, asOf=long_ago, idempotencyKey="k")
    assert refused == ("COMPARE_QUANTITY_REQUIRED", ["input", "quantities", "0", "compareQuantity"])


async def test_a_level_is_explained_term_by_term(stocked: Shop) -> None:
    transfer_id = await drafted(stocked)
    await applied(stocked, TRANSFER_SHIP, transferId=transfer_id, idempotencyKey="ship")
    by_hand = [{"locationId": "WEST", "quantity": 8, "compareQuantity": None, "bucket": "INCOMING"}]
    await applied(stocked, SET, sku="LAMP", quantities=by_hand, idempotencyKey="by-hand")
    explained = (await stocked.owner.ask(EXPLAIN))["explain"]
    assert explained["level"] == {"incoming": 8}
    assert explained["terms"] == [
        {"source": "TRANSFER", "documentId": transfer_id, "units": 6, "state": "shipped", "owner": "EAST"}
    ]
    incoming = next(bucket for bucket in explained["buckets"] if bucket["bucket"] == "INCOMING")
    assert incoming == {
        "bucket": "INCOMING",
        "quantity": 8,
        "inTerms": 6,
        "unlisted": 0,
        "byHand": 2,
        "beforeMovements": 0,
    }
    assert [movement["kind"] for movement in explained["movements"]] == ["SET", "TRANSFER_SHIP"]


async def test_nobody_moves_or_reads_stock_without_the_scope(stocked: Shop) -> None:
    guest = await stocked.client(Scope.AVAILABILITY_READ)
    assert (await guest.refused(EXPLAIN))["code"] == "FORBIDDEN"
    assert (await guest.refused(PAST, asOf="2026-01-01T00:00:00Z"))["code"] == "FORBIDDEN"
    assert (await guest.refused(TRANSFERS, first=1))["code"] == "FORBIDDEN"
    assert (await guest.refused(INBOUNDS))["code"] == "FORBIDDEN"
    answer = await guest.ask(TRANSFER_SHIP, input={"transferId": "any", "idempotencyKey": "k"})
    assert answer["it"]["userErrors"][0]["code"] == "FORBIDDEN"
