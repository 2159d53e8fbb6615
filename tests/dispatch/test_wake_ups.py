"""What changes while a push of the same listing is under way is told afterwards: no wake-up is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from connectors.platforms.woocommerce import WooCommerce
from connectors.session import HttpSession
from connectors.simulated.misbehaviour import Handler
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.bootstrap import Gateway
from gateway.channel_services import PRIVATE_NETWORKS
from gateway.dispatch.backlog_scan import BacklogScan
from gateway.dispatch.ending import end_tasks
from gateway.dispatch.worker import ChannelWorker
from gateway.inventory.catalog import ItemChange
from gateway.inventory.channels import Channel, ChannelState, listing_id
from gateway.inventory.offering import Offering
from gateway.inventory.stock import Item
from gateway.operations.channels import ChannelChange
from gateway.store.channels import ChannelDirectory, ChannelStore
from gateway.store.leases import LeaseStore
from gateway.store.pushes import Acknowledged, PushStore
from tests.builders import NOW
from tests.dispatch.hand_driven import impatient_worker
from tests.dispatch.trading import HOME, SECONDS_MAX, change, connect, item_of, trading, until, until_confirmed

SKU = "MUG-WHT"
Happening = Callable[[Gateway, SimulatedWooCommerce], Awaitable[object]]


class HeldShop(SimulatedWooCommerce):
    """Keeps the answer to a stock write back for as long as it is held."""

    def __init__(self, stock: Mapping[str, int]) -> None:
        super().__init__(stock)
        self.applied = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await super()._middleware(request, handler)
        if self.is_stock_write(request.path, await request.read()):
            self.applied.set()
            await self.go_on.wait()
        return response

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Inside, the next write has been applied and waits for its answer."""
        self.applied.clear()
        self.go_on.clear()
        try:
            yield
        finally:
            self.go_on.set()


async def sold(gateway: Gateway, shop: SimulatedWooCommerce) -> None:
    await change(gateway, "c2", SKU, -2)


async def archived(gateway: Gateway, shop: SimulatedWooCommerce) -> None:
    await gateway.catalog.change_item(SKU, ItemChange(archived=True))


async def restored(gateway: Gateway, shop: SimulatedWooCommerce) -> None:
    await gateway.catalog.change_item(SKU, ItemChange(archived=False))


async def edited_there_and_to_be_told_again(gateway: Gateway, shop: SimulatedWooCommerce) -> None:
    shop.shelf.put(SKU, None, 99)
    await gateway.channels.listings.resync("woo-de", SKU)


async def given_a_buffer(gateway: Gateway, shop: SimulatedWooCommerce) -> None:
    await gateway.channels.channels.update("woo-de", ChannelChange(buffer=4))


async def fed_by_one_location_less(gateway: Gateway, shop: SimulatedWooCommerce) -> None:
    await gateway.database["locations"].update_one({"_id": "SHOP"}, {"$set": {"active": False}})


async def paused_and_resumed(gateway: Gateway, shop: SimulatedWooCommerce) -> None:
    await gateway.channels.channels.pause("woo-de")
    [worker] = gateway.channels.dispatch.workers
    await until(gateway, "channels", lambda: _is_stopping(gateway, worker))
    await change(gateway, "c2", SKU, -2)
    await gateway.channels.channels.resume("woo-de")


async def during_the_push(gateway: Gateway, shop: HeldShop, happening: Happening) -> None:
    """Return once it has happened and the worker that waits for the shop's answer has been told."""
    async with asyncio.timeout(SECONDS_MAX):
        await shop.applied.wait()
        [worker] = gateway.channels.dispatch.workers
        worker._woken.clear()
        await happening(gateway, shop)
        await worker._woken.wait()


async def _is_stopping(gateway: Gateway, worker: ChannelWorker) -> bool:
    return worker not in gateway.channels.dispatch.workers


@pytest.mark.parametrize(
    ("happening", "expected"),
    [
        (sold, 10),
        (archived, 0),
        (edited_there_and_to_be_told_again, 12),
        (given_a_buffer, 8),
        (fed_by_one_location_less, 9),
        (paused_and_resumed, 10),
    ],
)
async def test_what_happens_during_a_push_is_told_after_it(
    mongo_uri: str, database_name: str, happening: Happening, expected: int
) -> None:
    stock = {SKU: {HOME: 10, "SHOP": 3}}
    async with (
        # So long a lease that nothing is found by looking after the leases.
        trading(mongo_uri, database_name, stock, channel_lease_seconds=300.0) as gateway,
        HeldShop({SKU: 13}) as shop,
        gateway.channels.running(),
    ):
        await connect(gateway, "woo-de", shop, [SKU])
        await until_confirmed(gateway, "woo-de", SKU)
        async with shop.held():
            await change(gateway, "c1", SKU, -1)
            await during_the_push(gateway, shop, happening)
        await shop.shelf.until(SKU, expected)


