"""What comes back to a channel: some platforms raise their own count by it, the others are told."""

from __future__ import annotations

from connectors.simulated import SimulatedShopify, SimulatedWalmart, SimulatedWooCommerce
from gateway.store.own_movements import OwnMovements
from tests.dispatch.test_orders import CREATED, PART_REFUNDED, PART_SHIPPED, RETURNED, SHIPPED, SKU, report, sales_of
from tests.dispatch.trading import (
    HOME,
    connect,
    item_of,
    level_of,
    trading,
    until_confirmed,
    until_settled,
    webhook_server,
)


async def test_what_had_left_and_came_back_is_told_from_a_cancellation(mongo_uri: str, database_name: str) -> None:
    async with trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway, SimulatedWooCommerce({}) as woo:
        channel, item = await connect(gateway, "woo", woo), await item_of(gateway, SKU)
        for event in (CREATED, PART_SHIPPED, PART_REFUNDED, SHIPPED, RETURNED):
            await sales_of(gateway).report(channel, event)
        own = await OwnMovements(gateway.database).of(channel.id, {item.id: item.seq})
    assert own is not None and {(some.delta, some.returned) for some in own} == {(-5, 0), (1, 0), (2, 2)}


async def test_a_sale_first_heard_of_when_all_of_it_was_back_in_another_shop_counts_in_both(
    mongo_uri: str, database_name: str
) -> None:
    stock = {SKU: {"EAST": 9, "WEST": 9}}
    async with trading(mongo_uri, database_name, stock) as gateway, SimulatedShopify({}) as shop:
        places = {"EAST": "gid://shopify/Location/1", "WEST": "gid://shopify/Location/2"}
        channel = await connect(gateway, "shopify-uk", shop, locations=places)
        returned = report(2, 60, 3, 0, 3, place=places["EAST"], return_place=places["WEST"])
        for _ in range(2):
            await sales_of(gateway).report(channel, returned)
        assert [(await level_of(gateway, SKU, at)).available for at in places] == [6, 12]


async def test_a_platform_that_counts_no_returns_offers_them_again(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedWalmart({SKU: 10}) as shop,
        webhook_server(gateway) as url,
        gateway.channels.running(),
    ):
        await connect(gateway, "walmart", shop, [SKU])
        shop.webhooks.address = f"{url}/webhooks/walmart"
        await until_confirmed(gateway, "walmart", SKU)
        sold = await shop.sell(SKU, 5)
        await shop.fulfil(sold)
        for returned in (0, 2):
            if returned:
                await shop.refund(sold, SKU, returned)
            await shop.webhooks.deliver(shop.order_deliveries(sold, "created")[0])
            await until_settled(gateway)
            await until_confirmed(gateway, "walmart", SKU)
            shown = shop.shelf.quantity(SKU, shop.home())
            assert (await level_of(gateway, SKU)).available == shown == 5 + returned
