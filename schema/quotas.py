"""Keeping units of an item for one channel."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Annotated, Any

import strawberry

from gateway.inventory.decision import Outcome
from schema.context import Info
from schema.documents import KeyedPayload, taken
from schema.items import InventoryItem
from schema.requested_lines import Input, KeyedInput
from schema.scalars import Quantity


@strawberry.input(description="Which quota: that of a channel at one location, or wherever the item is.")
class QuotaInput(KeyedInput):
    sku: str = strawberry.field(description="Which item.")
    channel_id: str = strawberry.field(description="For which channel.")
    location_id: str | None = strawberry.field(
        default=None, description="Where; units of any active location unless given."
    )


@strawberry.input(description="Keep units of an item for one channel.")
class QuotaSetInput(QuotaInput):
    quantity: Quantity = strawberry.field(
        description="Units, from 1, among them those that the channel's sales have used since the quota was first set."
    )


@strawberry.type(description="What became of a request about a quota.")
class QuotaPayload(KeyedPayload):
    inventory_item: InventoryItem | None = strawberry.field(
        default=None, description="The item as the change left it; null where it was refused."
    )


@strawberry.type
class QuotaMutation:
    @strawberry.mutation(
        description="Keep units for one channel: reservations, orders and adjustments of all others are refused them. "
        "The channel's own use its quota first, and what they give back goes back to it. What channels report as sold, "
        "counts and moves are facts: no quota stops them. Needs `inventory:write`."
    )
    async def quota_set(self, info: Info, input: Annotated[QuotaSetInput, Input]) -> QuotaPayload:
        quotas, call = info.context.services.quotas, input.call(info.context.principal.client)
        work = quotas.set(call, input.sku, input.channel_id, input.location_id, input.quantity)
        return await _applied(info, work)

    @strawberry.mutation(
        description="Keep nothing for the channel there any more; a quota that is set anew begins unused. "
        "Needs `inventory:write`."
    )
    async def quota_clear(self, info: Info, input: Annotated[QuotaInput, Input]) -> QuotaPayload:
        quotas, call = info.context.services.quotas, input.call(info.context.principal.client)
        return await _applied(info, quotas.clear(call, input.sku, input.channel_id, input.location_id))


async def _applied(info: Info, work: Coroutine[Any, Any, Outcome]) -> QuotaPayload:
    return await taken(info, work, _done, lambda errors: QuotaPayload(user_errors=errors))


def _done(outcome: Outcome) -> QuotaPayload:
    [mark] = outcome.entry.items
    return QuotaPayload(inventory_item=InventoryItem.marked(mark), replayed=outcome.replayed, user_errors=[])
