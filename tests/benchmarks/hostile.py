"""Hypothesis: a channel that misbehaves costs the other channels and the API nothing.

Run: `python -m tests.benchmarks.hostile [pairs]`. One gateway process, the shops in processes of their own. Phases in
which one more shop works well alternate with phases in which it misbehaves, each time as a channel that is new, so that
nothing is known of it yet. The time of a change is that of its API request.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import psutil
from cryptography.fernet import Fernet
from rich.console import Console

from connectors.simulated.misbehaviour import Misbehaviour
from gateway.bootstrap import Gateway
from gateway.inventory.access import Scope
from gateway.store.private_mongod import private_database
from tests.benchmarks.hostile_figures import Phase, report
from tests.benchmarks.http import ADJUST
from tests.benchmarks.http_client import Connection
from tests.benchmarks.propagation import UNITS, Shops, connect_all, latencies, shops_running
from tests.benchmarks.shops import SKU
from tests.cli.processes import serving
from tests.dispatch.trading import HOME, until_confirmed
from tests.kernel import kernel, stock_up

CALLERS = 16
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Size:
    shops: int = 6
    pairs: int = 4
    per_second: int = 25
    seconds: float = 4
    kinds: Sequence[Misbehaviour] = tuple(Misbehaviour)

    @classmethod
    def small(cls) -> Size:
        return cls(shops=1, pairs=1, per_second=20, seconds=0.3, kinds=(Misbehaviour.HANG,))


@dataclass
class Bench:
    """A gateway process, shops that are well, and one that is told how to behave."""

    gateway: Gateway
    process: psutil.Process
    shops: Shops
    channels: Sequence[str]
    odd: Process
    odd_shop: dict[str, object]
    connections: asyncio.Queue[Connection]
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def phase(self, kind: Misbehaviour | None, size: Size) -> Phase:
        await self._tell_odd(kind)
        channel_id = f"odd-{next(self.numbers)}"
        created = self.gateway.channels
        await created.channels.create(channel_id, "woocommerce", channel_id, self.odd_shop["config"])  # type: ignore[arg-type]
        await created.listings.create(channel_id, SKU, {"product_id": str(self.odd_shop["id"])})
        await self.shops.reached()
        asked: dict[int, float] = {}
        answers: list[float] = []
        await self._load(size, asked, answers)
        for known in self.channels:
            await until_confirmed(self.gateway, known, SKU)
        reached = await self.shops.reached()
        arrivals = [late for shop in reached for late in latencies(asked, shop["changes"])]
        await created.channels.pause(channel_id)
        exact = {shop["quantity"] for shop in reached} == {min(asked)}
        return Phase(kind, answers, arrivals, self._megabytes(), exact)

    async def _tell_odd(self, kind: Misbehaviour | None) -> None:
        assert self.odd.stdin is not None and self.odd.stdout is not None
        self.odd.stdin.write(f"{kind or ''}\n".encode())
        await self.odd.stdout.readline()

    async def _load(self, size: Size, asked: dict[int, float], answers: list[float]) -> None:
        async def take() -> None:
            line = {"locationId": HOME, "delta": -1}
            input = {"sku": SKU, "adjustments": [line], "idempotencyKey": f"hostile-{next(self.numbers)}"}
            connection = await self.connections.get()
            started = time.monotonic()
            answer = orjson.loads(await connection.post(orjson.dumps({"query": ADJUST, "variables": {"input": input}})))
            answers.append((time.monotonic() - started) * 1000)
            self.connections.put_nowait(connection)
            asked[answer["data"]["inventoryAdjust"]["inventoryItem"]["totalAvailableQuantity"]] = started

        begun = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number in range(round(size.per_second * size.seconds)):
                await asyncio.sleep(max(0.0, begun + number / size.per_second - time.monotonic()))
                tasks.create_task(take())

    def _megabytes(self) -> float:
        family = [self.process, *self.process.children(recursive=True)]
        return float(sum(some.memory_info().rss for some in family) / MEGABYTE)


@asynccontextmanager
async def odd_shop() -> AsyncIterator[tuple[Process, dict[str, object]]]:
    command = [sys.executable, "-m", "tests.benchmarks.hostile_shop", str(UNITS)]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None and process.stdout is not None
    try:
        yield process, json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


@asynccontextmanager
async def bench(uri: str, database: str, size: Size) -> AsyncIterator[Bench]:
    key = Fernet.generate_key().decode()
    settings = {"mongodb_uri": uri, "mongodb_database": database, "secret_key": key, "allow_private_addresses": "true"}
    async with (
        kernel(uri, database, secret_key=key, allow_private_addresses=True) as gateway,
        shops_running(size.shops) as shops,
        odd_shop() as (odd, introduced),
        AsyncExitStack() as stack,
    ):
        await stock_up(gateway, {SKU: {HOME: UNITS}})
        api_key = await gateway.keys.create("benchmark", [Scope.ADMIN])
        server = await stack.enter_async_context(serving(**settings, log_level="error"))
        drained = asyncio.create_task(_drain(server.process))
        stack.callback(drained.cancel)
        channels = await connect_all(gateway, shops)
        free: asyncio.Queue[Connection] = asyncio.Queue()
        for _ in range(CALLERS):
            connection = Connection(urlsplit(server.url).port or 0, "/graphql", api_key)
            free.put_nowait(await stack.enter_async_context(connection))
        yield Bench(gateway, psutil.Process(server.process.pid), shops, channels, odd, introduced, free)


async def _drain(process: Process) -> None:
    """A server that cannot write its log would stand still."""
    assert process.stderr is not None
    while await process.stderr.read(MEGABYTE):
        pass


async def measure(uri: str, database: str, size: Size) -> list[Phase]:
    """One phase in which all is well goes first, to warm up; then pairs."""
    async with bench(uri, database, size) as some:
        phases = [await some.phase(None, size)]
        for _ in range(size.pairs):
            for kind in size.kinds:
                phases += [await some.phase(None, size), await some.phase(kind, size)]
        return phases


async def _main() -> None:
    size = Size(pairs=int(sys.argv[1])) if len(sys.argv) > 1 else Size()
    with tempfile.TemporaryDirectory() as directory:
        async with private_database(Path(directory)) as database:
            phases = await measure(database.uri, "benchmark", size)
    Console(width=130).print(report(phases))


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main())
