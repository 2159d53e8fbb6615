"""Planning a transfer, and its steps."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import Private

from gateway.inventory.arrivals import Condition
from gateway.inventory.commands import LINES_MAX
from gateway.inventory.identifiers import check_count
from gateway.inventory.transferring import PlannedLine
from gateway.inventory.transfers import Resolution
from gateway.operations.transfers import ChangedTransfer
from schema.arrivals import ArrivalInput, arrivals_of
from schema.context import Info
from schema.documents import KeyedPayload, taken
from schema.ledger import LedgerEntryType
from schema.requested_lines import Input, KeyedInput
from schema.scalars import Quantity
from schema.times import check_time
from schema.transfers import TransferType


@strawberry.input(description="Units of one SKU to send.")
class TransferLineInput:
    sku: str = strawberry.field(description="Which item.")
    quantity: Quantity = strawberry.field(description="Units, from 1.")


@strawberry.input(description="Plan to send stock from one location to another.")
class TransferCreateInput(KeyedInput):
    origin_id: str = strawberry.field(description="The location that the units leave.")
    destination_id: str = strawberry.field(description="The location that the units go to.")
    lines: list[TransferLineInput] = strawberry.field(description="1 to 250 lines; those for one SKU are added up.")
    expected_at: datetime | None = strawberry.field(
        default=None, description="When it should arrive; with its time zone."
    )


@strawberry.input(description="Which transfer to act on.")
class TransferInput(KeyedInput):
    transfer_id: str = strawberry.field(description="Its id.")


@strawberry.input(description="Take in units in transit; as often as they arrive.")
class TransferReceiveInput(TransferInput):
    lines: list[ArrivalInput] | None = strawberry.field(
        default=None, description="What arrived; everything in transit, sellable, unless given."
    )


@strawberry.input(description="Explain units that had not arrived when a transfer was closed.")
class TransferResolveInput(TransferInput):
    line: int = strawberry.field(description="The number of the transfer's line, from 0.")
    resolution: Resolution = strawberry.field(description="What became of them.")
    quantity: Quantity | None = strawberry.field(
        default=None, description="Units, from 1; all that nobody has explained unless given."
    )
    condition: Condition = strawberry.field(
        default=Condition.SELLABLE, description="Their condition, where they were found."
    )


@strawberry.type(description="What became of a request about a transfer.")
class TransferPayload(KeyedPayload):
    transfer: TransferType | None = strawberry.field(
        default=None, description="The transfer after the request, or as it is by now after a repetition."
    )
    changed: Private[ChangedTransfer | None] = None

    @strawberry.field(description="The ledger entry of the request; null where it was refused.")
    def entry(self) -> LedgerEntryType | None:
        return LedgerEntryType(entry=self.changed.entry) if self.changed else None


@strawberry.type
class TransferMutation:
    @strawberry.mutation(description="Plan a transfer; nothing moves yet. Needs `inventory:write`.")
    async def transfer_create(self, info: Info, input: Annotated[TransferCreateInput, Input]) -> TransferPayload:
        return await _taken(info, _create(info, input))

    @strawberry.mutation(
        description="The units leave the origin and are incoming at the destination. Needs `inventory:write`."
    )
    async def transfer_ship(self, info: Info, input: Annotated[TransferInput, Input]) -> TransferPayload:
        transfers, call = info.context.services.transfers, input.call(info.context.principal.client)
        return await _taken(info, transfers.ship(call, input.transfer_id))

    @strawberry.mutation(description="Take in what has arrived. Needs `inventory:write`.")
    async def transfer_receive(self, info: Info, input: Annotated[TransferReceiveInput, Input]) -> TransferPayload:
        return await _taken(info, _receive(info, input))

    @strawberry.mutation(
        description="Expect nothing more; what has not arrived becomes a discrepancy. Needs `inventory:write`."
    )
    async def transfer_close(self, info: Info, input: Annotated[TransferInput, Input]) -> TransferPayload:
        transfers, call = info.context.services.transfers, input.call(info.context.principal.client)
        return await _taken(info, transfers.close(call, input.transfer_id))

    @strawberry.mutation(
        description="Missing units were found, or are written off. A discrepancy is resolved once all of its units "
        "are explained. Needs `inventory:write`."
    )
    async def transfer_resolve(self, info: Info, input: Annotated[TransferResolveInput, Input]) -> TransferPayload:
        transfers, call = info.context.services.transfers, input.call(info.context.principal.client)
        explained = (input.line, input.resolution, input.quantity, input.condition)
        return await _taken(info, transfers.resolve(call, input.transfer_id, *explained))

    @strawberry.mutation(
        description="Drop a draft, or send what is in transit back to the origin. Needs `inventory:write`."
    )
    async def transfer_cancel(self, info: Info, input: Annotated[TransferInput, Input]) -> TransferPayload:
        transfers, call = info.context.services.transfers, input.call(info.context.principal.client)
        return await _taken(info, transfers.cancel(call, input.transfer_id))


async def _create(info: Info, input: TransferCreateInput) -> ChangedTransfer:
    check_count(input.lines, ("lines",), LINES_MAX)
    check_time(input.expected_at, "expectedAt")
    return await info.context.services.transfers.create(
        input.call(info.context.principal.client),
        input.origin_id,
        input.destination_id,
        [PlannedLine(line.sku, line.quantity) for line in input.lines],
        input.expected_at,
    )


async def _receive(info: Info, input: TransferReceiveInput) -> ChangedTransfer:
    call, arrivals = input.call(info.context.principal.client), arrivals_of(input.lines)
    return await info.context.services.transfers.receive(call, input.transfer_id, arrivals)


async def _taken(info: Info, work: Coroutine[Any, Any, ChangedTransfer]) -> TransferPayload:
    return await taken(info, work, _done, lambda errors: TransferPayload(user_errors=errors))


def _done(changed: ChangedTransfer) -> TransferPayload:
    transfer = TransferType(transfer=changed.document)
    return TransferPayload(transfer=transfer, replayed=changed.replayed, user_errors=[], changed=changed)
