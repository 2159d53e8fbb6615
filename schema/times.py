"""Points in time that a client names."""

from __future__ import annotations

from datetime import datetime

from gateway.inventory.errors import Code, InvalidInput
from gateway.inventory.moments import check_aware

YEAR_MIN = 1970
YEAR_MAX = 9000


def check_time(at: datetime | None, *path: str) -> None:
    """Refuse a time without a time zone, or one that the database could not hold."""
    check_aware(at, path)
    if at is not None and not YEAR_MIN <= at.year <= YEAR_MAX:
        raise InvalidInput(Code.OUT_OF_RANGE, f"A year is {YEAR_MIN} to {YEAR_MAX}.", path)
