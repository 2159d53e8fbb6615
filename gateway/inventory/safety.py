"""When to stop and ask a person: rules per channel, and what is shown where they have stopped it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.inventory.drifts import ReconcileMode

STOP_LINES_MAX = 200


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """How a channel is reconciled, and from when on its safety valve closes.

    `zero_share` of the channel's listings may be set to zero by one run, and `change_share` changed by one
    reconciliation; `listings_min` always may, so that a small channel can simply sell out.
    """

    mode: ReconcileMode
    interval_seconds: float
    zero_share: float
    change_share: float
    listings_min: int

    def zeros_max(self, listings: int) -> int:
        return max(self.listings_min, math.floor(self.zero_share * listings))

    def changes_max(self, listings: int) -> int:
        return max(self.listings_min, math.floor(self.change_share * listings))


class StopState(StrEnum):
    STOPPED = "stopped"
    """Nothing is pushed until a person approves or resumes."""
    APPROVED = "approved"
    """What was shown may be done; the valve stays open for a while."""


@dataclass(frozen=True, slots=True)
class StopLine:
    """One listing that would change: from what it was last known to show (None: unknown) to `after` units."""

    sku: str
    before: int | None
    after: int


@dataclass(frozen=True, slots=True)
class SafetyStop:
    """Why a channel was stopped, and what would have been done: up to `STOP_LINES_MAX` lines, exact counts."""

    channel_id: str
    state: StopState
    during: str
    """`push` or `reconcile`."""
    reason: str
    zeros: int
    changes: int
    listings: int
    lines: tuple[StopLine, ...]
    at: datetime
    approved_by: str | None = None
    approved_until: datetime | None = None
