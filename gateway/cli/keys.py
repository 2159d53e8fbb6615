"""`inventory-gateway keys`: make, list and revoke API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli.running import DataDir, opened_gateway, run
from gateway.inventory.access import ApiKey, Scope
from gateway.settings import Settings

keys = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)


@keys.command("create")
def create(
    name: Annotated[str, typer.Option(help="The client's name: 1 to 64 of A-Z a-z 0-9 _ -.")],
    scope: Annotated[list[Scope], typer.Option(help="What the key may do; repeat the option for several.")],
    data_dir: DataDir = None,
) -> None:
    """Make a key and print it, alone, on stdout. It is shown this once: only a hash of it is stored.

    Several keys may have one name: they are one client, so that its key can be replaced without a pause.
    """

    async def command(settings: Settings) -> int:
        async with opened_gateway(settings) as gateway:
            typer.echo(await gateway.keys.create(name, frozenset(scope)))
        return 0

    run(command, data_dir=data_dir)


@keys.command("list")
def list_keys(data_dir: DataDir = None) -> None:
    """List every key, with its id, scopes and last use; never the key itself."""

    async def command(settings: Settings) -> int:
        async with opened_gateway(settings) as gateway:
            Console().print(_table(await gateway.keys.all()))
        return 0

    run(command, data_dir=data_dir)


@keys.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(metavar="NAME_OR_ID", help="One key by its id, or all of a client.")],
    data_dir: DataDir = None,
) -> None:
    """Revoke keys. Every running process refuses them within two seconds."""

    async def command(settings: Settings) -> int:
        async with opened_gateway(settings) as gateway:
            revoked = await gateway.keys.revoke(key)
        typer.echo(f"{revoked} {'key' if revoked == 1 else 'keys'} revoked.")
        return 0

    run(command, data_dir=data_dir)


def _table(known: Sequence[ApiKey]) -> Table:
    table = Table("id", "name", "scopes", "created", "last used", "revoked", box=None, pad_edge=False)
    for key in known:
        times = (key.created_at, key.last_used_at, key.revoked_at)
        table.add_row(key.id, key.name, " ".join(sorted(key.scopes)), *map(_minute, times))
    return table


def _minute(at: datetime | None) -> str:
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M}Z"
