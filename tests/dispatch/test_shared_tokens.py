"""Refresh tokens that are good for one use: what one process was granted, every other and the next life go on with."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.simulated.tradegecko import SimulatedTradeGecko
from gateway.inventory.channels import ChannelState
from gateway.operations.channels import ChannelChange
from tests.dispatch.trading import HOME, change, list_item, trading, until_confirmed

SKU = "MUG-WHT"


@pytest.fixture
async def shop() -> Any:
    async with SimulatedTradeGecko({SKU: 10}) as shop:
        yield shop


async def test_a_channel_goes_on_with_the_token_that_another_process_was_granted(
    mongo_uri: str, database_name: str, shop: SimulatedTradeGecko
) -> None:
    async with trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as first:
        channels = first.channels.channels
        channel = await channels.create("gecko", "tradegecko", "gecko", shop.config(), {HOME: shop.home()})
        async with first.channels.running(), trading(mongo_uri, database_name) as second:
            await list_item(first, channel, SKU)
            await until_confirmed(first, "gecko", SKU)
            connection = second.channels.connections.of(channel)
            assert (await connection.client.run(connection.connector.check(connection.config))).problems == ()
            shop.tokens.expire()
            assert (await connection.client.run(connection.connector.check(connection.config))).problems == ()
            await change(first, "c1", SKU, -1)
            await shop.shelf.until(SKU, 9, shop.home())
        await change(first, "c2", SKU, -1)
    async with trading(mongo_uri, database_name) as third, third.channels.running():
        await shop.shelf.until(SKU, 8, shop.home())
        assert (await third.channels.channels.get("gecko")).state is ChannelState.ACTIVE
        [stored] = await third.database["channel_tokens"].find().to_list(10)
        assert shop.tokens.granted == 2 and b"refresh-2" not in stored["sealed"]
        # What a person enters counts instead of what was granted for something else.
        await third.database["channel_tokens"].update_one({}, {"$set": {"sealed": b"of another secret key"}})
        entered = {"refreshToken": shop.tokens.refresh_token}
        await third.channels.channels.update("gecko", ChannelChange(config=entered))
        await change(third, "c3", SKU, -1)
        await shop.shelf.until(SKU, 7, shop.home())
