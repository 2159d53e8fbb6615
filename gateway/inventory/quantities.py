"""Buckets and the range of a quantity."""

from __future__ import annotations

from enum import StrEnum

from gateway.inventory.errors import Code, InvalidInput, Path

QUANTITY_MAX = 2**53 - 1
"""Largest magnitude of a delta, a bucket or an item's sum, in units: what every JSON client reads exactly."""


class Bucket(StrEnum):
    """One stored quantity of a level. `total` = available + allocated; `on hand` adds unavailable."""

    AVAILABLE = "available"
    ALLOCATED = "allocated"
    INCOMING = "incoming"
    UNAVAILABLE = "unavailable"

    # Buckets are half of every key of a batch, and an Enum hashes itself in Python.
    __hash__ = str.__hash__


def check_delta(delta: int, path: Path) -> None:
    """Refuse a zero delta (ZERO_DELTA) or one beyond the range (OUT_OF_RANGE)."""
    if delta == 0:
        raise InvalidInput(Code.ZERO_DELTA, "A delta of 0 changes nothing. Leave the line out.", path)
    check_range(delta, path)


def check_range(quantity: int, path: Path, minimum: int = -QUANTITY_MAX, maximum: int = QUANTITY_MAX) -> None:
    """Refuse a number outside `minimum`..`maximum` (OUT_OF_RANGE)."""
    if not minimum <= quantity <= maximum:
        raise InvalidInput(Code.OUT_OF_RANGE, f"{quantity} is outside {minimum} to {maximum}.", path)
