"""Changing stock: adjust, set, move. Each mutation builds commands, awaits one operation and wraps the result."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import closing
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.commands import Command
from gateway.inventory.decision import Atomicity, Outcome, Result
from gateway.inventory.errors import Code, Conflict, InvalidInput, InventoryError
from gateway.inventory.identifiers import check_count
from gateway.inventory.ports import StorageError
from gateway.operations.stock import SUBMISSION_COMMANDS_MAX
from schema.context import Info
from schema.descriptions import describe
from schema.errors import UserError, user_error
from schema.items import InventoryItem
from schema.ledger import LedgerEntryType
from schema.stock_inputs import InventoryAdjustmentInput, InventoryMoveInput, InventorySetInput
from schema.sync import SyncStatus
from schema.times import check_time

WAIT_MILLISECONDS_MAX = 5_000

strawberry.enum(Atomicity, name="Atomicity", description="Whether the parts of one request stand or fall together.")
describe(
    Atomicity,
    {"ALL": "All of them, or none.", "PER_ADJUSTMENT": "A refused one does not keep the others from being applied."},
)


@strawberry.type(description="What became of a change of stock.")
class InventoryAdjustPayload:
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was applied.")
    inventory_item: InventoryItem | None = strawberry.field(
        default=None, description="The item as the change left it; null where it was refused."
    )
    replayed: bool = strawberry.field(
        default=False,
        description="An earlier request with the same key had applied it: this is that first outcome, and nothing was "
        "changed again.",
    )
    outcome: Private[Outcome | None] = None

    @strawberry.field(description="The ledger entry of the change; null where it was refused.")
    def adjustment(self) -> LedgerEntryType | None:
        return LedgerEntryType(entry=self.outcome.entry) if self.outcome else None

    @strawberry.field(description="For every channel that lists the SKU, by channel id, whether it has heard of this.")
    async def sync_status(self, info: Info) -> list[SyncStatus]:
        if self.outcome is None:
            return []
        entry = self.outcome.entry
        [item] = entry.items
        synced = await info.context.services.sync.one(item.item_id)
        return [SyncStatus.of(sync, item.version, entry.idempotency_key) for sync in synced or []]

    @classmethod
    def of(cls, result: Result, *prefix: str) -> InventoryAdjustPayload:
        if isinstance(result, InventoryError):
            return cls(user_errors=[user_error(result, *prefix)])
        [item] = result.entry.items
        return cls(
            user_errors=[],
            inventory_item=InventoryItem.marked(item),
            replayed=result.replayed,
            outcome=result,
        )


@strawberry.type(description="What became of many adjustments.")
class InventoryAdjustManyPayload:
    results: list[InventoryAdjustPayload] = strawberry.field(
        description="One per input, in their order; empty where the request as a whole was refused."
    )
    user_errors: list[UserError] = strawberry.field(description="What is wrong with the request as a whole.")


Input = strawberry.argument(description="What to do.")
Wait = Annotated[
    int,
    strawberry.argument(
        description="Answer once every channel that lists the SKU has acknowledged the change, or after so many "
        f"milliseconds; 0 to {WAIT_MILLISECONDS_MAX}. Paused channels and parked listings are not waited for."
    ),
]


@strawberry.type
class StockMutation:
    @strawberry.mutation(description="Adjust one SKU at many locations at once. Needs `inventory:write`.")
    async def inventory_adjust(
        self, info: Info, input: Annotated[InventoryAdjustmentInput, Input], wait_for_channels_ms: Wait = 0
    ) -> InventoryAdjustPayload:
        return await _awaited(info, wait_for_channels_ms, applied(info, input.command))

    @strawberry.mutation(description="Set quantities, guarded by compare quantities. Needs `inventory:write`.")
    async def inventory_set(
        self, info: Info, input: Annotated[InventorySetInput, Input], wait_for_channels_ms: Wait = 0
    ) -> InventoryAdjustPayload:
        work = applied(info, input.command) if input.as_of is None else _counted(info, input, input.as_of)
        return await _awaited(info, wait_for_channels_ms, work)

    @strawberry.mutation(description="Move units between buckets and locations. Needs `inventory:write`.")
    async def inventory_move(
        self, info: Info, input: Annotated[InventoryMoveInput, Input], wait_for_channels_ms: Wait = 0
    ) -> InventoryAdjustPayload:
        return await _awaited(info, wait_for_channels_ms, applied(info, input.command))

    @strawberry.mutation(description="Up to 250 adjustments in one request. Needs `inventory:write`.")
    async def inventory_adjust_many(
        self,
        info: Info,
        inputs: Annotated[
            list[InventoryAdjustmentInput], strawberry.argument(description=f"1 to {SUBMISSION_COMMANDS_MAX}.")
        ],
        atomicity: Annotated[
            Atomicity, strawberry.argument(description="Whether they stand or fall together.")
        ] = Atomicity.PER_ADJUSTMENT,
    ) -> InventoryAdjustManyPayload:
        try:
            info.context.principal.require(Scope.INVENTORY_WRITE)
            check_count(inputs, (), SUBMISSION_COMMANDS_MAX)
            results = await _adjust_many(info, inputs, atomicity)
        except (InventoryError, StorageError) as error:
            return InventoryAdjustManyPayload(results=[], user_errors=[user_error(error, "inputs")])
        payloads = [InventoryAdjustPayload.of(result, "inputs", str(n)) for n, result in enumerate(results)]
        return InventoryAdjustManyPayload(results=payloads, user_errors=[])


async def applied(info: Info, command: Callable[[str], Command]) -> InventoryAdjustPayload:
    """Build the client's command, apply it, and wrap what became of it."""
    context = info.context
    try:
        context.principal.require(Scope.INVENTORY_WRITE)
        return InventoryAdjustPayload.of(await context.services.stock.apply(command(context.principal.client)))
    except (InventoryError, StorageError) as error:
        return InventoryAdjustPayload(user_errors=[user_error(error, "input")])


