"""`inventory-gateway worker`: what works in the background, apart from the API."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import ExitStack
from typing import Annotated

import typer

from gateway.bootstrap import Gateway, open_gateway
from gateway.cli.running import DataDir, check_secrets, opened_database, run
from gateway.measured import sample_event_loop
from gateway.serving.collector import relieve_collector
from gateway.serving.listeners import bind_listeners, url_of
from gateway.serving.stopping import Stopping
from gateway.settings import Settings

READY = "Inventory gateway worker ready"


def worker(
    port: Annotated[
        int | None,
        typer.Option(help="Port for /healthz, /readyz and /metrics; 0 picks a free one.  [default: none]"),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Run the channel workers, the inbox and the sweeper without the API.

    Any number of these may run beside each other and beside `serve`: each channel is worked on by one of them, and
    when that one dies another takes over. They need the database in common, so set GATEWAY_MONGODB_URI. SIGTERM and
    Ctrl-C let the requests in hand finish and give the channels up at once.
    """
    run(_work, worker_port=port, data_dir=data_dir)


async def _work(settings: Settings) -> int:
    check_secrets(settings)
    stopping = Stopping()
    stopping.on_signals(signal.SIGTERM, signal.SIGINT)
    with ExitStack() as sockets:
        listener = None
        if settings.worker_port is not None:
            [listener] = bind_listeners(settings.host, settings.worker_port, 1)
            sockets.enter_context(listener)
        async with (
            opened_database(settings) as uri,
            open_gateway(settings, uri) as gateway,
            gateway.channels.running(),
            gateway.buffers.running(),
            gateway.orders.running(),
            gateway.movements.running(),
            gateway.planning.running(),
            gateway.supply.running(),
            asyncio.TaskGroup() as tasks,
        ):
            sampler = tasks.create_task(sample_event_loop(gateway.metrics, gateway.committer), name="metrics")
            stopping.started()
            relieve_collector()
            if listener is None:
                typer.echo(READY)
                await stopping.event.wait()
            else:
                await _answer_probes(gateway, listener, stopping.event)
            sampler.cancel()
    return 0


async def _answer_probes(gateway: Gateway, listener: socket.socket, stopping: asyncio.Event) -> None:
    """Until `stopping` is set."""
    # Here, because a worker without an address does not need the web stack.
    from gateway.app import create_probe_app
    from gateway.health import Health
    from gateway.serving.server import run_server

    health = Health(gateway.database)
    app = create_probe_app(gateway, health)

    def on_started() -> None:
        typer.echo(f"{READY} at {url_of(listener)}")

    await run_server(app, listener, gateway.settings, health, stopping=stopping, on_started=on_started)
