"""What every command does first and last: settings, logging, the event loop, and errors in plain words."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from pydantic import ValidationError

from gateway.bootstrap import Gateway, open_gateway
from gateway.inventory.errors import InventoryError
from gateway.inventory.ports import StorageError
from gateway.logs import configure_logging
from gateway.operations.stock_lines import HeaderInvalid
from gateway.secret_key import SecretKeyInvalid, check_secret_key
from gateway.serving.listeners import AddressUnavailable
from gateway.serving.worker import WorkerFailed
from gateway.settings import Settings
from gateway.store.private_mongod import private_database
from gateway.store.requirements import check_database

_EXPECTED = (
    AddressUnavailable,
    HeaderInvalid,
    InventoryError,
    OSError,
    SecretKeyInvalid,
    StorageError,
    WorkerFailed,
)

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the private database.  [default: ./gateway-data]", show_default=False),
]


def run(command: Callable[[Settings], Coroutine[Any, Any, int]], **given: object) -> None:
    """Run a command; exit with the code it returns unless that is 0. An expected failure is a sentence and code 1.

    `given` holds options of the command line; those that are not None go before the environment's variables.
    """
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            name = "_".join(str(part) for part in problem["loc"]).upper()
            typer.echo(f"GATEWAY_{name}: {problem['msg']}.", err=True)
        raise typer.Exit(2) from None
    configure_logging(settings.log_level, json_lines=settings.environment == "production")
    code = 1
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        try:
            code = uvloop.run(command(settings))
        except* _EXPECTED as group:
            for failure in _leaves(group):
                typer.echo(f"{failure}", err=True)
    if code:
        raise typer.Exit(code)


def check_secrets(settings: Settings) -> None:
    """Raise SecretKeyInvalid now, not once a channel needs the key: then none would be worked on."""
    given = settings.secret_key
    check_secret_key(given.get_secret_value() if given else None, settings.data_dir)


@asynccontextmanager
async def opened_database(settings: Settings) -> AsyncIterator[str]:
    """The URI of the database: the operator's, once it is found fit, or the private one in the data directory.

    The body is cancelled when the private one is lost for good.
    """
    if settings.mongodb_uri is not None:
        uri = settings.mongodb_uri.get_secret_value()
        await check_database(uri)
        yield uri
        return
    async with private_database(settings.data_dir) as database, asyncio.TaskGroup() as tasks:
        watch = tasks.create_task(database.lost(), name="private database")
        yield database.uri
        watch.cancel()


@asynccontextmanager
async def opened_gateway(settings: Settings) -> AsyncIterator[Gateway]:
    """The gateway as a command uses it that ends by itself; what it has begun to write is finished at Ctrl-C too."""
    async with opened_database(settings) as uri, open_gateway(settings, uri) as gateway:
        try:
            yield gateway
        finally:
            with contextlib.suppress(TimeoutError):
                await gateway.committer.close()


def _leaves(group: BaseExceptionGroup[Any]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return leaves
