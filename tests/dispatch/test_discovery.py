"""Listing discovery: what matches is listed, what does not is told."""

from __future__ import annotations

from connectors.simulated.woocommerce import SimulatedWooCommerce
from connectors.simulated.woocommerce_products import Product
from gateway.inventory.discoveries import RunState
from tests.dispatch.surveying import discovered
from tests.dispatch.trading import HOME, connect, trading


async def test_a_catalogue_of_several_pages_is_matched_by_sku(mongo_uri: str, database_name: str) -> None:
    ours = {f"SKU-{n}": {HOME: 5} for n in range(130)}
    async with (
        trading(mongo_uri, database_name, ours) as gateway,
        SimulatedWooCommerce({**dict.fromkeys(ours, 5), "ALIEN": 3}) as woo,
        gateway.channels.running(),
    ):
        await connect(gateway, "woo-de", woo, ["SKU-0"])
        found = await discovered(gateway, "woo-de")
        assert (found.state, found.pages, found.entries) == (RunState.DONE, 2, 131)
        assert (found.matched, found.created, found.known, found.twice) == (130, 129, 1, 0)
        assert (found.unmatched, found.unmatched_skus) == (1, ("ALIEN",))
        assert await gateway.database["listings"].count_documents({}) == 130
        again = await discovered(gateway, "woo-de")
        assert (again.created, again.known) == (0, 130)
        assert woo.shelf.quantity("ALIEN") == 3


async def test_a_sku_that_the_shop_has_twice_is_listed_once_and_told(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {"MUG": {HOME: 5}}) as gateway,
        SimulatedWooCommerce({"MUG": 5}) as woo,
        gateway.channels.running(),
    ):
        woo.products["MUG again"] = Product(woo.new_id(), "MUG")
        await connect(gateway, "woo-de", woo)
        found = await discovered(gateway, "woo-de")
        assert (found.matched, found.created, found.twice) == (2, 1, 1)
        assert found.twice_skus[0].sku == "MUG"
        assert found.twice_skus[0].ids["product_id"] == str(woo.products["MUG again"].product_id)
