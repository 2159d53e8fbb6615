"""Reconciliation: what a channel shows compared with what it should show."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.discoveries import RunState
from gateway.inventory.drifts import Drift, DriftCause, DriftState, ReconcileMode, Reconciliation
from gateway.inventory.errors import InventoryError
from gateway.inventory.ports import StorageError
from schema.context import Info
from schema.descriptions import describe
from schema.discovery import ChannelId
from schema.errors import UserError, reading, user_error
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection, read_cursor
from schema.scalars import Quantity

strawberry.enum(ReconcileMode, name="ReconcileMode", description="What a reconciliation does about drift.")
describe(
    ReconcileMode,
    {
        "REPORT": "It only says what differs.",
        "REPAIR": "It sends our quantity again, unless an order may be on its way.",
    },
)
strawberry.enum(DriftCause, name="DriftCause", description="The likely reason of a drift.")
describe(
    DriftCause,
    {
        "UNREPORTED_ORDER": "It shows fewer: probably orders that it has yet to report. It is not repaired so soon.",
        "WRITE_NOT_SHOWN": "It shows more shortly after it has acknowledged a write: late, or it changed nothing.",
        "MANUAL_EDIT": "Somebody changed it at the platform.",
        "UNTRACKED": "The platform ignores stock for it. That is not zero, and is never repaired.",
        "NOT_LISTED": "The platform sells a SKU of ours that has no listing.",
        "NOT_FOUND": "The platform no longer has it. That is not zero, and is never repaired.",
    },
)
strawberry.enum(DriftState, name="DriftState", description="What has become of a drift.")
describe(
    DriftState,
    {
        "SUSPECTED": "It was seen once; a sale may be on its way.",
        "OPEN": "It was seen twice, unchanged.",
        "REPAIRED": "Our quantity was sent again.",
        "GONE": "It has settled by itself.",
    },
)


@strawberry.type(name="Drift", description="A place of a listing that shows another quantity than ours.")
class DriftType:
    drift: Private[Drift]
    sku: str = strawberry.field(description="Which SKU.")
    platform_location_id: str | None = strawberry.field(description="Where, if the platform keeps stock per location.")
    cause: DriftCause = strawberry.field(description="The likely reason.")
    state: DriftState = strawberry.field(description="What has become of it.")
    first_seen_at: datetime = strawberry.field(description="When this difference was seen first.")
    seen_at: datetime = strawberry.field(description="When it was seen last.")
    resolved_at: datetime | None = strawberry.field(description="When it was repaired or gone.")

    @strawberry.field(description="Units that the channel has acknowledged; null where there is no listing.")
    def ours(self) -> Quantity | None:
        return None if self.drift.ours is None else Quantity(self.drift.ours)

    @strawberry.field(description="Units that it shows; null where it shows no quantity.")
    def theirs(self) -> Quantity | None:
        return None if self.drift.theirs is None else Quantity(self.drift.theirs)

    @strawberry.field(description="How long it has lasted, in seconds.")
    def age_seconds(self) -> int:
        return int(((self.drift.resolved_at or datetime.now(UTC)) - self.drift.first_seen_at).total_seconds())


@strawberry.type(name="Reconciliation", description="The latest comparison of a channel with us.")
class ReconciliationType:
    mode: ReconcileMode = strawberry.field(description="What it does about drift.")
    state: RunState = strawberry.field(description="What has become of it.")
    reason: str | None = strawberry.field(description="Why it failed or was stopped.")
    looks: int = strawberry.field(description="Which look it is; a second one is taken where something differs.")
    pages: int = strawberry.field(description="Pages read in this look.")
    entries: int = strawberry.field(description="Quantities read in this look.")
    compared: int = strawberry.field(description="Those that could be compared.")
    agreed: int = strawberry.field(description="Those that are right.")
    undecided: int = strawberry.field(description="Those with a write under way, parked, or never told anything.")
    foreign: int = strawberry.field(description="Those that are none of ours.")
    drifts: int = strawberry.field(description="Places that differ, counted at the end, those repaired included.")
    repaired: int = strawberry.field(description="Places that were repaired.")
    started_at: datetime = strawberry.field(description="When it was begun.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")
    next_at: datetime | None = strawberry.field(description="When it runs again by itself.")


@strawberry.type(description="What became of the request.")
class ReconciliationPayload:
    reconciliation: ReconciliationType | None = strawberry.field(
        default=None, description="Ask `reconciliation` how far it is."
    )
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


@strawberry.type
class ReconcileQuery:
    @strawberry.field(description="The latest reconciliation of a channel; null when there was none.")
    async def reconciliation(self, info: Info, channel_id: ChannelId) -> ReconciliationType | None:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            found = await info.context.services.surveys.reconciliation(channel_id)
            return None if found is None else _type(found)

    @strawberry.field(description="The drifts of a channel, the newest first; without a state, all seen twice.")
    async def drifts(
        self,
        info: Info,
        channel_id: ChannelId,
        state: Annotated[DriftState | None, strawberry.argument(description="Only those.")] = None,
        first: First = FIRST_DEFAULT,
        after: After = None,
    ) -> Connection[DriftType]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit = check_first(first)
            position = read_cursor(after, str)
            last = str(position[0]) if position else None
            found = await info.context.services.surveys.drifts(channel_id, state, last, limit + 1)
            return connection(list(found), limit, _drift, lambda drift: [drift.id], after)


@strawberry.type
class ReconcileMutation:
    @strawberry.mutation(
        description="Compare what the channel shows with what it should show, in the background. Needs "
        "`inventory:write`."
    )
    async def channel_reconcile(
        self,
        info: Info,
        channel_id: ChannelId,
        mode: Annotated[ReconcileMode, strawberry.argument(description="What to do about drift.")],
    ) -> ReconciliationPayload:
        work = info.context.services.surveys.reconcile(channel_id, mode)
        try:
            with closing(work):
                info.context.principal.require(Scope.INVENTORY_WRITE)
                return ReconciliationPayload(reconciliation=_type(await work), user_errors=[])
        except (InventoryError, StorageError) as error:
            return ReconciliationPayload(user_errors=[user_error(error)])


def _type(run: Reconciliation) -> ReconciliationType:
    return ReconciliationType(
        mode=run.mode,
        state=run.state,
        reason=run.reason,
        looks=run.looks,
        pages=run.pages,
        entries=run.entries,
        compared=run.compared,
        agreed=run.agreed,
        undecided=run.undecided,
        foreign=run.foreign,
        drifts=run.drifts,
        repaired=run.repaired,
        started_at=run.started_at,
        finished_at=run.finished_at,
        next_at=run.next_at,
    )


def _drift(drift: Drift) -> DriftType:
    return DriftType(
        drift=drift,
        sku=drift.sku,
        platform_location_id=drift.place,
        cause=drift.cause,
        state=drift.state,
        first_seen_at=drift.first_seen_at,
        seen_at=drift.seen_at,
        resolved_at=drift.resolved_at,
    )
