"""What can be sold of many SKUs at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.inventory.availability import AvailabilityBand, band
from gateway.inventory.errors import Code, NotFound
from gateway.inventory.identifiers import check_count, check_sku, check_slug
from gateway.inventory.stock import Item
from gateway.operations.channel_offers import ChannelOffers
from gateway.operations.sourcing import ChannelLookup

SKUS_MAX = 100
LOCATIONS_MAX = 250


class StockLookup(Protocol):
    async def items(self, skus: Collection[str]) -> Mapping[str, Item]: ...

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]: ...


@dataclass(frozen=True, slots=True)
class SkuAvailability:
    """`known`: whether there is an active item with this SKU. `quantity` in units, from 0."""

    sku: str
    known: bool
    band: AvailabilityBand
    quantity: int


class AvailabilityOperations:
    """Answers what a storefront may know."""

    def __init__(
        self, stock: StockLookup, channels: ChannelLookup, offers: ChannelOffers, *, low_stock_at: int
    ) -> None:
        """At `low_stock_at` units and below, the band is LOW_STOCK."""
        self._stock = stock
        self._channels = channels
        self._offers = offers
        self._low_stock_at = low_stock_at

    async def of(
        self, skus: Sequence[str], location_ids: Sequence[str] | None = None, channel_id: str | None = None
    ) -> list[SkuAvailability]:
        """One answer per SKU, in order: at all active locations, at some of them, or as a channel is offered."""
        check_count(skus, ("skus",), SKUS_MAX)
        for index, sku in enumerate(skus):
            check_sku(sku, ("skus", str(index)))
        active = await self._stock.locations()
        among = None if location_ids is None else frozenset(location_ids)
        if location_ids is not None:
            check_count(location_ids, ("locationIds",), LOCATIONS_MAX)
        channel = None
        if channel_id is not None:
            check_slug(channel_id, ("channelId",))
            channel = await self._channels.get(channel_id)
            if channel is None:
                raise NotFound(Code.CHANNEL_NOT_FOUND, f"There is no channel '{channel_id}'.", ("channelId",))
        items = await self._stock.items(set(skus))
        units = await self._offers.sellable([items.get(sku) for sku in skus], channel, active, among)
        return [self._of(sku, some) for sku, some in zip(skus, units, strict=True)]

    def _of(self, sku: str, units: int | None) -> SkuAvailability:
        return SkuAvailability(sku, units is not None, band(units or 0, self._low_stock_at), units or 0)
