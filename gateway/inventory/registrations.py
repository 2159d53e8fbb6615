"""Our webhook as it is registered at the platform of a channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Registration:
    """`by_hand` is what a person still had to do after the last renewal; `error` why a later one has failed."""

    channel_id: str
    renewed_at: datetime
    by_hand: tuple[str, ...] = ()
    error: str | None = None
