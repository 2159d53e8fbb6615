"""Items and their levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.identifiers import check_count, check_optional_text, check_sku, check_slug
from gateway.inventory.ledger import ItemMark
from gateway.inventory.stock import Item, ItemStatus, Level
from gateway.store.views.items import ItemFilter
from schema.context import Info
from schema.descriptions import describe
from schema.errors import reading
from schema.item_quotas import ItemQuota, SafetyStock
from schema.ledger import LedgerConnection, history_page, read_position
from schema.loaders import HistoryKey
from schema.locations import LocationType
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection, read_cursor
from schema.scalars import Quantity
from schema.times import check_time

SKUS_MAX = 100
LOCATIONS_MAX = 250

ItemReader = Callable[[Item], object]

strawberry.enum(ItemStatus, name="ItemStatus", description="Whether an item is in use.")
describe(ItemStatus, {"ACTIVE": "In use.", "ARCHIVED": "Out of use: it takes no changes of stock."})


@strawberry.type(name="Level", description="The quantities of one SKU at one location, in units.")
class LevelType:
    location_id: str = strawberry.field(description="Where.")
    available: Quantity = strawberry.field(description="Can be promised to a new buyer.")
    allocated: Quantity = strawberry.field(description="Promised to a reservation, or to a paid, unshipped order.")
    incoming: Quantity = strawberry.field(description="On its way; not part of the total.")
    unavailable: Quantity = strawberry.field(description="Here but not sellable; not part of the total.")
    total: Quantity = strawberry.field(description="available + allocated")
    on_hand: Quantity = strawberry.field(description="total + unavailable")
    updated_at: datetime | None = strawberry.field(description="When it last changed; null where it never has.")

    @strawberry.field(description="The location; null where there is none of that id.")
    async def location(self, info: Info) -> LocationType | None:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            location = await info.context.loaders.location_by_id.load(self.location_id)
        return LocationType(location=location) if location else None

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
    description="One SKU. In a mutation's answer `sku`, `version` and `totalAvailableQuantity` are as of that change, "
    "also when it is replayed; everything else is as of now, and needs `inventory:read`."
)
class InventoryItem:
    id: strawberry.ID = strawberry.field(description="Never changes, whatever becomes of the SKU.")
    sku: str = strawberry.field(description="What the item is called; unique.")
    version: Quantity = strawberry.field(description="Rises by one with every movement, without gaps.")
    total_available_quantity: Quantity = strawberry.field(
        description="Sum of `available` over active locations, in units."
    )
    known: Private[Item | None] = None

    @strawberry.field(description="For people.")
    def name(self, info: Info) -> str | None:
        return self._read(info, lambda item: item.name)  # type: ignore[return-value]

    @strawberry.field(description="How many units may be promised beyond what there is, where a request allows it.")
    def backorder_limit(self, info: Info) -> Quantity:
        return self._read(info, lambda item: item.backorder_limit)  # type: ignore[return-value]

    @strawberry.field(description="Whether it is in use.")
    def status(self, info: Info) -> ItemStatus:
        return self._read(info, lambda item: item.status)  # type: ignore[return-value]

    @strawberry.field(description="What rules can be made for.")
    def tags(self, info: Info) -> list[str]:
        return self._read(info, lambda item: list(item.tags))  # type: ignore[return-value]

    @strawberry.field(description="When it was created.")
    def created_at(self, info: Info) -> datetime:
        return self._read(info, lambda item: item.created_at)  # type: ignore[return-value]

    @strawberry.field(description="When its stock or its definition last changed.")
    def updated_at(self, info: Info) -> datetime:
        return self._read(info, lambda item: item.updated_at)  # type: ignore[return-value]

    @strawberry.field(description="Its levels by location id: wherever it was ever stocked, or where asked for.")
    def levels(
        self,
        info: Info,
        location_ids: Annotated[
            list[str] | None, strawberry.argument(description=f"At most {LOCATIONS_MAX}; answered in this order.")
        ] = None,
    ) -> list[LevelType]:
        if location_ids is not None:
            with reading(info.context.principal, Scope.INVENTORY_READ):
                check_count(location_ids, ("locationIds",), LOCATIONS_MAX)
        return self._read(info, lambda item: _levels(item, location_ids))  # type: ignore[return-value]

    @strawberry.field(description="Its safety stock, by location; those without any are left out.")
    def safety_stock(self, info: Info) -> list[SafetyStock]:
        return self._read(info, SafetyStock.all_of)  # type: ignore[return-value]

    @strawberry.field(description="What it keeps for channels, by channel.")
    async def quotas(self, info: Info) -> list[ItemQuota]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            item = self.known or await info.context.loaders.item_by_id.load(self.id)
            # Items are archived, never deleted.
            assert item is not None
            return ItemQuota.all_of(item, await info.context.services.active.locations())

    @strawberry.field(description="What changed it, the newest first.")
    async def ledger(self, info: Info, first: First = FIRST_DEFAULT, after: After = None) -> LedgerConnection:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit = check_first(first)
            key = HistoryKey(self.id, read_position(after), limit + 1)
            return history_page(await info.context.loaders.history_of_item.load(key), limit, after)

    @classmethod
    def of(cls, item: Item, active: Mapping[str, bool]) -> InventoryItem:
        """`active` tells of every known location whether it counts."""
        total = sum(level.available for at, level in item.levels.items() if active.get(at, False))
        return cls(
            id=strawberry.ID(item.id),
            sku=item.sku,
            version=Quantity(item.version),
            total_available_quantity=Quantity(total),
            known=item,
        )

    @classmethod
    def marked(cls, mark: ItemMark) -> InventoryItem:
        """An item of which only the outcome of a change is at hand."""
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


@strawberry.input(description="Which items to list; what is left out matches everything.")
class ItemFilterInput:
    sku_prefix: str | None = strawberry.field(default=None, description="Whose SKU begins so; the quickest filter.")
    name_contains: str | None = strawberry.field(default=None, description="Whose name has this in it, in any case.")
    status: ItemStatus | None = strawberry.field(default=None, description="In use, or not.")
    location_id: str | None = strawberry.field(
        default=None, description="Ever stocked at this location, also where nothing is left."
    )
    updated_since: datetime | None = strawberry.field(
        default=None, description="Changed at this time or later; with its time zone."
    )

    def criteria(self) -> ItemFilter:
        """Raises InvalidInput for what no item could ever match."""
        check_optional_text(self.sku_prefix, ("filter", "skuPrefix"))
        check_optional_text(self.name_contains, ("filter", "nameContains"))
        if self.location_id is not None:
            check_slug(self.location_id, ("filter", "locationId"))
        check_time(self.updated_since, "filter", "updatedSince")
        return ItemFilter(self.sku_prefix, self.name_contains, self.status, self.location_id, self.updated_since)


@strawberry.type
class ItemQuery:
    @strawberry.field(description="One item by SKU; null where there is none. Needs `inventory:read`.")
    async def inventory_item(
        self, info: Info, sku: Annotated[str, strawberry.argument(description="Its present SKU.")]
    ) -> InventoryItem | None:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            check_sku(sku, ("sku",))
            item = await info.context.services.items_by_sku.one(sku)
            return InventoryItem.of(item, await info.context.services.active.locations()) if item else None

    @strawberry.field(
        description="Items by SKU, in the order asked for; null where there is none. Needs `inventory:read`."
    )
    async def inventory_items(
        self, info: Info, skus: Annotated[list[str], strawberry.argument(description=f"1 to {SKUS_MAX} SKUs.")]
    ) -> list[InventoryItem | None]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            check_skus(skus)
            items = await info.context.loaders.item_by_sku.load_many(skus)
            active = await info.context.services.active.locations()
            return [InventoryItem.of(item, active) if item else None for item in items]

    @strawberry.field(description="Items in the order of their SKUs, page by page. Needs `inventory:read`.")
    async def inventory(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        filter: Annotated[ItemFilterInput | None, strawberry.argument(description="Which items.")] = None,
    ) -> Connection[InventoryItem]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit, cursor = check_first(first), read_cursor(after, str)
            criteria = (filter or ItemFilterInput()).criteria()
            after_sku = str(cursor[0]) if cursor else None
            found = await info.context.services.items.page(criteria, after_sku, limit + 1)
            active = await info.context.services.active.locations()
            return connection(
                found, limit, lambda item: InventoryItem.of(item, active), lambda item: (item.sku,), after
            )


def check_skus(skus: list[str]) -> None:
    """Refuse an empty list, one over `SKUS_MAX`, or a text that is no SKU."""
    check_count(skus, ("skus",), SKUS_MAX)
    for index, sku in enumerate(skus):
        check_sku(sku, ("skus", str(index)))
