"""Matching a channel's catalogue with our items: how far it has come, and what it could not match."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

NAMED_MAX = 1_000
"""So many SKUs of each kind are named; all are counted."""


class RunState(StrEnum):
    """What has become of a discovery or a reconciliation."""

    REQUESTED = "requested"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """The platform did not answer, or not sensibly; `reason` says more. A discovery goes on where it stopped."""
    STOPPED = "stopped"
    """The safety valve holds its repairs back until a person has decided."""


@dataclass(frozen=True, slots=True)
class Twice:
    """A SKU that could not be listed because the channel has it under other ids, or another item has its ids."""

    sku: str
    ids: Mapping[str, str]
    reason: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """The latest discovery of a channel. All counts are of entries of the platform's catalogue.

    `matched` counts those whose SKU is one of ours: they are `created`, `known` (listed under these ids already) or
    `twice`. `unmatched` SKUs are none of ours. `untracked` ones ignore stock at the platform; they are listed too.
    """

    channel_id: str
    run_id: str
    state: RunState
    started_at: datetime
    updated_at: datetime
    cursor: str | None = None
    pages: int = 0
    entries: int = 0
    matched: int = 0
    created: int = 0
    known: int = 0
    twice: int = 0
    unmatched: int = 0
    without_sku: int = 0
    untracked: int = 0
    unmatched_skus: tuple[str, ...] = ()
    twice_skus: tuple[Twice, ...] = ()
    reason: str | None = None
    finished_at: datetime | None = None
