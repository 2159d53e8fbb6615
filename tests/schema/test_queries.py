"""Reading items, levels and the ledger."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.inventory.access import Scope
from tests.schema.shop import Shop

LEDGER = """
query($first: Int! = 20, $after: String, $filter: LedgerFilterInput) {
  ledger(first: $first, after: $after, filter: $filter) {
    nodes { id idempotencyKey kind actor reference lines { sku locationId delta } }
    pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}
"""
INVENTORY = """
query($first: Int! = 20, $after: String, $filter: ItemFilterInput) {
  inventory(first: $first, after: $after, filter: $filter) {
    edges { cursor node { sku } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


async def ledger(shop: Shop, **variables: Any) -> list[str]:
    answer = await shop.owner.ask(LEDGER, **variables)
    return [entry["idempotencyKey"] for entry in answer["ledger"]["nodes"]]


async def inventory(shop: Shop, **variables: Any) -> list[str]:
    answer = await shop.owner.ask(INVENTORY, **variables)
    return [edge["node"]["sku"] for edge in answer["inventory"]["edges"]]


async def test_an_item_shows_all_its_levels_and_their_sums(library: Shop) -> None:
    query = """
    {
      inventoryItem(sku: "LAMP") {
        sku name status version totalAvailableQuantity backorderLimit
        levels { locationId available allocated incoming unavailable total onHand updatedAt location { name active } }
      }
    }
    """
    item = (await library.owner.ask(query))["inventoryItem"]
    for level in item["levels"]:
        assert level.pop("updatedAt").endswith("+00:00")
    rest = {"allocated": 0, "incoming": 0, "unavailable": 0}
    assert item == {
        "sku": "LAMP",
        "name": "Lamp",
        "status": "ACTIVE",
        "version": 1,
        "totalAvailableQuantity": 13,
        "backorderLimit": 0,
        "levels": [
            {
                "locationId": "EAST",
                "available": 10,
                "total": 10,
                "onHand": 10,
                **rest,
                "location": {"name": "EAST", "active": True},
            },
            {
                "locationId": "WEST",
                "available": 3,
                "total": 3,
                "onHand": 3,
                **rest,
                "location": {"name": "WEST", "active": True},
            },
        ],
    }


async def test_levels_are_told_where_they_are_asked_for_and_are_zero_where_nothing_ever_was(library: Shop) -> None:
    query = """
    { inventoryItem(sku: "LAMP") { levels(locationIds: ["WEST", "MOON"]) { locationId available location { id } } } }
    """
    assert (await library.owner.ask(query))["inventoryItem"]["levels"] == [
        {"locationId": "WEST", "available": 3, "location": {"id": "WEST"}},
        {"locationId": "MOON", "available": 0, "location": None},
    ]


async def test_unknown_items_are_null_in_their_place(library: Shop) -> None:
    query = "query($skus: [String!]!) { inventoryItems(skus: $skus) { sku } }"
    answer = await library.owner.ask(query, skus=["SOFA", "NO-SUCH", "LAMP", "SOFA"])
    assert answer["inventoryItems"] == [{"sku": "SOFA"}, None, {"sku": "LAMP"}, {"sku": "SOFA"}]
    assert (await library.owner.ask('{ inventoryItem(sku: "NO-SUCH") { sku } }'))["inventoryItem"] is None


async def test_the_inventory_is_paged_in_the_order_of_the_skus(library: Shop) -> None:
    first = (await library.owner.ask(INVENTORY, first=3))["inventory"]
    assert [edge["node"]["sku"] for edge in first["edges"]] == ["LAMP", "LAMP-BLUE", "SOFA"]
    cursors = [edge["cursor"] for edge in first["edges"]]
    assert first["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": cursors[0],
        "endCursor": cursors[2],
    }
    last = (await library.owner.ask(INVENTORY, first=3, after=cursors[2]))["inventory"]
    assert [edge["node"]["sku"] for edge in last["edges"]] == ["STOOL"]
    assert (last["pageInfo"]["hasNextPage"], last["pageInfo"]["hasPreviousPage"]) == (False, True)
    assert await inventory(library, after=cursors[0]) == ["LAMP-BLUE", "SOFA", "STOOL"]


@pytest.mark.parametrize(
    ("wanted", "skus"),
    [
        ({"skuPrefix": "LAMP"}, ["LAMP", "LAMP-BLUE"]),
        ({"skuPrefix": "LAMP-"}, ["LAMP-BLUE"]),
        ({"skuPrefix": ".*"}, []),
        ({"nameContains": "BLUE"}, ["LAMP-BLUE"]),
        ({"nameContains": "(.*"}, []),
        ({"locationId": "WEST"}, ["LAMP", "STOOL"]),
        ({"status": "ARCHIVED"}, []),
        ({"status": "ACTIVE", "skuPrefix": "S"}, ["SOFA", "STOOL"]),
        ({"updatedSince": "2020-01-01T00:00:00Z"}, ["LAMP", "LAMP-BLUE", "SOFA", "STOOL"]),
        ({"updatedSince": "2999-01-01T00:00:00+02:00"}, []),
    ],
)
async def test_the_inventory_can_be_filtered(library: Shop, wanted: dict[str, Any], skus: list[str]) -> None:
    assert await inventory(library, filter=wanted) == skus


async def test_the_ledger_is_paged_newest_first(library: Shop) -> None:
    everything = await ledger(library)
    assert everything[:2] == ["sale-4", "sale-3"]
    assert sorted(everything[-3:]) == ["stock-LAMP", "stock-LAMP-BLUE", "stock-STOOL"]
    paged: list[str] = []
    after = None
    while True:
        page = (await library.owner.ask(LEDGER, first=3, after=after))["ledger"]
        paged += [entry["idempotencyKey"] for entry in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert paged == everything


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"sku": "STOOL"}, 6),
        ({"sku": "NO-SUCH"}, 0),
        ({"reference": "o-1"}, 5),
        ({"reference": "o-1", "kind": "SET"}, 0),
        ({"kind": "ADJUST"}, 8),
        ({"locationId": "WEST"}, 2),
        ({"channelId": "web"}, 0),
        ({"actor": "owner"}, 8),
        ({"actor": "nobody"}, 0),
        ({"from": "2020-01-01T00:00:00Z", "to": "2999-01-01T00:00:00Z"}, 8),
        ({"to": "2020-01-01T00:00:00Z"}, 0),
    ],
)
async def test_the_ledger_can_be_filtered(library: Shop, wanted: dict[str, Any], count: int) -> None:
    assert len(await ledger(library, filter=wanted)) == count


async def test_an_items_history_is_paged_like_the_ledger(library: Shop) -> None:
    query = """
    query($after: String) {
      inventoryItem(sku: "STOOL") {
        ledger(first: 4, after: $after) { nodes { idempotencyKey } pageInfo { hasNextPage endCursor } }
      }
    }
    """
    first = (await library.owner.ask(query))["inventoryItem"]["ledger"]
    second = (await library.owner.ask(query, after=first["pageInfo"]["endCursor"]))["inventoryItem"]["ledger"]
    keys = [entry["idempotencyKey"] for page in (first, second) for entry in page["nodes"]]
    assert keys == ["sale-4", "sale-3", "sale-2", "sale-1", "sale-0", "stock-STOOL"]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)


