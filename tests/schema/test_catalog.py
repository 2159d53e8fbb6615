"""Creating and changing items and locations."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.inventory.access import Scope
from tests.schema.shop import Shop

ITEM = "{ item { id sku name version status backorderLimit totalAvailableQuantity } userErrors { code field } }"
LOCATION = "{ location { id name active priority } userErrors { code field } }"


async def change(shop: Shop, field: str, **wanted: Any) -> dict[str, Any]:
    """The payload of a mutation about items or locations."""
    noun, verb = ("Item", field[4:]) if field.startswith("item") else ("Location", field[8:])
    payload = ITEM if noun == "Item" else LOCATION
    mutation = f"mutation($input: {noun}{verb}Input!) {{ {field}(input: $input) {payload} }}"
    answer: dict[str, Any] = (await shop.owner.ask(mutation, input=wanted))[field]
    return answer


async def test_a_new_item_has_no_stock_and_takes_its_first(shop: Shop) -> None:
    created = await change(shop, "itemCreate", sku="LAMP", name="Lamp", backorderLimit=3)
    assert created["item"].pop("id")
    assert created == {
        "item": {
            "sku": "LAMP",
            "name": "Lamp",
            "version": 0,
            "status": "ACTIVE",
            "backorderLimit": 3,
            "totalAvailableQuantity": 0,
        },
        "userErrors": [],
    }
    await change(shop, "locationCreate", id="EAST")
    assert (await shop.owner.adjust("k", "LAMP", {"EAST": 5}))["inventoryItem"]["totalAvailableQuantity"] == 5


async def test_a_renamed_item_keeps_its_id_stock_history_and_version(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5}})
    renamed = await change(shop, "itemUpdate", sku="LAMP", newSku="LIGHT", name="Light")
    assert (renamed["item"]["sku"], renamed["item"]["name"], renamed["item"]["version"]) == ("LIGHT", "Light", 1)
    assert (await shop.owner.adjust("old", "LAMP", {"EAST": -1}))["userErrors"][0]["code"] == "ITEM_NOT_FOUND"
    assert (await shop.owner.adjust("new", "LIGHT", {"EAST": -1}))["inventoryItem"]["id"] == renamed["item"]["id"]
    query = '{ inventoryItem(sku: "LIGHT") { ledger { nodes { idempotencyKey lines { sku } } } } }'
    history = (await shop.owner.ask(query))["inventoryItem"]["ledger"]["nodes"]
    assert [(entry["idempotencyKey"], entry["lines"][0]["sku"]) for entry in history] == [
        ("new", "LIGHT"),
        ("stock-LAMP", "LAMP"),
    ]
    again = await change(shop, "itemCreate", sku="LAMP")
    assert again["item"]["id"] != renamed["item"]["id"]
    assert (await shop.owner.adjust("again", "LAMP", {"EAST": 1}))["inventoryItem"]["totalAvailableQuantity"] == 1


async def test_a_sku_belongs_to_one_item_only(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5}, "SOFA": {"EAST": 1}})
    assert await change(shop, "itemCreate", sku="LAMP") == {
        "item": None,
        "userErrors": [{"code": "TAKEN", "field": ["input", "sku"]}],
    }
    assert await change(shop, "itemUpdate", sku="SOFA", newSku="LAMP") == {
        "item": None,
        "userErrors": [{"code": "TAKEN", "field": ["input", "newSku"]}],
    }


async def test_an_archived_item_takes_no_changes_until_it_is_restored(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5}})
    assert (await change(shop, "itemArchive", sku="LAMP"))["item"]["status"] == "ARCHIVED"
    refused = await shop.owner.adjust("k", "LAMP", {"EAST": -1})
    assert (refused["userErrors"][0]["code"], refused["userErrors"][0]["field"]) == ("ITEM_ARCHIVED", ["input", "sku"])
    assert (await change(shop, "itemArchive", sku="LAMP", archived=False))["item"]["status"] == "ACTIVE"
    assert (await shop.owner.adjust("k", "LAMP", {"EAST": -1}))["inventoryItem"]["totalAvailableQuantity"] == 4


async def test_an_inactive_location_no_longer_counts_but_says_what_is_there(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5, "WEST": 2}, "SOFA": {"EAST": 1}, "STOOL": {"WEST": 1}})
    mutation = """
    mutation {
      locationDeactivate(input: {id: "EAST"}) {
        location { active stock { items available allocated incoming unavailable } }
        userErrors { code }
      }
    }
    """
    stock = {"items": 2, "available": 6, "allocated": 0, "incoming": 0, "unavailable": 0}
    assert (await shop.owner.ask(mutation))["locationDeactivate"] == {
        "location": {"active": False, "stock": stock},
        "userErrors": [],
    }
    query = '{ inventoryItem(sku: "LAMP") { totalAvailableQuantity } }'
    assert (await shop.owner.ask(query))["inventoryItem"] == {"totalAvailableQuantity": 2}
    assert (await shop.owner.adjust("in", "LAMP", {"EAST": 1}))["userErrors"][0]["code"] == "LOCATION_INACTIVE"
    emptied = await shop.owner.adjust("out", "LAMP", {"EAST": -5})
    assert emptied["inventoryItem"]["totalAvailableQuantity"] == 2
    await change(shop, "locationDeactivate", id="EAST", active=True)
    assert (await shop.owner.adjust("in", "LAMP", {"EAST": 1}))["inventoryItem"]["totalAvailableQuantity"] == 3


async def test_locations_are_listed_by_priority_and_can_be_renamed(shop: Shop) -> None:
    for location_id, priority in (("EAST", 2), ("WEST", 1), ("SOUTH", 2)):
        await change(shop, "locationCreate", id=location_id, priority=priority)
    updated = await change(shop, "locationUpdate", id="SOUTH", name="The south", priority=0)
    assert updated["location"] == {"id": "SOUTH", "name": "The south", "active": True, "priority": 0}
    listed = (await shop.owner.ask("{ locations { id name } }"))["locations"]
    assert [location["id"] for location in listed] == ["SOUTH", "WEST", "EAST"]
    rest = await shop.owner.ask("{ locations(first: 1, offset: 1) { id } }")
    assert rest["locations"] == [{"id": "WEST"}]


@pytest.mark.parametrize(
    ("field", "wanted", "code", "path"),
    [
        ("itemCreate", {"sku": ""}, "BLANK", "sku"),
        ("itemCreate", {"sku": " x"}, "INVALID_CHARACTERS", "sku"),
        ("itemCreate", {"sku": "x" * 129}, "TOO_LONG", "sku"),
        ("itemCreate", {"sku": "x", "name": "n" * 201}, "TOO_LONG", "name"),
        ("itemCreate", {"sku": "x", "backorderLimit": -1}, "OUT_OF_RANGE", "backorderLimit"),
        ("itemCreate", {"sku": "x", "backorderLimit": 2**60}, "OUT_OF_RANGE", "backorderLimit"),
        ("itemUpdate", {"sku": "NO-SUCH", "name": "n"}, "ITEM_NOT_FOUND", "sku"),
        ("itemUpdate", {"sku": "LAMP"}, "EMPTY", ""),
        ("itemUpdate", {"sku": "LAMP", "newSku": "\x07"}, "INVALID_CHARACTERS", "newSku"),
        ("itemArchive", {"sku": "NO-SUCH"}, "ITEM_NOT_FOUND", "sku"),
        ("locationCreate", {"id": "EAST"}, "TAKEN", "id"),
        ("locationCreate", {"id": "A.B"}, "INVALID_CHARACTERS", "id"),
        ("locationCreate", {"id": "$A"}, "INVALID_CHARACTERS", "id"),
        ("locationCreate", {"id": "x" * 65}, "INVALID_CHARACTERS", "id"),
        ("locationCreate", {"id": "x", "priority": -1}, "OUT_OF_RANGE", "priority"),
        ("locationUpdate", {"id": "MOON", "name": "Moon"}, "LOCATION_NOT_FOUND", "id"),
        ("locationUpdate", {"id": "EAST"}, "EMPTY", ""),
        ("locationDeactivate", {"id": "MOON"}, "LOCATION_NOT_FOUND", "id"),
    ],
)
async def test_a_malformed_definition_is_refused_by_name(
    library: Shop, field: str, wanted: dict[str, Any], code: str, path: str
) -> None:
    [error] = (await change(library, field, **wanted))["userErrors"]
    assert error == {"code": code, "field": ["input", *filter(None, [path])]}


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("itemCreate", {"sku": "x"}),
        ("itemUpdate", {"sku": "LAMP", "name": "n"}),
        ("itemArchive", {"sku": "LAMP"}),
        ("locationCreate", {"id": "x"}),
        ("locationUpdate", {"id": "EAST", "name": "n"}),
        ("locationDeactivate", {"id": "EAST"}),
    ],
)
async def test_definitions_change_only_with_the_scope(library: Shop, field: str, wanted: dict[str, Any]) -> None:
    reader = await library.client(Scope.INVENTORY_READ, name="reader")
    noun = f"{field[0].upper()}{field[1:]}Input"
    mutation = f"mutation($input: {noun}!) {{ {field}(input: $input) {{ userErrors {{ code field }} }} }}"
    answer = (await reader.ask(mutation, input=wanted))[field]
    assert answer["userErrors"] == [{"code": "FORBIDDEN", "field": ["input"]}]
