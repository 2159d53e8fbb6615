import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from gateway.transport.endpoint import GraphQLEndpoint
from gateway.transport.limits import Limits
from tests.http.toy_schema import Stage, context_for, schema


@dataclass(frozen=True, slots=True)
class Server:
    address: str
    stage: Stage
    http: httpx.AsyncClient

    @property
    def graphql(self) -> str:
        return f"http://{self.address}/graphql"

    @property
    def websocket(self) -> str:
        return f"ws://{self.address}/graphql"


StartServer = Callable[..., Awaitable[Server]]


@asynccontextmanager
async def running(limits: Limits, development: bool) -> AsyncIterator[Server]:
    stage = Stage()
    endpoint = GraphQLEndpoint(schema, context_for(stage), limits=limits, development=development)
    app = Starlette(routes=[Route("/graphql", endpoint), WebSocketRoute("/graphql", endpoint)])
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{listening.getsockname()[1]}"
    # The socket listens already: a client that comes before the server waits in its backlog.
    config = uvicorn.Config(
        app, lifespan="off", log_level="warning", timeout_graceful_shutdown=1, timeout_keep_alive=300
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        async with httpx.AsyncClient(timeout=30) as client:
            yield Server(address, stage, client)
    finally:
        server.should_exit = True
        await serving
        listening.close()


@pytest.fixture
async def start_server() -> AsyncIterator[StartServer]:
    """Start servers with given limits; they stop with the test."""
    async with AsyncExitStack() as stack:

        async def start(development: bool = False, **limits: Any) -> Server:
            return await stack.enter_async_context(running(Limits(**limits), development))

        yield start


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[Server]:
    """One server with the default limits, for tests that leave nothing behind."""
    async with running(Limits(), development=False) as server:
        yield server
