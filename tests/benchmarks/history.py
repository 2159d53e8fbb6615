"""Hypothesis: the past of a busy item is told in milliseconds, and the audit reads thousands of items a second.

The busy item has all its movements after the oldest moment asked for, which is the worst case. The audit's memory is
that of one part, however many items there are. Run: `python -m tests.benchmarks.history`.
"""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from gateway.bootstrap import Gateway
from gateway.inventory.decision import Atomicity, Outcome
from gateway.inventory.ledger import Cause
from gateway.inventory.quantities import Bucket
from gateway.inventory.stock_changes import Adjust, Count
from gateway.store.private_mongod import private_database
from tests.builders import adjust
from tests.kernel import kernel, stock_up

UNITS = 10**9
CHUNK = 250

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is to read; `small` keeps the benchmark itself from rotting in the test suite."""

    entries: int = 10_000
    items: int = 10_000
    rounds: int = 15

    @classmethod
    def small(cls) -> Size:
        return cls(entries=60, items=30, rounds=2)


Figures = dict[str, str]


async def measure(uri: str, database: str, size: Size) -> Figures:
    """Fill a database and ask everything of it."""
    async with kernel(uri, database) as gateway:
        await stock_up(gateway, {"BUSY": {"EAST": UNITS, "WEST": UNITS}})
        moments = await _fill(gateway, [adjust(f"b{n}", "BUSY", {"EAST": -1, "WEST": -1}) for n in range(size.entries)])
        figures = await _questions(gateway, size, moments)
        await _fill_items(gateway, size.items)
        return figures | await _audit(gateway)


async def _fill(gateway: Gateway, commands: Sequence[Adjust]) -> list[datetime]:
    moments = []
    for chunk in _chunks(commands):
        for result in await gateway.stock.apply_many(chunk, Atomicity.PER_ADJUSTMENT):
            assert isinstance(result, Outcome), result
            moments.append(result.entry.at)
    return moments


async def _fill_items(gateway: Gateway, items: int) -> None:
    """Every item has three movements at two locations."""
    skus = [f"SKU-{n}" for n in range(items)]
    for chunk in _chunks(skus):
        await stock_up(gateway, {sku: {"EAST": UNITS, "WEST": UNITS} for sku in chunk})
    for turn in range(2):
        await _fill(gateway, [adjust(f"i{turn}-{sku}", sku, {"EAST": -1, "WEST": -1}) for sku in skus])


async def _questions(gateway: Gateway, size: Size, moments: list[datetime]) -> Figures:
    movements = gateway.movements
    past = await movements.history.stock("BUSY", moments[0])
    assert past.quantity("EAST", Bucket.AVAILABLE) == UNITS - 1

    async def count() -> None:
        counts = [Count("EAST", UNITS - 1, UNITS - 1)]
        await movements.counts.count("bench", str(time.time_ns()), Cause("bench"), "BUSY", counts, moments[0])

    return {
        f"stock as of {size.entries:,} movements ago": await _timed(
            size, lambda: movements.history.stock("BUSY", moments[0])
        ),
        f"stock as of {size.entries // 10:,} movements ago": await _timed(
            size, lambda: movements.history.stock("BUSY", moments[-size.entries // 10])
        ),
        f"count as of {size.entries:,} movements ago": await _timed(size, count),
        "explain": await _timed(size, lambda: movements.history.explain("BUSY", "EAST")),
    }


async def _timed(size: Size, ask: Callable[[], Awaitable[object]]) -> str:
    seconds = []
    for _ in range(size.rounds):
        started = time.perf_counter()
        await ask()
        seconds.append(time.perf_counter() - started)
    return f"{median(seconds) * 1_000:.1f} ms"


async def _audit(gateway: Gateway) -> Figures:
    report = await gateway.movements.auditor.run()
    assert report.mismatches == []
    tracemalloc.start()
    await gateway.movements.auditor.run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {
        f"audit of {report.items:,} items, {report.movements:,} movements": f"{report.seconds:.1f} s",
        "audit, items per second": f"{report.items / report.seconds:,.0f}",
        "audit, memory at its peak": f"{peak / 1_000_000:.1f} MB",
    }


def _chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


async def _main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with private_database(Path(directory)) as database:
            figures = await measure(database.uri, "benchmark", Size())
    table = Table(title="The past and the audit; medians")
    table.add_column("question")
    table.add_column("answer", justify="right")
    for question, answer in figures.items():
        table.add_row(question, answer)
    Console().print(table)


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main())
