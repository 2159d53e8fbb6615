"""Notifications that wait in a queue until we fetch them: where the queue is, and what a receiver of it does.

`connectors.sqs` is the receiver; this module is apart so that declaring a queue loads no client.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from connectors.exchange import Notification

WAIT_SECONDS = 20
"""How long a queue holds an answer back while it is empty, at most; what SQS allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueAddress:
    """Where an Amazon SQS queue is, and the keys to it. Equal addresses are one queue."""

    url: str
    region: str
    access_key_id: str | None = None
    """None: the keys of the machine itself (environment, profile, instance role)."""
    secret_access_key: str | None = field(default=None, repr=False)
    endpoint: str | None = None
    """Another server than Amazon's that speaks its protocol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedNotification:
    """A notification, and what the queue wants to hear to forget it."""

    notification: Notification
    receipt: str


class NotificationSource(Protocol):
    """At least once and in any order: what is received and not acknowledged comes again after a while."""

    async def receive(self) -> list[QueuedNotification]:
        """What waits there now; empty after some seconds of waiting. Raises `Retriable` or `Permanent`."""

    async def acknowledge(self, received: Sequence[QueuedNotification]) -> None:
        """Called once these are stored on our side. Raises `Retriable` or `Permanent`."""
