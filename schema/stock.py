"""Changing stock: adjust, set, move. Each mutation builds commands, awaits one operation and wraps the result."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import strawberry
from strawberry import UNSET, Private

from gateway.inventory.access import Scope
from gateway.inventory.commands import Adjust, Adjustment, Command, Count, Move, Place, SetQuantities, Transfer
from gateway.inventory.decision import Atomicity, Outcome, Result
from gateway.inventory.errors import Code, InvalidInput, InventoryError
from gateway.inventory.identifiers import check_count
from gateway.inventory.ledger import Cause
from gateway.inventory.ports import StorageError
from gateway.inventory.quantities import Bucket
from gateway.operations.listings import ChannelSync
from gateway.operations.stock import SUBMISSION_COMMANDS_MAX
from schema.context import Info
from schema.errors import UserError, user_error
from schema.items import InventoryItem
from schema.ledger import LedgerEntryType
from schema.scalars import Quantity

strawberry.enum(Atomicity, name="Atomicity", description="Whether the parts of one request stand or fall together.")


@strawberry.input
class InventoryAdjustmentLineInput:
    location_id: str
    delta: Quantity = strawberry.field(description="Units to add; negative to take away. Not 0.")


@strawberry.input(description="Change what is available of one SKU at up to 250 locations, at all of them or at none.")
class InventoryAdjustmentInput:
    sku: str
    adjustments: list[InventoryAdjustmentLineInput] = strawberry.field(
        description="Lines for the same location are added up."
    )
    idempotency_key: str = strawberry.field(description="1 to 255 characters; one per intended change, for ever.")
    reason: str | None = None
    reference: str | None = strawberry.field(default=None, description="The document behind it, such as an order.")
    channel_id: str | None = strawberry.field(default=None, description="The channel that caused it.")
    allow_backorder: bool = strawberry.field(
        default=False, description="Let available go down to minus the item's backorder limit."
    )

    def command(self, client: str) -> Command:
        lines = tuple(Adjustment(line.location_id, line.delta) for line in self.adjustments)
        cause = Cause(client, self.reason, self.reference, self.channel_id)
        return Adjust(client, self.idempotency_key, cause, self.sku, lines, self.allow_backorder)


@strawberry.input
class InventorySetLineInput:
    location_id: str
    quantity: Quantity = strawberry.field(description="Units, from 0.")
    compare_quantity: Quantity | None = strawberry.field(
        default=UNSET,
        description="The quantity you believe is there. Must be given; null explicitly says that you do not care.",
    )
    bucket: Bucket = strawberry.field(default=Bucket.AVAILABLE, description="Any but ALLOCATED.")


@strawberry.input(description="Set buckets of one SKU to absolute quantities, all of them or none.")
class InventorySetInput:
    sku: str
    quantities: list[InventorySetLineInput]
    idempotency_key: str
    reason: str | None = None
    reference: str | None = None
    channel_id: str | None = None

    def command(self, client: str) -> Command:
        for index, line in enumerate(self.quantities):
            if line.compare_quantity is UNSET:
                message = "Give the quantity that you believe is there, or null to overwrite whatever is there."
                path = ("quantities", str(index), "compareQuantity")
                raise InvalidInput(Code.COMPARE_QUANTITY_REQUIRED, message, path)
        lines = tuple(
            Count(line.location_id, line.quantity, line.compare_quantity, line.bucket) for line in self.quantities
        )
        cause = Cause(client, self.reason, self.reference, self.channel_id)
        return SetQuantities(client, self.idempotency_key, cause, self.sku, lines)


@strawberry.input
class PlaceInput:
    location_id: str
    bucket: Bucket = strawberry.field(default=Bucket.AVAILABLE, description="Any but ALLOCATED.")

    def place(self) -> Place:
        return Place(self.location_id, self.bucket)


@strawberry.input
class InventoryMoveLineInput:
    quantity: Quantity = strawberry.field(description="Units, from 1.")
    origin: PlaceInput = strawberry.field(name="from")
    destination: PlaceInput = strawberry.field(name="to")


@strawberry.input(description="Move units of one SKU between buckets and locations, all lines or none.")
class InventoryMoveInput:
    sku: str
    moves: list[InventoryMoveLineInput]
    idempotency_key: str
    reason: str | None = None
    reference: str | None = None
    channel_id: str | None = None

    def command(self, client: str) -> Command:
        moves = tuple(Transfer(m.quantity, m.origin.place(), m.destination.place()) for m in self.moves)
        cause = Cause(client, self.reason, self.reference, self.channel_id)
        return Move(client, self.idempotency_key, cause, self.sku, moves)


@strawberry.type(description="How far one channel that lists the SKU has heard of this change.")
class SyncStatus:
    channel_id: str
    confirmed_at: datetime | None = strawberry.field(
        description="When the channel acknowledged a quantity that includes this change; null until it does."
    )
    idempotency_key: str = strawberry.field(description="The key of the change.")


@strawberry.type(description="What became of a change of stock.")
class InventoryAdjustPayload:
    user_errors: list[UserError]
    inventory_item: InventoryItem | None = None
    replayed: bool = strawberry.field(default=False, description="An earlier request with the same key had applied it.")
    outcome: Private[Outcome | None] = None

    @strawberry.field(description="The ledger entry of the change.")
    def adjustment(self) -> LedgerEntryType | None:
        return LedgerEntryType(entry=self.outcome.entry) if self.outcome else None

    @strawberry.field(description="One line for every channel that lists the SKU.")
    async def sync_status(self, info: Info) -> list[SyncStatus]:
        if self.outcome is None:
            return []
        entry = self.outcome.entry
        synced = await info.context.loaders.sync_by_item.load(entry.items[0].item_id)
        return [_sync(sync, entry.items[0].version, entry.idempotency_key) for sync in synced or []]

    @classmethod
    def of(cls, result: Result, *prefix: str) -> InventoryAdjustPayload:
        if isinstance(result, InventoryError):
            return cls(user_errors=[user_error(result, *prefix)])
        item = InventoryItem.marked(result.entry.items[0])
        return cls(user_errors=[], inventory_item=item, replayed=result.replayed, outcome=result)


def _sync(sync: ChannelSync, version: int, idempotency_key: str) -> SyncStatus:
    return SyncStatus(
        channel_id=sync.channel_id, confirmed_at=sync.confirmed_at_for(version), idempotency_key=idempotency_key
    )


@strawberry.type
class InventoryAdjustManyPayload:
    results: list[InventoryAdjustPayload] = strawberry.field(description="One per input, in their order.")
    user_errors: list[UserError] = strawberry.field(description="What is wrong with the request as a whole.")


@strawberry.type
class StockMutation:
    @strawberry.mutation(description="Adjust one SKU at many locations at once. Needs `inventory:write`.")
    async def inventory_adjust(self, info: Info, input: InventoryAdjustmentInput) -> InventoryAdjustPayload:
        return await _apply(info, input.command)

    @strawberry.mutation(description="Set quantities, guarded by compare quantities. Needs `inventory:write`.")
    async def inventory_set(self, info: Info, input: InventorySetInput) -> InventoryAdjustPayload:
        return await _apply(info, input.command)

    @strawberry.mutation(description="Move units between buckets and locations. Needs `inventory:write`.")
    async def inventory_move(self, info: Info, input: InventoryMoveInput) -> InventoryAdjustPayload:
        return await _apply(info, input.command)

    @strawberry.mutation(description="Up to 250 adjustments in one request. Needs `inventory:write`.")
    async def inventory_adjust_many(
        self,
        info: Info,
        inputs: list[InventoryAdjustmentInput],
        atomicity: Atomicity = Atomicity.PER_ADJUSTMENT,
    ) -> InventoryAdjustManyPayload:
        context = info.context
        try:
            context.principal.require(Scope.INVENTORY_WRITE)
            check_count(inputs, (), SUBMISSION_COMMANDS_MAX)
            results = await _adjust_many(info, inputs, atomicity)
        except (InventoryError, StorageError) as error:
            return InventoryAdjustManyPayload(results=[], user_errors=[user_error(error, "inputs")])
        payloads = [InventoryAdjustPayload.of(result, "inputs", str(n)) for n, result in enumerate(results)]
        return InventoryAdjustManyPayload(results=payloads, user_errors=[])


async def _apply(info: Info, command: Callable[[str], Command]) -> InventoryAdjustPayload:
    context = info.context
    try:
        context.principal.require(Scope.INVENTORY_WRITE)
        return InventoryAdjustPayload.of(await context.services.stock.apply(command(context.principal.client)))
    except (InventoryError, StorageError) as error:
        return InventoryAdjustPayload(user_errors=[user_error(error, "input")])


async def _adjust_many(info: Info, inputs: list[InventoryAdjustmentInput], atomicity: Atomicity) -> list[Result]:
    """A malformed input is refused by itself, or takes the whole request with it where all or nothing was asked for."""
    results: dict[int, Result] = {}
    commands: dict[int, Command] = {}
    for index, single in enumerate(inputs):
        try:
            commands[index] = single.command(info.context.principal.client)
        except InventoryError as error:
            results[index] = error
    if results and atomicity is Atomicity.ALL:
        skipped = InvalidInput(Code.NOT_APPLIED, "Not applied, because another input of this request is malformed.")
        results.update((index, skipped) for index in commands)
    elif commands:
        answers = await info.context.services.stock.apply_many(list(commands.values()), atomicity)
        results.update(zip(commands, answers, strict=True))
    return [results[index] for index in range(len(inputs))]
