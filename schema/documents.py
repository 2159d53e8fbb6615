"""What documents share: lists by the time of creation, and steps that are refused or taken."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import closing
from typing import Any, TypeVar

import strawberry

from gateway.inventory.access import Scope
from gateway.inventory.errors import InventoryError
from gateway.inventory.identifiers import check_sku
from gateway.inventory.ports import StorageError
from gateway.store.views.pages import Place
from schema.context import Info
from schema.errors import UserError, user_error
from schema.paging import read_cursor

T = TypeVar("T")
P = TypeVar("P")


@strawberry.type
class KeyedPayload:
    """What became of a request with an idempotency key, besides the document that it was about."""

    replayed: bool = strawberry.field(default=False, description="An earlier request with the same key had applied it.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


async def taken(
    info: Info, work: Coroutine[Any, Any, T], done: Callable[[T], P], refused: Callable[[list[UserError]], P]
) -> P:
    """Await a step, for which `inventory:write` is needed, and wrap what became of it."""
    try:
        with closing(work):
            info.context.principal.require(Scope.INVENTORY_WRITE)
            return done(await work)
    except (InventoryError, StorageError) as error:
        return refused([user_error(error, "input")])


def read_place(after: str | None) -> Place | None:
    """Where the page before ended. Raises InvalidInput."""
    match read_cursor(after, int, str):
        case (int() as created_at, str() as last_id):
            return created_at, last_id
    return None


async def item_id_of(info: Info, sku: str | None) -> str | None:
    """The id of a filter's item; None also where there is no such item. Raises InvalidInput."""
    if sku is None:
        return None
    check_sku(sku, ("filter", "sku"))
    item = await info.context.loaders.item_by_sku.load(sku)
    return item.id if item else None
