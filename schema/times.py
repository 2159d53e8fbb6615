"""Points in time that a client names."""

from __future__ import annotations

from datetime import datetime

from gateway.inventory import moments


def check_time(at: datetime | None, *path: str) -> None:
    """Refuse a time without a time zone, or one that the database could not hold."""
    moments.check_time(at, path)
