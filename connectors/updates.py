"""What we tell a platform, and what became of it, line by line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class StockUpdate:
    """The quantity one listing is to be offered at one of the platform's locations."""

    platform_ids: Mapping[str, str]
    """As `CatalogEntry.platform_ids` named them."""
    sku: str
    location_id: str | None = None
    quantity: int
    """What the platform shall show."""
    change_from: int | None = None
    """What we believe it shows now; None writes without comparing."""
    delta: int | None = None
    """The part of the change that happened elsewhere; only platforms that take relative changes read it."""
    version: int = 0
    idempotency_key: str
    """Names this logical write: the same on every retry of it, another one for another quantity or comparison."""
    as_of: datetime = field(default_factory=lambda: datetime.now(UTC), compare=False)
    """When the quantity was true; the same on every retry. For platforms that put changes in the order of their time:
    there, a sale made later survives a count."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The platform now shows `quantity`, and said so (or said that nothing had to change)."""

    quantity: int


@dataclass(frozen=True, slots=True)
class Stale:
    """Not written: the platform did not show `change_from`. `actual` is what it shows, None where it did not say."""

    actual: int | None = None


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not (known to be) written, try again with the same idempotency key."""

    reason: str
    after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not written, and trying again cannot help. `code` is the platform's own, `reason` is for the operator."""

    code: str
    reason: str


UpdateOutcome: TypeAlias = Confirmed | Stale | Deferred | Rejected


def without_writing(update: StockUpdate, shown: int) -> UpdateOutcome | None:
    """For platforms that cannot compare by themselves: what comes of an update when the platform, looked at just now,
    shows this much; None when there is something to write."""
    if update.change_from is not None and shown != update.change_from:
        return Stale(shown)
    return Confirmed(shown) if shown == update.quantity else None


def as_kept(update: StockUpdate, kept: int | None) -> UpdateOutcome:
    """What comes of a write after which the platform shows `kept`; None where it shows nothing."""
    if kept == update.quantity:
        return Confirmed(kept)
    return Deferred(f"the platform shows {'no count' if kept is None else kept} after being told {update.quantity}")