async def test_what_became_of_a_request_is_found_by_its_key_and_client(library: Shop) -> None:
    query = """
    query($key: String!, $client: String) {
      adjustment(idempotencyKey: $key, client: $client) {
        id kind actor reference reason channelId at lines { sku locationId bucket delta quantityAfter }
        items { sku version totalAvailableQuantity }
      }
    }
    """
    found = (await library.owner.ask(query, key="sale-0"))["adjustment"]
    assert found.pop("at")
    assert found == {
        "id": "owner:sale-0",
        "kind": "ADJUST",
        "actor": "owner",
        "reference": "o-1",
        "reason": None,
        "channelId": None,
        "lines": [{"sku": "STOOL", "locationId": "EAST", "bucket": "AVAILABLE", "delta": -1, "quantityAfter": 3}],
        "items": [{"sku": "STOOL", "version": 2, "totalAvailableQuantity": 7}],
    }
    guest = await library.client(Scope.INVENTORY_READ, name="reader")
    assert (await guest.ask(query, key="sale-0"))["adjustment"] is None
    assert (await guest.ask(query, key="sale-0", client="owner"))["adjustment"]["id"] == "owner:sale-0"


CURSOR_OF_A_LIST = "WzFd"
CURSOR_BEYOND_64_BITS = "WzM2ODkzNDg4MTQ3NDE5MTAzMjMyLDFd"


