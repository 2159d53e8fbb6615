"""`inventory-gateway plan`: what to order today, from whom, and what to move first."""

from __future__ import annotations

import csv
import sys
from collections.abc import AsyncIterator
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli.running import DataDir, opened_gateway, run
from gateway.operations.reorder import ReorderOperations
from gateway.planning.suggestions import PlanRun, SuggestedLine, Suggestion, SuggestionFilter, SuggestionKind
from gateway.settings import Settings

PAGE = 50
SKUS_SHOWN_MAX = 1_000
"""Lines of the table; the CSV has them all."""
FILE_WIDTH = 140
"""Characters of the table's lines where they do not go to a terminal."""

COLUMNS = (
    "kind",
    "supplier",
    "originId",
    "locationId",
    "sku",
    "quantity",
    "available",
    "incoming",
    "lapsed",
    "promised",
    "drafted",
    "position",
    "reorderPoint",
    "safetyStock",
    "orderUpTo",
    "unitsPerDay",
    "daysOfCover",
    "leadTimeDays",
    "expectedAt",
    "unitCost",
    "suggestionId",
)

AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV, all lines with all terms, instead of a table.")]
Supplier = Annotated[str | None, typer.Option(help="Only what is ordered from this supplier.")]


def plan(csv: AsCsv = False, supplier: Supplier = None, data_dir: DataDir = None) -> None:
    """Plan all items now, and print what to order and what to move.

    The plan is in force from then on: its suggestions can be accepted over GraphQL. Exit code 1 says that another
    process is planning at this moment.
    """

    async def command(settings: Settings) -> int:
        return await print_plan(settings, sys.stdout, as_csv=csv, supplier=supplier)

    run(command, data_dir=data_dir)


async def print_plan(settings: Settings, target: TextIO, *, as_csv: bool, supplier: str | None) -> int:
    """Plan and print; the exit code."""
    async with opened_gateway(settings) as gateway:
        # What has not been followed yet is not known to sell.
        await gateway.planning.follow()
        await gateway.supply.follow()
        run = await gateway.reorder.nightly.plan()
        if run is None:
            typer.echo("Another process is planning; try again in a minute.", err=True)
            return 1
        wanted = SuggestionFilter(supplier=supplier)
        if as_csv:
            await _write_csv(gateway.reorder.reorder, wanted, target)
        else:
            await _write_table(gateway.reorder.reorder, wanted, run, target)
    return 0


async def _write_csv(reorder: ReorderOperations, wanted: SuggestionFilter, target: TextIO) -> None:
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(COLUMNS)
    async for suggestion in _suggestions(reorder, wanted):
        for line in suggestion.lines:
            writer.writerow(_row(suggestion, line))


async def _write_table(reorder: ReorderOperations, wanted: SuggestionFilter, run: PlanRun, target: TextIO) -> None:
    table = Table(title=f"To order, {run.planned_at:%Y-%m-%d %H:%M} UTC")
    for column in ("from", "to", "SKU"):
        table.add_column(column)
    for column in ("units", "available", "incoming", "reorder at", "up to", "a day", "cover, days", "cost"):
        table.add_column(column, justify="right")
    shown = lines = 0
    async for suggestion in _suggestions(reorder, wanted):
        lines += len(suggestion.lines)
        for line in suggestion.lines[: max(0, SKUS_SHOWN_MAX - shown)]:
            table.add_row(*_cells(suggestion, line))
            shown += 1
    console = Console(file=target)
    if not console.is_terminal:
        console.width = FILE_WIDTH
    if lines:
        console.print(table)
    left_out = f", {lines - shown} not shown" if lines > shown else ""
    console.print(f"{run.items} items planned, {lines} lines to order or move{left_out}.", highlight=False)


async def _suggestions(reorder: ReorderOperations, wanted: SuggestionFilter) -> AsyncIterator[Suggestion]:
    after: str | None = None
    while page := await reorder.page(wanted, after, PAGE):
        for suggestion in page:
            yield suggestion
        after = page[-1].place


def _row(suggestion: Suggestion, line: SuggestedLine) -> list[object]:
    heading = suggestion.heading
    return [
        heading.kind.value,
        heading.supplier or "",
        heading.origin_id or "",
        heading.location_id,
        line.sku,
        line.quantity,
        line.available,
        line.incoming,
        line.lapsed,
        line.promised,
        line.drafted,
        line.position,
        line.reorder_point,
        f"{line.safety_stock:.1f}",
        line.order_up_to,
        f"{line.units_per_day:.3f}",
        "" if line.days_of_cover is None else f"{line.days_of_cover:.1f}",
        f"{line.lead_time_days:.1f}",
        "" if line.expected_at is None else f"{line.expected_at:%Y-%m-%d}",
        "" if line.unit_cost is None else line.unit_cost,
        suggestion.id,
    ]


def _cells(suggestion: Suggestion, line: SuggestedLine) -> list[str]:
    heading = suggestion.heading
    bought = heading.kind is SuggestionKind.PURCHASE
    cost = line.unit_cost * line.quantity if bought and line.unit_cost is not None else None
    return [
        heading.supplier or "?" if bought else heading.origin_id or "",
        heading.location_id,
        line.sku,
        str(line.quantity),
        str(line.available),
        str(line.incoming),
        str(line.reorder_point),
        str(line.order_up_to),
        f"{line.units_per_day:.2f}",
        "" if line.days_of_cover is None else f"{line.days_of_cover:.0f}",
        "" if cost is None else f"{cost:,.2f}",
    ]
