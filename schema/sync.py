"""How far channels have heard of a change, and how they fare."""

from __future__ import annotations

from datetime import datetime

import strawberry

from gateway.inventory.channel_health import Breaker, ChannelHealth, SyncState
from gateway.operations.listings import ChannelSync
from schema.descriptions import describe
from schema.scalars import Quantity

strawberry.enum(SyncState, name="SyncState", description="How far a channel has heard of a change.")
describe(
    SyncState,
    {
        "PENDING": "It is about to be told.",
        "CONFIRMED": "It has acknowledged a quantity that includes the change.",
        "FAILING": "Telling it has failed; it is tried again and again.",
        "PARKED": "Its platform refuses this listing until a person changes something: `listingRetry` tries again.",
        "PAUSED": "The channel is paused; it is told once it is resumed.",
    },
)
strawberry.enum(Breaker, name="BreakerState", description="Whether requests are sent to a platform.")
describe(
    Breaker,
    {
        "CLOSED": "They are.",
        "OPEN": "It failed repeatedly and is left alone for a while.",
        "HALF_OPEN": "One is sent to see whether it has recovered.",
    },
)


@strawberry.type(description="How far one channel that lists the SKU has heard of this change.")
class SyncStatus:
    channel_id: str = strawberry.field(description="The channel.")
    state: SyncState = strawberry.field(description="Whether it has heard of it, and if not, why.")
    confirmed_at: datetime | None = strawberry.field(
        description="When the channel acknowledged a quantity that includes this change; null until it does."
    )
    idempotency_key: str = strawberry.field(description="The key of the change.")
    target_version: Quantity = strawberry.field(description="The item's version that includes the change.")
    confirmed_version: Quantity = strawberry.field(
        description="The item's version that it has acknowledged; -1: nothing yet."
    )
    attempts: int = strawberry.field(description="Requests sent for this listing since its last acknowledgement.")
    last_error: str | None = strawberry.field(description="Why the last of them failed; null where it did not.")

    @classmethod
    def of(cls, sync: ChannelSync, version: int, idempotency_key: str) -> SyncStatus:
        return cls(
            channel_id=sync.channel_id,
            state=sync.state_for(version),
            confirmed_at=sync.confirmed_at_for(version),
            idempotency_key=idempotency_key,
            target_version=Quantity(version),
            confirmed_version=Quantity(sync.confirmed_version),
            attempts=sync.attempts,
            last_error=sync.last_error,
        )


@strawberry.type(name="ChannelHealth", description="How a channel fares, at most a few seconds ago.")
class ChannelHealthType:
    lag_seconds: float = strawberry.field(description="Age of the oldest change that it has yet to acknowledge.")
    backlog: int = strawberry.field(description="Items that it has yet to hear of.")
    backlog_exact: bool = strawberry.field(
        description="False while versions are being compared: there may be more than `backlog`."
    )
    breaker_state: Breaker = strawberry.field(description="Whether requests are sent to it.")
    failures_in_a_row: int = strawberry.field(description="Requests that failed since the last one that did not.")
    error_rate: float = strawberry.field(
        description="Share of recent pushes that failed, from 0 to 1; those of a minute ago count half."
    )
    at: datetime = strawberry.field(description="When its worker told this.")

    @classmethod
    def of(cls, health: ChannelHealth) -> ChannelHealthType:
        push = health.push
        return cls(
            lag_seconds=push.lag_seconds,
            backlog=push.backlog,
            backlog_exact=push.backlog_exact,
            breaker_state=push.breaker,
            failures_in_a_row=push.failures_in_a_row,
            error_rate=health.error_rate,
            at=health.at,
        )
