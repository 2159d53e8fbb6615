"""Every platform's simulated shop as a channel of one gateway, and what the vendors say requests look like."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from connectors.abilities import CountedQuantity
from connectors.catalog import ChannelStock
from connectors.signatures import SharedAddress
from connectors.simulated import SimulatedZalando
from connectors.simulated.platform import SimulatedPlatform
from gateway.bootstrap import Gateway
from gateway.dispatch.connections import Connection
from gateway.inventory.channels import Channel
from tests.dispatch.trading import (
    HOME,
    catalogue,
    level_of,
    trading,
    until_confirmed,
    until_settled,
    webhook_server,
)
from tests.system.shop_kinds import KINDS

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stand:
    """One shop, and our channel for it."""

    name: str
    shop: SimulatedPlatform
    channel: Channel
    connection: Connection

    def shown(self, sku: str) -> int:
        """What its buyers can buy."""
        return self.shop.shelf.quantity(sku, self.shop.home())

    def violations(self) -> list[str]:
        """What its vendor's description does not allow of all that we asked."""
        described = KINDS[self.name].described
        return [f"{self.name}: {problem}" for one in described for problem in one.violations(self.shop.requests)]

    async def counts(self) -> dict[str, int]:
        """What it tells us, by SKU, less what its open orders hold of it; empty where it tells of no counts."""
        connector, config = self.connection.connector, self.connection.config
        found: list[ChannelStock] = []
        cursor, more = None, connector.stock.shows_counts
        while more:
            page = await self.connection.client.run(connector.read_stock(config, cursor))
            found += page.entries
            cursor, more = page.cursor, page.more
        here = (one for one in found if one.location_id in (None, self.shop.home()))
        return {one.sku: one.quantity - self._held(one) for one in here if one.sku and one.quantity is not None}

    def _held(self, level: ChannelStock) -> int:
        on_hand = self.connection.connector.stock.counted is CountedQuantity.ON_HAND
        return (level.committed or 0) if on_hand else 0


@dataclass(frozen=True, slots=True)
class Market:
    """All of them, and the gateway that keeps them in step."""

    gateway: Gateway
    stands: tuple[Stand, ...]

    def hold(self) -> None:
        """From now on no shop tells of its sales."""
        for stand in self.stands:
            stand.shop.webhooks.hold()

    async def report(self, *sellers: Stand) -> None:
        """Return when all that these sold, or all of them, is in our ledger: what was held is told, and who may keep
        silent is asked."""
        await asyncio.gather(*(self._hear(stand) for stand in sellers or self.stands))
        await until_settled(self.gateway)

    async def in_step(self, *skus: str) -> None:
        """Return when every channel has acknowledged the present quantity."""
        for stand in self.stands:
            for sku in skus:
                await until_confirmed(self.gateway, stand.channel.id, sku)

    async def available(self, sku: str) -> int:
        return (await level_of(self.gateway, sku)).available

    async def _hear(self, stand: Stand) -> None:
        await stand.shop.webhooks.release(reverse=True, copies=2)
        if stand.connection.connector.tells_of_orders(stand.connection.config):
            return
        # As if the time until the next poll had passed.
        await self.gateway.database["cursors"].update_one({"_id": stand.channel.id}, {"$set": {"dueAt": LONG_AGO}})
        due_at = await self.gateway.channels.reception.poller.poll(stand.channel)
        assert due_at is not None and due_at > datetime.now(UTC), stand.name


@asynccontextmanager
async def market(uri: str, database: str, stock: Mapping[str, int]) -> AsyncIterator[Market]:
    """One shop of each kind, in step with ours. At the end each request and each webhook must have been right."""
    async with AsyncExitStack() as stack:
        shops = {name: await stack.enter_async_context(kind.make(stock)) for name, kind in KINDS.items()}
        levels = {sku: {HOME: units} for sku, units in stock.items()}
        gateway = await stack.enter_async_context(trading(uri, database, levels))
        url = await stack.enter_async_context(webhook_server(gateway))
        connecting = (_connect(gateway, f"{url}/webhooks/{name}", name, shop, stock) for name, shop in shops.items())
        stands = await asyncio.gather(*connecting)
        opened = Market(gateway, tuple(stands))
        await stack.enter_async_context(gateway.channels.running())
        await opened.in_step(*stock)
        # As if the hours had passed in which a platform may still report what our first write has trampled.
        await gateway.database["listings"].update_many({}, {"$set": {"confirmed.$[].settlesAt": LONG_AGO}})
        yield opened
        assert [problem for stand in stands for problem in stand.violations()] == []
        answered = {stand.name: set(stand.shop.webhooks.statuses) for stand in stands}
        refused = {name: statuses for name, statuses in answered.items() if not statuses <= {200, 202}}
        assert not refused, refused


async def _connect(gateway: Gateway, address: str, name: str, shop: SimulatedPlatform, skus: Collection[str]) -> Stand:
    shop.webhooks.address = address
    locations = {HOME: home} if (home := shop.home()) is not None else None
    channel = await gateway.channels.channels.create(name, KINDS[name].platform, name, shop.config(), locations)
    connection = gateway.channels.connections.of(channel)
    signature = connection.connector.signature
    if isinstance(signature, SharedAddress):
        secret = connection.connector.secrets(connection.config)[0]
        shop.webhooks.address += "?" + urlencode({signature.parameter: secret})
    if isinstance(shop, SimulatedZalando):
        ids: Mapping[str, Mapping[str, str]] = {sku: {"ean": ean} for sku, ean in shop.eans.items()}
    else:
        ids = await catalogue(gateway, channel)
    for sku in skus:
        await gateway.channels.listings.create(channel.id, sku, ids[sku])
    return Stand(name, shop, channel, connection)
