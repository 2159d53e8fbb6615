"""Whatever a platform does, and wherever a process dies: every channel ends with our count, and harms no other."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest

from connectors.errors import ConnectorError
from connectors.exchange import Flow
from connectors.platforms.woocommerce import WooCommerce
from connectors.platforms.woocommerce.config import WooCommerceConfig
from connectors.session import HttpSession
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.woocommerce import SimulatedWooCommerce
from connectors.updates import StockUpdate, UpdateOutcome
from gateway.bootstrap import Gateway
from gateway.channel_services import PRIVATE_NETWORKS
from gateway.dispatch.connections import Connections
from gateway.dispatch.pushing import Pusher
from gateway.dispatch.worker import ChannelWorker
from gateway.inventory.channels import Channel, ChannelState
from gateway.operations.channels import ChannelChange
from gateway.store.leases import LeaseStore
from gateway.store.pushes import Acknowledged, PushStore
from tests.dispatch.trading import (
    HOME,
    change,
    connect,
    item_of,
    level_of,
    trading,
    until,
    until_confirmed,
    until_settled,
    webhook_server,
)

SKU = "MUG-WHT"
SEED = 42


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
        SimulatedShopify({SKU: 10}) as hanging,
        SimulatedShopify({SKU: 10}) as well,
        gateway.channels.running(),
    ):
        await connect(gateway, "shopify-fr", hanging, [SKU])
        await connect(gateway, "shopify-uk", well, [SKU])
        for channel_id in ("shopify-fr", "shopify-uk"):
            await until_confirmed(gateway, channel_id, SKU)
        hanging.misbehave(Misbehaviour.HANG, 1)
        for number in range(5):
            await change(gateway, f"c{number}", SKU, -1)
            await well.shelf.until(SKU, 9 - number, well.home(), seconds_max=2)
        assert hanging.shelf.quantity(SKU, hanging.home()) == 10


class Killed(BaseException):
    """The process died here."""


class Mortal(PushStore):
    """Stands for a process that is killed between the platform's answer and our record of it."""

    async def record(self, acknowledged: Sequence[Acknowledged], fence: int) -> bool:
        if acknowledged:
            raise Killed
        return True


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
        await _push_and_die(gateway, channel)
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
        await _push_and_die(gateway, channel)
        assert shop.shelf.quantity(SKU, shop.home()) == 10
        shop.behave()
        async with gateway.channels.running():
            await shop.shelf.until(SKU, 7, shop.home())


@pytest.mark.parametrize("platform", ["shopify", "woocommerce"])
async def test_a_shop_that_sells_while_others_sell_ends_with_our_count(
    mongo_uri: str, database_name: str, platform: str
) -> None:
    """Its webhooks come late, twice and in the wrong order; afterwards its count is ours, to the unit."""
    print(f"\nseed {SEED}")
    chance = random.Random(SEED)
    shop: SimulatedPlatform = (SimulatedShopify if platform == "shopify" else SimulatedWooCommerce)({SKU: 200})
    async with (
        shop,
        trading(mongo_uri, database_name, {SKU: {HOME: 200}}) as gateway,
        webhook_server(gateway) as url,
        gateway.channels.running(),
    ):
        await connect(gateway, "shop", shop, [SKU])
        shop.webhooks.address = f"{url}/webhooks/shop"
        sold = 0
        for number in range(12):
            shop.webhooks.hold()
            for step in range(4):
                units = chance.randint(1, 2)
                sold += units
                if chance.random() < 0.5:
                    await shop.sell(SKU, units)
                else:
                    await change(gateway, f"c{number}-{step}", SKU, -units)
            await shop.webhooks.release(reverse=chance.random() < 0.5, copies=2)
        await until_settled(gateway)
        assert (await level_of(gateway, SKU)).available == 200 - sold
        await shop.shelf.until(SKU, 200 - sold, shop.home())
        await until_confirmed(gateway, "shop", SKU)
        assert shop.shelf.quantity(SKU, shop.home()) == 200 - sold


async def test_a_channel_whose_credentials_are_refused_says_so_and_recovers(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedWooCommerce({SKU: 1}) as woo,
        gateway.channels.running(),
    ):
        channel = await connect(gateway, "woo-de", woo)
        await gateway.channels.channels.update("woo-de", ChannelChange(config={"consumerSecret": "cs_wrong"}))
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


async def _push_and_die(gateway: Gateway, channel: Channel) -> None:
    """Push what is due as a process that does not live to record the answer."""
    leases = LeaseStore(gateway.database, "mortal", ttl_seconds=30)
    connection = gateway.channels.connections.of(channel)
    pusher = Pusher(Mortal(gateway.database), gateway.stock_store)
    lease = await leases.acquire(f"channel/{channel.id}")
    assert lease is not None
    item = await item_of(gateway, SKU)
    offers = await pusher.offers(channel, connection.connector.stock.writes, [item.id], {})
    with pytest.raises((Killed, ConnectorError)):
        await pusher.send(channel, connection, lease, offers)
    await leases.release(lease)


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
        services, pushes = gateway.channels, PushStore(gateway.database)
        connection = Connections({"woocommerce": PoisonedWoo()}, session, services.channels.full_config).of(channel)
        lease = await LeaseStore(gateway.database, "tests", ttl_seconds=60).acquire("channel/woo-de")
        assert lease is not None
        pusher = Pusher(pushes, gateway.stock_store)
        policy = channel.policy(await gateway.stock_store.locations())
        worker = ChannelWorker(
            channel, connection, policy, lease, pusher, pushes, services.channels.report_health, lambda *_: None
        )
        working = asyncio.create_task(worker.run())
        await woo.shelf.until("GOOD", 9)

        async def parked() -> bool:
            return bool(await gateway.database["listings"].count_documents({"error.reason": {"$regex": "no such"}}))

        await until(gateway, "listings", parked)
        worker.stop()
        await working
