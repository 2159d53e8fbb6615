"""Two processes that write the same item: each hears of the other's changes before it decides on what it remembers."""

from __future__ import annotations

import asyncio

from gateway.bootstrap import Gateway
from tests.dispatch.trading import HOME, change, item_of, trading

SKU = "MUG-WHT"


def conflicts(gateway: Gateway) -> float:
    value = gateway.metrics.registry.get_sample_value("gateway_write_conflicts_total")
    assert value is not None
    return value


async def test_a_process_forgets_what_another_has_changed(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 100}}) as first,
        trading(mongo_uri, database_name) as second,
        first.channels.running(workers=False),
        second.channels.running(workers=False),
    ):
        for gateway in (first, second):
            # Until its stream has begun, a process hears nothing.
            await _begun(gateway, first)
        before = conflicts(first) + conflicts(second)
        for number in range(5):
            for writer, other in ((first, second), (second, first)):
                with other.channels.watching.news.stock.reader([SKU]) as reader:
                    outcome = await change(writer, f"{number}-{writer is first}", SKU, -1)
                    async with asyncio.timeout(30):
                        while all(news.version < outcome.entry.items[0].version for news in (await reader.take()).news):
                            continue
        assert conflicts(first) + conflicts(second) == before
        assert (await item_of(first, SKU)).level(HOME).available == 88


async def _begun(gateway: Gateway, writer: Gateway) -> None:
    with gateway.channels.watching.news.stock.reader() as reader:
        await change(writer, f"begin-{gateway is writer}", SKU, -1)
        async with asyncio.timeout(30):
            await reader.take()
