"""A shop on a real server, with a simulated shop as its channel, and clients that watch it as it changes."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
from cryptography.fernet import Fernet
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_socket
from websockets.typing import Subprotocol

from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.app import create_app
from gateway.health import Health
from gateway.inventory.access import Scope
from tests.dispatch.trading import HOME, connect, until_confirmed
from tests.schema.shop import Shop, open_shop

SKU = "MUG-WHT"
SECONDS_MAX = 30
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

    @asynccontextmanager
    async def listening(self, query: str, *scopes: Scope, **variables: Any) -> AsyncIterator[Listener]:
        """The same over server-sent events; what is refused is the answer's JSON."""
        key = await self.shop.gateway.keys.create("listener", scopes)
        headers = {"authorization": f"Bearer {key}", "accept": "text/event-stream"}
        payload = {"query": query, "variables": variables}
        async with (
            httpx.AsyncClient(timeout=SECONDS_MAX) as http,
            http.stream("POST", f"http://{self.address}/graphql", json=payload, headers=headers) as answer,
        ):
            yield Listener(answer.aiter_lines())


@dataclass(frozen=True, slots=True)
class Watcher:
    socket: ClientConnection

    async def say(self, message: dict[str, Any]) -> None:
        await self.socket.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS_MAX):
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


@dataclass(frozen=True, slots=True)
class Listener:
    lines: AsyncIterator[str]

    async def hear(self) -> dict[str, Any]:
        """The next payload."""
        async with asyncio.timeout(SECONDS_MAX):
            while not (line := await anext(self.lines)).startswith("data: {"):
                continue
            payload: dict[str, Any] = json.loads(line.removeprefix("data: "))
            return payload

    async def change(self) -> dict[str, Any]:
        """The next thing that is told."""
        payload = await self.hear()
        assert "errors" not in payload, payload
        [change] = payload["data"].values()
        assert isinstance(change, dict)
        return change


@asynccontextmanager
async def open_trade(mongo_uri: str, database_name: str) -> AsyncIterator[Trade]:
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
        config = uvicorn.Config(
            app, lifespan="off", log_level="warning", timeout_graceful_shutdown=1, timeout_keep_alive=300
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield Trade(shop, woo, f"127.0.0.1:{listening.getsockname()[1]}")
        finally:
            server.should_exit = True
            await serving
            listening.close()