async def test_an_item_that_is_restored_while_its_end_is_told_is_offered_again(
    mongo_uri: str, database_name: str
) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        HeldShop({SKU: 10}) as shop,
        gateway.channels.running(),
    ):
        await connect(gateway, "woo-de", shop, [SKU])
        await until_confirmed(gateway, "woo-de", SKU)
        async with shop.held():
            await archived(gateway, shop)
            await during_the_push(gateway, shop, restored)
        assert 0 in [some.quantity for some in shop.shelf.changes]
        await shop.shelf.until(SKU, 10)


async def test_a_listing_that_is_to_be_told_again_is_not_in_step_because_of_an_older_answer(
    mongo_uri: str, database_name: str
) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedWooCommerce({SKU: 10}) as woo,
    ):
        channel = await connect(gateway, "woo-de", woo, [SKU])
        item = await item_of(gateway, SKU)
        pushes, offering = PushStore(gateway.database), Offering(channel, {HOME: True})
        lease = await LeaseStore(gateway.database, "tests", ttl_seconds=60).acquire("channel/woo-de")
        assert lease is not None
        synced = (item.version, offering.policy(item, {}))
        answer = Acknowledged(listing_id("woo-de", item.id), {}, synced, "no such product")
        again = await gateway.channels.listings.resync("woo-de", SKU)
        assert await pushes.record([answer], lease.token)
        [listing] = await pushes.listings("woo-de", [item.id])
        assert offering.is_due(listing, item) and listing.resyncs == again.resyncs == 1


async def test_a_channel_that_nobody_was_told_of_is_found_when_changes_may_have_been_missed(
    mongo_uri: str, database_name: str
) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}, channel_lease_seconds=300.0) as gateway,
        SimulatedWooCommerce({SKU: 1}) as first,
        SimulatedWooCommerce({SKU: 1}) as second,
    ):
        await connect(gateway, "first", first, [SKU])
        dispatch = gateway.channels.dispatch
        # Without the feed, which would tell it of the second channel.
        running = asyncio.create_task(dispatch.run())
        try:
            await until_confirmed(gateway, "first", SKU)
            await connect(gateway, "second", second, [SKU])
            dispatch.missed()
            await until_confirmed(gateway, "second", SKU)
        finally:
            await end_tasks([running])
            await dispatch.close()


async def test_a_buffer_that_is_set_while_the_worker_reports_how_the_channel_fares_is_told(
    mongo_uri: str, database_name: str
) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedWooCommerce({SKU: 1}) as shop,
        HttpSession(allowed_networks=PRIVATE_NETWORKS) as session,
    ):
        channels, reported = gateway.channels.channels, asyncio.Event()
        await connect(gateway, "woo-de", shop, [SKU])
        failing = await channels.report_health("woo-de", "no answer")
        worker = await impatient_worker(gateway, failing, session, WooCommerce())

        async def report(channel_id: str, failure: str | None) -> Channel:
            await channels.update(channel_id, ChannelChange(buffer=4))
            reported.set()
            return await channels.report_health(channel_id, failure)

        worker._report_health = report
        working = asyncio.create_task(worker.run())
        await reported.wait()
        await until(gateway, "channels", lambda: _is_active(gateway))
        await shop.shelf.until(SKU, 10)
        worker.update(Offering(await channels.get("woo-de"), {HOME: True}), worker._connection)
        await shop.shelf.until(SKU, 6)
        worker.stop()
        await working


async def _is_active(gateway: Gateway) -> bool:
    return (await gateway.channels.channels.get("woo-de")).state is ChannelState.ACTIVE


def made(channel_id: str) -> Channel:
    return Channel(channel_id, "p", "N", {}, b"", None, 0, ChannelState.ACTIVE, None, 1, NOW, NOW)


class SlowBacklog:
    """Three pages, each of which is held back."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []
        self.reading = asyncio.Event()
        self.go_on = asyncio.Event()

    async def backlog(self, offering: Offering, after: str | None) -> tuple[list[Item], str | None]:
        self.asked.append(after)
        self.reading.set()
        await self.go_on.wait()
        return [], {None: "g", "g": "p", "p": None}[after]


async def test_a_scan_that_is_begun_anew_while_a_page_is_read_starts_at_the_first_page() -> None:
    backlog = SlowBacklog()
    scan = BacklogScan(backlog)
    offering = Offering(made("woo-de"), {})
    page = asyncio.create_task(scan.page(offering))
    await backlog.reading.wait()
    scan.begin()
    backlog.go_on.set()
    await page
    while scan.under_way:
        await scan.page(offering)
    assert backlog.asked == [None, None, "g", "p"]


class SlowChannels(ChannelStore):
    """Reads as of the moment in which it is asked, and answers later."""

    def __init__(self) -> None:
        self.now: list[Channel] = []
        self.reading = asyncio.Event()
        self.go_on = asyncio.Event()

    async def all(self) -> list[Channel]:
        read = list(self.now)
        self.reading.set()
        await self.go_on.wait()
        return read


async def test_a_channel_that_is_made_while_the_channels_are_read_is_seen_at_the_next_look() -> None:
    store = SlowChannels()
    directory = ChannelDirectory(store)
    look = asyncio.create_task(directory.all())
    await store.reading.wait()
    store.now.append(made("new"))
    directory.forget()
    store.go_on.set()
    assert not await look
    assert list(await directory.all()) == ["new"]
