"""Listing discovery: what matches is listed, what does not is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectors.simulated.woocommerce import SimulatedWooCommerce
from connectors.simulated.woocommerce_products import Product
from gateway.bootstrap import Gateway
from gateway.discovery import DiscoveryRun
from gateway.inventory.discoveries import Discovery, RunState
from gateway.store.discoveries import DiscoveryStore
from gateway.store.leases import LeaseStore
from gateway.store.listings import ListingStore
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


class Killed(BaseException):
    """The process died here."""


class Mortal(DiscoveryStore):
    """Stands for a process that is killed before or after it has recorded a page."""

    def __init__(self, gateway: Gateway, *, recorded: bool) -> None:
        super().__init__(gateway.database)
        self.recorded = recorded

    async def save(self, discovery: Discovery) -> bool:
        if self.recorded:
            await super().save(discovery)
        raise Killed


@pytest.mark.parametrize("recorded", [False, True])
async def test_a_discovery_that_was_killed_goes_on_at_its_page(
    mongo_uri: str, database_name: str, recorded: bool
) -> None:
    """Another process takes it up once the lease is over; what is read twice is counted once."""
    ours = {f"SKU-{n}": {HOME: 5} for n in range(130)}
    async with (
        trading(mongo_uri, database_name, ours) as gateway,
        SimulatedWooCommerce({**dict.fromkeys(ours, 5), "ALIEN": 3}) as woo,
    ):
        channel = await connect(gateway, "woo-de", woo)
        await gateway.channels.surveys.operations.discover("woo-de")
        lease = await LeaseStore(gateway.database, "mortal", ttl_seconds=0.5).acquire("discovery/woo-de")
        assert lease is not None
        listings = ListingStore(gateway.database)
        dying = DiscoveryRun(
            Mortal(gateway, recorded=recorded), listings, gateway.stock_store, gateway.channels.reception.inbox
        )
        with pytest.raises(Killed):
            await dying.run(channel, gateway.channels.connections.of(channel))
        woo.requests.clear()
        async with gateway.channels.running():
            found = await discovered(gateway, "woo-de")
        assert (found.state, found.pages, found.entries) == (RunState.DONE, 2, 131)
        assert (found.created, found.known, found.unmatched) == (130, 0, 1)
        pages = [request.query["page"] for request in woo.requests if request.path.endswith("/products")]
        assert pages == (["2"] if recorded else ["1", "2"])


async def test_a_process_that_was_overtaken_does_not_turn_a_discovery_back(mongo_uri: str, database_name: str) -> None:
    async with trading(mongo_uri, database_name) as gateway:
        store, now = DiscoveryStore(gateway.database), datetime.now(UTC)
        further = Discovery("woo-de", "run", RunState.RUNNING, now, now, pages=2)
        await store.begin(further)
        assert not await store.save(replace(further, pages=1))
        assert await store.save(replace(further, pages=3))
