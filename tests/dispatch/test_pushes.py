"""What the workers promise: nothing owed is forgotten, and nothing is sent without need."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from connectors.abilities import StockWrites
from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.dispatch.offers import numbered
from gateway.dispatch.pushing import Pusher
from gateway.inventory.channels import ChannelState
from gateway.inventory.decision import Outcome, Submission
from gateway.inventory.offering import Offering
from gateway.inventory.stock import Item
from gateway.operations.channels import ChannelChange
from gateway.store.leases import LeaseStore
from gateway.store.pushes import Acknowledged, PushStore
from tests.builders import adjust
from tests.dispatch.trading import (
    HOME,
    change,
    connect,
    item_of,
    list_item,
    trading,
    until,
    until_confirmed,
)

SKU = "MUG-WHT"
BURST = 1_000


async def test_a_burst_of_changes_costs_a_few_requests(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: BURST}}) as gateway,
        SimulatedShopify({SKU: BURST}) as shop,
        gateway.channels.running(),
    ):
        await connect(gateway, "shopify-uk", shop, [SKU])
        await until_confirmed(gateway, "shopify-uk", SKU)
        before = len(shop.stock_writes())
        sales = [adjust(f"s{n}", SKU, {HOME: -1}) for n in range(BURST - 3)]
        results = await asyncio.gather(*(gateway.committer.submit(Submission((sale,))) for sale in sales))
        assert all(isinstance(result, Outcome) for [result] in results)
        await shop.shelf.until(SKU, 3, shop.home())
        requests = len(shop.stock_writes()) - before
        print(f"\n{BURST - 3} changes cost {requests} requests")
        assert requests <= 50


async def test_what_changed_while_nobody_worked_is_found_by_version(mongo_uri: str, database_name: str) -> None:
    skus = [f"SKU-{n}" for n in range(8)]
    async with SimulatedWooCommerce(dict.fromkeys(skus, 50)) as woo:
        async with trading(mongo_uri, database_name, {sku: {HOME: 50} for sku in skus}) as first:
            await connect(first, "woo-de", woo, skus)
            async with first.channels.running():
                for sku in skus:
                    await until_confirmed(first, "woo-de", sku)
            for sku in skus:
                await change(first, f"while-down-{sku}", sku, -1)
        before = len(woo.stock_writes())
        async with trading(mongo_uri, database_name) as second, second.channels.running():
            for sku in skus:
                await woo.shelf.until(sku, 49)
        assert len(woo.stock_writes()) - before == 1


async def test_one_process_pushes_a_channel_and_another_takes_over(mongo_uri: str, database_name: str) -> None:
    async with (
        SimulatedShopify({SKU: 50}) as shop,
        trading(mongo_uri, database_name, {SKU: {HOME: 50}}) as second,
    ):
        await connect(second, "shopify-uk", shop, [SKU])
        async with trading(mongo_uri, database_name) as first, first.channels.running():
            await until_confirmed(first, "shopify-uk", SKU)
            async with second.channels.running():
                await change(first, "c1", SKU, -1)
                await shop.shelf.until(SKU, 49, shop.home())
                await until_confirmed(first, "shopify-uk", SKU)
                assert len(list(first.channels.dispatch.workers)) == 1
                assert not list(second.channels.dispatch.workers)
                assert len(shop.stock_writes()) == 2
        async with second.channels.running():
            await change(second, "c2", SKU, -1)
            await shop.shelf.until(SKU, 48, shop.home())
        assert len(shop.stock_writes()) == 3


async def test_a_process_without_the_lease_can_record_nothing(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 5}}) as gateway,
        SimulatedWooCommerce({SKU: 5}) as woo,
    ):
        channel = await connect(gateway, "woo-de", woo, [SKU])
        first = LeaseStore(gateway.database, "first", ttl_seconds=60)
        second = LeaseStore(gateway.database, "second", ttl_seconds=60)
        old = await first.acquire("channel/woo-de")
        assert old is not None and await second.acquire("channel/woo-de") is None
        again = await first.acquire("channel/woo-de")
        assert again is not None and again.token == old.token, "renewing keeps the token"
        await first.release(old)
        new = await second.acquire("channel/woo-de")
        assert new is not None and new.token > old.token
        pushes = PushStore(gateway.database)
        some = Acknowledged(f"{channel.id}:{(await item_of(gateway, SKU)).id}", {}, (1, ""))
        assert await pushes.record([some], new.token)
        assert not await pushes.record([some], old.token)


class Clocked(PushStore):
    """Remembers when it began to read the items."""

    read_at: datetime | None = None

    async def items(self, item_ids: Sequence[str]) -> dict[str, Item]:
        self.read_at = datetime.now(UTC)
        return await super().items(item_ids)


async def test_a_quantity_is_said_to_be_true_at_a_time_before_it_was_read(mongo_uri: str, database_name: str) -> None:
    """A platform that puts sales and counts in the order of their time keeps a sale that came in between."""
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 5}}) as gateway,
        SimulatedWooCommerce({SKU: 1}) as woo,
    ):
        channel = await connect(gateway, "woo-de", woo, [SKU])
        pushes = Clocked(gateway.database)
        item_ids = [(await item_of(gateway, SKU)).id]
        [offer] = await Pusher(pushes).offers(Offering(channel, {HOME: True}), StockWrites.ABSOLUTE, item_ids, {})
        [write] = numbered([offer], "batch")
        assert pushes.read_at is not None and write.update.as_of <= pushes.read_at


async def test_a_refused_listing_is_parked_and_the_others_go_on(mongo_uri: str, database_name: str) -> None:
    skus = ["GOOD", "BAD"]
    async with (
        trading(mongo_uri, database_name, {sku: {HOME: 9} for sku in skus}) as gateway,
        SimulatedWooCommerce(dict.fromkeys(skus, 1)) as woo,
        gateway.channels.running(),
    ):
        woo.products["BAD"].managed = False
        channel = await connect(gateway, "woo-de", woo, skus)
        await woo.shelf.until("GOOD", 9)

        async def parked() -> bool:
            return bool(await gateway.database["listings"].count_documents({"error": {"$exists": True}}))

        await until(gateway, "listings", parked)
        item_id = (await item_of(gateway, "BAD")).id
        [sync] = (await gateway.channels.listings.sync_status([item_id]))[item_id]
        assert sync.error and sync.confirmed_at_for(0) is None

        woo.products["BAD"].managed = True
        await gateway.channels.listings.resync(channel.id, "BAD")
        await woo.shelf.until("BAD", 9)


async def test_what_is_due_is_found_behind_a_page_of_parked_listings(
    mongo_uri: str, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.store.pushes.BACKLOG_PAGE", 1)
    skus = ["MUG-BLK", SKU]
    async with (
        trading(mongo_uri, database_name, {sku: {HOME: 9} for sku in skus}) as gateway,
        SimulatedWooCommerce(dict.fromkeys(skus, 1)) as woo,
    ):
        channel = await connect(gateway, "woo-de", woo, skus)
        parked, due = sorted([await item_of(gateway, sku) for sku in skus], key=lambda item: item.id)
        error = {"$set": {"error": {"reason": "no such product", "at": datetime.now(UTC)}}}
        await gateway.database["listings"].update_one({"itemId": parked.id}, error)
        async with gateway.channels.running():
            await woo.shelf.until(due.sku, 9)
        after = await gateway.channels.channels.get(channel.id)
        assert (after.state, woo.shelf.quantity(parked.sku, None)) == (ChannelState.ACTIVE, 1)


async def test_a_change_of_the_buffer_is_pushed(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedShopify({SKU: 10}) as shop,
        gateway.channels.running(),
    ):
        await connect(gateway, "shopify-uk", shop, [SKU])
        await until_confirmed(gateway, "shopify-uk", SKU)
        await gateway.channels.channels.update("shopify-uk", ChannelChange(buffer=4))
        await shop.shelf.until(SKU, 6, shop.home())


async def test_a_location_that_is_taken_out_of_service_is_told_to_the_channels(
    mongo_uri: str, database_name: str
) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10, "SHOP": 3}}) as gateway,
        SimulatedWooCommerce({SKU: 13}) as woo,
        gateway.channels.running(),
    ):
        await connect(gateway, "woo-de", woo, [SKU])
        await until_confirmed(gateway, "woo-de", SKU)
        await gateway.database["locations"].update_one({"_id": "SHOP"}, {"$set": {"active": False}})
        await woo.shelf.until(SKU, 10)


async def test_a_paused_channel_is_told_nothing_until_it_is_resumed(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedShopify({SKU: 10}) as shop,
        gateway.channels.running(),
    ):
        await connect(gateway, "shopify-uk", shop, [SKU])
        await until_confirmed(gateway, "shopify-uk", SKU)
        await gateway.channels.channels.pause("shopify-uk", "stock-taking")

        async def released() -> bool:
            return bool(await gateway.database["leases"].count_documents({"owner": None}))

        await until(gateway, "leases", released)
        await change(gateway, "c1", SKU, -1)
        assert shop.shelf.quantity(SKU, shop.home()) == 10
        await gateway.channels.channels.resume("shopify-uk")
        await shop.shelf.until(SKU, 9, shop.home())


async def test_a_listing_made_while_the_worker_runs_is_pushed_at_once(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 7}}) as gateway,
        SimulatedShopify({SKU: 1}) as shop,
        gateway.channels.running(),
    ):
        channel = await connect(gateway, "shopify-uk", shop)
        await list_item(gateway, channel, SKU)
        await shop.shelf.until(SKU, 7, shop.home())
