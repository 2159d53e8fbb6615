"""Making a backorder, and its steps."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import Private

from gateway.inventory.backordering import InboundShare
from gateway.inventory.commands import LINES_MAX
from gateway.inventory.identifiers import check_count
from gateway.operations.backorders import ChangedBackorder
from schema.backorders import BackorderType
from schema.context import Info
from schema.documents import KeyedPayload, taken
from schema.ledger import LedgerEntryType
from schema.requested_lines import Input, KeyedInput
from schema.scalars import Quantity
from schema.times import check_time


@strawberry.input(description="Units of one line of a purchase.")
class InboundShareInput:
    inbound_id: str = strawberry.field(description="The purchase.")
    line: int = strawberry.field(description="The number of its line, from 0.")
    quantity: Quantity = strawberry.field(description="Units, from 1.")
    promised_for: datetime | None = strawberry.field(
        default=None, description="The time promised, with its time zone; when they are expected unless given."
    )

    def share(self, *path: str) -> InboundShare:
        check_time(self.promised_for, *path, "promisedFor")
        return InboundShare(self.inbound_id, self.line, self.quantity, self.promised_for)


@strawberry.input(description="Promise units on their way to an owner, all of them or none.")
class BackorderCreateInput(KeyedInput):
    lines: list[InboundShareInput] = strawberry.field(description="1 to 250 lines; later steps name them by number.")
    owner: str | None = strawberry.field(default=None, description="Whose it is, such as an order.")
    channel_id: str | None = strawberry.field(default=None, description="The channel it is sold through.")


@strawberry.input(description="Units of one line of a backorder.")
class BackorderQuantityInput:
    line: int = strawberry.field(description="The number of the backorder's line, from 0.")
    quantity: Quantity = strawberry.field(description="Units, from 1.")


@strawberry.input(description="Wait no longer for units.")
class BackorderCancelInput(KeyedInput):
    backorder_id: str = strawberry.field(description="Which backorder.")
    lines: list[BackorderQuantityInput] | None = strawberry.field(
        default=None, description="For these; for none at all unless given."
    )


@strawberry.input(description="Wait for units of another purchase instead.")
class BackorderMoveInput(KeyedInput):
    backorder_id: str = strawberry.field(description="Which backorder.")
    line: int = strawberry.field(description="The number of its line, from 0, that waits so far.")
    to: InboundShareInput = strawberry.field(description="How many units, and of which purchase: of the same item.")


@strawberry.type(description="What became of a request about a backorder.")
class BackorderPayload(KeyedPayload):
    backorder: BackorderType | None = strawberry.field(
        default=None, description="The backorder after the request, or as it is by now after a repetition."
    )
    changed: Private[ChangedBackorder | None] = None

    @strawberry.field(description="The ledger entry of the request; null where it was refused.")
    def entry(self) -> LedgerEntryType | None:
        return LedgerEntryType(entry=self.changed.entry) if self.changed else None


@strawberry.type
class BackorderMutation:
    @strawberry.mutation(
        description="Promise units on their way to an owner: never more than a line still brings and is promised to "
        "nobody. As they arrive they are allocated to it, before anybody else can buy them. Needs `inventory:write`."
    )
    async def backorder_create(self, info: Info, input: Annotated[BackorderCreateInput, Input]) -> BackorderPayload:
        return await _taken(info, _create(info, input))

    @strawberry.mutation(
        description="Wait no longer for units; what has arrived stays with its reservations. Needs `inventory:write`."
    )
    async def backorder_cancel(self, info: Info, input: Annotated[BackorderCancelInput, Input]) -> BackorderPayload:
        return await _taken(info, _cancel(info, input))

    @strawberry.mutation(
        description="Wait for units of another purchase instead, as a new line. Needs `inventory:write`."
    )
    async def backorder_move(self, info: Info, input: Annotated[BackorderMoveInput, Input]) -> BackorderPayload:
        return await _taken(info, _move(info, input))


async def _create(info: Info, input: BackorderCreateInput) -> ChangedBackorder:
    check_count(input.lines, ("lines",), LINES_MAX)
    lines = [line.share("lines", str(index)) for index, line in enumerate(input.lines)]
    call = input.call(info.context.principal.client)
    backorders = info.context.services.backorders
    return await backorders.create(call, lines, owner=input.owner, channel_id=input.channel_id)


async def _cancel(info: Info, input: BackorderCancelInput) -> ChangedBackorder:
    if input.lines is not None:
        check_count(input.lines, ("lines",), LINES_MAX)
    quantities = [(line.line, int(line.quantity)) for line in input.lines or ()]
    call = input.call(info.context.principal.client)
    return await info.context.services.backorders.cancel(call, input.backorder_id, quantities)


async def _move(info: Info, input: BackorderMoveInput) -> ChangedBackorder:
    call = input.call(info.context.principal.client)
    return await info.context.services.backorders.move(call, input.backorder_id, input.line, input.to.share("to"))


async def _taken(info: Info, work: Coroutine[Any, Any, ChangedBackorder]) -> BackorderPayload:
    return await taken(info, work, _done, lambda errors: BackorderPayload(user_errors=errors))


def _done(changed: ChangedBackorder) -> BackorderPayload:
    backorder = BackorderType(backorder=changed.document)
    return BackorderPayload(backorder=backorder, replayed=changed.replayed, user_errors=[], changed=changed)
