"""What people see of the channels: status of a change, health, and changes as they happen."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from cryptography.fernet import Fernet
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_socket
from websockets.typing import Subprotocol

from connectors.simulated.misbehaviour import Misbehaviour
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.app import create_app
from gateway.health import Health
from gateway.inventory.access import Scope
from tests.dispatch.trading import HOME, change, connect, until, until_confirmed
from tests.schema.shop import Shop, open_shop

SKU = "MUG-WHT"
ADJUST = """
mutation($input: InventoryAdjustmentInput!, $wait: Int!) {
  inventoryAdjust(input: $input, waitForChannelsMs: $wait) {
    userErrors { field code }
    syncStatus {
      channelId state confirmedAt idempotencyKey targetVersion confirmedVersion attempts lastError
    }
  }
}
"""
HEALTH = """{ channel(id: "woo-de") { health { lagSeconds backlog breakerState errorRate failuresInARow } } }"""
STOCK = """
subscription($skus: [String!], $after: String, $at: [String!], $channel: String) {
  stockChanged(skus: $skus, after: $after, locationIds: $at, channelId: $channel) {
    cursor sku version available band item { totalAvailableQuantity }
  }
}
"""
SYNC = """subscription { syncChanged(channelId: "woo-de") { channelId sku confirmedVersion parked error } }"""


@dataclass(frozen=True, slots=True)
class Trade:
    shop: Shop
    woo: SimulatedWooCommerce
    address: str

    async def adjust(self, key: str, delta: int, wait: int) -> dict[str, Any]:
        input = {"sku": SKU, "adjustments": [{"locationId": HOME, "delta": delta}], "idempotencyKey": key}
        payload: dict[str, Any] = (await self.shop.owner.ask(ADJUST, input=input, wait=wait))["inventoryAdjust"]
        return payload

    @asynccontextmanager
    async def watching(self, query: str, *scopes: Scope, **variables: Any) -> AsyncIterator[Watcher]:
        key = await self.shop.gateway.keys.create("watcher", scopes)
        protocol = Subprotocol("graphql-transport-ws")
        async with connect_socket(f"ws://{self.address}/graphql", subprotocols=[protocol], proxy=None) as socket:
            watcher = Watcher(socket)
            await watcher.say({"type": "connection_init", "payload": {"authorization": f"Bearer {key}"}})
            assert (await watcher.hear())["type"] == "connection_ack"
            payload = {"query": query, "variables": variables}
            await watcher.say({"id": "1", "type": "subscribe", "payload": payload})
            yield watcher


@dataclass(frozen=True, slots=True)
class Watcher:
    socket: ClientConnection

    async def say(self, message: dict[str, Any]) -> None:
        await self.socket.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            answer: dict[str, Any] = json.loads(await self.socket.recv())
            return answer

    async def ready(self) -> None:
        """Return when the subscription has begun: what was asked after it has been answered, twice over."""
        for number in range(2):
            payload = {"query": "{ __typename }"}
            await self.say({"id": f"ready-{number}", "type": "subscribe", "payload": payload})
            while (await self.hear()).get("type") != "complete":
                continue

    async def change(self) -> dict[str, Any]:
        """The next thing that is told."""
        while (message := await self.hear()).get("id") != "1":
            continue
        assert message["type"] == "next", message
        [change] = message["payload"]["data"].values()
        assert isinstance(change, dict)
        return change


@pytest.fixture
async def trade(mongo_uri: str, database_name: str) -> AsyncIterator[Trade]:
    """A shop with ten mugs, all of them offered on one channel, which is in step."""
    key = Fernet.generate_key().decode()
    async with (
        open_shop(mongo_uri, database_name, secret_key=key, allow_private_addresses=True) as shop,
        SimulatedWooCommerce({SKU: 10}) as woo,
        shop.gateway.channels.running(),
    ):
        await shop.stock_up({SKU: {HOME: 10}})
        await connect(shop.gateway, "woo-de", woo, [SKU])
        await until_confirmed(shop.gateway, "woo-de", SKU)
        listening = socket.create_server(("127.0.0.1", 0))
        app = create_app(shop.gateway, Health(shop.gateway.database))
        config = uvicorn.Config(app, lifespan="off", log_level="warning", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield Trade(shop, woo, f"127.0.0.1:{listening.getsockname()[1]}")
        finally:
            server.should_exit = True
            await serving
            listening.close()


async def test_an_adjustment_can_wait_until_its_channels_have_heard_of_it(trade: Trade) -> None:
    payload = await trade.adjust("k1", -3, 5_000)
    assert trade.woo.shelf.quantity(SKU) == 7
    [status] = payload["syncStatus"]
    assert status["confirmedAt"] is not None
    assert status == status | {
        "channelId": "woo-de",
        "state": "CONFIRMED",
        "idempotencyKey": "k1",
        "confirmedVersion": status["targetVersion"],
        "attempts": 0,
        "lastError": None,
    }


async def test_a_channel_that_fails_is_waited_for_no_longer_than_was_asked_for(trade: Trade) -> None:
    trade.woo.misbehave(Misbehaviour.SERVER_ERROR, 1_000)
    payload = await trade.adjust("k1", -3, 900)
    [status] = payload["syncStatus"]
    assert status["state"] == "FAILING"
    assert status["confirmedAt"] is None
    assert status["confirmedVersion"] < status["targetVersion"]
    assert status["attempts"] >= 1
    assert status["lastError"]
    trade.woo.behave()


async def test_a_wait_out_of_range_is_refused_before_anything_is_changed(trade: Trade) -> None:
    payload = await trade.adjust("k1", -3, 5_001)
    assert payload["userErrors"] == [{"field": ["waitForChannelsMs"], "code": "OUT_OF_RANGE"}]
    assert (await trade.shop.gateway.stock_store.items([SKU]))[SKU].level(HOME).available == 10


async def test_a_channels_health_is_told_by_the_api_and_as_metrics(trade: Trade) -> None:
    assert (await trade.adjust("k1", -3, 5_000))["userErrors"] == []
    store = trade.shop.gateway.channels.health

    async def told() -> bool:
        return await store.of("woo-de") is not None

    await until(trade.shop.gateway, "channel_health", told)
    health = (await trade.shop.owner.ask(HEALTH))["channel"]["health"]
    assert health == {"lagSeconds": 0, "backlog": 0, "breakerState": "CLOSED", "errorRate": 0, "failuresInARow": 0}
    shown = trade.shop.gateway.metrics.exposition().decode()
    assert 'gateway_channel_push_total{channel="woo-de",outcome="confirmed"}' in shown
    assert 'gateway_outbox_lag_seconds{channel="woo-de"} 0.0' in shown
    assert 'gateway_channel_breaker_state{channel="woo-de"} 0.0' in shown
    assert SKU not in shown


async def test_changes_are_told_as_they_happen_and_after_a_break_what_was_missed(trade: Trade) -> None:
    gateway = trade.shop.gateway
    async with trade.watching(STOCK, Scope.INVENTORY_READ, skus=[SKU]) as watcher:
        await watcher.ready()
        await change(gateway, "c1", SKU, -1)
        first = await watcher.change()
        assert (first["sku"], first["available"], first["band"]) == (SKU, 9, "IN_STOCK")
        assert first["item"]["totalAvailableQuantity"] == 9
    await change(gateway, "c2", SKU, -5)
    async with trade.watching(STOCK, Scope.INVENTORY_READ, skus=[SKU], after=first["cursor"]) as watcher:
        while (missed := await watcher.change())["version"] <= first["version"]:
            continue
        assert (missed["available"], missed["band"]) == (4, "LOW_STOCK")


async def test_a_storefront_is_told_bands_and_no_numbers(trade: Trade) -> None:
    async with trade.watching(STOCK, Scope.AVAILABILITY_READ, channel="woo-de") as watcher:
        await watcher.ready()
        await change(trade.shop.gateway, "c1", SKU, -10)
        told = await watcher.change()
        assert (told["band"], told["available"], told["item"]) == ("OUT_OF_STOCK", None, None)


async def test_only_changes_at_the_places_asked_for_are_told(trade: Trade) -> None:
    gateway = trade.shop.gateway
    await trade.shop.stock_up({"CUP": {"ELSEWHERE": 3}})
    async with trade.watching(STOCK, Scope.INVENTORY_READ, at=["ELSEWHERE"]) as watcher:
        await watcher.ready()
        await change(gateway, "c1", SKU, -1)
        await change(gateway, "c2", "CUP", -1, at="ELSEWHERE")
        assert (await watcher.change())["sku"] == "CUP"


async def test_watching_needs_a_scope(trade: Trade) -> None:
    async with trade.watching(STOCK, Scope.INVENTORY_WRITE) as watcher:
        message = await watcher.hear()
        while message.get("id") != "1":
            message = await watcher.hear()
        assert "FORBIDDEN" in json.dumps(message)


async def test_what_a_channel_confirms_is_told(trade: Trade) -> None:
    async with trade.watching(SYNC, Scope.INVENTORY_READ) as watcher:
        await watcher.ready()
        outcome = await change(trade.shop.gateway, "c1", SKU, -1)
        told = await watcher.change()
        version = outcome.entry.items[0].version
        assert told == {"channelId": "woo-de", "sku": SKU, "confirmedVersion": version, "parked": False, "error": None}
