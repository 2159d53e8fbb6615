"""Shops that sell at random moments while other channels sell, and report late, twice and in the wrong order.

One shop per way in which a quantity is written, over real HTTP. At every rest, with sales still unreported, and once
all is reported, its count is compared with what is really there.
"""

from __future__ import annotations

import asyncio
import random

import pytest

from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.square import SimulatedSquare
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.bootstrap import Gateway
from tests.dispatch.trading import (
    HOME,
    change,
    connect,
    level_of,
    trading,
    until_confirmed,
    until_settled,
    webhook_server,
)

SKU = "MUG-WHT"
SEED = 42
START = 200
ROUNDS = 4
SALES = 5
UNITS_MAX = 2
UNREPORTED_MAX = SALES * UNITS_MAX


class Market:
    """Buyers in the shop and elsewhere, and what is really there."""

    def __init__(self, gateway: Gateway, shop: SimulatedPlatform) -> None:
        self.gateway = gateway
        self.shop = shop
        self.chance = random.Random(SEED)
        self.truth = START
        self.unreported = 0

    @property
    def shown(self) -> int:
        return self.shop.shelf.quantity(SKU, self.shop.home())

    async def sell(self, number: int) -> None:
        """Several sales at once, here and elsewhere; the shop keeps its own to itself."""
        self.shop.webhooks.hold()
        sales = []
        for step in range(SALES):
            units = self.chance.randint(1, UNITS_MAX)
            self.truth -= units
            if self.chance.random() < 0.5:
                self.unreported += units
                sales.append(self._sell_here(units))
            else:
                sales.append(self._sell_elsewhere(f"c{number}-{step}", units))
        await asyncio.gather(*sales)
        await until_confirmed(self.gateway, "shop", SKU)

    async def report(self) -> None:
        await self.shop.webhooks.release(reverse=self.chance.random() < 0.5, copies=2)
        self.unreported = 0
        await until_settled(self.gateway)
        assert (await level_of(self.gateway, SKU)).available == self.truth

    async def _sell_here(self, units: int) -> None:
        # In between pushes of what is sold elsewhere, which take as long as the database and the network do.
        await asyncio.sleep(self.chance.random() / 50)
        await self.shop.sell(SKU, units)

    async def _sell_elsewhere(self, key: str, units: int) -> None:
        await asyncio.sleep(self.chance.random() / 50)
        await change(self.gateway, key, SKU, -units)


@pytest.mark.parametrize(
    ("platform", "buffer"),
    [
        pytest.param(SimulatedShopify, 0, id="compare-and-set"),
        pytest.param(SimulatedSquare, 0, id="relative"),
        pytest.param(SimulatedWooCommerce, 0, id="absolute"),
        pytest.param(SimulatedWooCommerce, UNREPORTED_MAX, id="absolute, buffered"),
    ],
)
async def test_a_shop_that_sells_while_others_sell(
    mongo_uri: str,
    database_name: str,
    platform: type[SimulatedShopify | SimulatedSquare | SimulatedWooCommerce],
    buffer: int,
) -> None:
    print(f"\nseed {SEED}")
    async with (
        platform({SKU: START}) as shop,
        trading(mongo_uri, database_name, {SKU: {HOME: START}}) as gateway,
        webhook_server(gateway) as url,
        gateway.channels.running(),
    ):
        shop.webhooks.address = f"{url}/webhooks/shop"
        await connect(gateway, "shop", shop, [SKU], buffer=buffer)
        await until_confirmed(gateway, "shop", SKU)
        first = len(shop.shelf.changes)
        market = Market(gateway, shop)
        for number in range(ROUNDS):
            await market.sell(number)
            if isinstance(shop, SimulatedWooCommerce):
                # The window of an overwriting platform: never more than it has sold and not reported.
                assert market.shown - (market.truth - buffer) <= market.unreported
                assert not buffer or market.shown <= market.truth
            else:
                await shop.shelf.until(SKU, market.truth, shop.home())
            await market.report()
            await shop.shelf.until(SKU, market.truth - buffer, shop.home())
        await until_confirmed(gateway, "shop", SKU)
        assert market.shown == market.truth - buffer
        if not isinstance(shop, SimulatedWooCommerce):
            counts = [some.quantity for some in list(shop.shelf.changes)[first:]]
            assert counts == sorted(counts, reverse=True), "units that were only sold never come back"
