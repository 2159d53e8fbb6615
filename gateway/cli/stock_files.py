"""`inventory-gateway import` and `export`: stock as CSV files."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.cli.running import DataDir, opened_gateway, run
from gateway.inventory.identifiers import check_slug
from gateway.operations.stock_import import StockImport, Tally
from gateway.operations.stock_lines import HEADER, BadLine, StockLine, read_lines, write_line
from gateway.settings import Settings
from gateway.store.items_bulk import MongoItemsInBulk

CHUNK_LINES = 5_000

ImportFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="CSV file with the header sku,locationId,available[,name].")
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Apply nothing if a line is malformed; stop after the first that is refused.")
]
RunId = Annotated[
    str | None, typer.Option(help="Go on with the run of this id, which broke off: no line is applied twice in it.")
]
ExportFile = Annotated[Path | None, typer.Argument(dir_okay=False, help="File to write; stdout if left out.")]


def import_file(file: ImportFile, strict: Strict = False, run_id: RunId = None, data_dir: DataDir = None) -> None:
    """Set available quantities from a CSV file; create the items and locations that are missing.

    Every bad line is reported by its number, the others are applied, and the exit code is 1. Repeating an import
    changes only what is no longer as the file says. A name is given to the items that are created.
    """
    with file.open("rb") as source:
        run(lambda settings: import_stock(settings, source, strict=strict, run_id=run_id), data_dir=data_dir)


def export_file(file: ExportFile = None, data_dir: DataDir = None) -> None:
    """Write the available quantities of every active item as CSV, sorted by SKU."""
    run(lambda settings: export_to(settings, file), data_dir=data_dir)


async def import_stock(settings: Settings, source: BinaryIO, *, strict: bool = False, run_id: str | None = None) -> int:
    """Import an open file, reporting on stderr and stdout; the exit code."""
    if run_id is not None:
        check_slug(run_id, ("run-id",))
    console = Console(stderr=True)
    if strict:
        if _report(console, read_lines(source)):
            console.print("Nothing was applied.")
            return 1
    bad = 0
    async with opened_gateway(settings) as gateway:
        new_run_id = run_id or secrets.token_hex(6)
        items = MongoItemsInBulk(gateway.database)
        stock_import = StockImport(gateway.stock, items, new_run_id, resumable=run_id is not None)
        tally = stock_import.tally
        with _progress(console, source) as advance, _told_if_broken_off(console, tally):
            lines = read_lines(source)
            while not (strict and bad) and (chunk := list(islice(lines, CHUNK_LINES))):
                bad += _report(console, chunk)
                bad += _report(
                    console, await stock_import.apply([line for line in chunk if isinstance(line, StockLine)])
                )
                advance()
        if tally.items_created:
            # Orders may have come in for what nobody here knew.
            await gateway.channels.inbox.wake()
    typer.echo(
        f"{tally.applied} lines applied, {tally.unchanged} unchanged, {bad} bad; "
        f"{tally.items_created} items and {tally.locations_created} locations created (run {new_run_id})"
    )
    return 1 if bad else 0


async def export_to(settings: Settings, file: Path | None) -> int:
    """Export to a file, or to stdout; the exit code. Raises OSError where the file cannot be written."""
    with _replaced(file) if file else _standard_output() as target:
        return await export_stock(settings, target)


async def export_stock(settings: Settings, target: TextIO) -> int:
    """Write every active item's available quantities; the exit code."""
    async with opened_gateway(settings) as gateway:
        target.write(write_line(*HEADER))
        async for item in MongoItemsInBulk(gateway.database).every_item():
            for location_id, available in item.available.items():
                target.write(write_line(item.sku, location_id, available, item.name or ""))
    return 0


def _report(console: Console, lines: Iterable[StockLine | BadLine]) -> int:
    """Print the bad lines; how many there are."""
    count = 0
    for line in lines:
        if isinstance(line, BadLine):
            console.print(f"line {line.number}: {line.reason}", markup=False, highlight=False, soft_wrap=True)
            count += 1
    return count


@contextmanager
def _told_if_broken_off(console: Console, tally: Tally) -> Iterator[None]:
    """By Ctrl-C, or because the database went away."""
    try:
        yield
    except BaseException:
        so_far = f"Broke off; {tally.applied} lines or more were applied. Import the file again to set the rest."
        console.print(so_far, markup=False, highlight=False, soft_wrap=True)
        raise


@contextmanager
def _progress(console: Console, source: BinaryIO) -> Iterator[Callable[[], None]]:
    """A progress bar over the bytes of a file, from its beginning, for a terminal."""
    columns = (TextColumn("Importing"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("import", total=source.seek(0, os.SEEK_END))
        source.seek(0)
        yield lambda: progress.update(task, completed=source.tell())


@contextmanager
def _replaced(path: Path) -> Iterator[TextIO]:
    """A file that takes the place of `path` only when everything has been written."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"Cannot write {path}: there is no folder {path.parent}.")
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


@contextmanager
def _standard_output() -> Iterator[TextIO]:
    yield sys.stdout
    sys.stdout.flush()
