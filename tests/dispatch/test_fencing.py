"""Two workers fight for a channel: the one that has lost the lease, and may not know it, sends and records nothing."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.bootstrap import Gateway
from gateway.dispatch.connections import Connection
from gateway.dispatch.offers import Offer
from gateway.dispatch.pushing import LeaseLost, Pusher
from gateway.inventory.channels import Channel
from gateway.inventory.offering import Offering
from gateway.store.leases import Lease, LeaseStore
from gateway.store.pushes import PushStore
from tests.dispatch.trading import HOME, change, connect, item_of, trading

SKU = "MUG-WHT"


@dataclass
class Rivals:
    """Two processes' leases of one channel, and what both push with."""

    gateway: Gateway
    channel: Channel
    shop: SimulatedPlatform
    pusher: Pusher
    ours: LeaseStore
    theirs: LeaseStore

    @property
    def connection(self) -> Connection:
        return self.gateway.channels.connections.of(self.channel)

    async def offers(self) -> list[Offer]:
        writes = self.connection.connector.abilities(self.connection.config).writes
        item = await item_of(self.gateway, SKU)
        return await self.pusher.offers(Offering(self.channel, {HOME: True}), writes, [item.id], {})

    async def send(self, lease: Lease, offers: list[Offer]) -> None:
        await self.pusher.send(self.channel, self.connection, lease, offers)

    async def lease(self, store: LeaseStore) -> Lease:
        lease = await store.acquire("channel/shop")
        assert lease is not None
        return lease


@asynccontextmanager
async def rivals(uri: str, database: str, shop: SimulatedPlatform) -> AsyncIterator[Rivals]:
    async with shop, trading(uri, database, {SKU: {HOME: 10}}) as gateway:
        channel = await connect(gateway, "shop", shop, [SKU])
        ours, theirs = (LeaseStore(gateway.database, owner, ttl_seconds=60) for owner in ("ours", "theirs"))
        yield Rivals(gateway, channel, shop, Pusher(PushStore(gateway.database)), ours, theirs)


@pytest.mark.parametrize("shop", [SimulatedShopify, SimulatedWooCommerce])
async def test_what_a_worker_decided_before_it_lost_the_lease_is_not_sent_after_the_newer(
    mongo_uri: str, database_name: str, shop: type[SimulatedShopify] | type[SimulatedWooCommerce]
) -> None:
    async with rivals(mongo_uri, database_name, shop({SKU: 10})) as some:
        old = await some.lease(some.ours)
        await change(some.gateway, "c1", SKU, -1)
        decided = await some.offers()
        # Here the process stands still for so long that its lease runs out, which it has not noticed yet.
        await some.ours.release(old)
        await change(some.gateway, "c2", SKU, -2)
        await some.send(await some.lease(some.theirs), await some.offers())
        assert some.shop.shelf.quantity(SKU, some.shop.home()) == 7
        with pytest.raises(LeaseLost):
            await some.send(old, decided)
        assert some.shop.shelf.quantity(SKU, some.shop.home()) == 7
        assert len(some.shop.stock_writes()) == 1


async def test_nothing_is_sent_under_a_lease_that_ends_before_the_request_could(
    mongo_uri: str, database_name: str
) -> None:
    async with rivals(mongo_uri, database_name, SimulatedWooCommerce({SKU: 1})) as some:
        lease = await some.lease(some.ours)
        with pytest.raises(LeaseLost):
            await some.send(replace(lease, valid_until=time.monotonic() + 1), await some.offers())
        assert some.shop.stock_writes() == []
        # What was to be sent counts as sent, for the successor to settle.
        await some.send(await some.lease(some.ours), await some.offers())
        assert some.shop.shelf.quantity(SKU) == 10


async def test_one_owner_at_a_time_has_a_lease_and_each_owner_a_higher_token(
    mongo_uri: str, database_name: str
) -> None:
    async with rivals(mongo_uri, database_name, SimulatedWooCommerce({SKU: 10})) as some:
        first = await some.lease(some.ours)
        assert await some.theirs.acquire("channel/shop") is None
        assert (await some.lease(some.ours)).token == first.token, "renewing keeps the token"
        await some.ours.release(first)
        assert (await some.lease(some.theirs)).token > first.token
        await some.ours.release(first)
        assert await some.ours.acquire("channel/shop") is None, "a late release takes nothing from the next owner"
