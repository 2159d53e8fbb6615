"""Hypothesis: a promise costs milliseconds however many purchases were received before, and units on their way can be
promised about as fast as those that are there can be reserved.

The received purchases are written as documents, all others through the gateway. Run:
`python -m tests.benchmarks.promises`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from gateway.bootstrap import Gateway
from gateway.inventory.backordering import InboundShare
from gateway.inventory.inbound import INBOUND, InboundLine, InboundOrder, InboundState
from gateway.inventory.receiving import ExpectedLine
from gateway.operations.calls import Call
from gateway.operations.clock import utc_now
from gateway.operations.sourcing import LineRequest
from gateway.store.inbound import inbound_document
from gateway.store.private_mongod import private_database
from tests.benchmarks.load import run
from tests.kernel import kernel, stock_up

LINES = 10
UNITS = 100
DAYS = 10
CALLERS = 64
SECONDS_MAX = 60.0
SUPPLIERS = 20


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is; `small` keeps the benchmark itself from rotting in the test suite."""

    received: int = 5_000
    open: int = 500
    skus: int = 200
    questions: int = 200
    backorders: int = 5_000

    @classmethod
    def small(cls) -> Size:
        return cls(received=25, open=5, skus=12, questions=2, backorders=20)


Figures = dict[str, str]


async def measure(uri: str, database: str, size: Size) -> Figures:
    """Order, learn, ask and promise."""
    async with kernel(uri, database) as gateway:
        skus = [f"SKU-{number}" for number in range(size.skus)]
        await stock_up(gateway, {sku: {"EAST": 1, "WEST": 1} for sku in skus})
        await _received(gateway, size, skus)
        started = time.perf_counter()
        while await gateway.supply.fold.step(token=1):
            pass
        learnt = size.received / (time.perf_counter() - started)
        purchases = [await _ordered(gateway, number, skus) for number in range(size.open)]
        promises, cart = gateway.supply.promises, [LineRequest(sku, 50) for sku in skus[:LINES]]
        atp = await _asked(lambda: promises.available_to_promise(skus[0], 180), size.questions)
        promised = await _asked(lambda: promises.promise(cart), size.questions)
        assert (await promises.promise(cart)).cart.day == DAYS

        async def bind(number: int) -> None:
            share = InboundShare(purchases[number % len(purchases)], number % LINES, 1)
            await gateway.supply.backorders.create(Call("bench", f"bind-{number}"), [share])

        bound = await run(bind, callers=CALLERS, requests=size.backorders, seconds_max=SECONDS_MAX)
        started = time.perf_counter()
        arrived = await gateway.movements.inbound.receive(Call("bench", "arrived"), purchases[0])
        seconds = time.perf_counter() - started
        served = sum(line.delta for line in arrived.entry.lines if line.bucket == "allocated")
        return {
            f"available to promise on 181 days after {size.received:,} purchases, median": f"{atp:.1f} ms",
            f"a promise of {LINES} lines, median": f"{promised:.1f} ms",
            f"purchases of {LINES} lines learnt from per second": f"{learnt:,.0f}",
            f"backorders per second, {CALLERS} callers over {size.open} purchases": f"{bound.per_second:,.0f}",
            f"a receipt that serves {served} backorders": f"{seconds * 1_000:.0f} ms",
        }


async def _received(gateway: Gateway, size: Size, skus: list[str]) -> None:
    items = await gateway.stock_store.items(skus)
    now = utc_now()
    documents = []
    for number in range(size.received):
        ordered = now - timedelta(days=400, minutes=number)
        arrived = ordered + timedelta(days=20 + number % 7)
        lines = tuple(
            InboundLine(
                items[sku].id, sku, "EAST", 1, arrived, 1, first_expected_at=ordered + timedelta(22), arrived_at=arrived
            )
            for sku in _skus_of(number, skus)
        )
        supplier = f"Supplier {number % SUPPLIERS}"
        inbound = InboundOrder(f"old-{number}", supplier, InboundState.RECEIVED, lines, None, ordered, arrived)
        documents.append(inbound_document(inbound) | {"_id": inbound.id, "revision": 1})
    await gateway.database[INBOUND].insert_many(documents)


async def _ordered(gateway: Gateway, number: int, skus: list[str]) -> str:
    expected = utc_now() + timedelta(days=DAYS)
    lines = [ExpectedLine(sku, "EAST", UNITS, expected) for sku in _skus_of(number, skus)]
    call = Call("bench", f"order-{number}")
    return (await gateway.movements.inbound.create(call, f"Supplier {number % SUPPLIERS}", lines)).document.id


def _skus_of(number: int, skus: list[str]) -> list[str]:
    """Of the purchase of that number: they take turns."""
    return [skus[(number * LINES + line) % len(skus)] for line in range(LINES)]


async def _asked(ask: Callable[[], Awaitable[object]], questions: int) -> float:
    """Median milliseconds of one answer."""
    milliseconds = []
    for _ in range(questions):
        started = time.perf_counter()
        await ask()
        milliseconds.append((time.perf_counter() - started) * 1_000)
    return median(milliseconds)


async def _main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with private_database(Path(directory)) as database:
            figures = await measure(database.uri, "benchmark", Size())
    table = Table(title="Promises")
    table.add_column("question")
    table.add_column("answer", justify="right")
    for question, answer in figures.items():
        table.add_row(question, answer)
    Console().print(table)


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main())
