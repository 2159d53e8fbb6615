"""How a channel fares: what its worker knows of it, and how far each item has got."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PushOutcome(StrEnum):
    """What became of pushing one listing; of a whole request when it failed."""

    CONFIRMED = "confirmed"
    STALE = "stale"
    """The platform shows another quantity than we believed; it is offered anew."""
    REJECTED = "rejected"
    """The platform will not take it until a person changes something; it is parked."""
    DEFERRED = "deferred"
    """The platform asked to be sent it again later."""
    FAILED = "failed"


class Breaker(StrEnum):
    """Whether requests are let through to the platform."""

    CLOSED = "closed"
    OPEN = "open"
    """It failed repeatedly and is left alone for a while."""
    HALF_OPEN = "half_open"
    """One request is let through to see whether it has recovered."""


class SyncState(StrEnum):
    """How far one channel has heard of one change."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    FAILING = "failing"
    PARKED = "parked"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class PushHealth:
    """`lag_seconds` is the age of the oldest unconfirmed change, 0 without any; `backlog` counts items."""

    lag_seconds: float
    backlog: int
    backlog_exact: bool
    breaker: Breaker
    failures_in_a_row: int


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """What the worker of a channel last told, at `at`; `error_rate` is the share of requests that failed lately."""

    push: PushHealth
    error_rate: float
    at: datetime
