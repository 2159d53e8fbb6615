"""Definitions that change while the kernel of another process still remembers the old ones."""

from __future__ import annotations

import asyncio

import pytest

from gateway.inventory.catalog import ItemChange, LocationChange
from gateway.inventory.errors import Code, Conflict, InventoryError, NotFound
from tests.builders import adjust
from tests.invariants import assert_the_ledger_explains_the_stock
from tests.kernel import kernel, stock_up


async def test_a_process_that_remembers_an_item_by_its_old_sku_finds_out(mongo_uri: str, database_name: str) -> None:
    async with kernel(mongo_uri, database_name) as first, kernel(mongo_uri, database_name) as second:
        await stock_up(first, {"LAMP": {"EAST": 10}})
        await second.stock.apply(adjust("warm", "LAMP", {"EAST": -1}))
        await first.catalog.change_item("LAMP", ItemChange(sku="LIGHT"))
        with pytest.raises(NotFound):
            await second.stock.apply(adjust("old", "LAMP", {"EAST": -1}))
        await second.stock.apply(adjust("new", "LIGHT", {"EAST": -1}))
        other = await first.catalog.create_item("LAMP", None, 0)
        outcome = await second.stock.apply(adjust("other", "LAMP", {"EAST": 1}))
        assert outcome.entry.items[0].item_id == other.id
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_a_process_that_remembers_an_item_as_active_finds_out(mongo_uri: str, database_name: str) -> None:
    async with kernel(mongo_uri, database_name) as first, kernel(mongo_uri, database_name) as second:
        await stock_up(first, {"LAMP": {"EAST": 10}})
        await second.stock.apply(adjust("warm", "LAMP", {"EAST": -1}))
        await first.catalog.change_item("LAMP", ItemChange(archived=True))
        with pytest.raises(Conflict) as refusal:
            await second.stock.apply(adjust("late", "LAMP", {"EAST": -1}))
        assert refusal.value.code is Code.ITEM_ARCHIVED
        await first.catalog.change_item("LAMP", ItemChange(archived=False))
        assert not (await second.stock.apply(adjust("late", "LAMP", {"EAST": -1}))).replayed
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_definitions_and_stock_change_at_the_same_time_without_losing_either(
    mongo_uri: str, database_name: str
) -> None:
    async with kernel(mongo_uri, database_name) as first, kernel(mongo_uri, database_name) as second:
        await stock_up(first, {"LAMP": {"EAST": 100}})
        changes = (first.catalog.change_item("LAMP", ItemChange(name=f"Lamp {n}")) for n in range(20))
        sales = (second.stock.apply(adjust(f"sale-{n}", "LAMP", {"EAST": -1})) for n in range(20))
        await asyncio.gather(*changes, *sales)
        lamp = (await first.stock_store.items(["LAMP"]))["LAMP"]
        assert (lamp.level("EAST").available, lamp.version, lamp.revision) == (80, 21, 20)
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_of_many_that_want_one_sku_exactly_one_gets_it(mongo_uri: str, database_name: str) -> None:
    async with kernel(mongo_uri, database_name) as first, kernel(mongo_uri, database_name) as second:
        wanted = [gateway.catalog.create_item("LAMP", None, 0) for gateway in (first, second) for _ in range(10)]
        answers = await asyncio.gather(*wanted, return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, InventoryError)]
        assert len(refused) == 19 and {error.code for error in refused} == {Code.TAKEN}


async def test_a_deactivated_location_refuses_stock_in_this_process_at_once(mongo_uri: str, database_name: str) -> None:
    async with kernel(mongo_uri, database_name) as gateway:
        await gateway.catalog.create_location("EAST", None, 0)
        await gateway.catalog.create_item("LAMP", None, 0)
        await gateway.stock.apply(adjust("in", "LAMP", {"EAST": 1}))
        await gateway.catalog.change_location("EAST", LocationChange(active=False))
        with pytest.raises(Conflict) as refusal:
            await gateway.stock.apply(adjust("more", "LAMP", {"EAST": 1}))
        assert refusal.value.code is Code.LOCATION_INACTIVE
