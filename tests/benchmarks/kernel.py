"""Hypothesis: group commit beats one transaction per request everywhere, and most where everybody wants one SKU.

Two locations per request, ledger included, the database on the same cores. Every figure is the median of the rounds,
and group commit and its reference alternate within one run. Run: `python -m tests.benchmarks.kernel`.
"""

from __future__ import annotations

import argparse
import itertools
import random
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gateway.bootstrap import Gateway
from gateway.inventory.stock_changes import Adjust
from gateway.serving.collector import relieve_collector
from gateway.store.private_mongod import private_database
from tests.benchmarks.load import Measured, medians, run
from tests.benchmarks.plain_transactions import PlainTransactions
from tests.builders import adjust
from tests.kernel import kernel, stock_up

SEED = 20261121
UNITS = 10**9


@dataclass(frozen=True, slots=True)
class Size:
    """How much one run does; `small` keeps the benchmark itself from rotting in the test suite."""

    skus: int = 2_000
    requests: int = 12_000
    reference_requests: int = 1_500
    rounds: int = 5
    seconds_max: float = 6.0

    @classmethod
    def small(cls) -> Size:
        return cls(skus=20, requests=200, reference_requests=20, rounds=1, seconds_max=2.0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One scenario: group commit, the reference, and how many times better (or slower, for one caller) it is."""

    name: str
    ours: Measured
    reference: Measured

    @property
    def ratio(self) -> float:
        return self.ours.per_second / self.reference.per_second

    @property
    def latency_ratio(self) -> float:
        return self.ours.percentile(0.5) / self.reference.percentile(0.5)


class Kernel:
    """Both ways of writing, on one gateway."""

    def __init__(self, gateway: Gateway, size: Size) -> None:
        self._gateway = gateway
        self._plain = PlainTransactions(gateway.database)
        self._size = size
        self._numbers = itertools.count()
        self._random = random.Random(SEED)

    async def compare(self, name: str, callers: int, hot: bool) -> Comparison:
        size = self._size
        ours, reference = [], []
        for _ in range(size.rounds):
            ours.append(await self._run(self._gateway.stock.apply, "SKU", callers, size.requests, hot))
            reference.append(await self._run(self._plain.adjust, "REF", callers, size.reference_requests, hot))
        return Comparison(name, medians(ours), medians(reference))

    async def _run(
        self, apply: Callable[[Adjust], Awaitable[object]], prefix: str, callers: int, requests: int, hot: bool
    ) -> Measured:
        def call(_: int) -> Awaitable[object]:
            number = 0 if hot else self._random.randrange(self._size.skus)
            return apply(adjust(f"n{next(self._numbers)}", f"{prefix}-{number}", {"EAST": -1, "WEST": -1}))

        if callers == 1:
            requests //= 20
        return await run(call, callers=callers, requests=requests, seconds_max=self._size.seconds_max)

    async def verdict(self) -> str:
        """Whether every unit that left is accounted for: a faster answer must still be the right one."""
        skus = stocked(self._size)
        items = await self._gateway.stock_store.items(skus)
        gone = sum(UNITS - level.available for item in items.values() for level in item.levels.values())
        entries = await self._gateway.database["ledger"].estimated_document_count()
        return "as the ledger says" if gone == 2 * (entries - len(items)) else "WRONG"


def stocked(size: Size) -> list[str]:
    """SKUs of their own for each way: what writes around the gateway would only make it read everything again."""
    return [f"{prefix}-{n}" for prefix in ("SKU", "REF") for n in range(size.skus)]


async def measure(uri: str, database: str, size: Size, driver: str = "pymongo") -> tuple[list[Comparison], str]:
    """Run every scenario against one database."""
    async with kernel(uri, database, mongodb_driver=driver) as gateway:
        await stock_up(gateway, {sku: {"EAST": UNITS, "WEST": UNITS} for sku in stocked(size)})
        bench = Kernel(gateway, size)
        comparisons = [
            await bench.compare("256 callers, spread", 256, hot=False),
            await bench.compare("256 callers, ONE SKU", 256, hot=True),
            await bench.compare("64 callers, spread", 64, hot=False),
            await bench.compare("64 callers, ONE SKU", 64, hot=True),
            await bench.compare("one caller", 1, hot=False),
        ]
        return comparisons, await bench.verdict()


def report(comparisons: list[Comparison], driver: str) -> Table:
    table = Table(title=f"Group commit against one transaction per request ({driver}); medians")
    for column in ("scenario", "group commit", "p50 / p99 ms", "reference", "p50 / p99 ms", "ratio"):
        table.add_column(column, justify="left" if column == "scenario" else "right")
    for c in comparisons:
        single = c.name == "one caller"
        table.add_row(
            c.name,
            f"{c.ours.per_second:,.0f}/s",
            f"{c.ours.percentile(0.5):.1f} / {c.ours.percentile(0.99):.1f}",
            f"{c.reference.per_second:,.0f}/s",
            f"{c.reference.percentile(0.5):.1f} / {c.reference.percentile(0.99):.1f}",
            f"{c.latency_ratio:.2f} x p50" if single else f"{c.ratio:.1f} x",
        )
    return table


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--driver", choices=["motor", "pymongo"], default="pymongo")
    driver = parser.parse_args().driver
    relieve_collector()  # as every server process does
    with tempfile.TemporaryDirectory() as directory:
        async with private_database(Path(directory)) as database:
            comparisons, verdict = await measure(database.uri, "benchmark", Size(), driver)
    console = Console()
    console.print(report(comparisons, driver))
    console.print(f"seed {SEED}, stock {verdict}")


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main())
