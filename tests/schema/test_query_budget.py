"""Database calls do not grow with the number of nodes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.schema.shop import Shop

EVERYTHING = """
query($skus: [String!]!) {
  inventoryItems(skus: $skus) {
    sku name totalAvailableQuantity
    levels { locationId available location { name } }
    ledger(first: 3) { nodes { kind lines { delta } } }
  }
}
"""
PAGED = """
query($first: Int!) {
  inventory(first: $first) {
    nodes { sku levels { locationId location { name } } ledger(first: 3) { nodes { id } } }
  }
}
"""
MANY = """
mutation($inputs: [InventoryAdjustmentInput!]!) {
  inventoryAdjustMany(inputs: $inputs) {
    results { inventoryItem { sku name levels { available } } syncStatus { channelId } userErrors { code } }
  }
}
"""


@asynccontextmanager
async def recorded(shop: Shop) -> AsyncIterator[list[str]]:
    """What the server did for this shop meanwhile, by its own profiler: one line per call."""
    database = shop.gateway.database.handle
    calls: list[str] = []
    await database.command({"profile": 2})
    try:
        yield calls
    finally:
        await database.command({"profile": 0})
    done = await database["system.profile"].find({"command.profile": {"$exists": False}}).to_list(10_000)
    calls += [f"{call['op']} {call['ns'].partition('.')[2]}" for call in done if "system.profile" not in call["ns"]]
    await database["system.profile"].drop()


async def stocked(shop: Shop, count: int) -> list[str]:
    skus = [f"SKU-{n:03}" for n in range(count)]
    await shop.stock_up({sku: {} for sku in skus} | {"OTHER": {"EAST": 1, "WEST": 1}})
    lines = [{"locationId": "EAST", "delta": 3}, {"locationId": "WEST", "delta": 4}]
    inputs = [{"sku": sku, "adjustments": lines, "idempotencyKey": f"first-{sku}"} for sku in skus]
    assert all(not result["userErrors"] for result in (await adjust_many(shop, inputs)))
    return skus


async def adjust_many(shop: Shop, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = (await shop.owner.ask(MANY, inputs=inputs))["inventoryAdjustMany"]["results"]
    return results


async def test_100_items_with_levels_and_history_cost_as_many_calls_as_one(shop: Shop) -> None:
    skus = await stocked(shop, 100)
    await shop.owner.ask(EVERYTHING, skus=skus[:1])
    async with recorded(shop) as for_one:
        await shop.owner.ask(EVERYTHING, skus=skus[:1])
    async with recorded(shop) as for_all:
        answer = await shop.owner.ask(EVERYTHING, skus=skus)
    assert all(len(item["ledger"]["nodes"]) == 1 and len(item["levels"]) == 2 for item in answer["inventoryItems"])
    # The active locations are remembered for a second, and may or may not be read in between.
    assert [call for call in for_one if call != "query locations"][:2] == ["query items", "command items"]
    assert len(for_all) <= len(for_one) + 1 <= 5, (for_one, for_all)


async def test_a_page_of_100_items_costs_as_many_calls_as_a_page_of_one(shop: Shop) -> None:
    await stocked(shop, 100)
    async with recorded(shop) as for_one:
        await shop.owner.ask(PAGED, first=1)
    async with recorded(shop) as for_all:
        answer = await shop.owner.ask(PAGED, first=100)
    assert len(answer["inventory"]["nodes"]) == 100
    assert len(for_all) <= len(for_one) + 1 <= 5, (for_one, for_all)


@pytest.mark.parametrize("count", [1, 100])
async def test_what_is_read_after_many_adjustments_costs_a_constant_number_of_calls(shop: Shop, count: int) -> None:
    skus = await stocked(shop, count)
    line = [{"locationId": "EAST", "delta": -1}]
    inputs = [{"sku": sku, "adjustments": line, "idempotencyKey": f"next-{sku}"} for sku in skus]
    async with recorded(shop) as calls:
        results = await adjust_many(shop, inputs)
    assert all(result["inventoryItem"]["levels"][0]["available"] == 2 for result in results)
    reads = [call for call in calls if call.startswith("query")]
    assert len(reads) <= 4, calls


async def test_simultaneous_requests_for_one_item_share_their_reads(shop: Shop) -> None:
    await shop.stock_up({"LAMP": {"EAST": 5}})
    query = '{ inventoryItem(sku: "LAMP") { totalAvailableQuantity } }'
    async with recorded(shop) as calls:
        answers = await asyncio.gather(*(shop.owner.ask(query) for _ in range(50)))
    assert {answer["inventoryItem"]["totalAvailableQuantity"] for answer in answers} == {5}
    assert sum(call == "query items" for call in calls) <= 5, calls
