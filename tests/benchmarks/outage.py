"""Hypothesis: a channel that was away is told of what is newest, once per listing, however much has happened meanwhile.

Run: `python -m tests.benchmarks.outage [seconds]`, by default ten minutes of an outage.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from connectors.simulated.misbehaviour import Misbehaviour
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.store.private_mongod import private_database
from tests.dispatch.trading import HOME, change, connect, item_of, trading, until_confirmed

SEED = 20261121
UNITS = 100_000
FOR_EVER = 100_000
RETURN_SECONDS_MAX = 300.0


@dataclass(frozen=True, slots=True)
class Size:
    seconds: float = 600
    skus: int = 100
    per_second: int = 10

    @classmethod
    def small(cls) -> Size:
        return cls(seconds=1, skus=5, per_second=20)


@dataclass(frozen=True, slots=True)
class Outage:
    """`writes`: the quantities that were written after the return, one per listing and request."""

    changes: int
    requests_during: int
    requests_after: int
    writes: int
    seconds_until_noticed: float
    seconds_until_drained: float
    listings: int
    newest_only: bool


async def measure(uri: str, database: str, size: Size) -> Outage:
    chance = random.Random(SEED)
    skus = [f"SKU-{number}" for number in range(size.skus)]
    async with (
        trading(uri, database, {sku: {HOME: UNITS} for sku in skus}) as gateway,
        SimulatedWooCommerce(dict.fromkeys(skus, UNITS)) as shop,
        gateway.channels.running(),
    ):
        await connect(gateway, "away", shop, skus)
        for sku in skus:
            await until_confirmed(gateway, "away", sku)
        shop.misbehave(Misbehaviour.SERVER_ERROR, FOR_EVER)
        before = len(shop.stock_writes())
        started = time.monotonic()
        changes = [*skus, *(chance.choice(skus) for _ in range(int(size.seconds * size.per_second) - len(skus)))]
        for number, sku in enumerate(changes):
            await asyncio.sleep(max(0.0, started + number / size.per_second - time.monotonic()))
            await change(gateway, f"away-{number}", sku, -1)
        during = len(shop.stock_writes()) - before
        wanted = {sku: (await item_of(gateway, sku)).level(HOME).available for sku in skus}
        shop.shelf.changes.clear()
        shop.behave()
        returned = time.monotonic()
        for sku in skus:
            await shop.shelf.until(sku, wanted[sku], seconds_max=RETURN_SECONDS_MAX)
        drained = time.monotonic()
        for sku in skus:
            await until_confirmed(gateway, "away", sku)
        written = [(some.sku, some.quantity) for some in shop.shelf.changes]
        return Outage(
            changes=len(changes),
            requests_during=during,
            requests_after=len(shop.stock_writes()) - before - during,
            writes=len(written),
            seconds_until_noticed=shop.shelf.changes[0].at - returned,
            seconds_until_drained=drained - returned,
            listings=size.skus,
            newest_only=sorted(written) == sorted(wanted.items()),
        )


def report(some: Outage) -> str:
    return (
        f"{some.changes:,} changes of {some.listings} listings while the channel was away, {some.requests_during} "
        f"requests; after its return {some.requests_after} requests with {some.writes} quantities, the first after "
        f"{some.seconds_until_noticed:.1f} s, all after {some.seconds_until_drained:.1f} s; "
        f"{'each once and the newest' if some.newest_only else 'NOT ONLY THE NEWEST'}"
    )


async def _main() -> None:
    size = Size(float(sys.argv[1])) if len(sys.argv) > 1 else Size()
    with tempfile.TemporaryDirectory() as directory:
        async with private_database(Path(directory)) as database:
            Console(width=120).print(report(await measure(database.uri, "benchmark", size)))


if __name__ == "__main__":
    asyncio.run(_main())
