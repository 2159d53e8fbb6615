"""Hypothesis: forged webhooks cost the database nothing and real ones no time; intake costs one durable write.

The gateway is a process of its own, the senders are this one. Run: `python -m tests.benchmarks.intake`.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from pymongo import AsyncMongoClient
from rich.console import Console

from connectors.simulated.webhooks import Delivery
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.bootstrap import Gateway
from gateway.inventory.events import EventState
from gateway.store.private_mongod import private_database
from tests.benchmarks.load import Measured, run
from tests.cli.processes import serving
from tests.dispatch.trading import HOME, SECRET_KEY, connect, level_of, trading

SEED = 20261121
SKU = "MUG-WHT"
UNITS = 1_000_000
CONNECTIONS = 64
REAL_PER_SECOND = 20
FORGED_PER_SECOND = 200
SECONDS_MAX = 120.0
LOOKS_MAX = 600
LOOK_SECONDS = 0.2
WRITES = ("insert", "update", "remove")


@dataclass(frozen=True, slots=True)
class Size:
    seconds: float = 10.0
    webhooks: int = 5_000

    @classmethod
    def small(cls) -> Size:
        return cls(seconds=0.5, webhooks=50)


@dataclass(frozen=True, slots=True)
class Phase:
    """Webhooks sent at a steady pace, what was answered to real and to forged ones, and the writes they caused."""

    real: Measured
    statuses: frozenset[int]
    forged_statuses: frozenset[int]
    inbox_writes: int
    """As mongod counts them."""


@dataclass(frozen=True, slots=True)
class Results:
    quiet: Phase
    attacked: Phase
    only_forged: Phase
    stored: Measured
    processed_per_second: float
    exact: bool


class Senders:
    """Sends a shop's own, rightly signed webhooks of new orders, and forgeries of them."""

    def __init__(self, http: aiohttp.ClientSession, url: str, shop: SimulatedWooCommerce, uri: str, name: str) -> None:
        self._http, self._url, self._shop = http, url, shop
        self._mongo: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(uri)
        self._inbox = f"{name}.inbox"
        self._random = random.Random(SEED)
        self.sold = 0
        self.statuses: set[int] = set()

    async def order(self) -> Delivery:
        self.sold += 1
        return self._shop.order_deliveries(await self._shop.sell(SKU), "created")[0]

    async def send(self, delivery: Delivery) -> int:
        async with self._http.post(self._url, data=delivery.body, headers=delivery.headers) as answer:
            await answer.read()
            self.statuses.add(answer.status)
            return answer.status

    async def forge(self) -> int:
        genuine = self._shop.delivery("order.created", {"id": self._random.randrange(10**9), "surprise": "x" * 2_000})
        return await self.send(Delivery({**genuine.headers, "X-WC-Webhook-Signature": "Zm9yZ2Vk"}, genuine.body))

    async def phase(self, seconds: float, real_per_second: float, forged_per_second: float) -> Phase:
        before = await self._inbox_writes()
        latencies: list[float] = []
        statuses: set[int] = set()
        forged: set[int] = set()

        async def genuine() -> None:
            delivery = await self.order()
            started = time.perf_counter()
            statuses.add(await self.send(delivery))
            latencies.append(time.perf_counter() - started)

        async def false() -> None:
            forged.add(await self.forge())

        await asyncio.gather(paced(genuine, real_per_second, seconds), paced(false, forged_per_second, seconds))
        measured = Measured(len(latencies) / seconds, sorted(latencies))
        return Phase(measured, frozenset(statuses), frozenset(forged), await self._inbox_writes() - before)

    async def _inbox_writes(self) -> int:
        counted = (await self._mongo.admin.command("top"))["totals"].get(self._inbox, {})
        return sum(int(counted[kind]["count"]) for kind in WRITES if kind in counted)

    async def close(self) -> None:
        await self._mongo.close()


async def paced(send: Callable[[], Awaitable[None]], per_second: float, seconds: float) -> None:
    """Open loop: the next is sent when it is due, whether or not the last one has been answered."""
    async with asyncio.TaskGroup() as tasks:
        started = time.perf_counter()
        for number in range(int(per_second * seconds)):
            await asyncio.sleep(max(0.0, started + number / per_second - time.perf_counter()))
            tasks.create_task(send())  # type: ignore[arg-type]


async def measure(uri: str, name: str, directory: Path, size: Size) -> Results:
    settings = {
        "mongodb_uri": uri,
        "mongodb_database": name,
        "data_dir": str(directory),
        "secret_key": SECRET_KEY,
        "allow_private_addresses": "true",
        # Nobody reads the output, and a full pipe would stop the process.
        "log_level": "error",
    }
    async with (
        trading(uri, name, {SKU: {HOME: UNITS}}) as gateway,
        SimulatedWooCommerce({SKU: UNITS}) as shop,
        serving("--workers", "1", **settings) as server,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as http,
    ):
        await connect(gateway, "woo-de", shop, [SKU])
        senders = Senders(http, f"{server.url}/webhooks/woo-de", shop, uri, name)
        try:
            await senders.phase(size.seconds / 5, REAL_PER_SECOND, FORGED_PER_SECOND)
            quiet = await senders.phase(size.seconds, REAL_PER_SECOND, 0)
            attacked = await senders.phase(size.seconds, REAL_PER_SECOND, FORGED_PER_SECOND)
            await _settled(gateway)
            only_forged = await senders.phase(size.seconds, 0, FORGED_PER_SECOND)
            started = time.perf_counter()
            deliveries = [await senders.order() for _ in range(size.webhooks)]
            started = time.perf_counter()
            stored = await run(
                lambda number: senders.send(deliveries[number]),
                callers=CONNECTIONS,
                requests=size.webhooks,
                seconds_max=SECONDS_MAX,
            )
            await _settled(gateway)
            processed = size.webhooks / (time.perf_counter() - started)
            exact = (await level_of(gateway, SKU)).allocated == senders.sold
        finally:
            await senders.close()
    return Results(quiet, attacked, only_forged, stored, processed, exact)


async def _settled(gateway: Gateway) -> None:
    """Looks now and then: to look after every change would cost the gateway more than its work."""
    for _ in range(LOOKS_MAX):
        if not await gateway.database["inbox"].count_documents({"state": EventState.RECEIVED.value}):
            return
        await asyncio.sleep(LOOK_SECONDS)
    raise TimeoutError("the inbox was not worked off")


def report(results: Results, console: Console) -> None:
    for name, phase in (("quiet", results.quiet), ("attacked", results.attacked)):
        console.print(
            f"{name}: {phase.real.per_second:,.0f} real webhooks/s, p50 {phase.real.percentile(0.5):.1f} ms, "
            f"p99 {phase.real.percentile(0.99):.1f} ms, answered {set(phase.statuses)}"
        )
    console.print(
        f"{FORGED_PER_SECOND} forgeries/s alone: answered {set(results.only_forged.forged_statuses)}, "
        f"{results.only_forged.inbox_writes} writes to the inbox"
    )
    console.print(
        f"stored and answered {results.stored.per_second:,.0f}/s (p50 {results.stored.percentile(0.5):.1f}, "
        f"p99 {results.stored.percentile(0.99):.1f} ms), worked off {results.processed_per_second:,.0f}/s, "
        f"{'exact' if results.exact else 'WRONG'}"
    )


async def _main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with private_database(Path(directory) / "mongod") as database:
            report(await measure(database.uri, "benchmark", Path(directory), Size()), Console())


if __name__ == "__main__":
    asyncio.run(_main())
