"""What can become of a notification that a platform sent, or an order that it was asked for."""

from __future__ import annotations

from enum import StrEnum


class EventState(StrEnum):
    RECEIVED = "received"
    WAITING = "waiting"
    """For something we do not know yet, such as a listing; it is tried again."""
    FAILED = "failed"
    """Given up after many tries; only a replay takes it up again."""
    DONE = "done"


class EventSource(StrEnum):
    """How it came to us."""

    WEBHOOK = "webhook"
    QUEUE = "queue"
    POLL = "poll"
    """We asked for the orders that have changed."""
