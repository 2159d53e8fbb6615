"""Hypothesis: promising a basket costs little more than adjusting one SKU, and a sweep needs little memory.

Three parts: reservations over HTTP as a ratio to `inventoryAdjust`; two processes of buyers racing for multi-line
baskets in opposite orders; and the sweep of expired holds. Run: `python -m tests.benchmarks.reservations`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console

from gateway.inventory.decision import Submission
from gateway.inventory.ledger import Cause
from gateway.inventory.requested_lines import RequestedLine
from gateway.inventory.reserving import Reserve
from gateway.store.private_mongod import private_database
from tests.benchmarks import http
from tests.benchmarks.buyers import SKUS, Half
from tests.benchmarks.http_client import Body
from tests.benchmarks.load import Measured, medians
from tests.clock import StoppedClock
from tests.kernel import kernel, stock_up

RESERVE = """mutation reserve($input: ReservationCreateInput!) { reservationCreate(input: $input) {
  reservation { id state lines { sku locationId quantity } } userErrors { field message code } } }"""
CHUNK = 250


@dataclass(frozen=True, slots=True)
class Size:
    """How much one run does; `small` keeps the benchmark itself from rotting in the test suite."""

    http: http.Size
    buyers: int = 10_000
    units: int = 1_000
    holds: int = 100_000

    @classmethod
    def small(cls) -> Size:
        return cls(http.Size.small(), buyers=60, units=20, holds=600)


@dataclass(frozen=True, slots=True)
class Race:
    """Both processes together; latency in milliseconds."""

    won: int
    short: int
    per_second: float
    p99: float


@dataclass(frozen=True, slots=True)
class Sweep:
    swept: int
    seconds: float
    megabytes: float
    """By which the process grew."""


class Bench(http.Bench):
    """Reservations of several lines, each of another SKU."""

    def reservation(self, lines: int) -> Body:
        skus = self._random.sample(range(self._size.skus), lines)
        wanted = [{"sku": f"SKU-{number}", "quantity": 1} for number in skus]
        return {
            "query": RESERVE,
            "variables": {"input": {"lines": wanted, "idempotencyKey": f"r{next(self._numbers)}"}},
        }

    def one_line(self, _: int) -> Body:
        return self.reservation(1)

    def five_lines(self, _: int) -> Body:
        return self.reservation(5)


async def over_http(size: http.Size) -> dict[str, Measured]:
    async with http.server(size.skus, "motor") as target:
        bench = Bench(target, size)
        scenarios = {
            "inventoryAdjust": bench.adjust,
            "reservationCreate, 1 line": bench.one_line,
            "reservationCreate, 5 lines": bench.five_lines,
        }
        runs: dict[str, list[Measured]] = {name: [] for name in scenarios}
        for _ in range(size.rounds):
            for name, body in scenarios.items():
                runs[name].append(await bench.run("/graphql", body, size.requests, size.connections))
    return {name: medians(measured) for name, measured in runs.items()}


async def race(uri: str, database: str, size: Size, lines: int) -> Race:
    """Two processes of buyers begin at the same moment."""
    async with kernel(uri, database) as gateway:
        await stock_up(gateway, {sku: {"EAST": size.units} for sku in SKUS})
    command = [sys.executable, "-m", "tests.benchmarks.buyers", uri, database]
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(
            *command, str(side), str(size.buyers // 2), str(lines), stdin=pipe, stdout=pipe, limit=2**24
        )
        for side in range(2)
    ]
    async with asyncio.timeout(400):
        for process in processes:
            assert process.stdout is not None
            await process.stdout.readline()
        answers = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    halves = [Half(**json.loads(answer)) for answer, _ in answers]
    latencies = sorted(latency for half in halves for latency in half.latencies)
    measured = Measured(sum(half.per_second for half in halves), latencies)
    won, short = sum(half.won for half in halves), sum(half.short for half in halves)
    return Race(won, short, measured.per_second, measured.percentile(0.99))


async def sweep(uri: str, database: str, holds: int) -> Sweep:
    """Give back many holds that have all expired while nobody looked."""
    clock = StoppedClock()
    async with kernel(uri, database, clock=clock) as gateway:
        skus = [f"SKU-{n}" for n in range(min(holds, 1_000))]
        await stock_up(gateway, {sku: {"EAST": holds} for sku in skus})
        for start in range(0, holds, CHUNK):
            commands = [_reserve(n, skus[n % len(skus)]) for n in range(start, min(start + CHUNK, holds))]
            await gateway.committer.submit(Submission(tuple(commands)))
        clock.advance(60)
        process = psutil.Process()
        before, started = process.memory_info().rss, time.perf_counter()
        swept = await gateway.orders.sweeper.sweep()
        seconds = time.perf_counter() - started
        return Sweep(swept, seconds, (process.memory_info().rss - before) / 2**20)


def _reserve(number: int, sku: str) -> Reserve:
    return Reserve("bench", f"r{number}", Cause("bench"), f"r{number}", (RequestedLine(sku, 1),), None, 60, 60)


async def _main() -> None:
    console, size = Console(), Size(http.Size(rounds=3))
    measured = await over_http(size.http)
    adjust = measured["inventoryAdjust"]
    for name, run in measured.items():
        latency = f"p50 {run.percentile(0.5):.1f} ms, p99 {run.percentile(0.99):.1f} ms"
        console.print(f"{name}: {run.per_second:,.0f}/s, {latency}, {run.per_second / adjust.per_second:.0%} of adjust")
    with tempfile.TemporaryDirectory() as directory:
        async with private_database(Path(directory)) as database:
            for lines in (1, 3):
                result = await race(database.uri, f"race{lines}", size, lines)
                console.print(
                    f"{size.buyers} buyers of {lines} lines, {size.units} units, 2 processes: {result.won} won, "
                    f"{result.short} came too late; {result.per_second:,.0f}/s, p99 {result.p99:.0f} ms"
                )
            done = await sweep(database.uri, "sweep", size.holds)
            console.print(f"{done.swept} expired holds swept in {done.seconds:.1f} s, {done.megabytes:.0f} MB more")


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main())
