"""Alerts while two processes write and both watch: exactly one per crossing that the ledger tells of."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from pymongo import MongoClient

from gateway.bootstrap import Gateway
from gateway.inventory.alerts import AlertKind
from gateway.inventory.decision import Atomicity
from gateway.inventory.ledger import Kind
from gateway.operations.clock import utc_now
from gateway.operations.velocity_fold import SETTLED_AFTER
from gateway.planning.demand import AvailableLine, ItemMovement
from gateway.planning.stock_watch import ItemWatch, Opened, Thresholds
from tests.builders import adjust
from tests.kernel import kernel, stock_up

SKUS = [f"SKU-{number}" for number in range(6)]
PLACES = ("EAST", "WEST")
LOW_AT = 5
CHUNKS = 8
CHUNK = 40


async def write(gateway: Gateway, name: str) -> None:
    """Units come and go by chance; what there is not cannot go."""
    chance = random.Random(name)
    for number in range(CHUNKS):
        changes = [
            adjust(
                f"{name}-{number}-{n}", chance.choice(SKUS), {chance.choice(PLACES): chance.choice([-7, -3, -1, 2, 6])}
            )
            for n in range(CHUNK)
        ]
        await gateway.stock.apply_many(changes, Atomicity.PER_ADJUSTMENT)


async def watch(gateway: Gateway, token: int, writing: asyncio.Event) -> None:
    """As fast as possible, whoever has the lease."""
    while not writing.is_set():
        await gateway.stock_alerts.watch.step(token)


async def finish(gateway: Gateway) -> None:
    """Until the ledger's order is final and all of it has been looked at."""
    while await gateway.stock_alerts.watch.step(9):
        pass


async def test_two_processes_that_both_watch_raise_every_crossing_once(
    mongo_uri: str, database_name: str, mongo_client: MongoClient[dict[str, object]]
) -> None:
    async with (
        kernel(mongo_uri, database_name, low_stock_at=LOW_AT) as first,
        kernel(mongo_uri, database_name, low_stock_at=LOW_AT) as second,
    ):
        await first.stock_alerts.watch.step(1)
        await stock_up(first, {sku: dict.fromkeys(PLACES, 20) for sku in SKUS})
        written = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            watchers = [
                tasks.create_task(watch(gateway, token, written)) for token, gateway in enumerate((first, second), 2)
            ]
            await asyncio.gather(write(first, "first"), write(second, "second"))
            written.set()
            await asyncio.wait(watchers)
    async with kernel(
        mongo_uri, database_name, low_stock_at=LOW_AT, clock=lambda: utc_now() + SETTLED_AFTER + timedelta(seconds=5)
    ) as later:
        await finish(later)
    raised = Counter(
        (str(alert["kind"]), line["itemId"], line["locationId"], line["available"])
        for alert in mongo_client[database_name]["alerts"].find()
        for line in alert["lines"]  # type: ignore[attr-defined]
    )
    expected = told_by_the_ledger(mongo_client[database_name]["ledger"].find().sort("seq"))
    assert raised == expected
    assert len(raised) > len(SKUS)


def told_by_the_ledger(entries: Iterable[dict[str, object]]) -> Counter[tuple[str, str, str, int]]:
    """Every crossing, from all entries of an item in the order of its versions."""
    movements: dict[str, list[ItemMovement]] = {}
    for entry in entries:
        for mark in entry["items"]:  # type: ignore[attr-defined]
            lines = tuple(
                AvailableLine(line["locationId"], line["delta"], line["after"])
                for line in entry["lines"]  # type: ignore[attr-defined]
                if line["itemId"] == mark["id"]
            )
            movement = ItemMovement(mark["id"], mark["version"], 0, Kind.ADJUST, None, lines)
            movements.setdefault(mark["id"], []).append(movement)
    found: Counter[tuple[str, str, str, int]] = Counter()
    for item_id, own in movements.items():
        watched = ItemWatch(item_id)
        for movement in sorted(own, key=lambda movement: movement.version):
            watched.take_in(movement, lambda at: Thresholds(LOW_AT))
        for one in watched.crossings:
            if isinstance(one, Opened):
                found[one.kind.value, item_id, one.location_id, one.available] += 1
    assert {AlertKind.LOW_STOCK.value} <= {kind for kind, *_ in found}
    return found
