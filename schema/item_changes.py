"""Creating, changing and archiving items."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import closing
from typing import Annotated, Any

import strawberry

from gateway.inventory.catalog import ItemChange
from gateway.inventory.stock import Item
from schema.context import Info
from schema.documents import taken
from schema.errors import UserError
from schema.items import InventoryItem
from schema.scalars import Quantity


@strawberry.input(description="A new item, without stock.")
class ItemCreateInput:
    sku: str = strawberry.field(description="1 to 128 characters; unique.")
    name: str | None = strawberry.field(default=None, description="For people; up to 200 characters.")
    backorder_limit: Quantity = strawberry.field(
        default=Quantity(0), description="Units that may be promised beyond what there is, from 0."
    )


@strawberry.input(description="New values of an item; what is left out stays as it is.")
class ItemUpdateInput:
    sku: str = strawberry.field(description="The item's present SKU.")
    new_sku: str | None = strawberry.field(default=None, description="Renames the item; its history stays.")
    name: str | None = strawberry.field(default=None, description="For people; up to 200 characters.")
    backorder_limit: Quantity | None = strawberry.field(
        default=None, description="Units that may be promised beyond what there is, from 0."
    )


@strawberry.input(description="Which item to take out of use.")
class ItemArchiveInput:
    sku: str = strawberry.field(description="The item's present SKU.")
    archived: bool = strawberry.field(default=True, description="false restores the item.")


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
        work = info.context.services.catalog.create_item(input.sku, input.name, input.backorder_limit)
        return await _payload(info, work)

    @strawberry.mutation(description="Change what an item is; its `version` stays. Needs `inventory:write`.")
    async def item_update(self, info: Info, input: Annotated[ItemUpdateInput, Input]) -> ItemPayload:
        change = ItemChange(input.new_sku, input.name, input.backorder_limit)
        return await _payload(info, info.context.services.catalog.change_item(input.sku, change))

    @strawberry.mutation(
        description="Archive or restore an item; its stock and history stay, and its SKU stays taken. "
        "Needs `inventory:write`."
    )
    async def item_archive(self, info: Info, input: Annotated[ItemArchiveInput, Input]) -> ItemPayload:
        change = ItemChange(archived=input.archived)
        return await _payload(info, info.context.services.catalog.change_item(input.sku, change))


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
