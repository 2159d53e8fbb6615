"""What can be watched as it happens."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.availability import AvailabilityBand, band
from gateway.inventory.channels import Channel
from gateway.inventory.errors import Code, NotFound
from gateway.inventory.identifiers import check_count, check_slug
from gateway.inventory.news import StockNews, SyncNews
from schema.context import Info
from schema.errors import reading
from schema.items import LOCATIONS_MAX, SKUS_MAX, InventoryItem, check_skus
from schema.positions import cursor_of, position_of, time_of
from schema.scalars import Quantity


@strawberry.type(description="An item has changed. Of several quick changes perhaps only the last one is told.")
class StockChange:
    news: Private[StockNews]
    units: Private[int]
    exact: Private[bool]

    @strawberry.field(description="Where to go on after a break: give it as `after`.")
    def cursor(self) -> str:
        return str(self.news.seq)

    @strawberry.field(description="The item's SKU when it changed.")
    def sku(self) -> str:
        return self.news.sku

    @strawberry.field(description="Rises with every movement of the item; ignore what is lower than one seen before.")
    def version(self) -> Quantity:
        return Quantity(self.news.version)

    @strawberry.field(description="When it changed.")
    def changed_at(self) -> datetime:
        return datetime.fromtimestamp(self.news.seq / 1e6, UTC)

    @strawberry.field(description="Roughly how much can be sold at the places asked for.")
    def band(self, info: Info) -> AvailabilityBand:
        return band(max(0, self.units), info.context.services.low_stock_at)

    @strawberry.field(
        description="Units available at the places asked for, or offered to the channel; null unless the key has "
        "`inventory:read`."
    )
    def available(self) -> Quantity | None:
        return Quantity(self.units) if self.exact else None

    @strawberry.field(description="The item as it is now; null unless the key has `inventory:read`.")
    async def item(self, info: Info) -> InventoryItem | None:
        if not self.exact:
            return None
        item = await info.context.services.items_by_id.one(self.news.item_id)
        if item is None:
            return None
        return InventoryItem.of(item, await info.context.services.active.locations())


@strawberry.type(description="A channel has acknowledged an item, or its platform did not take it.")
class SyncChange:
    news: Private[SyncNews]

    @strawberry.field(
        description="Where to go on after a break: give the last one as `after`. Null where nothing was acknowledged."
    )
    def cursor(self) -> str | None:
        at = self.news.confirmed_at
        return None if at is None else cursor_of(at)

    @strawberry.field(description="The channel.")
    def channel_id(self) -> str:
        return self.news.channel_id

    @strawberry.field(description="The item.")
    def item_id(self) -> strawberry.ID:
        return strawberry.ID(self.news.item_id)

    @strawberry.field(description="Its SKU by now; null when it is gone.")
    async def sku(self, info: Info) -> str | None:
        item = await info.context.services.items_by_id.one(self.news.item_id)
        return None if item is None else item.sku

    @strawberry.field(description="The item's version that was acknowledged; null where none was, or none newer.")
    def confirmed_version(self) -> Quantity | None:
        version = self.news.confirmed_version
        return None if version is None else Quantity(version)

    @strawberry.field(description="When it was acknowledged; null where it was not.")
    def confirmed_at(self) -> datetime | None:
        return self.news.confirmed_at

    @strawberry.field(description="Whether the listing is parked: its platform refuses it.")
    def parked(self) -> bool:
        return self.news.parked

    @strawberry.field(description="What its platform said where it did not acknowledge.")
    def error(self) -> str | None:
        return self.news.reason


@strawberry.type
class StockSubscription:
    @strawberry.subscription(
        description="Items that change. A slow reader is told only the newest of each. Needs `availability:read`; "
        "with `inventory:read` the exact quantity is told."
    )
    async def stock_changed(
        self,
        info: Info,
        skus: Annotated[
            list[str] | None, strawberry.argument(description=f"Only these, 1 to {SKUS_MAX}; null: all.")
        ] = None,
        location_ids: Annotated[
            list[str] | None,
            strawberry.argument(description=f"Only changes and stock at these locations; 1 to {LOCATIONS_MAX}."),
        ] = None,
        channel_id: Annotated[
            str | None, strawberry.argument(description="What this channel is offered, less what is withheld.")
        ] = None,
        after: Annotated[
            str | None,
            strawberry.argument(description="The `cursor` of the last change that was seen: go on from there."),
        ] = None,
    ) -> AsyncGenerator[StockChange, None]:
        context = info.context
        exact = context.principal.may(Scope.INVENTORY_READ)
        with reading(context.principal, Scope.INVENTORY_READ if exact else Scope.AVAILABILITY_READ):
            if skus is not None:
                check_skus(skus)
            if location_ids is not None:
                check_count(location_ids, ("locationIds",), LOCATIONS_MAX)
            channel = None if channel_id is None else await _channel(info, channel_id)
            position = position_of(after)
        places = None if location_ids is None else frozenset(location_ids)
        async with aclosing(context.services.watching.stock(skus, position)) as changes:
            async for news in changes:
                if not _concerns(news, places, channel):
                    continue
                units = news.available
                if places is not None or channel is not None:
                    units = await _units(info, news, places, channel)
                yield StockChange(news=news, units=units, exact=exact)

    @strawberry.subscription(description="What a channel acknowledges or refuses. Needs `inventory:read`.")
    async def sync_changed(
        self,
        info: Info,
        channel_id: Annotated[str, strawberry.argument(description="Which channel.")],
        after: Annotated[
            str | None,
            strawberry.argument(description="The `cursor` of the last change that was seen: go on from there."),
        ] = None,
    ) -> AsyncGenerator[SyncChange, None]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            await _channel(info, channel_id)
            position = position_of(after)
        seen_at = time_of(position)
        async with aclosing(info.context.services.watching.channel(channel_id, seen_at)) as changes:
            async for news in changes:
                yield SyncChange(news=news)


async def _channel(info: Info, channel_id: str) -> Channel:
    check_slug(channel_id, ("channelId",))
    channel = await info.context.services.channel_directory.get(channel_id)
    if channel is None:
        raise NotFound(Code.CHANNEL_NOT_FOUND, f"There is no channel '{channel_id}'.", ("channelId",))
    return channel


def _concerns(news: StockNews, places: frozenset[str] | None, channel: Channel | None) -> bool:
    if not news.location_ids:
        return True  # what is kept for whom has changed, and nothing else
    if places is not None and not places & news.location_ids:
        return False
    return channel is None or any(channel.is_fed_by(at) for at in news.location_ids)


async def _units(info: Info, news: StockNews, places: frozenset[str] | None, channel: Channel | None) -> int:
    services = info.context.services
    item = await services.items_by_id.one(news.item_id)
    active = await services.active.locations()
    [units] = await services.channel_offers.sellable([item], channel, active, places)
    return units or 0
