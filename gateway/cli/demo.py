"""`inventory-gateway demo`: the product on sample stock with two simulated shops."""

from __future__ import annotations

import signal
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway.cli.running import DataDir, opened_database, run
from gateway.serving.listeners import bind_listeners
from gateway.serving.stopping import Stopping
from gateway.settings import Settings


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the tour instead of leaving the API up.")] = False,
    port: Annotated[int, typer.Option(help="Port of the API; 0 picks a free one.")] = 0,
    data_dir: DataDir = None,
) -> None:
    """Start everything with sample stock and two simulated shops, and watch a few orders move the numbers.

    Without --data-dir the database is thrown away at the end.
    """
    with tempfile.TemporaryDirectory(prefix="inventory-demo-") as temporary:
        run(partial(_demo, once=once), port=port, workers=1, data_dir=data_dir or Path(temporary), log_level="warning")


async def _demo(settings: Settings, *, once: bool) -> int:
    # Here, because no other command needs the simulated shops.
    from gateway.demo import run_demo

    stopping = Stopping()
    stopping.on_signals(signal.SIGTERM, signal.SIGINT)
    console = Console()
    console.print("Starting a database, the gateway and two shops ...", style="dim")
    [listener] = bind_listeners(settings.host, settings.port, 1)
    with listener:
        async with opened_database(settings) as uri:
            stopping.started()
            await run_demo(settings, uri, listener, once=once, console=console, stopping=stopping.event)
    return 0
