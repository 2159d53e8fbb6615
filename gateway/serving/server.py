"""One server process: uvicorn with limits, told to stop by an event instead of by its own signal handlers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from gateway.health import Health
from gateway.serving.protocol import BoundedHttpProtocol
from gateway.settings import Settings

# Together with closing the gateway and stopping the database this must stay below ten seconds.
REQUESTS_FINISH_SECONDS_MAX = 4
WEBSOCKET_FRAME_BYTES_MAX = 65_536


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would raise them again at the end, and the exit code would not be 0."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_started()


async def run_server(
    app: ASGIApp,
    listener: socket.socket,
    settings: Settings,
    health: Health,
    *,
    stopping: asyncio.Event,
    on_started: Callable[[], None],
) -> None:
    """Serve on a bound socket until `stopping` is set, then finish open requests within 4 seconds.

    `/readyz` turns 503 `drain_seconds` before the listener closes.
    """
    config = uvicorn.Config(
        app,
        http=BoundedHttpProtocol,
        ws="websockets-sansio",
        ws_max_size=WEBSOCKET_FRAME_BYTES_MAX,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=settings.connections_max,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=REQUESTS_FINISH_SECONDS_MAX,
    )
    server = _Server(config, on_started)

    async def stop() -> None:
        await stopping.wait()
        health.draining = True
        await asyncio.sleep(settings.drain_seconds)
        server.should_exit = True

    async with asyncio.TaskGroup() as tasks:
        stopper = tasks.create_task(stop(), name="drain")
        await server.serve(sockets=[listener])
        stopper.cancel()
