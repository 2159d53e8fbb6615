"""Whatever a platform does, and wherever a process dies: every channel ends with our count, and harms no other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from connectors.exchange import Flow
from connectors.platforms.woocommerce import WooCommerce
from connectors.platforms.woocommerce.config import WooCommerceConfig
from connectors.session import HttpSession
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.woocommerce import SimulatedWooCommerce
from connectors.updates import StockUpdate, UpdateOutcome
from gateway.channel_services import PRIVATE_NETWORKS
from gateway.inventory.channels import ChannelState
from gateway.operations.channels import ChannelChange
from tests.dispatch.hand_driven import impatient_worker
from tests.dispatch.trading import (
    HOME,
    change,
    connect,
    level_of,
    trading,
    until,
    until_confirmed,
    until_settled,
    webhook_server,
)

SKU = "MUG-WHT"


@pytest.mark.parametrize(
    "trouble",
    [
        Misbehaviour.THROTTLED_SILENTLY,
        Misbehaviour.SERVER_ERROR,
        Misbehaviour.TRUNCATED_BODY,
        Misbehaviour.WRONG_JSON,
        Misbehaviour.DROPPED_AFTER_APPLYING,
    ],
)
async def test_a_channel_in_trouble_ends_with_our_count(
    mongo_uri: str, database_name: str, trouble: Misbehaviour
) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedShopify({SKU: 10}) as shop,
        webhook_server(gateway) as url,
        gateway.channels.running(),
    ):
        await connect(gateway, "shopify-uk", shop, [SKU])
        await until_confirmed(gateway, "shopify-uk", SKU)
        shop.webhooks.address = f"{url}/webhooks/shopify-uk"
        shop.misbehave(trouble, 2)
        await change(gateway, "c1", SKU, -4)
        await shop.sell(SKU, 1)
        await until_settled(gateway)
        await until_confirmed(gateway, "shopify-uk", SKU)
        assert (await level_of(gateway, SKU)).available == 5
        assert shop.shelf.quantity(SKU, shop.home()) == 5


async def test_a_channel_that_hangs_does_not_delay_another(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        gateway.channels.running(),
        # Closed first: the workers would wait for it.
        SimulatedShopify({SKU: 10}) as hanging,
        SimulatedShopify({SKU: 10}) as well,
    ):
        await connect(gateway, "shopify-fr", hanging, [SKU])
        await connect(gateway, "shopify-uk", well, [SKU])
        for channel_id in ("shopify-fr", "shopify-uk"):
            await until_confirmed(gateway, channel_id, SKU)
        hanging.misbehave(Misbehaviour.HANG, 1)
        for number in range(5):
            await change(gateway, f"c{number}", SKU, -1)
            await well.shelf.until(SKU, 9 - number, well.home(), seconds_max=10)
        assert hanging.shelf.quantity(SKU, hanging.home()) == 10


async def test_a_channel_whose_credentials_are_refused_says_so_and_recovers(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedWooCommerce({SKU: 1}) as woo,
        gateway.channels.running(),
    ):
        wrong = {**woo.config(), "consumer_secret": "cs_wrong"}
        channel = await gateway.channels.channels.create("woo-de", "woocommerce", "woo-de", wrong)
        ids = {"product_id": str(woo.products[SKU].product_id)}
        await gateway.channels.listings.create("woo-de", SKU, ids)

        async def failing() -> bool:
            return (await gateway.channels.channels.get("woo-de")).state is ChannelState.FAILING

        async def active() -> bool:
            return (await gateway.channels.channels.get("woo-de")).state is ChannelState.ACTIVE

        await until(gateway, "channels", failing)
        assert (await gateway.channels.channels.get(channel.id)).reason
        await gateway.channels.channels.update("woo-de", ChannelChange(config={"consumerSecret": "cs_simulated"}))
        await woo.shelf.until(SKU, 10)
        await until(gateway, "channels", active)


class PoisonedWoo(WooCommerce):
    """A connector that cannot digest one of its listings."""

    def set_stock(self, config: WooCommerceConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        if any(update.sku == "POISON" for update in updates):
            raise ArithmeticError("no such number")
        return super().set_stock(config, updates)


async def test_one_poisonous_listing_is_parked_and_does_not_stop_the_others(mongo_uri: str, database_name: str) -> None:
    skus = ["GOOD", "POISON"]
    async with (
        trading(mongo_uri, database_name, {sku: {HOME: 9} for sku in skus}) as gateway,
        SimulatedWooCommerce(dict.fromkeys(skus, 1)) as woo,
        HttpSession(allowed_networks=PRIVATE_NETWORKS) as session,
    ):
        channel = await connect(gateway, "woo-de", woo, skus)
        worker = await impatient_worker(gateway, channel, session, PoisonedWoo())
        working = asyncio.create_task(worker.run())
        await woo.shelf.until("GOOD", 9)

        async def parked() -> bool:
            return bool(await gateway.database["listings"].count_documents({"error.reason": {"$regex": "no such"}}))

        await until(gateway, "listings", parked)
        worker.stop()
        await working
