"""Entering a purchase, and its steps."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import Private

from gateway.inventory.commands import LINES_MAX
from gateway.inventory.identifiers import check_count
from gateway.inventory.receiving import ExpectedLine
from gateway.operations.inbound import ChangedInbound
from schema.arrivals import ArrivalInput, arrivals_of
from schema.context import Info
from schema.documents import KeyedPayload, taken
from schema.inbound import InboundType
from schema.ledger import LedgerEntryType
from schema.requested_lines import Input, KeyedInput
from schema.risks import PromiseAtRiskType, hurts
from schema.scalars import Quantity
from schema.times import check_time


@strawberry.input(description="Units of one SKU that a location will receive.")
class InboundLineInput:
    sku: str = strawberry.field(description="Which item.")
    location_id: str = strawberry.field(description="The location that receives them.")
    quantity: Quantity = strawberry.field(description="Units, from 1.")
    expected_at: datetime | None = strawberry.field(
        default=None, description="When they should arrive; with its time zone."
    )


@strawberry.input(description="Units are on their way from a supplier.")
class InboundCreateInput(KeyedInput):
    supplier: str = strawberry.field(description="Who sends them; up to 500 characters.")
    lines: list[InboundLineInput] = strawberry.field(description="1 to 250 lines; later steps name them by number.")


@strawberry.input(description="Which purchase to act on.")
class InboundInput(KeyedInput):
    inbound_id: str = strawberry.field(description="Its id.")


@strawberry.input(description="When a line is expected from now on.")
class InboundExpectedInput:
    line: int = strawberry.field(description="The number of the purchase's line, from 0.")
    expected_at: datetime | None = strawberry.field(
        default=None, description="With its time zone; null where it is unknown."
    )


@strawberry.input(description="Change when lines are expected.")
class InboundUpdateInput(InboundInput):
    lines: list[InboundExpectedInput] = strawberry.field(description="1 to 250 lines; the others stay as they are.")


@strawberry.input(description="Take in units; as often as they arrive.")
class InboundReceiveInput(InboundInput):
    lines: list[ArrivalInput] | None = strawberry.field(
        default=None, description="What arrived; everything outstanding, sellable, unless given."
    )
    allow_more: bool = strawberry.field(default=False, description="Take in more than was ordered, too.")


@strawberry.type(description="What became of a request about a purchase.")
class InboundPayload(KeyedPayload):
    inbound: InboundType | None = strawberry.field(
        default=None, description="The purchase after the request, or as it is by now after a repetition."
    )
    changed: Private[ChangedInbound | None] = None

    @strawberry.field(description="The ledger entry of the request; null where it was refused.")
    def entry(self) -> LedgerEntryType | None:
        return LedgerEntryType(entry=self.changed.entry) if self.changed else None

    @strawberry.field(description="Promises to backorders that the purchase, as it stands, no longer keeps.")
    def hurts(self, info: Info) -> list[PromiseAtRiskType]:
        return hurts(info, self.changed.document) if self.changed else []


@strawberry.type
class InboundMutation:
    @strawberry.mutation(description="Enter a purchase: its units are incoming. Needs `inventory:write`.")
    async def inbound_create(self, info: Info, input: Annotated[InboundCreateInput, Input]) -> InboundPayload:
        return await _taken(info, _create(info, input))

    @strawberry.mutation(description="Change when lines are expected; no stock moves. Needs `inventory:write`.")
    async def inbound_update(self, info: Info, input: Annotated[InboundUpdateInput, Input]) -> InboundPayload:
        return await _taken(info, _update(info, input))

    @strawberry.mutation(description="Take in what has arrived. Needs `inventory:write`.")
    async def inbound_receive(self, info: Info, input: Annotated[InboundReceiveInput, Input]) -> InboundPayload:
        return await _taken(info, _receive(info, input))

    @strawberry.mutation(
        description="Expect nothing more: what is outstanding is no longer incoming. Needs `inventory:write`."
    )
    async def inbound_cancel(self, info: Info, input: Annotated[InboundInput, Input]) -> InboundPayload:
        inbound, call = info.context.services.inbound, input.call(info.context.principal.client)
        return await _taken(info, inbound.cancel(call, input.inbound_id))


async def _create(info: Info, input: InboundCreateInput) -> ChangedInbound:
    check_count(input.lines, ("lines",), LINES_MAX)
    for index, line in enumerate(input.lines):
        check_time(line.expected_at, "lines", str(index), "expectedAt")
    lines = [ExpectedLine(line.sku, line.location_id, line.quantity, line.expected_at) for line in input.lines]
    call = input.call(info.context.principal.client)
    return await info.context.services.inbound.create(call, input.supplier, lines)


async def _update(info: Info, input: InboundUpdateInput) -> ChangedInbound:
    check_count(input.lines, ("lines",), LINES_MAX)
    for index, line in enumerate(input.lines):
        check_time(line.expected_at, "lines", str(index), "expectedAt")
    expected = [(line.line, line.expected_at) for line in input.lines]
    call = input.call(info.context.principal.client)
    return await info.context.services.inbound.update(call, input.inbound_id, expected)


async def _receive(info: Info, input: InboundReceiveInput) -> ChangedInbound:
    call, arrivals = input.call(info.context.principal.client), arrivals_of(input.lines)
    return await info.context.services.inbound.receive(call, input.inbound_id, arrivals, input.allow_more)


async def _taken(info: Info, work: Coroutine[Any, Any, ChangedInbound]) -> InboundPayload:
    return await taken(info, work, _done, lambda errors: InboundPayload(user_errors=errors))


def _done(changed: ChangedInbound) -> InboundPayload:
    inbound = InboundType(inbound=changed.document)
    return InboundPayload(inbound=inbound, replayed=changed.replayed, user_errors=[], changed=changed)
