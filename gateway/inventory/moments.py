"""Points in time that a caller names, and where they lie in the ledger."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from gateway.inventory.errors import Code, InvalidInput, Path

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK_STEP = timedelta(milliseconds=1)

YEAR_MIN = 1970
YEAR_MAX = 9000


def check_aware(at: datetime | None, path: Path) -> None:
    """Refuse a time without a time zone: nobody can tell which moment it means."""
    if at is not None and at.utcoffset() is None:
        raise InvalidInput(Code.INVALID_INPUT, "Give the time with its time zone.", path)


def check_time(at: datetime | None, path: Path) -> None:
    """Refuse a time without a time zone, or one that cannot be reckoned with or kept in the database."""
    check_aware(at, path)
    if at is not None and not YEAR_MIN <= at.year <= YEAR_MAX:
        raise InvalidInput(Code.OUT_OF_RANGE, f"A year is {YEAR_MIN} to {YEAR_MAX}.", path)


def check_as_of(at: datetime, now: datetime, horizon: timedelta | None, path: Path) -> None:
    """Refuse a time in the future (AS_OF_IN_FUTURE) or, where there is a horizon, before it (AS_OF_TOO_OLD)."""
    check_aware(at, path)
    if at >= now + _CLOCK_STEP:
        raise InvalidInput(Code.AS_OF_IN_FUTURE, "This time has not come yet.", path)
    if horizon is not None and at < now - horizon:
        message = f"This is more than {horizon.total_seconds() / 86_400:g} days ago; count again."
        raise InvalidInput(Code.AS_OF_TOO_OLD, message, path)


def as_kept(at: datetime | None) -> datetime | None:
    """The time as the database keeps it: in UTC and whole milliseconds, so that a record reads as it was written."""
    return None if at is None else _EPOCH + (at - _EPOCH) // _CLOCK_STEP * _CLOCK_STEP


def day_of(at: datetime) -> date:
    """The calendar day (UTC)."""
    return at.astimezone(UTC).date()


def last_seq(at: datetime) -> int:
    """The highest ledger position that an entry of that time can have; exact to the microsecond."""
    return (at - _EPOCH) // timedelta(microseconds=1)
