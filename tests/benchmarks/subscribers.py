"""How late thousands of subscribers of one process hear of a change: `python -m tests.benchmarks.subscribers`.

The subscribers live in this process, the gateway in another; the ledger's own time of the change is compared with the
wall clock here. Once each watches one SKU of its own choice, once all watch everything.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime

import aiohttp
import orjson
from rich.console import Console
from rich.table import Table

from tests.benchmarks.http import ADJUST, Server, server

SEED = 20261121
WATCH = "subscription($skus: [String!]) { stockChanged(skus: $skus) { sku version available changedAt } }"
OPENING_AT_ONCE = 50
SILENCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Size:
    subscribers: int = 5_000
    skus: int = 100
    changes: int = 100
    per_second: int = 10

    @classmethod
    def small(cls) -> Size:
        return cls(subscribers=20, skus=5, changes=10)


@dataclass(frozen=True, slots=True)
class Heard:
    """Milliseconds from change to delivery, sorted; `complete`: all have heard the newest of what they watch."""

    name: str
    milliseconds: list[float]
    deliveries: int
    complete: bool

    def percentile(self, share: float) -> float:
        return self.milliseconds[min(int(len(self.milliseconds) * share), len(self.milliseconds) - 1)]


class Subscriber:
    def __init__(self, skus: Sequence[str] | None) -> None:
        self.skus = skus
        self.newest: dict[str, int] = {}
        self.milliseconds: list[float] = []

    async def open(self, client: aiohttp.ClientSession, at: Server) -> aiohttp.ClientWebSocketResponse:
        socket = await client.ws_connect(f"http://127.0.0.1:{at.port}/graphql", protocols=["graphql-transport-ws"])
        await socket.send_json({"type": "connection_init", "payload": {"authorization": f"Bearer {at.key}"}})
        assert (await socket.receive_json())["type"] == "connection_ack"
        payload = {"query": WATCH, "variables": {"skus": self.skus}}
        await socket.send_json({"id": "1", "type": "subscribe", "payload": payload})
        return socket

    async def listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            told = orjson.loads(message.data)["payload"]["data"]["stockChanged"]
            late = time.time() - datetime.fromisoformat(told["changedAt"]).timestamp()
            self.milliseconds.append(late * 1000)
            self.newest[told["sku"]] = told["version"]


async def measure(size: Size, *, everything: bool) -> Heard:
    chance = random.Random(SEED)
    skus = [f"SKU-{number}" for number in range(size.skus)]
    subscribers = [Subscriber(None if everything else [chance.choice(skus)]) for _ in range(size.subscribers)]
    async with (
        server(size.skus, "pymongo") as at,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client,
        AsyncExitStack() as stack,
    ):
        listening = await _subscribe(subscribers, client, at, stack)
        await asyncio.sleep(SILENCE_SECONDS)
        newest: dict[str, int] = {}
        started = time.monotonic()
        for number in range(size.changes):
            await asyncio.sleep(max(0.0, started + number / size.per_second - time.monotonic()))
            sku = chance.choice(skus)
            await _change(client, at, sku, number)
            # The first movement of each SKU put its stock there.
            newest[sku] = newest.get(sku, 1) + 1
        await _until_silent(subscribers)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    heard = sorted(late for some in subscribers for late in some.milliseconds)
    complete = all(
        some.newest.get(sku) == version
        for some in subscribers
        for sku, version in newest.items()
        if some.skus is None or sku in some.skus
    )
    return Heard("all watch everything" if everything else "each watches one SKU", heard, len(heard), complete)


async def _subscribe(
    subscribers: list[Subscriber], client: aiohttp.ClientSession, at: Server, stack: AsyncExitStack
) -> list[asyncio.Task[None]]:
    listening = []
    for start in range(0, len(subscribers), OPENING_AT_ONCE):
        some = subscribers[start : start + OPENING_AT_ONCE]
        sockets = await asyncio.gather(*(subscriber.open(client, at) for subscriber in some))
        for subscriber, socket in zip(some, sockets, strict=True):
            stack.push_async_callback(socket.close)
            listening.append(asyncio.create_task(subscriber.listen(socket)))
    return listening


async def _change(client: aiohttp.ClientSession, at: Server, sku: str, number: int) -> None:
    line = {"locationId": "EAST", "delta": -1}
    input = {"sku": sku, "adjustments": [line], "idempotencyKey": f"watched-{number}"}
    body = {"query": ADJUST, "variables": {"input": input}}
    headers = {"authorization": f"Bearer {at.key}"}
    async with client.post(f"http://127.0.0.1:{at.port}/graphql", json=body, headers=headers) as answer:
        assert (await answer.json())["data"]["inventoryAdjust"]["userErrors"] == []


async def _until_silent(subscribers: list[Subscriber]) -> None:
    before = -1
    while (heard := sum(len(some.milliseconds) for some in subscribers)) != before:
        before = heard
        await asyncio.sleep(SILENCE_SECONDS)


async def _main() -> None:
    size = Size(*map(int, sys.argv[1:]))
    table = Table(title=f"{size.subscribers} subscribers of one process, {size.per_second} changes/s")
    for column in ("subscribers", "changes", "deliveries", "p50 ms", "p99 ms", "worst ms", "newest heard by all"):
        table.add_column(column, justify="left" if column == "subscribers" else "right")
    for everything in (False, True):
        some = await measure(size, everything=everything)
        shares = [f"{some.percentile(share):.0f}" for share in (0.5, 0.99, 1.0)]
        table.add_row(some.name, str(size.changes), str(some.deliveries), *shares, "yes" if some.complete else "NO")
    Console(width=120).print(table)


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main())
