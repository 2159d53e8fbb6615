"""The source document's mutation, its idempotency, and every way of getting it wrong."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.inventory.access import Scope
from tests.schema.shop import Shop

SOURCE_MUTATION = """
mutation adjustMultiChannelInventory($input: InventoryAdjustmentInput!) {
  inventoryAdjust(input: $input) {
    inventoryItem {
      id
      sku
      # Total availability across the mesh
      totalAvailableQuantity
    }
    # Ensuring atomic state synchronization
    syncStatus {
      channelId
      confirmedAt
      idempotencyKey
    }
    userErrors {
      field
      message
    }
  }
}
"""
SOURCE_VARIABLES = {
    "input": {
        "sku": "B2B-SERV-001X",
        "adjustments": [
            {"locationId": "WH-US-EAST", "delta": -5},
            {"locationId": "WH-EU-CENTRAL", "delta": -2},
        ],
        "idempotencyKey": "order_77921_sync_04",
    }
}


async def available(shop: Shop, sku: str) -> dict[str, int]:
    item = (await shop.gateway.stock_store.items([sku]))[sku]
    return {location_id: level.available for location_id, level in item.levels.items()}


async def test_the_source_documents_mutation_works_letter_for_letter(shop: Shop) -> None:
    await shop.stock_up({"B2B-SERV-001X": {"WH-US-EAST": 20, "WH-EU-CENTRAL": 10}})
    first = await shop.owner.ask(SOURCE_MUTATION, **SOURCE_VARIABLES)
    payload = first["inventoryAdjust"]
    assert payload["inventoryItem"] == {
        "id": payload["inventoryItem"]["id"],
        "sku": "B2B-SERV-001X",
        "totalAvailableQuantity": 23,
    }
    assert (payload["syncStatus"], payload["userErrors"]) == ([], [])
    assert await shop.owner.ask(SOURCE_MUTATION, **SOURCE_VARIABLES) == first
    assert await available(shop, "B2B-SERV-001X") == {"WH-US-EAST": 15, "WH-EU-CENTRAL": 8}


async def test_a_shortage_at_one_location_changes_neither_and_says_what_is_there(shop: Shop) -> None:
    await shop.stock_up({"B2B-SERV-001X": {"WH-US-EAST": 20, "WH-EU-CENTRAL": 1}})
    payload = await shop.owner.adjust("k", "B2B-SERV-001X", {"WH-US-EAST": -5, "WH-EU-CENTRAL": -2})
    [error] = payload.pop("userErrors")
    assert error.pop("message")
    assert error == {
        "field": ["input", "adjustments", "1"],
        "code": "INSUFFICIENT_STOCK",
        "retryable": False,
        "actualQuantity": 1,
        "differingPaths": None,
    }
    assert payload == {"inventoryItem": None, "adjustment": None, "syncStatus": [], "replayed": False}
    assert await available(shop, "B2B-SERV-001X") == {"WH-US-EAST": 20, "WH-EU-CENTRAL": 1}


async def test_a_replay_shows_the_item_as_the_first_answer_left_it(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 10}})
    first = await shop.owner.adjust("k", "LAMP", {"EAST": -1})
    await shop.owner.adjust("later", "LAMP", {"EAST": -4})
    replay = await shop.owner.adjust("k", "LAMP", {"EAST": -1})
    assert replay == {**first, "replayed": True}
    assert replay["inventoryItem"]["totalAvailableQuantity"] == 9
    assert await available(shop, "LAMP") == {"EAST": 5}


async def test_a_key_used_for_another_request_is_refused_and_says_where_they_differ(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 10}})
    await shop.owner.adjust("k", "LAMP", {"EAST": -1})
    payload = await shop.owner.adjust("k", "LAMP", {"EAST": -2}, reason="again")
    [error] = payload["userErrors"]
    assert (error["code"], error["field"]) == ("IDEMPOTENCY_KEY_REUSED", ["input", "idempotencyKey"])
    assert error["differingPaths"] == ["adjustments.EAST", "reason"]
    assert await available(shop, "LAMP") == {"EAST": 9}


async def test_two_clients_may_use_the_same_key(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 10}})
    other = await shop.client(Scope.INVENTORY_WRITE, name="other")
    assert not (await shop.owner.adjust("k", "LAMP", {"EAST": -1}))["replayed"]
    assert not (await other.adjust("k", "LAMP", {"EAST": -1}))["replayed"]
    assert await available(shop, "LAMP") == {"EAST": 8}


async def test_a_backorder_must_be_allowed_by_the_item_and_by_the_request(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 1}})
    update = "mutation($input: ItemUpdateInput!) { itemUpdate(input: $input) { userErrors { code } } }"
    assert (await shop.owner.ask(update, input={"sku": "LAMP", "backorderLimit": 2}))["itemUpdate"]["userErrors"] == []
    assert (await shop.owner.adjust("a", "LAMP", {"EAST": -2}))["userErrors"][0]["code"] == "INSUFFICIENT_STOCK"
    assert (await shop.owner.adjust("b", "LAMP", {"EAST": -3}, allowBackorder=True))["userErrors"] == []
    over = await shop.owner.adjust("c", "LAMP", {"EAST": -1}, allowBackorder=True)
    assert over["userErrors"][0]["actualQuantity"] == -2


LINE = {"locationId": "EAST", "delta": 1}


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"sku": "NO-SUCH"}, "ITEM_NOT_FOUND", "sku"),
        ({"sku": " "}, "BLANK", "sku"),
        ({"sku": "LAMP\x00"}, "INVALID_CHARACTERS", "sku"),
        ({"sku": "L" * 129}, "TOO_LONG", "sku"),
        ({"adjustments": [{"locationId": "MOON", "delta": 1}]}, "LOCATION_NOT_FOUND", "adjustments.0.locationId"),
        ({"adjustments": [{"locationId": "A.B", "delta": 1}]}, "INVALID_CHARACTERS", "adjustments.0.locationId"),
        ({"adjustments": [LINE, {"locationId": "$A", "delta": 1}]}, "INVALID_CHARACTERS", "adjustments.1.locationId"),
        ({"adjustments": [{"locationId": "EAST", "delta": 0}]}, "ZERO_DELTA", "adjustments.0.delta"),
        ({"adjustments": [LINE, {"locationId": "EAST", "delta": -1}]}, "ZERO_DELTA", "adjustments.0.delta"),
        ({"adjustments": [{"locationId": "EAST", "delta": 2**53}]}, "OUT_OF_RANGE", "adjustments.0.delta"),
        ({"adjustments": [{"locationId": "EAST", "delta": -(2**63)}]}, "OUT_OF_RANGE", "adjustments.0.delta"),
        ({"adjustments": [{"locationId": "EAST", "delta": 2**70}]}, "OUT_OF_RANGE", "adjustments.0.delta"),
        ({"adjustments": [{"locationId": "EAST", "delta": 2**53 - 1}]}, "OUT_OF_RANGE", "adjustments.0"),
        ({"adjustments": []}, "EMPTY", "adjustments"),
        ({"adjustments": [LINE] * 251}, "TOO_MANY", "adjustments"),
        ({"idempotencyKey": ""}, "BLANK", "idempotencyKey"),
        ({"idempotencyKey": "k\n"}, "INVALID_CHARACTERS", "idempotencyKey"),
        ({"idempotencyKey": "k" * 10_000}, "TOO_LONG", "idempotencyKey"),
        ({"reason": "\x1b[31m"}, "INVALID_CHARACTERS", "reason"),
        ({"reference": "r" * 501}, "TOO_LONG", "reference"),
        ({"channelId": "a.b"}, "INVALID_CHARACTERS", "channelId"),
    ],
)
async def test_malformed_input_is_refused_by_name_and_changes_nothing(
    library: Shop, change: dict[str, Any], code: str, field: str
) -> None:
    before = await library.gateway.stock_store.items(["LAMP"])
    wanted = {"sku": "LAMP", "adjustments": [LINE], "idempotencyKey": "k", **change}
    mutation = """
    mutation($input: InventoryAdjustmentInput!) {
      inventoryAdjust(input: $input) { inventoryItem { id } adjustment { id } userErrors { field code retryable } }
    }
    """
    payload = (await library.owner.ask(mutation, input=wanted))["inventoryAdjust"]
    error = {"field": ["input", *field.split(".")], "code": code, "retryable": False}
    assert payload == {"inventoryItem": None, "adjustment": None, "userErrors": [error]}
    assert await library.gateway.stock_store.items(["LAMP"]) == before


@pytest.mark.parametrize("delta", [1.5, 1.0, "1", True, None, [1]])
async def test_a_delta_that_is_no_whole_number_is_refused_before_anything_is_done(library: Shop, delta: object) -> None:
    line = {"locationId": "EAST", "delta": delta}
    wanted = {"sku": "LAMP", "adjustments": [line], "idempotencyKey": "k"}
    mutation = """
    mutation($input: InventoryAdjustmentInput!) { inventoryAdjust(input: $input) { replayed } }
    """
    assert (await library.owner.refused(mutation, input=wanted))["code"] == "BAD_USER_INPUT"


async def test_a_literal_of_any_length_is_out_of_range(library: Shop) -> None:
    digits = "9" * 5_000
    mutation = f"""
    mutation {{
      inventoryAdjust(
        input: {{sku: "LAMP", adjustments: [{{locationId: "EAST", delta: {digits}}}], idempotencyKey: "k"}}
      )
      {{ userErrors {{ code }} }}
    }}
    """
    assert (await library.owner.ask(mutation))["inventoryAdjust"]["userErrors"] == [{"code": "OUT_OF_RANGE"}]


async def test_a_key_without_the_scope_is_told_so_and_changes_nothing(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 10}})
    reader = await shop.client(Scope.INVENTORY_READ)
    payload = await reader.adjust("k", "LAMP", {"EAST": -1})
    [error] = payload["userErrors"]
    assert (error["code"], error["field"], error["retryable"]) == ("FORBIDDEN", ["input"], False)
    assert await available(shop, "LAMP") == {"EAST": 10}


async def test_a_key_that_may_only_write_sees_its_own_outcome_and_nothing_else(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 10}})
    writer = await shop.client(Scope.INVENTORY_WRITE)
    assert (await writer.adjust("k", "LAMP", {"EAST": -1}))["inventoryItem"]["totalAvailableQuantity"] == 9
    mutation = """
    mutation($input: InventoryAdjustmentInput!) {
      inventoryAdjust(input: $input) { inventoryItem { sku ledger { nodes { id } } } }
    }
    """
    wanted = {"sku": "LAMP", "adjustments": [{"locationId": "EAST", "delta": -1}], "idempotencyKey": "k2"}
    assert (await writer.refused(mutation, input=wanted))["code"] == "FORBIDDEN"
