"""Hypothesis: 100,000 SKUs at two locations are planned in less than a minute, in no more memory than 10,000.

What the plan reads (items, velocities, terms) is put into the database as the gateway would have left it; the plan
itself is the product's, from its first read to its last write. Most SKUs have to be ordered or moved, from 200
suppliers. Run: `python -m tests.benchmarks.plan`.
"""

from __future__ import annotations

import random
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gateway.bootstrap import Gateway
from gateway.inventory.stock import Item
from gateway.operations.clock import utc_now
from gateway.planning.series import ALL_CHANNELS, Cell, Series
from gateway.planning.supply_terms import SupplyTerms
from gateway.planning.velocity import ALL_LOCATIONS, ItemVelocity, decay_per_day
from gateway.store.item_documents import item_document
from gateway.store.private_mongod import private_database
from gateway.store.supply_terms import SupplyTermsStore
from gateway.store.velocity import VelocityStore
from tests.builders import item
from tests.kernel import kernel

PLACES = ("EAST", "WEST")
CHANNELS = ("web", "shop", "market")
SUPPLIERS = 200
HALF_LIFE_DAYS = 28.0
DAYS = 60
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many SKUs; `small` keeps the benchmark itself from rotting in the test suite."""

    skus: int = 100_000

    @classmethod
    def small(cls) -> Size:
        return cls(skus=300)


@dataclass(frozen=True, slots=True)
class Planned:
    skus: int
    seconds: float
    suggestions: int
    lines: int
    megabytes_before: float
    megabytes_most: float


async def measure(uri: str, database: str, size: Size) -> Planned:
    """Fill the database and plan."""
    async with kernel(uri, database, velocity_half_life_days=HALF_LIFE_DAYS) as gateway:
        await gateway.database["locations"].insert_many([{"_id": at, "active": True} for at in PLACES])
        for start in range(0, size.skus, CHUNK):
            await _fill(gateway, range(start, min(start + CHUNK, size.skus)))
        lease = await gateway.reorder.nightly.leases.acquire("reorder")
        assert lease is not None

        async def renew() -> bool:
            return await gateway.reorder.nightly.leases.acquire("reorder") is not None

        before = _megabytes()
        started = time.perf_counter()
        run = await gateway.reorder.walk.run(lease.token, renew)
        seconds = time.perf_counter() - started
        assert run is not None and run.items == size.skus
        counted = [{"$group": {"_id": None, "lines": {"$sum": {"$size": "$lines"}}}}]
        [total] = await gateway.database.aggregate("reorder_suggestions", counted, 1)
        return Planned(size.skus, seconds, run.suggestions, total["lines"], before, _megabytes())


def _megabytes() -> float:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000


async def _fill(gateway: Gateway, numbers: range) -> None:
    chance = random.Random(numbers.start)
    items, velocities, terms = [], [], []
    for number in numbers:
        sold = {at: chance.choice([0.05, 0.5, 2.0, 15.0]) for at in PLACES}
        levels = {at: int(units * chance.uniform(5, 80)) for at, units in sold.items()}
        made: Item = item(f"SKU-{number:06}", levels)
        items.append(item_document(made))
        velocities.append(_velocity(made.id, sold, levels))
        supplier = f"Supplier {number % SUPPLIERS}"
        terms.append(SupplyTerms(made.id, supplier, Decimal("3.5"), Decimal(20), 0.2, 12, 24, 9.0))
    await gateway.database["items"].insert_many(items)
    await VelocityStore(gateway.database).put_many(velocities)
    await SupplyTermsStore(gateway.database).put(terms)


def _velocity(item_id: str, sold: dict[str, float], levels: dict[str, int]) -> ItemVelocity:
    """What two months of selling so much a day leave behind."""
    today = int(utc_now().timestamp() // 86_400)
    cells = {at: _cell(today, sold[at], levels[at]) for at in PLACES}
    cells[ALL_LOCATIONS] = _cell(today, sum(sold.values()), sum(levels.values()))
    return ItemVelocity(item_id, HALF_LIFE_DAYS, 0, 1, 1, cells)


def _cell(today: int, sold: float, available: int) -> Cell:
    weight = sum(_weights())
    squares = sum(one * one for one in _weights())
    days_with = weight * min(1.0, sold)
    size = max(1.0, sold)
    series = {
        key: Series(
            0, 0, DAYS, int(sold * DAYS), days_with, days_with * size, days_with * size**2 * 1.3, 10, 10 * size, 13
        )
        for key in (ALL_CHANNELS, *CHANNELS)
    }
    return Cell(today - DAYS, today - 1, available, True, DAYS, 0, weight, squares, series=series)


def _weights() -> Iterator[float]:
    decay = decay_per_day(HALF_LIFE_DAYS)
    return (decay**age for age in range(DAYS))


async def _main() -> None:
    table = Table(title="The reorder plan")
    for column in ("SKUs", "seconds", "SKUs per second", "suggestions", "lines", "memory, MB", "most, MB"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as directory:
        async with private_database(Path(directory)) as database:
            for skus in (10_000, Size().skus):
                found = await measure(database.uri, f"benchmark_{skus}", Size(skus))
                table.add_row(
                    f"{found.skus:,}",
                    f"{found.seconds:.1f}",
                    f"{found.skus / found.seconds:,.0f}",
                    f"{found.suggestions:,}",
                    f"{found.lines:,}",
                    f"{found.megabytes_before:.0f}",
                    f"{found.megabytes_most:.0f}",
                )
    Console().print(table)


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main())
