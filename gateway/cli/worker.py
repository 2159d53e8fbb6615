"""`inventory-gateway worker`: what works in the background, apart from the API."""

from __future__ import annotations

import asyncio
import signal

import typer

from gateway.bootstrap import open_gateway
from gateway.cli.running import DataDir, opened_database, run
from gateway.measured import sample_event_loop
from gateway.serving.collector import relieve_collector
from gateway.serving.stopping import Stopping
from gateway.settings import Settings

READY = "Inventory gateway worker ready"


def worker(data_dir: DataDir = None) -> None:
    """Run the channel workers, the inbox and the sweeper without the API.

    Any number of these may run beside each other and beside `serve`: each channel is worked on by one of them, and
    when that one dies another takes over. They need the database in common, so set GATEWAY_MONGODB_URI. SIGTERM and
    Ctrl-C let the requests in hand finish and give the channels up at once.
    """
    run(_work, data_dir=data_dir)


async def _work(settings: Settings) -> int:
    stopping = Stopping()
    stopping.on_signals(signal.SIGTERM, signal.SIGINT)
    async with (
        opened_database(settings) as uri,
        open_gateway(settings, uri) as gateway,
        gateway.channels.running(),
        gateway.orders.running(),
        gateway.movements.running(),
        asyncio.TaskGroup() as tasks,
    ):
        sampler = tasks.create_task(sample_event_loop(gateway.metrics, gateway.committer), name="metrics")
        stopping.started()
        relieve_collector()
        typer.echo(READY)
        await stopping.event.wait()
        sampler.cancel()
    return 0