async def _awaited(
    info: Info, milliseconds: int, work: Coroutine[None, None, InventoryAdjustPayload]
) -> InventoryAdjustPayload:
    """Do the work, and give the channels time to hear of it; how far they have got is read afterwards."""
    with closing(work):
        if not 0 <= milliseconds <= WAIT_MILLISECONDS_MAX:
            message = f"`waitForChannelsMs` is 0 to {WAIT_MILLISECONDS_MAX}."
            error = InvalidInput(Code.OUT_OF_RANGE, message, ("waitForChannelsMs",))
            return InventoryAdjustPayload(user_errors=[user_error(error)])
        payload = await work
    if milliseconds and payload.outcome is not None:
        [item] = payload.outcome.entry.items
        services = info.context.services
        await services.watching.until_confirmed(item.item_id, item.version, milliseconds / 1_000, services.sync.one)
    return payload


async def _counted(info: Info, input: InventorySetInput, as_of: datetime) -> InventoryAdjustPayload:
    client = info.context.principal.client
    try:
        info.context.principal.require(Scope.INVENTORY_WRITE)
        check_time(as_of, "asOf")
        outcome = await info.context.services.counts.count(
            client, input.idempotency_key, input.cause(client), input.sku, input.counts(), as_of
        )
    except (InventoryError, StorageError) as error:
        return InventoryAdjustPayload(user_errors=[user_error(error, "input")])
    return InventoryAdjustPayload.of(outcome)


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
        message = "Not looked at, because another part of this all-or-nothing request is malformed."
        results.update((index, Conflict(Code.NOT_APPLIED, message)) for index in commands)
    elif commands:
        answers = await info.context.services.stock.apply_many(list(commands.values()), atomicity)
        results.update(zip(commands, answers, strict=True))
    return [results[index] for index in range(len(inputs))]
