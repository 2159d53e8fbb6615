"""Hypothesis: an alert is there a second after its cause, and the levels are watched without slowing those who write.

The writers' rate is measured with and without somebody who watches, in turns and in the same process. Every other entry
is the busy item's, and all others come close to their thresholds now and then. Run:
`python -m tests.benchmarks.stock_alerts`.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from gateway.bootstrap import Gateway
from gateway.inventory.decision import Atomicity, Outcome
from gateway.store.private_mongod import private_database
from tests.builders import adjust
from tests.kernel import kernel, stock_up

UNITS = 10**9
FEW = 12
CHUNK = 250
CALLERS = 8


@dataclass(frozen=True, slots=True)
class Size:
    """How much is written; `small` keeps the benchmark itself from rotting in the test suite."""

    entries: int = 10_000
    skus: int = 1_000
    rounds: int = 5
    crossings: int = 20

    @classmethod
    def small(cls) -> Size:
        return cls(entries=100, skus=5, rounds=1, crossings=1)


Figures = dict[str, str]


async def measure(uri: str, database: str, size: Size) -> Figures:
    """Write with and without being watched; then cross thresholds one by one."""
    async with kernel(uri, database) as gateway:
        await gateway.stock_alerts.follow()
        stock = {f"SKU-{n}": {"EAST": UNITS if n == 0 else FEW} for n in range(size.skus)}
        for start in range(0, size.skus, CHUNK):
            await stock_up(gateway, dict(list(stock.items())[start : start + CHUNK]))
        await _caught_up(gateway)
        alone, watched = [], []
        for number in range(size.rounds):
            alone.append(await _write(gateway, f"alone-{number}", size))
            await _caught_up(gateway)
            async with gateway.stock_alerts.running():
                watched.append(await _write(gateway, f"watched-{number}", size))
            await _caught_up(gateway)
        await _write(gateway, "behind", size)
        started = time.perf_counter()
        await _caught_up(gateway)
        looked = size.entries / (time.perf_counter() - started)
        async with gateway.stock_alerts.running():
            seconds = [await _crossed(gateway, number) for number in range(size.crossings)]
        return {
            "entries written per second, nobody watching": f"{median(alone):,.0f}",
            "the same while they are watched": f"{median(watched):,.0f}",
            "entries watched per second": f"{looked:,.0f}",
            "from a crossing to its alert, median": f"{median(seconds):.2f} s",
        }


async def _caught_up(gateway: Gateway) -> None:
    while await gateway.stock_alerts.watch.step(1):
        pass


async def _write(gateway: Gateway, name: str, size: Size) -> float:
    """Entries per second; every other one is the first SKU's, the others go up and down."""
    numbers = list(range(size.entries))
    started = time.perf_counter()

    async def write() -> None:
        while numbers:
            chunk, numbers[:] = numbers[:CHUNK], numbers[CHUNK:]
            commands = []
            for n in chunk:
                sku = 1 + n // 2 % (size.skus - 1) if n % 2 else 0
                turn = n // 2 // (size.skus - 1) % 2
                commands.append(adjust(f"{name}-{n}", f"SKU-{sku}", {"EAST": 8 if n % 2 and turn else -8}))
            results = await gateway.stock.apply_many(commands, Atomicity.PER_ADJUSTMENT)
            assert sum(isinstance(result, Outcome) for result in results) >= len(results) // 2

    await asyncio.gather(*(write() for _ in range(CALLERS)))
    return size.entries / (time.perf_counter() - started)


async def _crossed(gateway: Gateway, number: int) -> float:
    """Seconds from a movement's commit to the alert that it is the cause of."""
    sku = f"CROSSED-{number}"
    await stock_up(gateway, {sku: {"EAST": 100}})
    await gateway.stock.apply_many([adjust(f"cross-{number}", sku, {"EAST": -98})], Atomicity.PER_ADJUSTMENT)
    started = time.perf_counter()
    for _ in range(6_000):
        if await gateway.database["alerts"].find_one({"lines.sku": sku}) is not None:
            break
        await asyncio.sleep(0.01)
    else:
        raise TimeoutError(sku)
    return time.perf_counter() - started


@asynccontextmanager
async def _database() -> AsyncIterator[str]:
    with tempfile.TemporaryDirectory() as directory:
        async with private_database(Path(directory)) as database:
            yield database.uri


async def _main() -> None:
    async with _database() as uri:
        figures = await measure(uri, "benchmark", Size())
    table = Table(title="Stock alerts")
    table.add_column("question")
    table.add_column("answer", justify="right")
    for question, answer in figures.items():
        table.add_row(question, answer)
    Console().print(table)


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main())
