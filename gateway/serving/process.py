"""One gateway process from the opened database to the last answered request."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from gateway.app import create_app
from gateway.bootstrap import Gateway, open_gateway
from gateway.health import Health
from gateway.measured import sample_event_loop
from gateway.serving.server import run_server
from gateway.settings import Settings

CLOSING_SECONDS_MAX = 2.5

_log = structlog.get_logger(__name__)


async def run_process(
    settings: Settings,
    mongodb_uri: str,
    listener: socket.socket,
    *,
    stopping: asyncio.Event,
    on_started: Callable[[], None],
) -> None:
    """Open the gateway and serve it until `stopping` is set; call `on_started` once requests are answered."""
    async with _opened(settings, mongodb_uri) as gateway:
        health = Health(gateway.database)
        app = create_app(gateway, health)
        async with asyncio.TaskGroup() as tasks:
            sampler = tasks.create_task(sample_event_loop(gateway.metrics, gateway.committer), name="metrics")
            await run_server(app, listener, settings, health, stopping=stopping, on_started=on_started)
            sampler.cancel()


@asynccontextmanager
async def _opened(settings: Settings, mongodb_uri: str) -> AsyncIterator[Gateway]:
    """The gateway with its work in the background, closed within a time limit even while the database is away."""
    limit = asyncio.timeout(None)
    try:
        async with (
            limit,
            open_gateway(settings, mongodb_uri) as gateway,
            gateway.channels.running(workers=settings.channel_workers),
            gateway.buffers.running(),
            gateway.orders.running(),
            gateway.movements.running(),
            gateway.planning.running(),
            gateway.supply.running(),
            gateway.reorder.running(),
            gateway.stock_alerts.running(),
            gateway.webhooks.running(),
        ):
            try:
                yield gateway
            finally:
                limit.reschedule(asyncio.get_running_loop().time() + CLOSING_SECONDS_MAX)
    except TimeoutError:
        if not limit.expired():
            raise
        # Whoever waited for an answer has been cut off before; the ledger tells their retries what was applied.
        _log.warning("closed_with_work_unfinished")
