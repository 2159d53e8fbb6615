"""Notifications that get lost are counted: how many states of orders we had to ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.platforms.woocommerce.connector import WooCommerce
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.inventory.events import EventSource
from tests.dispatch.trading import HOME, connect, level_of, trading, until_settled, webhook_server

SKU = "MUG-WHT"
FOUND = 'gateway_orders_found_by_poll_total{channel="woo-de"} '


async def test_what_no_webhook_has_told_is_counted(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedWooCommerce({SKU: 10}) as woo,
        gateway.channels.running(workers=False),
    ):
        channel = await connect(gateway, "woo-de", woo, [SKU])
        await woo.sell(SKU, 3)
        assert await gateway.channels.reception.poller.poll(channel) is not None
        await until_settled(gateway)
        assert (await level_of(gateway, SKU)).available == 7
        assert f"{FOUND}1.0" in gateway.metrics.exposition().decode()


async def test_what_a_webhook_has_told_is_not_found_by_a_poll(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedWooCommerce({SKU: 10}) as woo,
        webhook_server(gateway) as url,
    ):
        channel = await connect(gateway, "woo-de", woo, [SKU])
        woo.webhooks.address = f"{url}/webhooks/woo-de"
        await woo.sell(SKU, 3)
        async with gateway.channels.running(workers=False):
            await until_settled(gateway)
            assert await gateway.channels.reception.poller.poll(channel) is not None
            await until_settled(gateway)
        assert await gateway.database["inbox"].count_documents({"source": EventSource.POLL.value}) == 1
        assert FOUND not in gateway.metrics.exposition().decode()


async def test_a_platform_is_not_polled_more_often_than_its_limits_allow(
    mongo_uri: str, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WooCommerce, "poll_seconds_min", 10_000)
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 5}}) as gateway,
        SimulatedWooCommerce({SKU: 5}) as woo,
    ):
        channel = await connect(gateway, "woo-de", woo, [SKU])
        due_at = await gateway.channels.reception.poller.poll(channel)
        assert due_at is not None and due_at > datetime.now(UTC) + timedelta(seconds=9_000)
