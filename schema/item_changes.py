"""Creating, changing and archiving items."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import closing
from typing import Annotated, Any

import strawberry

from gateway.inventory.catalog import TAG_LENGTH_MAX, TAGS_MAX, ItemChange
from gateway.inventory.stock import Item
from schema.context import Info
from schema.documents import taken
from schema.errors import UserError
from schema.items import InventoryItem
from schema.scalars import Quantity

TAGS = f"What rules can be made for; up to {TAGS_MAX} of up to {TAG_LENGTH_MAX} characters."


@strawberry.input(description="A new item, without stock.")
class ItemCreateInput:
    sku: str = strawberry.field(description="1 to 128 characters; unique.")
    name: str | None = strawberry.field(default=None, description="For people; up to 200 characters.")
    backorder_limit: Quantity = strawberry.field(
        default=Quantity(0), description="Units that may be promised beyond what there is, from 0."
    )
    tags: list[str] = strawberry.field(default_factory=list, description=TAGS)


@strawberry.input(description="New values of an item; what is left out stays as it is.")
class ItemUpdateInput:
    sku: str = strawberry.field(description="The item's present SKU.")
    new_sku: str | None = strawberry.field(default=None, description="Renames the item; its history stays.")
    name: str | None = strawberry.field(default=None, description="For people; up to 200 characters.")
    backorder_limit: Quantity | None = strawberry.field(
        default=None, description="Units that may be promised beyond what there is, from 0."
    )
    tags: list[str] | None = strawberry.field(default=None, description=f"All of its tags. {TAGS}")


@strawberry.input(description="Which item to take out of use.")
class ItemArchiveInput:
    sku: str = strawberry.field(description="The item's present SKU.")
    archived: bool = strawberry.field(default=True, description="false restores the item.")


@strawberry.input(description="Units of an item that a location is to keep while another one can serve an order.")
class SafetyStockSetInput:
    sku: str = strawberry.field(description="The item's present SKU.")
    location_id: str = strawberry.field(description="Where.")
    quantity: Quantity = strawberry.field(description="Units; 0 is none.")


@strawberry.type(description="What became of a change of an item's definition.")
class ItemPayload:
    item: InventoryItem | None = strawberry.field(
        default=None, description="The item as it is now; null where the request was refused."
    )
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


Input = strawberry.argument(description="What to do.")


@strawberry.type
class ItemMutation:
    @strawberry.mutation(
        description="Create an item without stock; TAKEN where the SKU is in use. Needs `inventory:write`."
    )
    async def item_create(self, info: Info, input: Annotated[ItemCreateInput, Input]) -> ItemPayload:
        work = info.context.services.catalog.create_item(input.sku, input.name, input.backorder_limit, input.tags)
        return await _payload(info, work)

    @strawberry.mutation(description="Change what an item is; its `version` stays. Needs `inventory:write`.")
    async def item_update(self, info: Info, input: Annotated[ItemUpdateInput, Input]) -> ItemPayload:
        tags = None if input.tags is None else tuple(input.tags)
        change = ItemChange(input.new_sku, input.name, input.backorder_limit, tags=tags)
        return await _payload(info, info.context.services.catalog.change_item(input.sku, change))

    @strawberry.mutation(
        description="Archive or restore an item; its stock and history stay, and its SKU stays taken. "
        "Needs `inventory:write`."
    )
    async def item_archive(self, info: Info, input: Annotated[ItemArchiveInput, Input]) -> ItemPayload:
        change = ItemChange(archived=input.archived)
        return await _payload(info, info.context.services.catalog.change_item(input.sku, change))

    @strawberry.mutation(
        description="Keep units at a location that only the strategy LEAST_COST looks at, and takes last. "
        "Needs `inventory:write`."
    )
    async def safety_stock_set(self, info: Info, input: Annotated[SafetyStockSetInput, Input]) -> ItemPayload:
        catalog = info.context.services.catalog
        return await _payload(info, catalog.set_safety_stock(input.sku, input.location_id, input.quantity))


async def _payload(info: Info, work: Coroutine[Any, Any, Item]) -> ItemPayload:
    with closing(work):  # it is never begun where the client may not ask for it
        return await taken(
            info,
            _shown(info, work),
            lambda item: ItemPayload(item=item, user_errors=[]),
            lambda errors: ItemPayload(user_errors=errors),
        )


async def _shown(info: Info, work: Coroutine[Any, Any, Item]) -> InventoryItem:
    return InventoryItem.of(await work, await info.context.services.active.locations())
