"""A gateway behind a real server, and the protocol's own client."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import httpx2
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from gateway.app import create_app
from gateway.bootstrap import Gateway
from gateway.health import Health
from gateway.inventory.access import Scope
from gateway.operations.clock import Clock, utc_now
from tests.kernel import kernel, stock_up

TRADER = (Scope.INVENTORY_READ, Scope.INVENTORY_WRITE)


@dataclass(frozen=True, slots=True)
class Served:
    """A stocked gateway behind a real server."""

    gateway: Gateway
    url: str

    @asynccontextmanager
    async def agent(self, *scopes: Scope, mode: str = "auto") -> AsyncIterator[Client]:
        key = await self.gateway.keys.create("agent", scopes)
        async with (
            httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}, timeout=30) as http,
            Client(streamable_http_client(self.url, http_client=http), mode=mode) as client,
        ):
            yield client

    async def set_up(self, *mutations: str) -> None:
        key = await self.gateway.keys.create("operator", [Scope.ADMIN])
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {key}"}) as http:
            for mutation in mutations:
                answer = (await http.post(self.url.replace("/mcp", "/graphql"), json={"query": mutation})).json()
                assert [payload["userErrors"] for payload in answer["data"].values()] == [[]], answer

    async def available(self, sku: str) -> int:
        item = (await self.gateway.stock_store.items([sku]))[sku]
        return sum(level.available for level in item.levels.values())


@asynccontextmanager
async def serving(mongo_uri: str, database: str, *, clock: Clock = utc_now) -> AsyncIterator[Served]:
    """It has 13 lamps, three of them in the west, and two sofas."""
    async with kernel(mongo_uri, database, clock=clock, body_bytes_max=100_000) as gateway:
        await stock_up(gateway, {"LAMP": {"EAST": 10, "WEST": 3}, "SOFA": {"EAST": 2}})
        listening = socket.create_server(("127.0.0.1", 0))
        app = create_app(gateway, Health(gateway.database))
        config = uvicorn.Config(
            app, lifespan="off", log_level="warning", timeout_graceful_shutdown=1, timeout_keep_alive=300
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield Served(gateway, f"http://127.0.0.1:{listening.getsockname()[1]}/mcp")
        finally:
            server.should_exit = True
            await serving
            listening.close()


async def called(agent: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await agent.call_tool(tool, arguments)
    assert not result.is_error, result.content
    answer: dict[str, Any] = result.structured_content
    return answer


async def refused(agent: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await agent.call_tool(tool, arguments)
    assert result.is_error
    problem: dict[str, Any] = result.structured_content
    return problem
