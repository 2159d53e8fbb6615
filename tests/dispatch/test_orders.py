"""Orders that shops report: late, twice, in the wrong order, of things nobody has listed, and across crashes."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest

from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.bootstrap import Gateway
from gateway.inventory.catalog import ItemChange
from gateway.inventory.events import EventState
from gateway.inventory.orders import Precedence
from gateway.operations.sales import ChannelLine, ChannelOrder, SalesOperations, WaitingForListing
from gateway.store.listings import ListingStore
from gateway.store.orders import OrderStore
from tests.dispatch.trading import (
    HOME,
    catalogue,
    connect,
    level_of,
    list_item,
    trading,
    until,
    until_settled,
    webhook_server,
)

SKU = "MUG-WHT"
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SEED = 20261120


def report(stage: int, seconds: int, ordered: int, allocated: int, released: int, **line: object) -> ChannelOrder:
    """Order 1042 with one line, as it was some seconds after its start."""
    lines = (ChannelLine("line-1", SKU, {}, ordered, allocated, released, **line),)  # type: ignore[arg-type]
    return ChannelOrder("1042", "#1042", "", Precedence(START + timedelta(seconds=seconds), stage, released), lines)


CREATED = report(1, 0, 5, 5, 0)
PAID = report(1, 0, 5, 5, 0)
PART_SHIPPED = report(1, 10, 5, 3, 0)
PART_REFUNDED = report(1, 20, 5, 2, 1)
SHIPPED = report(2, 30, 5, 0, 1)
RETURNED = report(2, 40, 5, 0, 3)


def sales_of(gateway: Gateway) -> SalesOperations:
    database = gateway.database
    return SalesOperations(gateway.stock, gateway.stock_store, OrderStore(database), ListingStore(database))


@pytest.mark.parametrize(
    ("events", "available", "allocated"),
    [
        ((CREATED,), 5, 5),
        ((CREATED, PAID, PART_SHIPPED), 5, 3),
        ((CREATED, PART_SHIPPED, PART_REFUNDED), 6, 2),
        ((CREATED, PAID, PART_SHIPPED, PART_REFUNDED, SHIPPED), 6, 0),
        ((CREATED, SHIPPED, RETURNED), 8, 0),
    ],
)
async def test_reports_in_any_order_and_number_end_in_the_same_stock(
    mongo_uri: str, database_name: str, events: tuple[ChannelOrder, ...], available: int, allocated: int
) -> None:
    orders = list(itertools.permutations(events))
    chosen = random.Random(SEED).sample(orders, min(len(orders), 12))
    async with trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway, SimulatedWooCommerce({}) as woo:
        sales = sales_of(gateway)
        for number, permutation in enumerate(chosen):
            channel = await connect(gateway, f"woo-{number}", woo)
            for event in (*permutation, permutation[0]):
                await sales.report(channel, event)
            level = await level_of(gateway, SKU)
            assert (level.available, level.allocated) == (available, allocated), permutation
            gone = report(4, 1000, 5, 0, 5)
            await sales.report(channel, gone)
            assert (await level_of(gateway, SKU)).available == 10


async def test_a_hundred_copies_at_once_have_one_effect(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedShopify({SKU: 10}) as shop,
        webhook_server(gateway) as url,
        gateway.channels.running(),
    ):
        await connect(gateway, "shopify-uk", shop, [SKU])
        [delivery, *_] = shop.order_deliveries(await shop.sell(SKU, 2), "created")
        shop.webhooks.address = f"{url}/webhooks/shopify-uk"
        for _ in range(100):
            shop.webhooks.deliver_soon(delivery)
        await shop.webhooks.settled()
        assert len(shop.webhooks.statuses) >= 100 and set(shop.webhooks.statuses) == {200}
        await until_settled(gateway)
        assert await gateway.database["orders"].count_documents({}) == 1
        level = await level_of(gateway, SKU)
        assert (level.available, level.allocated) == (8, 2)


async def test_webhooks_in_the_wrong_order_end_in_the_right_stock(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedShopify({SKU: 10}) as shop,
        webhook_server(gateway) as url,
        gateway.channels.running(),
    ):
        await connect(gateway, "shopify-uk", shop, [SKU])
        shop.webhooks.address = f"{url}/webhooks/shopify-uk"
        shop.webhooks.hold()
        cancelled, refunded, shipped = await shop.sell(SKU, 2), await shop.sell(SKU, 3), await shop.sell(SKU, 1)
        await shop.cancel(cancelled)
        await shop.refund(refunded, SKU, 1)
        await shop.fulfil(shipped)

        await shop.webhooks.release(reverse=True, copies=2)

        await until_settled(gateway)
        level = await level_of(gateway, SKU)
        assert (level.available, level.allocated) == (7, 2)
        await shop.shelf.until(SKU, 7, shop.home())


async def test_an_order_beyond_the_stock_is_applied_and_flagged(mongo_uri: str, database_name: str) -> None:
    async with trading(mongo_uri, database_name, {SKU: {HOME: 3}}) as gateway, SimulatedWooCommerce({}) as woo:
        channel = await connect(gateway, "woo-de", woo)
        await sales_of(gateway).report(channel, CREATED)
        order = await OrderStore(gateway.database).get("woo-de", "1042")
        assert (await level_of(gateway, SKU)).available == -2
        assert order is not None and order.oversold


async def test_a_line_is_taken_where_there_is_enough(mongo_uri: str, database_name: str) -> None:
    stock = {SKU: {"EMPTY": 1, "FULL": 9}}
    async with trading(mongo_uri, database_name, stock) as gateway, SimulatedWooCommerce({}) as woo:
        channel = await connect(gateway, "woo-de", woo, locations={"EMPTY": None, "FULL": None})
        await sales_of(gateway).report(channel, CREATED)
        assert (await level_of(gateway, SKU, "FULL")).available == 4


async def test_a_place_that_the_platform_states_later_takes_the_line_over(mongo_uri: str, database_name: str) -> None:
    stock = {SKU: {"EAST": 9, "WEST": 9}}
    async with trading(mongo_uri, database_name, stock) as gateway, SimulatedShopify({}) as shop:
        places = {"EAST": "gid://shopify/Location/1", "WEST": "gid://shopify/Location/2"}
        channel = await connect(gateway, "shopify-uk", shop, locations=places)
        sales = sales_of(gateway)
        await sales.report(channel, CREATED)
        await sales.report(channel, report(2, 60, 5, 0, 0, place=places["WEST"]))
        assert [(await level_of(gateway, SKU, at)).available for at in places] == [9, 4]
        assert [(await level_of(gateway, SKU, at)).allocated for at in places] == [0, 0]


async def test_a_line_that_was_edited_away_is_let_go(mongo_uri: str, database_name: str) -> None:
    async with trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway, SimulatedWooCommerce({}) as woo:
        channel = await connect(gateway, "woo-de", woo)
        sales = sales_of(gateway)
        await sales.report(channel, CREATED)
        await sales.report(channel, ChannelOrder("1042", None, "", Precedence(START + timedelta(9), 1, 0), ()))
        level = await level_of(gateway, SKU)
        assert (level.available, level.allocated) == (10, 0)


async def test_a_deleted_order_leaves_what_was_applied(mongo_uri: str, database_name: str) -> None:
    async with trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway, SimulatedWooCommerce({}) as woo:
        channel = await connect(gateway, "woo-de", woo)
        sales = sales_of(gateway)
        await sales.report(channel, CREATED)
        await sales.report(channel, ChannelOrder("1042", None, "trash", Precedence(START + timedelta(9), 4, 0), None))
        assert (await level_of(gateway, SKU)).allocated == 5


async def test_an_unknown_line_keeps_the_whole_order_waiting(mongo_uri: str, database_name: str) -> None:
    async with trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway, SimulatedWooCommerce({}) as woo:
        channel = await connect(gateway, "woo-de", woo)
        stranger = ChannelLine("line-2", "STRANGER", {}, 1, 1, 0)
        lines = (*(CREATED.lines or ()), stranger)
        with pytest.raises(WaitingForListing, match="STRANGER"):
            await sales_of(gateway).report(channel, ChannelOrder("7", None, "", CREATED.precedence, lines))
        assert (await level_of(gateway, SKU)).available == 10


async def test_an_order_waits_for_its_listing_and_is_then_applied(mongo_uri: str, database_name: str) -> None:
    ours = "OURS-1"
    async with (
        trading(mongo_uri, database_name, {ours: {HOME: 10}}) as gateway,
        SimulatedShopify({"THEIRS-1": 10}) as shop,
        webhook_server(gateway) as url,
        gateway.channels.running(),
    ):
        channel = await connect(gateway, "shopify-uk", shop)
        shop.webhooks.address = f"{url}/webhooks/shopify-uk"
        await shop.sell("THEIRS-1", 4)
        await until_settled(gateway)
        waiting = await gateway.database["inbox"].find({"state": EventState.WAITING.value}).to_list(10)
        assert waiting and all("THEIRS-1" in event["error"] for event in waiting)

        ids = (await catalogue(gateway, channel))["THEIRS-1"]
        await gateway.channels.listings.create(channel.id, ours, ids)

        await until(gateway, "inbox", lambda: all_done(gateway))
        level = await level_of(gateway, ours)
        assert (level.available, level.allocated) == (6, 4)


@pytest.mark.parametrize("renamed", [False, True])
async def test_an_order_waits_for_its_item_too(mongo_uri: str, database_name: str, renamed: bool) -> None:
    async with (
        trading(mongo_uri, database_name, {"OURS-1": {HOME: 10}}) as gateway,
        SimulatedShopify({"THEIRS-1": 10}) as shop,
        webhook_server(gateway) as url,
        gateway.channels.running(),
    ):
        await connect(gateway, "shopify-uk", shop)
        shop.webhooks.address = f"{url}/webhooks/shopify-uk"
        await shop.sell("THEIRS-1", 4)
        await until_settled(gateway)
        if renamed:
            await gateway.catalog.change_item("OURS-1", ItemChange(sku="THEIRS-1"))
        else:
            await gateway.catalog.create_item("THEIRS-1", None, 0)

        await until(gateway, "inbox", lambda: all_done(gateway))
        assert (await level_of(gateway, "THEIRS-1")).allocated == 4


async def test_an_event_that_a_killed_process_had_stored_is_taken_up_by_another(
    mongo_uri: str, database_name: str
) -> None:
    async with (
        SimulatedShopify({SKU: 10}) as shop,
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as killed,
        webhook_server(killed) as url,
    ):
        await connect(killed, "shopify-uk", shop, [SKU])
        shop.webhooks.address = f"{url}/webhooks/shopify-uk"
        await shop.sell(SKU, 2)
        shop.webhooks.address = None
        assert (await level_of(killed, SKU)).available == 10
        await expire_claims(killed)
        async with trading(mongo_uri, database_name) as other, other.channels.running():
            await until_settled(other)
            assert (await level_of(other, SKU)).available == 8


async def test_an_event_that_was_applied_and_not_marked_is_not_applied_again(
    mongo_uri: str, database_name: str
) -> None:
    async with (
        SimulatedShopify({SKU: 10}) as shop,
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        webhook_server(gateway) as url,
    ):
        channel = await connect(gateway, "shopify-uk", shop)
        await list_item(gateway, channel, SKU)
        shop.webhooks.address = f"{url}/webhooks/shopify-uk"
        async with gateway.channels.running():
            await shop.sell(SKU, 2)
            await until_settled(gateway)
            shop.webhooks.address = None
        entries = await gateway.database["ledger"].count_documents({})
        await gateway.database["inbox"].update_many({}, {"$set": {"state": EventState.RECEIVED.value}})
        await expire_claims(gateway)
        async with trading(mongo_uri, database_name) as other, other.channels.running():
            await until_settled(other)
            assert (await level_of(other, SKU)).available == 8
        assert await gateway.database["ledger"].count_documents({}) == entries


async def test_an_event_that_cannot_be_read_is_parked_until_it_is_replayed(mongo_uri: str, database_name: str) -> None:
    async with (
        SimulatedShopify({SKU: 10}) as shop,
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        gateway.channels.running(),
    ):
        await connect(gateway, "shopify-uk", shop, [SKU])
        delivery = shop.delivery("orders/create", {"surprise": 1})
        event_id = await gateway.channels.inbox.add("shopify-uk", "d1", delivery.headers, delivery.body)
        assert event_id is not None
        await expire_claims(gateway)

        async def parked_after(attempts: int) -> bool:
            wanted = {"_id": event_id, "state": EventState.FAILED.value, "attempts": attempts}
            return bool(await gateway.database["inbox"].count_documents(wanted))

        await until(gateway, "inbox", lambda: parked_after(1))
        assert await gateway.channels.inbox.replay([event_id])
        await until(gateway, "inbox", lambda: parked_after(2))
        assert not await gateway.channels.inbox.replay(["nobody:d1"])


async def expire_claims(gateway: Gateway) -> None:
    """As if the time for which a process may work on an event were up."""
    await gateway.database["inbox"].update_many({}, {"$set": {"dueAt": datetime.now(UTC)}})


async def all_done(gateway: Gateway) -> bool:
    return not await gateway.database["inbox"].count_documents({"state": {"$ne": EventState.DONE.value}})
