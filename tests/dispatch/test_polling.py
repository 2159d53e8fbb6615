"""Orders that nobody told us of: they are asked for, kept like webhooks, and counted once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connectors.exchange import Notification, headers_of
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderReference, OrderStage, StockEcho
from connectors.platforms.woocommerce.connector import WooCommerce
from connectors.queues import QueueAddress, QueuedNotification
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.bootstrap import Gateway
from gateway.dispatch.polled_orders import delivery_key, dump_order, load_order
from gateway.dispatch.queue_receiving import QueueReceivers
from gateway.dispatch.reception import Reception
from gateway.inventory.alerts import AlertState, oversold_key
from gateway.inventory.events import EventSource, EventState
from gateway.store.alerts import AlertStore
from gateway.store.cursors import CursorStore, OrderCursor
from gateway.store.hints import HintStore
from gateway.store.leases import LeaseStore
from tests.dispatch.test_orders import CREATED, START, report, sales_of
from tests.dispatch.trading import (
    HOME,
    change,
    connect,
    level_of,
    trading,
    until,
    until_confirmed,
    until_settled,
)

SKU = "MUG-WHT"
NOW = datetime(2026, 11, 20, 9, 0, 30, tzinfo=UTC)
EVENT = OrderEvent(
    order_id="1042",
    kind=MessageKind.ORDER_CREATED,
    occurred_at=NOW,
    stage=OrderStage.OPEN,
    status="processing",
    lines=(OrderLine(line_id="1", sku=SKU, platform_ids={"product_id": "7"}, ordered=2, allocated=2, released=0),),
)
REFERENCE = OrderReference(order_id="1042", kind=MessageKind.ORDER_UPDATED, occurred_at=NOW)


async def make_due(gateway: Gateway, channel_id: str) -> None:
    """As if the time until the next poll had passed."""
    past = {"$set": {"dueAt": NOW - timedelta(days=400)}}
    await gateway.database["cursors"].update_one({"_id": channel_id}, past)


async def events_of(gateway: Gateway, source: EventSource) -> int:
    count: int = await gateway.database["inbox"].count_documents({"source": source.value})
    return count


def test_a_polled_order_is_read_as_it_was_kept() -> None:
    for order in (EVENT, REFERENCE, replace(EVENT, lines=None)):
        assert load_order(dump_order(order)) == order


def test_one_state_of_an_order_is_one_event_however_often_it_is_seen() -> None:
    body = dump_order(EVENT)
    assert delivery_key(EVENT, body, NOW) == delivery_key(EVENT, body, NOW + timedelta(hours=1))
    later = replace(EVENT, occurred_at=NOW + timedelta(seconds=1))
    assert delivery_key(later, dump_order(later), NOW) != delivery_key(EVENT, body, NOW)


def test_a_fresh_reference_is_looked_up_at_every_look_and_an_old_one_once() -> None:
    body = dump_order(REFERENCE)
    fresh = {delivery_key(REFERENCE, body, NOW + timedelta(seconds=seconds)) for seconds in (1, 2, 3)}
    old = {delivery_key(REFERENCE, body, NOW + timedelta(minutes=minutes)) for minutes in (3, 4, 5)}
    assert (len(fresh), len(old)) == (3, 1)


async def test_an_order_whose_webhook_was_lost_is_found_by_the_gap_poll(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedWooCommerce({SKU: 10}) as woo,
        gateway.channels.running(),
    ):
        channel = await connect(gateway, "woo-de", woo, [SKU])
        await woo.sell(SKU, 3)
        await gateway.channels.reception.poller.poll(channel)
        await make_due(gateway, channel.id)
        await gateway.channels.reception.poller.poll(channel)

        async def sold() -> bool:
            return (await level_of(gateway, SKU)).available == 7

        await until(gateway, "ledger", sold)


async def test_pages_that_overlap_bring_an_order_once(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 50}}) as gateway,
        SimulatedWooCommerce({SKU: 50}) as woo,
    ):
        channel = await connect(gateway, "woo-de", woo, [SKU])
        poller = gateway.channels.reception.poller
        for number in range(3):
            await woo.sell(SKU, 1)
            assert await poller.poll(channel) is not None
            assert await events_of(gateway, EventSource.POLL) == number + 1
            await make_due(gateway, channel.id)
        assert await poller.poll(channel) is not None
        assert await events_of(gateway, EventSource.POLL) == 3


async def test_a_poll_waits_for_its_time_and_for_whoever_is_at_it(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 5}}) as gateway,
        SimulatedWooCommerce({SKU: 5}) as woo,
    ):
        channel = await connect(gateway, "woo-de", woo, [SKU])
        poller = gateway.channels.reception.poller
        first = await poller.poll(channel)
        asked = len(woo.requests)
        assert first is not None and first > datetime.now(UTC)
        assert await poller.poll(channel) is not None
        assert len(woo.requests) == asked
        await make_due(gateway, channel.id)
        other = LeaseStore(gateway.database, "another process", 20)
        assert await other.acquire("orders/woo-de") is not None
        assert await poller.poll(channel) is None
        assert len(woo.requests) == asked


async def test_a_poll_that_fails_keeps_its_place_and_says_why(mongo_uri: str, database_name: str) -> None:
    async with trading(mongo_uri, database_name, {SKU: {HOME: 5}}) as gateway:
        async with SimulatedWooCommerce({SKU: 5}) as woo:
            channel = await connect(gateway, "woo-de", woo, [SKU])
            await gateway.channels.reception.poller.poll(channel)
        cursors = CursorStore(gateway.database)
        before = await cursors.get("woo-de")
        await make_due(gateway, channel.id)
        await gateway.channels.reception.poller.poll(channel)
        after = await cursors.get("woo-de")
        assert before is not None and after is not None
        assert (after.position, after.failures) == (before.position, 1)
        assert after.error


async def test_a_process_without_the_newest_lease_cannot_set_a_cursor_back(mongo_uri: str, database_name: str) -> None:
    async with trading(mongo_uri, database_name) as gateway:
        cursors = CursorStore(gateway.database)
        assert await cursors.put(OrderCursor("woo-de", "b", NOW, token=2))
        assert not await cursors.put(OrderCursor("woo-de", "a", NOW, token=1))
        known = await cursors.get("woo-de")
        assert known is not None and known.position == "b"


class Shelfful:
    """A `NotificationSource` with some notifications; what is not acknowledged comes again."""

    def __init__(self, notifications: Sequence[Notification]) -> None:
        self.waiting = {str(number): one for number, one in enumerate(notifications)}
        self.acknowledged = asyncio.Event()
        self.refusals = 1

    async def receive(self) -> list[QueuedNotification]:
        await asyncio.sleep(0.01)
        return [QueuedNotification(notification=one, receipt=key) for key, one in self.waiting.items()]

    async def acknowledge(self, received: Sequence[QueuedNotification]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise OSError("the connection broke")
        for one in received:
            del self.waiting[one.receipt]
        self.acknowledged.set()


class QueuedWooCommerce(WooCommerce):
    def queue(self, config: object) -> QueueAddress | None:
        return QueueAddress(url="http://queue.example/1/orders", region="us-east-1")


async def test_a_queue_is_acknowledged_only_after_its_events_are_kept_once(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedWooCommerce({SKU: 10}) as woo,
    ):
        channel = await connect(gateway, "woo-de", woo, [SKU])
        order = await woo.sell(SKU, 2)
        deliveries = [*woo.order_deliveries(order, "created"), woo.delivery("coupon.created", {"id": 1})]
        queue = Shelfful(
            [Notification(body=d.body, headers=headers_of(d.headers), received_at=NOW) for d in deliveries]
        )

        @asynccontextmanager
        async def opened(address: QueueAddress) -> AsyncIterator[Shelfful]:
            yield queue

        services = gateway.channels
        connection = services.connections.of(channel)
        plain = connection.connector
        object.__setattr__(connection, "connector", QueuedWooCommerce())
        leases = LeaseStore(gateway.database, "receiver", 20)
        reception = Reception(services.inbox, lambda event_id: None)
        receivers = QueueReceivers(services.directory, services.connections, leases, reception, opened)
        running = asyncio.create_task(receivers.run())
        async with asyncio.timeout(30):
            await queue.acknowledged.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        object.__setattr__(connection, "connector", plain)
        assert await events_of(gateway, EventSource.QUEUE) == 1
        async with gateway.channels.running():
            await gateway.database["inbox"].update_many({}, {"$set": {"dueAt": NOW}})
            await until_settled(gateway)
        assert (await level_of(gateway, SKU)).available == 8


async def test_a_sale_beyond_the_stock_opens_an_alert_that_closes_when_the_units_are_back(
    mongo_uri: str, database_name: str
) -> None:
    async with trading(mongo_uri, database_name, {SKU: {HOME: 3}}) as gateway, SimulatedWooCommerce({}) as woo:
        channel = await connect(gateway, "woo-de", woo)
        alerts = gateway.channels.reception.alerts
        store, key = AlertStore(gateway.database), oversold_key("woo-de", "1042").id
        await sales_of(gateway).report(channel, CREATED)
        opened = await store.get(key)
        assert opened is not None and opened.state is AlertState.OPEN
        assert [(line.sku, line.location_id, line.missing) for line in opened.lines] == [(SKU, HOME, 2)]

        assert (await alerts.acknowledge(key, "maria")).owner == "maria"
        assert await alerts.resolve_recovered() == 0
        await change(gateway, "delivery", SKU, 5)
        assert await alerts.resolve_recovered() == 1
        closed = await store.get(key)
        assert closed is not None and (closed.state, closed.owner) == (AlertState.RESOLVED, "maria")


async def test_an_order_that_lets_go_of_what_it_lacked_closes_its_alert(mongo_uri: str, database_name: str) -> None:
    async with trading(mongo_uri, database_name, {SKU: {HOME: 3}}) as gateway, SimulatedWooCommerce({}) as woo:
        channel = await connect(gateway, "woo-de", woo)
        await sales_of(gateway).report(channel, CREATED)
        await sales_of(gateway).report(channel, report(3, 60, 5, 0, 5))
        alert = await AlertStore(gateway.database).get(oversold_key("woo-de", "1042").id)
        assert alert is not None and alert.state is AlertState.RESOLVED


async def test_an_order_of_an_archived_item_is_still_a_fact(mongo_uri: str, database_name: str) -> None:
    async with trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway, SimulatedWooCommerce({}) as woo:
        channel = await connect(gateway, "woo-de", woo)
        await sales_of(gateway).report(channel, CREATED)
        await gateway.database["items"].update_one({"sku": SKU}, {"$set": {"status": "archived", "sku": "OLD-1"}})
        gateway.stock_store.forget([SKU])
        await sales_of(gateway).report(channel, report(2, 60, 5, 0, 1))
        level = await level_of(gateway, "OLD-1")
        assert (level.available, level.allocated) == (6, 0)


async def test_the_echo_of_our_own_push_is_dropped_and_another_count_is_a_hint(
    mongo_uri: str, database_name: str
) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedWooCommerce({SKU: 1}) as woo,
        gateway.channels.running(),
    ):
        channel = await connect(gateway, "woo-de", woo, [SKU])
        listing = await until_confirmed(gateway, "woo-de", SKU)
        inbox, hints = gateway.database["inbox"], HintStore(gateway.database)
        echo = StockEcho(
            platform_ids=dict(listing.ids),
            sku=SKU,
            location_id=None,
            quantity=10,
            occurred_at=datetime.now(UTC) + timedelta(seconds=5),
        )
        hear = gateway.channels.reception.echoes.hear
        assert (await hear(channel, echo)).value == "own"
        assert (await hear(channel, replace(echo, quantity=4))).value == "different"
        [(_, hint)] = await hints.standing(["woo-de"], datetime.now(UTC))
        assert (hint.listing_id, hint.quantity) == (listing.id, 4)
        assert (await hear(channel, replace(echo, quantity=4, occurred_at=START))).value == "old"
        assert (await hear(channel, replace(echo, platform_ids={"product_id": "0"}, sku=None))).value == "unknown"
        assert (await hear(channel, echo)).value == "own"
        assert await hints.standing(["woo-de"], datetime.now(UTC)) == []
        assert (await level_of(gateway, SKU)).available == 10
        assert not await inbox.count_documents({"state": EventState.FAILED.value})
