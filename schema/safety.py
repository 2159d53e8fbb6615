"""The safety valve: what it has stopped, its rules, and the person's decision; and a look at a connection."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import Annotated

import strawberry

from gateway.inventory.access import Scope
from gateway.inventory.drifts import ReconcileMode
from gateway.inventory.errors import InventoryError
from gateway.inventory.ports import StorageError
from gateway.inventory.safety import ChannelRules, SafetyStop, StopState
from schema.channels import ChannelPayload, ChannelType, Input
from schema.context import Info
from schema.descriptions import describe
from schema.discovery import ChannelId
from schema.errors import UserError, reading, user_error
from schema.scalars import Quantity

strawberry.enum(StopState, name="SafetyStopState", description="Whether somebody has decided.")
describe(
    StopState,
    {
        "STOPPED": "Nothing is pushed until somebody approves or resumes; resuming looks again, and may stop again.",
        "APPROVED": "What was shown may be done; the valve stays open for an hour.",
    },
)


@strawberry.type(description="One listing that would change.")
class SafetyStopLine:
    sku: str = strawberry.field(description="Which SKU.")
    before: Quantity | None = strawberry.field(description="Units that it was last known to show; null: unknown.")
    after: Quantity = strawberry.field(description="Units that it would show.")


@strawberry.type(name="SafetyStop", description="Why a channel was stopped, and what would have been done.")
class SafetyStopType:
    state: StopState = strawberry.field(description="Whether somebody has decided.")
    reason: str = strawberry.field(description="In words.")
    zeros: int = strawberry.field(description="Listings that would be set to zero without having been sold.")
    changes: int = strawberry.field(description="Listings that would change.")
    listings: int = strawberry.field(description="Listings of the channel.")
    lines: list[SafetyStopLine] = strawberry.field(description="Up to 200 of what would be done.")
    at: datetime = strawberry.field(description="When it was stopped.")
    approved_by: str | None = strawberry.field(description="Who has approved.")


@strawberry.type(name="ChannelRules", description="How a channel is reconciled, and when its safety valve closes.")
class ChannelRulesType:
    mode: ReconcileMode = strawberry.field(description="What scheduled reconciliations do about drift.")
    interval_seconds: float = strawberry.field(description="Time between two of them.")
    zero_share: float = strawberry.field(description="Share of the listings that one run may set to zero unasked.")
    change_share: float = strawberry.field(description="Share that a reconciliation may change unasked.")
    listings_min: int = strawberry.field(description="So many always may, however small the channel is.")


@strawberry.input(description="New rules of a channel; what is left out stays as it is.")
class ChannelRulesInput:
    channel_id: str = strawberry.field(description="Which channel.")
    mode: ReconcileMode | None = strawberry.field(default=None, description="What to do about drift.")
    interval_seconds: float | None = strawberry.field(default=None, description="At least 60.")
    zero_share: float | None = strawberry.field(default=None, description="0 to 1.")
    change_share: float | None = strawberry.field(default=None, description="0 to 1.")
    listings_min: int | None = strawberry.field(default=None, description="From 0.")


@strawberry.type(description="What became of a change of rules.")
class ChannelRulesPayload:
    rules: ChannelRulesType | None = strawberry.field(default=None, description="The rules as they are now.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


@strawberry.type(description="One of the platform's own locations.")
class PlatformLocationType:
    id: str = strawberry.field(description="Use it as `platformLocationId`.")
    name: str = strawberry.field(description="Its name there.")
    active: bool = strawberry.field(description="Whether it is in use there.")


@strawberry.type(description="What one harmless look at the platform has found.")
class ChannelTestPayload:
    ok: bool = strawberry.field(description="Whether it can be reached and accepts the credentials.")
    summary: str | None = strawberry.field(default=None, description="What the platform says, in plain words.")
    problems: list[str] = strawberry.field(description="What will not work all the same, and what to do about it.")
    locations: list[PlatformLocationType] = strawberry.field(description="The platform's own locations.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


@strawberry.type
class SafetyQuery:
    @strawberry.field(description="The latest stop of a channel by the safety valve; null when there was none.")
    async def safety_stop(self, info: Info, channel_id: ChannelId) -> SafetyStopType | None:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            found = await info.context.services.surveys.safety_stop(channel_id)
            return None if found is None else _stop(found)

    @strawberry.field(description="The rules of a channel, or the defaults where it has none of its own.")
    async def channel_rules(self, info: Info, channel_id: ChannelId) -> ChannelRulesType:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            return _rules(await info.context.services.surveys.rules(channel_id))


@strawberry.type
class SafetyMutation:
    @strawberry.mutation(description="Let the channel do what the safety valve has shown. Needs `admin`.")
    async def channel_approve(self, info: Info, channel_id: ChannelId) -> ChannelPayload:
        work = info.context.services.surveys.approve(channel_id, info.context.principal.client)
        try:
            with closing(work):
                info.context.principal.require(Scope.ADMIN)
                return ChannelPayload(channel=ChannelType(channel=await work), user_errors=[])
        except (InventoryError, StorageError) as error:
            return ChannelPayload(user_errors=[user_error(error)])

    @strawberry.mutation(description="Change how a channel is reconciled and when it is stopped. Needs `admin`.")
    async def channel_rules_update(self, info: Info, input: Annotated[ChannelRulesInput, Input]) -> ChannelRulesPayload:
        names = ("mode", "interval_seconds", "zero_share", "change_share", "listings_min")
        changes = {name: getattr(input, name) for name in names if getattr(input, name) is not None}
        work = info.context.services.surveys.change_rules(input.channel_id, changes)
        try:
            with closing(work):
                info.context.principal.require(Scope.ADMIN)
                return ChannelRulesPayload(rules=_rules(await work), user_errors=[])
        except (InventoryError, StorageError) as error:
            return ChannelRulesPayload(user_errors=[user_error(error, "input")])

    @strawberry.mutation(description="Look whether address, credentials and permissions are right. Needs `admin`.")
    async def channel_test(self, info: Info, channel_id: ChannelId) -> ChannelTestPayload:
        work = info.context.services.checks.check(channel_id)
        try:
            info.context.principal.require(Scope.ADMIN)
            found = await work
        except (InventoryError, StorageError) as error:
            return ChannelTestPayload(ok=False, problems=[], locations=[], user_errors=[user_error(error)])
        finally:
            work.close()
        locations = [PlatformLocationType(id=some.id, name=some.name, active=some.active) for some in found.locations]
        return ChannelTestPayload(
            ok=found.ok, summary=found.summary, problems=list(found.problems), locations=locations, user_errors=[]
        )


def _stop(stop: SafetyStop) -> SafetyStopType:
    return SafetyStopType(
        state=stop.state,
        reason=stop.reason,
        zeros=stop.zeros,
        changes=stop.changes,
        listings=stop.listings,
        lines=[
            SafetyStopLine(
                sku=line.sku,
                before=None if line.before is None else Quantity(line.before),
                after=Quantity(line.after),
            )
            for line in stop.lines
        ],
        at=stop.at,
        approved_by=stop.approved_by,
    )


def _rules(rules: ChannelRules) -> ChannelRulesType:
    return ChannelRulesType(
        mode=rules.mode,
        interval_seconds=rules.interval_seconds,
        zero_share=rules.zero_share,
        change_share=rules.change_share,
        listings_min=rules.listings_min,
    )
