"""Items and their levels."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import closing
from datetime import datetime

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.catalog import ItemChange
from gateway.inventory.errors import InventoryError
from gateway.inventory.identifiers import check_count, check_slug
from gateway.inventory.ledger import ItemMark
from gateway.inventory.ports import StorageError
from gateway.inventory.stock import Item, ItemStatus, Level
from gateway.store.views.items import ItemFilter
from schema.context import Info
from schema.errors import UserError, reading, user_error
from schema.ledger import After, First, LedgerConnection, history_page, read_position
from schema.loaders import HistoryKey
from schema.paging import FIRST_DEFAULT, Connection, check_first, connection, read_cursor
from schema.scalars import Quantity

SKUS_MAX = 100
LOCATIONS_MAX = 250

ItemReader = Callable[[Item], object]

strawberry.enum(ItemStatus, name="ItemStatus", description="Archived items take no changes of stock.")


@strawberry.type(name="Level", description="The quantities of one SKU at one location, in units.")
class LevelType:
    location_id: str
    available: Quantity = strawberry.field(description="Can be promised to a new buyer.")
    allocated: Quantity = strawberry.field(description="Promised: held by a reservation, or sold and not shipped.")
    incoming: Quantity = strawberry.field(description="On its way; not part of the total.")
    unavailable: Quantity = strawberry.field(description="Here but not sellable; not part of the total.")
    total: Quantity = strawberry.field(description="available + allocated")
    on_hand: Quantity = strawberry.field(description="total + unavailable")
    updated_at: datetime | None

    @classmethod
    def of(cls, location_id: str, level: Level) -> LevelType:
        return cls(
            location_id=location_id,
            available=Quantity(level.available),
            allocated=Quantity(level.allocated),
            incoming=Quantity(level.incoming),
            unavailable=Quantity(level.unavailable),
            total=Quantity(level.total),
            on_hand=Quantity(level.on_hand),
            updated_at=level.updated_at,
        )


@strawberry.type(
    description="One SKU. In a mutation's answer, `version` and `totalAvailableQuantity` are as of that change, also "
    "when it is replayed; everything else is as of now."
)
class InventoryItem:
    id: strawberry.ID = strawberry.field(description="Never changes, whatever becomes of the SKU.")
    sku: str
    version: Quantity = strawberry.field(description="Rises by one with every movement, without gaps.")
    total_available_quantity: Quantity = strawberry.field(description="Sum of `available` over active locations.")
    known: Private[Item | None] = None

    @strawberry.field
    def name(self, info: Info) -> str | None:
        return self._read(info, lambda item: item.name)  # type: ignore[return-value]

    @strawberry.field(description="How many units may be promised beyond what there is, where a request allows it.")
    def backorder_limit(self, info: Info) -> Quantity:
        return self._read(info, lambda item: item.backorder_limit)  # type: ignore[return-value]

    @strawberry.field
    def status(self, info: Info) -> ItemStatus:
        return self._read(info, lambda item: item.status)  # type: ignore[return-value]

    @strawberry.field(description="When it was last changed.")
    def updated_at(self, info: Info) -> datetime:
        return self._read(info, lambda item: item.updated_at)  # type: ignore[return-value]

    @strawberry.field(description="Its levels by location, all of them unless `locationIds` names some.")
    def levels(self, info: Info, location_ids: list[str] | None = None) -> list[LevelType]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            if location_ids is not None:
                check_count(location_ids, ("locationIds",), LOCATIONS_MAX)
        return self._read(info, lambda item: _levels(item, location_ids))  # type: ignore[return-value]

    @strawberry.field(description="What changed it, the newest first.")
    async def ledger(self, info: Info, first: First = FIRST_DEFAULT, after: After = None) -> LedgerConnection:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit = check_first(first)
            key = HistoryKey(self.id, read_position(after), limit + 1)
            return history_page(await info.context.loaders.history_of_item.load(key), limit)

    @classmethod
    def of(cls, item: Item, active: set[str]) -> InventoryItem:
        total = sum(level.available for location_id, level in item.levels.items() if location_id in active)
        return cls(
            id=strawberry.ID(item.id),
            sku=item.sku,
            version=Quantity(item.version),
            total_available_quantity=Quantity(total),
            known=item,
        )

    @classmethod
    def marked(cls, mark: ItemMark) -> InventoryItem:
        return cls(
            id=strawberry.ID(mark.item_id),
            sku=mark.sku,
            version=Quantity(mark.version),
            total_available_quantity=Quantity(mark.total_available),
        )

    def _read(self, info: Info, value: ItemReader) -> object:
        """A value of the item: at once where the item is at hand, so that nothing is awaited needlessly."""
        return value(self.known) if self.known is not None else self._load(info, value)

    async def _load(self, info: Info, value: ItemReader) -> object:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            item = await info.context.loaders.item_by_id.load(self.id)
            # Items are archived, never deleted.
            assert item is not None
            return value(item)


def _levels(item: Item, location_ids: list[str] | None) -> list[LevelType]:
    wanted = sorted(item.levels) if location_ids is None else location_ids
    return [LevelType.of(location_id, item.level(location_id)) for location_id in wanted]


async def active_locations(info: Info) -> set[str]:
    known = await info.context.services.active.locations()
    return {location_id for location_id, active in known.items() if active}


@strawberry.input(description="Which items to list; what is left out matches everything.")
class ItemFilterInput:
    sku_prefix: str | None = None
    status: ItemStatus | None = None
    location_id: str | None = strawberry.field(default=None, description="Stocked at this location, zero included.")
    updated_since: datetime | None = None


@strawberry.type
class ItemQuery:
    @strawberry.field(description="One item by SKU; null where there is none.")
    async def inventory_item(self, info: Info, sku: str) -> InventoryItem | None:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            item = await info.context.loaders.item_by_sku.load(sku)
            return InventoryItem.of(item, await active_locations(info)) if item else None

    @strawberry.field(description="Up to 100 items by SKU, in the order asked for; null where there is none.")
    async def inventory_items(self, info: Info, skus: list[str]) -> list[InventoryItem | None]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            check_count(skus, ("skus",), SKUS_MAX)
            items = await info.context.loaders.item_by_sku.load_many(skus)
            active = await active_locations(info)
            return [InventoryItem.of(item, active) if item else None for item in items]

    @strawberry.field(description="All items in the order of their SKUs, page by page.")
    async def inventory(
        self, info: Info, first: First = FIRST_DEFAULT, after: After = None, filter: ItemFilterInput | None = None
    ) -> Connection[InventoryItem]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit, cursor = check_first(first), read_cursor(after, str)
            wanted = filter or ItemFilterInput()
            if wanted.location_id is not None:
                check_slug(wanted.location_id, ("filter", "locationId"))
            criteria = ItemFilter(wanted.sku_prefix, wanted.status, wanted.location_id, wanted.updated_since)
            after_sku = str(cursor[0]) if cursor else None
            found = await info.context.services.items.page(criteria, after_sku, limit + 1)
            active = await active_locations(info)
            return connection(found, limit, lambda item: InventoryItem.of(item, active), lambda item: (item.sku,))


@strawberry.input
class ItemCreateInput:
    sku: str
    name: str | None = None
    backorder_limit: Quantity = strawberry.field(default=Quantity(0), description="Units, from 0.")


@strawberry.input(description="What is left out stays as it is.")
class ItemUpdateInput:
    sku: str = strawberry.field(description="The item's present SKU.")
    new_sku: str | None = strawberry.field(default=None, description="Renames the item; its history stays.")
    name: str | None = None
    backorder_limit: Quantity | None = None


@strawberry.input
class ItemArchiveInput:
    sku: str
    archived: bool = strawberry.field(default=True, description="false restores the item.")


@strawberry.type
class ItemPayload:
    item: InventoryItem | None = None
    user_errors: list[UserError]


@strawberry.type
class ItemMutation:
    @strawberry.mutation(description="Create an item without stock. Needs `inventory:write`.")
    async def item_create(self, info: Info, input: ItemCreateInput) -> ItemPayload:
        return await _payload(
            info, info.context.services.catalog.create_item(input.sku, input.name, input.backorder_limit)
        )

    @strawberry.mutation(description="Change what an item is. Needs `inventory:write`.")
    async def item_update(self, info: Info, input: ItemUpdateInput) -> ItemPayload:
        change = ItemChange(input.new_sku, input.name, input.backorder_limit)
        return await _payload(info, info.context.services.catalog.change_item(input.sku, change))

    @strawberry.mutation(description="Archive or restore an item; its stock and history stay. Needs `inventory:write`.")
    async def item_archive(self, info: Info, input: ItemArchiveInput) -> ItemPayload:
        change = ItemChange(archived=input.archived)
        return await _payload(info, info.context.services.catalog.change_item(input.sku, change))


async def _payload(info: Info, work: Coroutine[None, None, Item]) -> ItemPayload:
    try:
        with closing(work):
            info.context.principal.require(Scope.INVENTORY_WRITE)
            item = await work
        return ItemPayload(item=InventoryItem.of(item, await active_locations(info)), user_errors=[])
    except (InventoryError, StorageError) as error:
        return ItemPayload(user_errors=[user_error(error, "input")])
