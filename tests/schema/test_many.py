"""Many adjustments in one request, set and move."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.inventory.access import Scope
from tests.schema.shop import Shop

MANY = """
mutation($inputs: [InventoryAdjustmentInput!]!, $atomicity: Atomicity) {
  inventoryAdjustMany(inputs: $inputs, atomicity: $atomicity) {
    results { inventoryItem { sku totalAvailableQuantity } replayed userErrors { field code } }
    userErrors { field code }
  }
}
"""
SET = """
mutation($input: InventorySetInput!) {
  inventorySet(input: $input) {
    inventoryItem { totalAvailableQuantity version levels { locationId available unavailable } }
    adjustment { kind lines { locationId bucket delta } }
    userErrors { field code actualQuantity }
  }
}
"""
MOVE = """
mutation($input: InventoryMoveInput!) {
  inventoryMove(input: $input) {
    inventoryItem { totalAvailableQuantity levels { locationId available incoming unavailable onHand total } }
    userErrors { field code actualQuantity }
  }
}
"""


def wanted(key: str, sku: str, delta: int, location_id: str = "EAST") -> dict[str, Any]:
    return {"sku": sku, "adjustments": [{"locationId": location_id, "delta": delta}], "idempotencyKey": key}


async def send_many(shop: Shop, *inputs: dict[str, Any], atomicity: str = "PER_ADJUSTMENT") -> dict[str, Any]:
    payload: dict[str, Any] = await shop.owner.ask(MANY, inputs=list(inputs), atomicity=atomicity)
    answer: dict[str, Any] = payload["inventoryAdjustMany"]
    return answer


async def test_one_refused_adjustment_does_not_harm_its_neighbours(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 10}, "SOFA": {"EAST": 1}})
    answer = await send_many(shop, wanted("a", "LAMP", -1), wanted("b", "SOFA", -2), wanted("c", "LAMP", -1))
    assert answer["userErrors"] == []
    assert [
        result["inventoryItem"] and result["inventoryItem"]["totalAvailableQuantity"] for result in answer["results"]
    ] == [
        9,
        None,
        8,
    ]
    assert answer["results"][1]["userErrors"] == [
        {"field": ["inputs", "1", "adjustments", "0"], "code": "INSUFFICIENT_STOCK"}
    ]


async def test_a_malformed_adjustment_is_refused_by_itself(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 10}})
    answer = await send_many(shop, wanted("a", "LAMP", 0), wanted("", "LAMP", 1), wanted("c", "LAMP", -1))
    assert [result["userErrors"] for result in answer["results"]] == [
        [{"field": ["inputs", "0", "adjustments", "0", "delta"], "code": "ZERO_DELTA"}],
        [{"field": ["inputs", "1", "idempotencyKey"], "code": "BLANK"}],
        [],
    ]


@pytest.mark.parametrize("bad", [wanted("b", "LAMP", -11), wanted("b", "LAMP", 0), wanted("b", "NO-SUCH", 1)])
async def test_all_or_nothing_applies_nothing_where_one_part_is_refused(shop: Shop, bad: dict[str, Any]) -> None:
    await shop.stock_up({"LAMP": {"EAST": 10}})
    before = await shop.gateway.stock_store.items(["LAMP"])
    answer = await send_many(shop, wanted("a", "LAMP", -1), bad, atomicity="ALL")
    assert [result["userErrors"][0]["field"][:2] for result in answer["results"]] == [["inputs", "0"], ["inputs", "1"]]
    assert answer["results"][0]["userErrors"][0]["code"] == "NOT_APPLIED"
    assert await shop.gateway.stock_store.items(["LAMP"]) == before
    again = await send_many(shop, wanted("a", "LAMP", -1), wanted("b", "LAMP", -9), atomicity="ALL")
    assert [result["inventoryItem"]["totalAvailableQuantity"] for result in again["results"]] == [9, 0]


async def test_the_list_itself_is_checked(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 1_000}})
    assert await send_many(shop) == {"results": [], "userErrors": [{"field": ["inputs"], "code": "EMPTY"}]}
    too_many = [wanted(f"k{n}", "LAMP", -1) for n in range(251)]
    assert await send_many(shop, *too_many) == {
        "results": [],
        "userErrors": [{"field": ["inputs"], "code": "TOO_MANY"}],
    }
    answer = await send_many(shop, *too_many[:250])
    assert [result["userErrors"] for result in answer["results"]] == [[]] * 250
    assert answer["results"][-1]["inventoryItem"]["totalAvailableQuantity"] == 750


async def test_many_need_the_scope_as_well(shop: Shop) -> None:
    reader = await shop.client(Scope.INVENTORY_READ)
    answer = await reader.ask(MANY, inputs=[wanted("a", "LAMP", 1)])
    assert answer["inventoryAdjustMany"] == {"results": [], "userErrors": [{"field": ["inputs"], "code": "FORBIDDEN"}]}


async def send_set(shop: Shop, key: str, *lines: dict[str, Any]) -> dict[str, Any]:
    answer = await shop.owner.ask(SET, input={"sku": "LAMP", "quantities": list(lines), "idempotencyKey": key})
    payload: dict[str, Any] = answer["inventorySet"]
    return payload


async def test_a_set_needs_the_present_quantity_or_an_explicit_null(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 10}})
    line = {"locationId": "EAST", "quantity": 7}
    missing = await send_set(shop, "a", line)
    path = ["input", "quantities", "0", "compareQuantity"]
    assert missing["userErrors"] == [{"field": path, "code": "COMPARE_QUANTITY_REQUIRED", "actualQuantity": None}]
    stale = await send_set(shop, "b", {**line, "compareQuantity": 9})
    assert stale["userErrors"] == [{"field": path, "code": "COMPARE_QUANTITY_STALE", "actualQuantity": 10}]
    right = await send_set(shop, "c", {**line, "compareQuantity": 10})
    assert right["adjustment"] == {
        "kind": "SET",
        "lines": [{"locationId": "EAST", "bucket": "AVAILABLE", "delta": -3}],
    }
    anyway = await send_set(shop, "d", {**line, "quantity": 2, "compareQuantity": None})
    assert anyway["inventoryItem"]["totalAvailableQuantity"] == 2


async def test_a_set_may_write_other_buckets_but_not_what_is_allocated(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 10}})
    line = {"locationId": "EAST", "quantity": 3, "compareQuantity": 0}
    damaged = await send_set(shop, "a", {**line, "bucket": "UNAVAILABLE"})
    assert damaged["inventoryItem"]["levels"] == [{"locationId": "EAST", "available": 10, "unavailable": 3}]
    allocated = await send_set(shop, "b", {**line, "bucket": "ALLOCATED"})
    assert allocated["userErrors"][0]["code"] == "INVALID_INPUT"
    twice = await send_set(shop, "c", line, line)
    assert (twice["userErrors"][0]["code"], twice["userErrors"][0]["field"]) == (
        "DUPLICATE",
        ["input", "quantities", "1"],
    )


async def test_a_move_neither_makes_nor_loses_units(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 10, "WEST": 0}})
    moves = [
        {"quantity": 4, "from": {"locationId": "EAST"}, "to": {"locationId": "WEST"}},
        {"quantity": 1, "from": {"locationId": "WEST"}, "to": {"locationId": "WEST", "bucket": "UNAVAILABLE"}},
    ]
    answer = await shop.owner.ask(MOVE, input={"sku": "LAMP", "moves": moves, "idempotencyKey": "m"})
    assert answer["inventoryMove"] == {
        "inventoryItem": {
            "totalAvailableQuantity": 9,
            "levels": [
                {"locationId": "EAST", "available": 6, "incoming": 0, "unavailable": 0, "onHand": 6, "total": 6},
                {"locationId": "WEST", "available": 3, "incoming": 0, "unavailable": 1, "onHand": 4, "total": 3},
            ],
        },
        "userErrors": [],
    }


async def test_a_move_of_more_than_there_is_names_its_origin(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 10, "WEST": 0}})
    moves = [{"quantity": 11, "from": {"locationId": "EAST"}, "to": {"locationId": "WEST"}}]
    answer = await shop.owner.ask(MOVE, input={"sku": "LAMP", "moves": moves, "idempotencyKey": "m"})
    assert answer["inventoryMove"]["userErrors"] == [
        {"field": ["input", "moves", "0", "from"], "code": "INSUFFICIENT_STOCK", "actualQuantity": 10}
    ]
