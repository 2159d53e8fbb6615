"""One process of the race: half of the buyers, each wanting one of every SKU. Prints what became of them as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict, dataclass

from gateway.inventory.errors import InsufficientStock
from gateway.operations.calls import Call
from gateway.operations.sourcing import LineRequest
from tests.benchmarks.load import run
from tests.kernel import kernel

SKUS = ("LAMP", "DESK", "SOFA")
CALLERS = 256


@dataclass(frozen=True, slots=True)
class Half:
    """How the buyers of one process fared; latencies in seconds."""

    won: int
    short: int
    per_second: float
    latencies: list[float]


async def buy(uri: str, database: str, side: int, buyers: int, lines: int) -> Half:
    """Half of the buyers put their lines in one order, the others in the opposite one."""
    fate = {"won": 0, "short": 0}
    basket = [LineRequest(sku, 1) for sku in SKUS[:lines]]
    async with kernel(uri, database, commit_queue_max=100_000) as gateway:

        async def buyer(number: int) -> None:
            call = Call("race", f"{side}-{lines}-{number}")
            try:
                await gateway.orders.reservations.create(call, basket[:: 1 if number % 2 else -1])
            except InsufficientStock:
                fate["short"] += 1
            else:
                fate["won"] += 1

        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        measured = await run(buyer, callers=CALLERS, requests=buyers, seconds_max=300)
    return Half(fate["won"], fate["short"], measured.per_second, measured.latencies)


if __name__ == "__main__":
    import uvloop

    uri, database, side, buyers, lines = sys.argv[1:]
    print(json.dumps(asdict(uvloop.run(buy(uri, database, int(side), int(buyers), int(lines))))))
