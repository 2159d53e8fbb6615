"""Where a subscription goes on after a break: a position of the ledger, or a time in microseconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.inventory.errors import Code, InvalidInput

_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)


def position_of(after: str | None) -> int | None:
    if after is None:
        return None
    if not after.isascii() or not after.isdigit() or len(after) > 18:
        raise InvalidInput(Code.INVALID_INPUT, "This is no cursor of a change.", ("after",))
    return int(after)


def cursor_of(at: datetime) -> str:
    return str((at - _EPOCH) // _MICROSECOND)


def time_of(position: int | None) -> datetime | None:
    return None if position is None else _EPOCH + position * _MICROSECOND
