"""What has just happened, as it is told to whoever watches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StockNews:
    """An item was moved, to `version` and `available` units over its active locations, by ledger entry `seq`.

    `location_ids` are those that the entry touched.
    """

    item_id: str
    sku: str
    version: int
    available: int
    seq: int
    location_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class AlertNews:
    """An alert was opened, perhaps again."""

    alert_id: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class SyncNews:
    """A channel acknowledged an item up to `confirmed_version` at `confirmed_at`, or failed to, with a `reason`."""

    channel_id: str
    item_id: str
    confirmed_version: int | None = None
    confirmed_at: datetime | None = None
    reason: str | None = None
    parked: bool = False
