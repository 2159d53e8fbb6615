"""Hypothesis: dynamic buffers of a large channel are learned, and a change of the rules is tried out and found, within
seconds and with flat memory.

One channel lists every item; each has twenty days of demand behind it.
Run: `python -m tests.benchmarks.buffers [LISTINGS]`.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

from cryptography.fernet import Fernet

from gateway.bootstrap import Gateway
from gateway.inventory.buffer_rules import BufferValues, DynamicBuffer
from gateway.inventory.channels import Channel, Listing
from gateway.inventory.ledger import Kind
from gateway.inventory.offering import Offering
from gateway.operations.buffers import RuleTarget
from gateway.operations.offer_preview import OfferPreviews, Preview, RuleChange
from gateway.planning.velocity import ItemVelocity
from gateway.store.item_documents import item_document
from gateway.store.listing_documents import listing_document
from gateway.store.private_mongod import private_database
from gateway.store.pushes import PushStore
from gateway.store.velocity import VelocityStore
from tests.builders import NOW, item
from tests.dispatch.trading import HOME
from tests.kernel import kernel
from tests.planning.ledgers import Act, Ledger

LISTINGS = 100_000
INSERTED_AT_ONCE = 1_000
WOO = {"store_url": "https://shop.example", "consumer_key": "k", "consumer_secret": "s", "webhook_secret": "w"}

T = TypeVar("T")


async def measure(uri: str, database: str, listings: int) -> dict[str, str]:
    key = Fernet.generate_key().decode()
    async with kernel(uri, database, secret_key=key) as gateway:
        await gateway.database["locations"].insert_one({"_id": HOME, "active": True})
        channel = await gateway.channels.channels.create("large", "woocommerce", "large", WOO)
        await fill(gateway, channel, listings)
        buffers = gateway.buffers
        everything = RuleTarget(channel_id=channel.id)
        preview = await buffers.previews.of([RuleChange(everything, BufferValues(percent=10))], None)
        before = _megabytes()
        tried, found = await _timed(_totals(buffers.previews, preview))
        await buffers.operations.set(everything, BufferValues(dynamic=DynamicBuffer(0.95, 50)))
        learning, learned = await _timed(buffers.dynamic.refresh())
        looking, changed = await _timed(buffers.dynamic.refresh())
        scanning, due = await _timed(_scan(gateway, channel))
        grown = _megabytes() - before
        assert (found, learned, changed, due) == (listings, listings, 0, listings)
        return {
            f"a change tried out on {listings:,} listings": f"{tried:.1f} s",
            f"dynamic buffers of {listings:,} listings learned": f"{learning:.1f} s",
            "the same again, where nothing has changed": f"{looking:.1f} s",
            f"{listings:,} listings compared with the rules, all due": f"{scanning:.1f} s",
            "growth of the peak of memory meanwhile": f"{grown:.0f} MB",
        }


async def fill(gateway: Gateway, channel: Channel, listings: int) -> None:
    for start in range(0, listings, INSERTED_AT_ONCE):
        numbers = range(start, min(start + INSERTED_AT_ONCE, listings))
        items = [item(f"SKU-{number}", {HOME: 100}, version=21) for number in numbers]
        listed = [Listing(channel.id, some.id, some.sku, {"product_id": some.sku}, NOW) for some in items]
        await gateway.database["items"].insert_many([item_document(some) for some in items])
        await gateway.database["listings"].insert_many([listing_document(some) for some in listed])
        await VelocityStore(gateway.database).put_many(
            [demand(some.id, 40 + number % 50) for number, some in zip(numbers, items, strict=True)]
        )


def demand(item_id: str, units: int) -> ItemVelocity:
    acts = [Act(0, Kind.ADJUST, 100 * units, HOME)]
    acts += [Act(min(day, 1), Kind.SALE, -units, HOME) for day in range(20)]
    velocity = ItemVelocity(item_id, 28, 0)
    for movement in Ledger().write(acts).movements:
        velocity.take_in(movement)
    return velocity


async def _totals(previews: OfferPreviews, preview: Preview) -> int:
    """Of every listing, answer by answer; how many there are."""
    totals = await previews.totals(preview, None)
    listings = totals.listings
    while totals.position is not None:
        totals = await previews.totals(preview, totals.position)
        listings += totals.listings
    return listings


async def _scan(gateway: Gateway, channel: Channel) -> int:
    offering = Offering(channel, {HOME: True}, await gateway.channels.buffer_rules.all())
    pushes, due, after = PushStore(gateway.database), 0, None
    while True:
        items, after = await pushes.backlog(offering, after)
        due += len(items)
        if after is None:
            return due


async def _timed(work: Awaitable[T]) -> tuple[float, T]:
    started = time.perf_counter()
    result = await work
    return time.perf_counter() - started, result


def _megabytes() -> float:
    """The most that this process has ever used."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def main(listings: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with private_database(Path(directory)) as database:
            for what, figure in (await measure(database.uri, "benchmark", listings)).items():
                print(f"{what}: {figure}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else LISTINGS))
