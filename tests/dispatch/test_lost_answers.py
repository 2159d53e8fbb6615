"""An answer is lost, or its record: whatever happens meanwhile, the channel ends with our count."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from connectors.exchange import Flow
from connectors.platforms.woocommerce import WooCommerce
from connectors.platforms.woocommerce.config import WooCommerceConfig
from connectors.session import HttpSession
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.woocommerce import SimulatedWooCommerce
from connectors.updates import StockUpdate, UpdateOutcome
from gateway.channel_services import PRIVATE_NETWORKS
from tests.dispatch.hand_driven import impatient_worker, push_and_die
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


@pytest.mark.parametrize("sold_there", [0, 2])
@pytest.mark.parametrize("platform", ["shopify", "woocommerce"])
async def test_a_push_that_was_answered_and_not_recorded_is_settled(
    mongo_uri: str, database_name: str, platform: str, sold_there: int
) -> None:
    shop: SimulatedPlatform = (SimulatedShopify if platform == "shopify" else SimulatedWooCommerce)({SKU: 10})
    async with (
        shop,
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        webhook_server(gateway) as url,
    ):
        channel = await connect(gateway, "shop", shop, [SKU])
        async with gateway.channels.running():
            await until_confirmed(gateway, "shop", SKU)
        await change(gateway, "c1", SKU, -3)
        await push_and_die(gateway, channel, SKU)
        assert shop.shelf.quantity(SKU, shop.home()) == 7
        shop.webhooks.address = f"{url}/webhooks/shop"
        if sold_there:
            await shop.sell(SKU, sold_there)
        await change(gateway, "c2", SKU, -1)
        async with gateway.channels.running():
            await until_settled(gateway)
            await until_confirmed(gateway, "shop", SKU)
            await shop.shelf.until(SKU, 6 - sold_there, shop.home())
        assert (await level_of(gateway, SKU)).available == 6 - sold_there


async def test_what_was_sold_while_an_answer_was_lost_is_not_offered_again(mongo_uri: str, database_name: str) -> None:
    async with (
        SimulatedShopify({SKU: 10}) as shop,
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        webhook_server(gateway) as url,
    ):
        channel = await connect(gateway, "shop", shop, [SKU])
        async with gateway.channels.running():
            await until_confirmed(gateway, "shop", SKU)
        await change(gateway, "c1", SKU, -3)
        await push_and_die(gateway, channel, SKU)
        shop.webhooks.address = f"{url}/webhooks/shop"
        shop.webhooks.hold()
        await shop.sell(SKU, 2)
        await change(gateway, "c2", SKU, -1)
        async with gateway.channels.running():
            await until_confirmed(gateway, "shop", SKU)
            assert shop.shelf.quantity(SKU, shop.home()) == 4, "two units are sold that we do not know of"
            await shop.webhooks.release()
            await until_settled(gateway)
            await until_confirmed(gateway, "shop", SKU)
        assert (await level_of(gateway, SKU)).available == shop.shelf.quantity(SKU, shop.home()) == 4


async def test_a_push_that_was_intended_and_never_sent_is_sent(mongo_uri: str, database_name: str) -> None:
    async with (
        SimulatedShopify({SKU: 10}) as shop,
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
    ):
        channel = await connect(gateway, "shop", shop, [SKU])
        async with gateway.channels.running():
            await until_confirmed(gateway, "shop", SKU)
        await change(gateway, "c1", SKU, -3)
        shop.misbehave(Misbehaviour.SERVER_ERROR, 5)
        await push_and_die(gateway, channel, SKU)
        assert shop.shelf.quantity(SKU, shop.home()) == 10
        shop.behave()
        async with gateway.channels.running():
            await shop.shelf.until(SKU, 7, shop.home())


class UnhurriedWoo(WooCommerce):
    """A platform that puts writes aside to apply them later: at each look but the last, something is not done yet."""

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.looks_at_writes: list[int] = []

    def set_stock(self, config: WooCommerceConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        self.looks_at_writes.append(self.looks)
        return super().set_stock(config, updates)

    def unfinished(self, config: WooCommerceConfig) -> Flow[bool]:
        self.looks -= 1
        return self._answer(self.looks > 0)

    def _answer(self, answer: bool) -> Flow[bool]:
        yield from ()
        return answer


async def test_nothing_newer_is_sent_before_the_platform_is_done_with_what_was_not_answered(
    mongo_uri: str, database_name: str
) -> None:
    async with (
        SimulatedWooCommerce({SKU: 10}) as woo,
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        HttpSession(allowed_networks=PRIVATE_NETWORKS) as session,
    ):
        channel = await connect(gateway, "woo-de", woo, [SKU])
        await change(gateway, "c1", SKU, -3)
        await push_and_die(gateway, channel, SKU)
        await change(gateway, "c2", SKU, -1)
        unhurried = UnhurriedWoo(looks=3)
        worker = await impatient_worker(gateway, channel, session, unhurried)
        working = asyncio.create_task(worker.run())
        await until_confirmed(gateway, "woo-de", SKU)
        worker.stop()
        await working
        assert unhurried.looks_at_writes == [0] and woo.shelf.quantity(SKU) == 6
