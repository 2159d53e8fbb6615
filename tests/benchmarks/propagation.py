"""How long it takes from a committed change of stock until every channel shows it.

Run: `python -m tests.benchmarks.propagation`. The shops run in a process of their own; both read the same clock.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from rich.console import Console
from rich.table import Table

from gateway.bootstrap import Gateway
from gateway.serving.collector import relieve_collector
from gateway.store.private_mongod import private_database
from tests.benchmarks.shops import SKU
from tests.dispatch.trading import HOME, catalogue, change, until_confirmed
from tests.kernel import kernel, stock_up

UNITS = 1_000_000
LINE_BYTES_MAX = 64 * 1024 * 1024
IDLE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Size:
    shops: int = 22
    per_second: int = 100
    seconds: int = 30
    idle_changes: int = 200

    @classmethod
    def small(cls) -> Size:
        return cls(shops=3, per_second=50, seconds=1, idle_changes=10)


@dataclass(frozen=True, slots=True)
class Propagated:
    """Milliseconds from commit to arrival, sorted; how many changes and requests there were; whether all are exact."""

    name: str
    milliseconds: list[float]
    changes: int
    requests: list[int]
    exact: bool

    def percentile(self, share: float) -> float:
        return self.milliseconds[min(int(len(self.milliseconds) * share), len(self.milliseconds) - 1)]


class Shops:
    """The other process."""

    def __init__(self, process: Process, introduced: list[dict[str, Any]]) -> None:
        self._process = process
        self.introduced = introduced

    async def reached(self) -> list[dict[str, Any]]:
        """What has reached each shop since the last time."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(b"\n")
        answer: list[dict[str, Any]] = json.loads(await self._process.stdout.readline())
        return answer


@asynccontextmanager
async def shops_running(number: int) -> AsyncIterator[Shops]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.shops", str(number), str(UNITS),
        stdin=PIPE, stdout=PIPE, limit=LINE_BYTES_MAX,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    try:
        yield Shops(process, json.loads(await process.stdout.readline()))
    finally:
        process.stdin.close()
        await process.wait()


async def connect_all(gateway: Gateway, shops: Shops) -> list[str]:
    """Make every shop a channel that lists the SKU, in step with ours; the channels' ids."""
    ids = []
    for number, shop in enumerate(shops.introduced):
        locations = None if shop["home"] is None else {HOME: shop["home"]}
        channel = await gateway.channels.channels.create(
            f"shop-{number}", shop["platform"], f"shop-{number}", shop["config"], locations, 0
        )
        listed = shop["ids"] or (await catalogue(gateway, channel))[SKU]
        await gateway.channels.listings.create(channel.id, SKU, listed)
        ids.append(channel.id)
    for channel_id in ids:
        await until_confirmed(gateway, channel_id, SKU)
    return ids


async def load(
    gateway: Gateway, shops: Shops, channels: list[str], name: str, changes: int, pause: float
) -> Propagated:
    """Take one unit after the other, `pause` seconds apart whatever the gateway does meanwhile."""
    await shops.reached()
    left = (await gateway.stock_store.items([SKU]))[SKU].level(HOME).available
    committed: dict[int, float] = {}

    async def take(number: int) -> None:
        outcome = await change(gateway, f"{name}-{number}", SKU, -1)
        committed[outcome.entry.lines[0].after] = time.monotonic()

    started = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number in range(changes):
            await asyncio.sleep(max(0.0, started + number * pause - time.monotonic()))
            tasks.create_task(take(number))
    for channel_id in channels:
        await until_confirmed(gateway, channel_id, SKU)
    reached = await shops.reached()
    milliseconds: list[float] = []
    for shop in reached:
        milliseconds += latencies(committed, shop["changes"])
    exact = all(shop["quantity"] == left - changes for shop in reached)
    return Propagated(name, sorted(milliseconds), changes, [shop["writes"] for shop in reached], exact)


def latencies(committed: dict[int, float], shown: list[list[float]]) -> list[float]:
    """A change has arrived with the first quantity that is not above what it left."""
    latencies = []
    position = 0
    for after in sorted(committed, reverse=True):
        while shown[position][1] > after:
            position += 1
        latencies.append(max(0.0, shown[position][0] - committed[after]) * 1000)
    return latencies


async def measure(uri: str, database: str, size: Size) -> list[Propagated]:
    settings: dict[str, object] = {"secret_key": Fernet.generate_key().decode(), "allow_private_addresses": True}
    async with kernel(uri, database, **settings) as gateway, shops_running(size.shops) as shops:  # type: ignore[arg-type]
        await stock_up(gateway, {SKU: {HOME: UNITS}})
        async with gateway.channels.running():
            channels = await connect_all(gateway, shops)
            idle = await load(
                gateway, shops, channels, "idle", size.idle_changes, 0.5 if size.shops > 3 else IDLE_SECONDS
            )
            busy = await load(gateway, shops, channels, "busy", size.per_second * size.seconds, 1 / size.per_second)
            return [idle, busy]


def report(results: list[Propagated], size: Size) -> Table:
    table = Table(title=f"From commit to {size.shops} channels, one SKU")
    for column in ("load", "changes", "p50 ms", "p99 ms", "worst ms", "requests per channel", "exact"):
        table.add_column(column, justify="left" if column == "load" else "right")
    for some in results:
        requests = f"{min(some.requests)} to {max(some.requests)}"
        shares = [f"{some.percentile(share):.1f}" for share in (0.5, 0.99, 1.0)]
        table.add_row(some.name, str(some.changes), *shares, requests, "yes" if some.exact else "NO")
    return table


async def _main() -> None:
    relieve_collector()
    size = Size(*map(int, sys.argv[1:]))
    with tempfile.TemporaryDirectory() as directory:
        async with private_database(Path(directory)) as database:
            results = await measure(database.uri, "benchmark", size)
    Console(width=120).print(report(results, size))


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main())
