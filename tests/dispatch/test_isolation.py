"""Channels that misbehave, all at once and in every way: the one that is well notices nothing, and nothing grows."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from connectors.simulated.misbehaviour import Misbehaviour
from connectors.simulated.woocommerce import SimulatedWooCommerce
from tests.dispatch.trading import HOME, change, connect, trading, until_confirmed

SKU = "MUG-WHT"
UNITS = 100
CHANGES = 40
FOR_EVER = 1_000
REQUESTS_MAX = 12
"""To one that fails: tries are far apart after the first few, whatever happens here meanwhile."""
TASKS_MAX = 12 * CHANGES / 4
"""More than before: far fewer than one for every change and channel."""


async def test_a_dozen_hostile_channels_neither_delay_another_nor_pile_anything_up(
    mongo_uri: str, database_name: str
) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: UNITS}}) as gateway,
        gateway.channels.running(),
        AsyncExitStack() as stack,
    ):
        shops = {kind: await stack.enter_async_context(SimulatedWooCommerce({SKU: UNITS})) for kind in Misbehaviour}
        well = await stack.enter_async_context(SimulatedWooCommerce({SKU: UNITS}))
        for kind, shop in shops.items():
            await connect(gateway, kind.value, shop, [SKU])
        await connect(gateway, "well", well, [SKU])
        for channel_id in (*shops, "well"):
            await until_confirmed(gateway, channel_id, SKU)
        for kind, shop in shops.items():
            shop.misbehave(kind, FOR_EVER)
            shop.requests.clear()
        tasks = len(asyncio.all_tasks())
        for number in range(CHANGES):
            await change(gateway, f"c{number}", SKU, -1)
            if number % 10 == 9:
                await well.shelf.until(SKU, UNITS - 1 - number)
        await until_confirmed(gateway, "well", SKU)

        assert len(asyncio.all_tasks()) - tasks <= TASKS_MAX
        # What is in hand, and the same item once more because it has changed since.
        assert {
            worker.channel.id for worker in gateway.channels.dispatch.workers if worker.health(0.0).backlog > 2
        } == set()
        assert {kind for kind, shop in shops.items() if len(shop.stock_writes()) > REQUESTS_MAX} == set()
