"""What a channel shows compared with what it should show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.inventory.channels import Place
from gateway.inventory.discoveries import RunState


class DriftCause(StrEnum):
    """The likely reason of a drift."""

    UNREPORTED_ORDER = "unreported_order"
    """It shows fewer: probably orders that it has yet to report. Raising its count now could oversell."""
    WRITE_NOT_SHOWN = "write_not_shown"
    """It shows more shortly after it has acknowledged a write: late, or a success that changed nothing."""
    MANUAL_EDIT = "manual_edit"
    """Somebody changed it at the platform."""
    UNTRACKED = "untracked"
    """The platform ignores stock for it: there is no quantity, which is not zero."""
    NOT_LISTED = "not_listed"
    """The platform sells a SKU of ours that has no listing."""
    NOT_FOUND = "not_found"
    """The platform no longer has what we list, which is not zero either."""


REPAIRABLE = frozenset((DriftCause.WRITE_NOT_SHOWN, DriftCause.MANUAL_EDIT))


class DriftState(StrEnum):
    SUSPECTED = "suspected"
    """Seen once: a sale may be on its way."""
    OPEN = "open"
    """Seen twice, unchanged."""
    REPAIRED = "repaired"
    """Our quantity is sent again, on the basis of what the channel shows."""
    GONE = "gone"
    """It has settled by itself."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One place of one listing that shows another quantity than ours.

    `ours` is what it has acknowledged, `theirs` what it shows; None where there is no such quantity. `mark` names
    the look at which it was seen last; `version` is the item's then.
    """

    id: str
    key: str
    channel_id: str
    item_id: str | None
    sku: str
    place: Place
    ours: int | None
    theirs: int | None
    cause: DriftCause
    state: DriftState
    version: int
    mark: str
    first_seen_at: datetime
    seen_at: datetime
    resolved_at: datetime | None = None

    @property
    def gap(self) -> int | None:
        return None if self.ours is None or self.theirs is None else self.theirs - self.ours

    @property
    def run_id(self) -> str:
        return self.mark.partition("/")[0]


class ReconcileMode(StrEnum):
    REPORT = "report"
    """Only say what differs."""
    REPAIR = "repair"
    """Send our quantity again where the channel shows another."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The latest comparison of a channel with us. Counts are of the pass in hand, or of the last one.

    `undecided` places have a write under way, are parked, or were never told anything. `foreign` entries are none
    of ours. `drifts` and `repaired` count places when the run has ended. `next_at` is when it runs again by itself.
    """

    channel_id: str
    run_id: str
    mode: ReconcileMode
    state: RunState
    started_at: datetime
    updated_at: datetime
    looks: int = 0
    pages: int = 0
    entries: int = 0
    compared: int = 0
    agreed: int = 0
    undecided: int = 0
    foreign: int = 0
    drifts: int = 0
    repaired: int = 0
    reason: str | None = None
    finished_at: datetime | None = None
    next_at: datetime | None = None
