"""Hypothesis: a velocity is told in milliseconds however long the ledger is, and the ledger is followed faster than it
is written, without slowing those who write it.

Every entry is a sale of a channel, every other one of the busy item. The writers' rate is measured with and without
somebody who follows them, in turns and in the same process. Run: `python -m tests.benchmarks.velocity`.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from gateway.bootstrap import Gateway
from gateway.inventory.decision import Atomicity, Outcome
from gateway.inventory.ledger import Cause
from gateway.inventory.orders import Precedence
from gateway.inventory.sales import ReportedLine, ReportOrder
from gateway.operations.clock import utc_now
from gateway.operations.velocity_fold import SETTLED_AFTER, VelocityFold
from gateway.planning_services import PlanningServices
from gateway.store.private_mongod import private_database
from gateway.store.velocity import VelocityStore
from gateway.store.velocity_ledger import VelocityLedger
from tests.kernel import kernel, stock_up

UNITS = 10**9
CHUNK = 250
CALLERS = 8
HALF_LIFE_DAYS = 28.0
PAUSE_SECONDS = 0.5
CHANNEL = "web"
UNITS_EACH = 2


@dataclass(frozen=True, slots=True)
class Size:
    """How much is written; `small` keeps the benchmark itself from rotting in the test suite."""

    entries: int = 1_000_000
    skus: int = 1_000
    rounds: int = 5
    entries_per_round: int = 10_000
    questions: int = 200

    @classmethod
    def small(cls) -> Size:
        return cls(entries=1_000, skus=20, rounds=1, entries_per_round=250, questions=3)


Figures = dict[str, str]


async def measure(uri: str, database: str, size: Size) -> Figures:
    """Write, follow and ask."""
    async with kernel(uri, database) as gateway:
        await stock_up(gateway, {f"SKU-{n}": {"EAST": UNITS, "WEST": UNITS} for n in range(size.skus)})
        stored = await gateway.stock_store.items([f"SKU-{n}" for n in range(size.skus)])
        items = [item.id for item in stored.values()]
        await _write(gateway, "fill", size.entries, items)
        fold = _fold_of(gateway)
        started = time.perf_counter()
        await _fold_all(fold)
        folded = size.entries / (time.perf_counter() - started)
        told = await gateway.planning.velocity.of("SKU-0", "EAST")
        busy = size.entries - size.entries // 2 + -(-(size.entries // 2) // size.skus)
        assert told is not None and told.series.today + told.series.units_total == busy * UNITS_EACH, told
        milliseconds = await _asked(gateway, size.questions)
        alone, followed = [], []
        for number in range(size.rounds):
            alone.append(await _write(gateway, f"alone-{number}", size.entries_per_round, items))
            async with _following(replace(gateway.planning, fold=fold)):
                followed.append(await _write(gateway, f"followed-{number}", size.entries_per_round, items))
        return {
            "sales followed per second": f"{folded:,.0f}",
            f"a velocity after {size.entries:,} sales, median": f"{milliseconds:.2f} ms",
            "sales written per second, nobody following": f"{median(alone):,.0f}",
            "the same while they are followed": f"{median(followed):,.0f}",
        }


def _fold_of(gateway: Gateway) -> VelocityFold:
    """One for which everything has settled as soon as it is written."""
    database = gateway.database
    return VelocityFold(
        VelocityLedger(database), VelocityStore(database), lambda: utc_now() + SETTLED_AFTER, HALF_LIFE_DAYS
    )


async def _fold_all(fold: VelocityFold) -> None:
    while await fold.step(token=1):
        pass


@asynccontextmanager
async def _following(planning: PlanningServices) -> AsyncIterator[None]:
    """Somebody follows as the product does, only without ever being in step for long."""
    stopping = asyncio.Event()

    async def follow() -> None:
        while not stopping.is_set():
            await planning.follow()
            await asyncio.sleep(PAUSE_SECONDS)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(follow())
        yield
        stopping.set()


async def _write(gateway: Gateway, name: str, entries: int, items: Sequence[str]) -> float:
    """Entries per second; every other one is the first item's."""
    numbers = iter(range(entries))
    started = time.perf_counter()

    async def write() -> None:
        while chunk := list(islice(numbers, CHUNK)):
            commands = [_sale(f"{name}-{n}", items[n // 2 % len(items) if n % 2 else 0]) for n in chunk]
            results = await gateway.stock.apply_many(commands, Atomicity.PER_ADJUSTMENT)
            assert all(isinstance(result, Outcome) for result in results)

    await asyncio.gather(*(write() for _ in range(CALLERS)))
    return entries / (time.perf_counter() - started)


def _sale(order_id: str, item_id: str) -> ReportOrder:
    return ReportOrder(
        f"channel:{CHANNEL}",
        order_id,
        Cause("benchmark", channel_id=CHANNEL),
        CHANNEL,
        order_id,
        None,
        "paid",
        Precedence(utc_now(), 1, UNITS_EACH),
        (ReportedLine("1", item_id, UNITS_EACH, UNITS_EACH, 0, ("EAST",)),),
        frozenset(),
    )


async def _asked(gateway: Gateway, questions: int) -> float:
    """Median milliseconds of one answer."""
    milliseconds = []
    for _ in range(questions):
        started = time.perf_counter()
        found = await gateway.planning.velocity.of("SKU-0", "EAST")
        milliseconds.append((time.perf_counter() - started) * 1_000)
        assert found is not None and found.half_life_days == HALF_LIFE_DAYS
    return median(milliseconds)


async def _main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with private_database(Path(directory)) as database:
            figures = await measure(database.uri, "benchmark", Size())
    table = Table(title="Velocity")
    table.add_column("question")
    table.add_column("answer", justify="right")
    for question, answer in figures.items():
        table.add_row(question, answer)
    Console().print(table)


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main())
