"""Hypothesis: a velocity is told in milliseconds however long the ledger is, and the ledger is followed faster than it
is written, without slowing those who write it.

Every other entry is the busy item's. The writers' rate is measured with and without somebody who follows them, in turns
and in the same process. Run: `python -m tests.benchmarks.velocity`.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from gateway.bootstrap import Gateway
from gateway.inventory.decision import Atomicity, Outcome
from gateway.operations.clock import utc_now
from gateway.operations.velocity_fold import SETTLED_AFTER, VelocityFold
from gateway.planning_services import PlanningServices
from gateway.store.private_mongod import private_database
from gateway.store.velocity import VelocityStore
from gateway.store.velocity_ledger import VelocityLedger
from tests.builders import adjust
from tests.kernel import kernel, stock_up

UNITS = 10**9
CHUNK = 250
CALLERS = 8
HALF_LIFE_DAYS = 28.0
PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Size:
    """How much is written; `small` keeps the benchmark itself from rotting in the test suite."""

    entries: int = 100_000
    skus: int = 1_000
    rounds: int = 5
    questions: int = 200

    @classmethod
    def small(cls) -> Size:
        return cls(entries=1_500, skus=20, rounds=1, questions=3)


Figures = dict[str, str]


async def measure(uri: str, database: str, size: Size) -> Figures:
    """Write, follow and ask."""
    async with kernel(uri, database) as gateway:
        await stock_up(gateway, {f"SKU-{n}": {"EAST": UNITS, "WEST": UNITS} for n in range(size.skus)})
        await _write(gateway, "fill", size.entries, size.skus)
        fold = _fold_of(gateway)
        started = time.perf_counter()
        await _fold_all(fold)
        folded = size.entries / (time.perf_counter() - started)
        assert (await VelocityStore(gateway.database).progress()) is not None
        milliseconds = await _asked(gateway, size.questions)
        alone, followed = [], []
        for number in range(size.rounds):
            alone.append(await _write(gateway, f"alone-{number}", size.entries // 10, size.skus))
            async with _following(replace(gateway.planning, fold=fold)):
                followed.append(await _write(gateway, f"followed-{number}", size.entries // 10, size.skus))
        return {
            "entries followed per second": f"{folded:,.0f}",
            f"a velocity after {size.entries:,} entries, median": f"{milliseconds:.2f} ms",
            "entries written per second, nobody following": f"{median(alone):,.0f}",
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


async def _write(gateway: Gateway, name: str, entries: int, skus: int) -> float:
    """Entries per second; every other one is the first SKU's."""
    numbers = list(range(entries))
    started = time.perf_counter()

    async def write() -> None:
        while numbers:
            chunk, numbers[:] = numbers[:CHUNK], numbers[CHUNK:]
            skus_of = {n: f"SKU-{n // 2 % skus if n % 2 else 0}" for n in chunk}
            commands = [adjust(f"{name}-{n}", sku, {"EAST": -1, "WEST": -1}) for n, sku in skus_of.items()]
            results = await gateway.stock.apply_many(commands, Atomicity.PER_ADJUSTMENT)
            assert all(isinstance(result, Outcome) for result in results)

    await asyncio.gather(*(write() for _ in range(CALLERS)))
    return entries / (time.perf_counter() - started)


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
