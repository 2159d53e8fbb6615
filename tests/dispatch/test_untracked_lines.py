"""Lines of orders that the platform does not count."""

from __future__ import annotations

from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.operations.sales import ChannelLine, ChannelOrder
from tests.dispatch.test_orders import CREATED, SKU, sales_of
from tests.dispatch.trading import HOME, connect, level_of, trading


async def test_a_line_that_the_platform_does_not_count_is_left_out_unless_it_is_listed(
    mongo_uri: str, database_name: str
) -> None:
    """A shop may well ignore stock for goods that others sell, too."""
    async with trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway, SimulatedWooCommerce({}) as woo:
        channel = await connect(gateway, "woo-de", woo)
        lines = tuple(
            ChannelLine(line_id, sku, {"product": line_id}, 2, 2, 0, tracked=tracked)
            for line_id, sku, tracked in (
                ("1", SKU, True),
                ("2", SKU, False),
                ("3", "LABOUR", False),
                ("4", None, False),
            )
        )
        assert await sales_of(gateway).report(channel, ChannelOrder("7", None, "", CREATED.precedence, lines))
        assert (await level_of(gateway, SKU)).allocated == 4
        only = ChannelOrder("8", None, "", CREATED.precedence, lines[2:])
        assert await sales_of(gateway).report(channel, only), "an order of services alone is done, too"
