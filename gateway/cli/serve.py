"""`inventory-gateway serve`: the whole product."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from gateway.bootstrap import open_gateway
from gateway.cli.running import DataDir, check_secrets, opened_database, run
from gateway.serving.collector import relieve_collector
from gateway.serving.listeners import allow_many_connections, bind_listeners, url_of
from gateway.serving.stopping import Stopping
from gateway.serving.supervisor import Supervisor
from gateway.settings import Settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.  [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 picks a free one.  [default: 8080]")] = None,
    workers: Annotated[int | None, typer.Option(help="Server processes.  [default: 1]")] = None,
    channel_workers: Annotated[
        bool | None,
        typer.Option(
            "--channel-workers/--no-channel-workers", help="Work for the channels too, or leave it to `worker`."
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Run the whole product: API, webhooks and channel workers.

    Without GATEWAY_MONGODB_URI a private MongoDB is started in the data directory. When everything is ready, one line
    with the address is printed on stdout. SIGTERM and Ctrl-C finish open requests and end within ten seconds.
    """
    run(_serve, host=host, port=port, workers=workers, channel_workers=channel_workers, data_dir=data_dir)


async def _serve(settings: Settings) -> int:
    # Here, because the commands that end by themselves need not wait for the web stack to be imported.
    from gateway.serving.process import run_process

    check_secrets(settings)
    stopping = Stopping()
    stopping.on_signals(signal.SIGTERM, signal.SIGINT)
    allow_many_connections()
    listeners = bind_listeners(settings.host, settings.port, settings.workers)
    url = url_of(listeners[0])
    if settings.mongodb_uri is None:
        typer.echo(
            f"Starting a private MongoDB in {settings.data_dir} (set GATEWAY_MONGODB_URI to use yours).", err=True
        )

    def on_started() -> None:
        stopping.started()
        relieve_collector()
        typer.echo(f"Inventory gateway ready at {url}")

    async with opened_database(settings) as uri:
        await _advise_first_key(settings, uri)
        if settings.workers == 1:
            await run_process(settings, uri, listeners[0], stopping=stopping.event, on_started=on_started)
        else:
            await Supervisor(settings, uri, listeners).run(stopping=stopping.event, on_started=on_started)
    return 0


async def _advise_first_key(settings: Settings, uri: str) -> None:
    """Say how to make a key if there is none. Opening the gateway also creates the indexes before workers start."""
    async with open_gateway(settings, uri) as gateway:
        known = await gateway.keys.all()
    if all(key.revoked_at is not None for key in known):
        where = "" if settings.mongodb_uri else f" --data-dir {settings.data_dir}"
        typer.echo(
            "There is no API key yet. Make one with:\n"
            f"  inventory-gateway keys create --name my-shop --scope inventory:read --scope inventory:write{where}",
            err=True,
        )