@pytest.mark.parametrize(
    ("field", "code", "path"),
    [
        ("inventory(first: 0) { nodes { sku } }", "OUT_OF_RANGE", ["first"]),
        ("inventory(first: 101) { nodes { sku } }", "OUT_OF_RANGE", ["first"]),
        ('inventory(after: "?") { nodes { sku } }', "INVALID_INPUT", ["after"]),
        ('inventory(after: "") { nodes { sku } }', "INVALID_INPUT", ["after"]),
        (f'inventory(after: "{CURSOR_OF_A_LIST}") {{ nodes {{ sku }} }}', "INVALID_INPUT", ["after"]),
        (f'ledger(after: "{CURSOR_BEYOND_64_BITS}") {{ nodes {{ id }} }}', "INVALID_INPUT", ["after"]),
        ("ledger(first: -1) { nodes { id } }", "OUT_OF_RANGE", ["first"]),
        ('ledger(filter: {locationId: "$where"}) { nodes { id } }', "INVALID_CHARACTERS", ["filter", "locationId"]),
        ('ledger(filter: {sku: ""}) { nodes { id } }', "BLANK", ["filter", "sku"]),
        ('ledger(filter: {from: "2026-01-01T00:00:00"}) { nodes { id } }', "INVALID_INPUT", ["filter", "from"]),
        ('ledger(filter: {to: "9999-12-31T23:59:59-05:00"}) { nodes { id } }', "OUT_OF_RANGE", ["filter", "to"]),
        (
            'inventory(filter: {updatedSince: "0001-01-01T00:00:00+05:00"}) { nodes { sku } }',
            "OUT_OF_RANGE",
            ["filter", "updatedSince"],
        ),
        ('inventory(filter: {locationId: "a.b"}) { nodes { sku } }', "INVALID_CHARACTERS", ["filter", "locationId"]),
        ('inventory(filter: {skuPrefix: "\\u0000"}) { nodes { sku } }', "INVALID_CHARACTERS", ["filter", "skuPrefix"]),
        (
            'inventory(filter: {nameContains: "\\u0000"}) { nodes { sku } }',
            "INVALID_CHARACTERS",
            ["filter", "nameContains"],
        ),
        ('inventoryItem(sku: "\\u0000") { sku }', "INVALID_CHARACTERS", ["sku"]),
        ("inventoryItems(skus: []) { sku }", "EMPTY", ["skus"]),
        ('inventoryItems(skus: ["a", ""]) { sku }', "BLANK", ["skus", "1"]),
        ('inventoryItem(sku: "LAMP") { levels(locationIds: []) { total } }', "EMPTY", ["locationIds"]),
        ('adjustment(idempotencyKey: "") { id }', "BLANK", ["idempotencyKey"]),
        ("locations(offset: -1) { id }", "OUT_OF_RANGE", ["offset"]),
    ],
)
async def test_a_malformed_question_is_refused_by_name(library: Shop, field: str, code: str, path: list[str]) -> None:
    assert await library.owner.refused(f"{{ {field} }}") == {"code": code, "field": path, "retryable": False}


async def test_lists_have_a_maximum(library: Shop) -> None:
    skus = "query($skus: [String!]!) { inventoryItems(skus: $skus) { sku } }"
    assert (await library.owner.refused(skus, skus=["LAMP"] * 101))["code"] == "TOO_MANY"
    levels = 'query($ids: [String!]!) { inventoryItem(sku: "LAMP") { levels(locationIds: $ids) { total } } }'
    assert (await library.owner.refused(levels, ids=["EAST"] * 251))["code"] == "TOO_MANY"


@pytest.mark.parametrize(
    "field",
    [
        'inventoryItem(sku: "LAMP") { id }',
        'inventoryItems(skus: ["LAMP"]) { id }',
        "inventory { nodes { id } }",
        "ledger { nodes { id } }",
        'adjustment(idempotencyKey: "k") { id }',
        "locations { id }",
    ],
)
async def test_a_key_that_may_only_ask_for_availability_reads_nothing_else(library: Shop, field: str) -> None:
    storefront = await library.client(Scope.AVAILABILITY_READ, name="storefront")
    refusal = await storefront.refused(f"{{ {field} }}")
    assert refusal == {"code": "FORBIDDEN", "field": [], "retryable": False}
