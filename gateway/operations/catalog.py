"""Items and locations: create, change, archive, deactivate. Stock itself changes only through the kernel."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import uuid4

from gateway.inventory.catalog import (
    BACKORDER_LIMIT_MAX,
    NOWHERE,
    PRIORITY_MAX,
    TAG_LENGTH_MAX,
    TAGS_MAX,
    ItemChange,
    Location,
    LocationChange,
    SkuTaken,
)
from gateway.inventory.errors import Code, Conflict, InvalidInput, NotFound, Path
from gateway.inventory.geography import Whereabouts
from gateway.inventory.identifiers import (
    NAME_LENGTH_MAX,
    check_count,
    check_optional_text,
    check_sku,
    check_slug,
    check_text,
)
from gateway.inventory.quantities import check_range
from gateway.inventory.stock import Item, ItemStatus
from gateway.operations.clock import Clock


class ItemRepository(Protocol):
    """Where items are defined."""

    async def add(self, item: Item) -> bool: ...

    async def change(self, sku: str, change: ItemChange, at: datetime) -> Item | None: ...

    async def set_safety_stock(self, sku: str, location_id: str, quantity: int, at: datetime) -> Item | None: ...


class LocationRepository(Protocol):
    """Where locations are kept."""

    async def add(self, location: Location) -> bool: ...

    async def change(self, location_id: str, change: LocationChange, at: datetime) -> Location | None: ...


class KernelCache(Protocol):
    """What the kernel remembers of definitions, and must be told to forget."""

    def forget(self, skus: Collection[str]) -> None: ...

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]: ...


class WaitingEvents(Protocol):
    """What channels have told of and nobody here knew."""

    async def wake(self) -> int:
        """Make all of it due now: it may be known by now."""


class LevelWatch(Protocol):
    """Who raises alerts about levels of stock."""

    async def rules_changed(self, item_ids: Collection[str]) -> None:
        """Look at these items anew: they may not be watched any more, or again."""


@dataclass(frozen=True, slots=True)
class CatalogOperations:
    """Changes what items and locations are. Each returns the new state or raises an InventoryError."""

    items: ItemRepository
    locations: LocationRepository
    kernel: KernelCache
    waiting: WaitingEvents
    levels: LevelWatch
    clock: Clock

    async def create_item(self, sku: str, name: str | None, backorder_limit: int, tags: Collection[str] = ()) -> Item:
        """A new item without stock; orders that waited for it are taken up. Raises Conflict (TAKEN) where the SKU is in
        use."""
        check_sku(sku, ("sku",))
        check_optional_text(name, ("name",), NAME_LENGTH_MAX)
        check_range(backorder_limit, ("backorderLimit",), 0, BACKORDER_LIMIT_MAX)
        sorted_tags = _checked_tags(tags)
        now = self.clock()
        active = ItemStatus.ACTIVE
        item = Item(uuid4().hex, sku, name, 0, 0, 0, active, backorder_limit, {}, now, now, tags=sorted_tags)
        if not await self.items.add(item):
            raise _taken("SKU", sku, ("sku",))
        await self.waiting.wake()
        return item

    async def change_item(self, sku: str, change: ItemChange) -> Item:
        """Rename, re-describe, tag, archive or restore an item. Its id, stock and history stay."""
        check_sku(sku, ("sku",))
        if change.sku is not None:
            check_sku(change.sku, ("newSku",))
        check_optional_text(change.name, ("name",), NAME_LENGTH_MAX)
        if change.backorder_limit is not None:
            check_range(change.backorder_limit, ("backorderLimit",), 0, BACKORDER_LIMIT_MAX)
        if change.tags is not None:
            change = replace(change, tags=_checked_tags(change.tags))
        if change == ItemChange():
            raise InvalidInput(Code.EMPTY, "Nothing to change was given.")
        try:
            item = await self.items.change(sku, change, self.clock())
        except SkuTaken:
            raise _taken("SKU", change.sku or "", ("newSku",)) from None
        self.kernel.forget([sku, *([change.sku] if change.sku else [])])
        if item is None:
            raise NotFound(Code.ITEM_NOT_FOUND, f"There is no item with SKU '{sku}'.", ("sku",))
        if change.sku is not None:
            await self.waiting.wake()
        if change.archived is not None:
            await self.levels.rules_changed([item.id])
        return item

    async def set_safety_stock(self, sku: str, location_id: str, quantity: int) -> Item:
        """Units of an item that a location is to keep while another one can serve an order; 0 is none."""
        check_sku(sku, ("sku",))
        check_slug(location_id, ("locationId",))
        check_range(quantity, ("quantity",), 0)
        if location_id not in await self.kernel.locations(fresh=True):
            raise NotFound(Code.LOCATION_NOT_FOUND, f"There is no location '{location_id}'.", ("locationId",))
        item = await self.items.set_safety_stock(sku, location_id, quantity, self.clock())
        self.kernel.forget([sku])
        if item is None:
            raise NotFound(Code.ITEM_NOT_FOUND, f"There is no item with SKU '{sku}'.", ("sku",))
        return item

    async def create_location(
        self, location_id: str, name: str | None, priority: int, whereabouts: Whereabouts = NOWHERE
    ) -> Location:
        """A new active location. Raises Conflict (TAKEN) where the id is in use."""
        check_slug(location_id, ("id",))
        check_optional_text(name, ("name",), NAME_LENGTH_MAX)
        check_range(priority, ("priority",), 0, PRIORITY_MAX)
        now = self.clock()
        location = Location(location_id, name or location_id, True, priority, now, now, whereabouts)
        if not await self.locations.add(location):
            raise _taken("location id", location_id, ("id",))
        await self.kernel.locations(fresh=True)
        return location

    async def change_location(self, location_id: str, change: LocationChange) -> Location:
        """Rename, re-rank, deactivate or reactivate a location.

        Its stock stays; while inactive it is not available to sell, and the location takes none. Other processes
        see the change within a second.
        """
        check_slug(location_id, ("id",))
        check_optional_text(change.name, ("name",), NAME_LENGTH_MAX)
        if change.priority is not None:
            check_range(change.priority, ("priority",), 0, PRIORITY_MAX)
        if change == LocationChange():
            raise InvalidInput(Code.EMPTY, "Nothing to change was given.")
        location = await self.locations.change(location_id, change, self.clock())
        if location is None:
            raise NotFound(Code.LOCATION_NOT_FOUND, f"There is no location '{location_id}'.", ("id",))
        await self.kernel.locations(fresh=True)
        return location


def _taken(what: str, value: str, path: Path) -> Conflict:
    return Conflict(Code.TAKEN, f"The {what} '{value}' is taken. Choose another one.", path)


def _checked_tags(tags: Collection[str]) -> tuple[str, ...]:
    if tags:
        check_count(tags, ("tags",), TAGS_MAX)
    for index, tag in enumerate(tags):
        check_text(tag, ("tags", str(index)), TAG_LENGTH_MAX)
        if tag != tag.strip():
            message = "A tag has no white space at its ends."
            raise InvalidInput(Code.INVALID_CHARACTERS, message, ("tags", str(index)))
    return tuple(sorted(set(tags)))
