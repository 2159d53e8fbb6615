"""Hypothesis: over HTTP, a durable adjustment costs little more than an empty mutation of the same shape.

64 connections, the load from a second process on the same two cores, the database too. Every figure is the median of
the rounds, and each scenario alternates with its reference in one run. Run: `python -m tests.benchmarks.http`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tests.benchmarks.http_client import Body, load
from tests.benchmarks.load import Measured, medians

SEED = 20261121
MANY = 250

ADJUST = """mutation adjust($input: InventoryAdjustmentInput!) { inventoryAdjust(input: $input) {
  inventoryItem { id sku totalAvailableQuantity } syncStatus { channelId confirmedAt idempotencyKey }
  userErrors { field message code } } }"""
MANY_ADJUST = """mutation many($inputs: [InventoryAdjustmentInput!]!) { inventoryAdjustMany(inputs: $inputs) {
  results { inventoryItem { sku totalAvailableQuantity } userErrors { field message code } } userErrors { code } } }"""
READ = "query read($sku: String!) { inventoryItem(sku: $sku) { id sku totalAvailableQuantity } }"


@dataclass(frozen=True, slots=True)
class Size:
    """How much one run does; `small` keeps the benchmark itself from rotting in the test suite."""

    skus: int = 2_000
    requests: int = 6_000
    many_requests: int = 60
    rounds: int = 5
    connections: int = 64
    seconds_max: float = 8.0

    @classmethod
    def small(cls) -> Size:
        return cls(skus=20, requests=60, many_requests=2, rounds=1, connections=4)


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    key: str


@asynccontextmanager
async def server(skus: int, driver: str) -> AsyncIterator[Server]:
    """The server process, ended cleanly: until its database has ended, the directory cannot be removed."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "tests.benchmarks.http_server", directory, str(skus), driver]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        try:
            async with asyncio.timeout(90):
                port, key = (await process.stdout.readline()).decode().split()
            yield Server(int(port), key)
        finally:
            process.terminate()
            async with asyncio.timeout(60):
                await process.wait()


class Bench:
    """The scenarios, each with bodies that are never the same twice."""

    def __init__(self, target: Server, size: Size) -> None:
        self._target = target
        self._size = size
        self._numbers = itertools.count()
        self._random = random.Random(SEED)

    def adjustment(self, hot: bool) -> dict[str, object]:
        number = 0 if hot else self._random.randrange(self._size.skus)
        lines = [{"locationId": "EAST", "delta": -5}, {"locationId": "WEST", "delta": -2}]
        return {"sku": f"SKU-{number}", "adjustments": lines, "idempotencyKey": f"n{next(self._numbers)}"}

    def adjust(self, _: int, hot: bool = False) -> Body:
        return {"query": ADJUST, "variables": {"input": self.adjustment(hot)}}

    def adjust_hot(self, number: int) -> Body:
        return self.adjust(number, hot=True)

    def adjust_many(self, _: int) -> Body:
        return {"query": MANY_ADJUST, "variables": {"inputs": [self.adjustment(False) for _ in range(MANY)]}}

    def read(self, _: int) -> Body:
        return {"query": READ, "variables": {"sku": f"SKU-{self._random.randrange(self._size.skus)}"}}

    async def run(self, path: str, body: Callable[[int], Body], requests: int, connections: int) -> Measured:
        target, seconds_max = self._target, self._size.seconds_max
        return await load(
            target.port, path, target.key, body, connections=connections, requests=requests, seconds_max=seconds_max
        )


async def measure(size: Size, driver: str = "pymongo") -> dict[str, Measured]:
    """The median run of every scenario."""
    async with server(size.skus, driver) as target:
        bench = Bench(target, size)
        scenarios: list[tuple[str, str, Callable[[int], Body], int, int]] = [
            ("empty mutation", "/empty", bench.adjust, size.requests, size.connections),
            ("inventoryAdjust, spread", "/graphql", bench.adjust, size.requests, size.connections),
            ("inventoryAdjust, ONE SKU", "/graphql", bench.adjust_hot, size.requests, size.connections),
            ("empty query", "/empty", bench.read, size.requests, size.connections),
            ("inventoryItem", "/graphql", bench.read, size.requests, size.connections),
            ("inventoryAdjustMany, 250 each", "/graphql", bench.adjust_many, size.many_requests, 4),
            ("inventoryAdjust, one connection", "/graphql", bench.adjust, size.requests // 20, 1),
        ]
        runs: dict[str, list[Measured]] = {name: [] for name, *_ in scenarios}
        for _ in range(size.rounds):
            for name, path, body, requests, connections in scenarios:
                runs[name].append(await bench.run(path, body, requests, connections))
    return {name: medians(measured) for name, measured in runs.items()}


def report(measured: dict[str, Measured], driver: str) -> Table:
    table = Table(title=f"HTTP, 64 connections ({driver}); medians")
    for column in ("scenario", "requests/s", "p50 / p99 ms", "ratio"):
        table.add_column(column, justify="left" if column == "scenario" else "right")
    references = {
        "inventoryAdjust, spread": "empty mutation",
        "inventoryAdjust, ONE SKU": "empty mutation",
        "inventoryItem": "empty query",
    }
    for name, run in measured.items():
        ratio = ""
        if name in references:
            ratio = f"{run.per_second / measured[references[name]].per_second:.0%} of the {references[name]}"
        if name.startswith("inventoryAdjustMany"):
            ratio = f"{run.per_second * MANY:,.0f} adjustments/s"
        rate = f"{run.per_second:,.0f}"
        table.add_row(name, rate, f"{run.percentile(0.5):.1f} / {run.percentile(0.99):.1f}", ratio)
    return table


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--driver", choices=["motor", "pymongo"], default="pymongo")
    driver = parser.parse_args().driver
    Console().print(report(await measure(Size(), driver), driver))


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main())
