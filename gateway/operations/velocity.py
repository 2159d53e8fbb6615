"""How fast an item sells: what is remembered of its demand, as of now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from gateway.inventory.errors import Code, NotFound
from gateway.inventory.identifiers import check_sku, check_slug
from gateway.inventory.stock import Item
from gateway.operations.clock import Clock
from gateway.operations.sourcing import ChannelLookup
from gateway.planning.figures import DemandFigures, figures
from gateway.planning.series import ALL_CHANNELS, Cell, Series
from gateway.planning.velocity import ALL_LOCATIONS, ItemVelocity

_EPOCH = date(1970, 1, 1)


class StockLookup(Protocol):
    async def items(self, skus: Collection[str]) -> Mapping[str, Item]: ...

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]: ...


class VelocityRepository(Protocol):
    async def one(self, item_id: str, location_key: str) -> ItemVelocity | None: ...

    async def many(self, item_ids: Collection[str]) -> dict[str, ItemVelocity]: ...

    async def begin_round(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Velocity:
    """The demand of one item at a location or all, through a channel or all, with the terms of its figures.

    `figures` is None before the first counted day. `folded_until` is when the item's last movement counted here was.
    """

    sku: str
    half_life_days: float
    folded_until: datetime
    cell: Cell
    series: Series
    figures: DemandFigures | None

    @property
    def since(self) -> date:
        """When the place was first stocked (UTC)."""
        return _EPOCH + timedelta(days=self.cell.since)


class VelocityOperations:
    """Answers from one stored document, however long the ledger is."""

    def __init__(
        self, stock: StockLookup, channels: ChannelLookup, velocities: VelocityRepository, clock: Clock
    ) -> None:
        self._stock = stock
        self._channels = channels
        self._velocities = velocities
        self._clock = clock

    async def of(self, sku: str, location_id: str | None = None, channel_id: str | None = None) -> Velocity | None:
        """None where there was never stock, as far as the ledger has been folded. Raises NotFound."""
        item = await self._item(sku)
        await self._check_known(location_id, channel_id)
        velocity = await self._velocities.one(item.id, ALL_LOCATIONS if location_id is None else location_id)
        cell = velocity.cell_at(location_id, self._clock()) if velocity is not None else None
        if velocity is None or cell is None:
            return None
        series = cell.series.get(ALL_CHANNELS if channel_id is None else channel_id, Series())
        folded_until = datetime.fromtimestamp(velocity.seq / 1_000_000, UTC)
        return Velocity(item.sku, velocity.half_life_days, folded_until, cell, series, figures(cell, series))

    async def by_location(self, item_ids: Collection[str]) -> dict[str, dict[str, DemandFigures]]:
        """Of each item by location, through all channels; what has no counted day is left out."""
        now = self._clock()
        velocities = await self._velocities.many(item_ids)
        return {item_id: velocity.figures_by_location(now) for item_id, velocity in velocities.items()}

    async def rebuild(self) -> None:
        """Have the whole ledger folded anew, in the background; an item's former figures are shown until its turn."""
        await self._velocities.begin_round()

    async def _item(self, sku: str) -> Item:
        check_sku(sku, ("sku",))
        item = (await self._stock.items([sku])).get(sku)
        if item is None:
            raise NotFound(Code.ITEM_NOT_FOUND, f"There is no item with SKU '{sku}'.", ("sku",))
        return item

    async def _check_known(self, location_id: str | None, channel_id: str | None) -> None:
        if location_id is not None:
            check_slug(location_id, ("locationId",))
            if location_id not in await self._stock.locations():
                message = f"There is no location '{location_id}'."
                raise NotFound(Code.LOCATION_NOT_FOUND, message, ("locationId",))
        if channel_id is not None:
            check_slug(channel_id, ("channelId",))
            if await self._channels.get(channel_id) is None:
                raise NotFound(Code.CHANNEL_NOT_FOUND, f"There is no channel '{channel_id}'.", ("channelId",))
