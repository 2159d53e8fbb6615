"""Hypothesis: a channel with a huge backlog is brought up to date at its own rate limit, in batches, with flat memory.

Run: `python -m tests.benchmarks.backlog [listings]`. A worker process finds every listing with a stale version when it
starts; the shop runs in a process of its own.
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

import psutil
from cryptography.fernet import Fernet
from rich.console import Console

from connectors.platforms.woocommerce import WooCommerce
from gateway.bootstrap import Gateway
from gateway.inventory.channels import Channel, Confirmed, Listing
from gateway.inventory.offering import Offering
from gateway.store.item_documents import item_document
from gateway.store.listing_documents import listing_document
from gateway.store.private_mongod import private_database
from tests.benchmarks.large_shop import UNITS_BEFORE, sku_of
from tests.builders import NOW, item
from tests.cli.processes import working
from tests.dispatch.trading import HOME
from tests.kernel import kernel

INSERTED_AT_ONCE = 5_000
LINE_BYTES_MAX = 64 * 1024 * 1024
LOOK_SECONDS = 0.5
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Drained:
    """`megabytes`: of the worker process, at each look. `seconds_allowed`: the least that the rate limit allows."""

    listings: int
    requests: int
    seconds: float
    seconds_allowed: float
    megabytes: list[float]
    exact: bool


def units_now(number: int) -> int:
    return UNITS_BEFORE + 1 + number % 50


@asynccontextmanager
async def large_shop(listings: int) -> AsyncIterator[tuple[Process, dict[str, Any]]]:
    command = [sys.executable, "-m", "tests.benchmarks.large_shop", str(listings)]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=LINE_BYTES_MAX)
    assert process.stdin is not None and process.stdout is not None
    try:
        yield process, json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


async def fall_behind(gateway: Gateway, channel: Channel, ids: list[str]) -> None:
    """Items that have moved once since the channel heard of them."""
    policy = Offering(channel, {HOME: True}).policy(item("any", {}), {})
    for start in range(0, len(ids), INSERTED_AT_ONCE):
        numbers = range(start, min(start + INSERTED_AT_ONCE, len(ids)))
        items = [item(sku_of(number), {HOME: units_now(number)}, version=2, seq=2) for number in numbers]
        listings = [
            Listing(
                channel.id,
                known.id,
                known.sku,
                {"product_id": ids[number]},
                NOW,
                synced_version=1,
                synced_policy=policy,
                confirmed={None: Confirmed(UNITS_BEFORE, 1)},
            )
            for number, known in zip(numbers, items, strict=True)
        ]
        await gateway.database["items"].insert_many([item_document(some) for some in items])
        await gateway.database["listings"].insert_many([listing_document(some) for some in listings])


async def measure(uri: str, database: str, listings: int) -> Drained:
    key = Fernet.generate_key().decode()
    settings = {"mongodb_uri": uri, "mongodb_database": database, "secret_key": key, "allow_private_addresses": "true"}
    async with (
        kernel(uri, database, secret_key=key, allow_private_addresses=True) as gateway,
        large_shop(listings) as (shop, introduced),
    ):
        assert shop.stdin is not None and shop.stdout is not None
        await gateway.database["locations"].insert_one({"_id": HOME, "active": True})
        channel = await gateway.channels.channels.create("large", "woocommerce", "large", introduced["config"])
        await fall_behind(gateway, channel, introduced["ids"])
        started = time.monotonic()
        async with working(**settings, log_level="error") as worker:
            megabytes = await _until_drained(gateway, psutil.Process(worker.pid))
            seconds = time.monotonic() - started
        shop.stdin.write(b"\n")
        reached = json.loads(await shop.stdout.readline())
        exact = reached["quantities"] == [units_now(number) for number in range(listings)]
        pace = WooCommerce.pace
        allowed = max(0.0, (reached["writes"] - pace.burst) / pace.per_second)
        return Drained(listings, reached["writes"], seconds, allowed, megabytes, exact)


async def _until_drained(gateway: Gateway, process: psutil.Process) -> list[float]:
    megabytes = []
    while await gateway.database["listings"].find_one({"syncedVersion": {"$lt": 2}}, {"_id": 1}):
        megabytes.append(float(process.memory_info().rss / MEGABYTE))
        await asyncio.sleep(LOOK_SECONDS)
    return megabytes


def report(some: Drained) -> str:
    quarter = max(1, len(some.megabytes) // 4)
    first, last = max(some.megabytes[:quarter]), max(some.megabytes[-quarter:])
    return (
        f"{some.listings:,} stale listings: {some.requests:,} requests in {some.seconds:.0f} s, of which the rate "
        f"limit takes {some.seconds_allowed:.0f} s; worker {some.megabytes[0]:.0f} MB at the start, at most "
        f"{first:.0f} MB in the first quarter and {last:.0f} MB in the last; {'exact' if some.exact else 'NOT EXACT'}"
    )


async def _main() -> None:
    listings = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as directory:
        async with private_database(Path(directory)) as database:
            Console(width=120).print(report(await measure(database.uri, "benchmark", listings)))


if __name__ == "__main__":
    asyncio.run(_main())
