"""Addresses that want to be told what happens here, and how patient we are with them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

GIVEN_UP_AFTER = timedelta(days=5)
"""An address that has refused everything for so long is told nothing more until a person switches it on again."""

ROTATION = timedelta(hours=24)
"""How long messages are signed with the former secret as well."""


class EventType(StrEnum):
    """What can be told. Names are never changed; receivers ignore those that they do not know."""

    PING = "ping"
    """A person asked for it, to see whether the address answers."""
    ALERT_OPENED = "alert.opened"
    ALERT_ACKNOWLEDGED = "alert.acknowledged"
    ALERT_RESOLVED = "alert.resolved"


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """`sealed` holds the encrypted secrets: the present one, and the former one until `rotated_until`.

    No event types are all of them. `failing_since` is when it began to refuse everything; None while it answers.
    """

    id: str
    url: str
    description: str | None
    event_types: tuple[EventType, ...]
    sealed: bytes = field(repr=False)
    enabled: bool
    disabled_because: str | None
    failing_since: datetime | None
    rotated_until: datetime | None
    created_at: datetime
    updated_at: datetime
    revision: int = 0

    def wants(self, event_type: EventType) -> bool:
        return self.enabled and (not self.event_types or event_type in self.event_types)

    def answered(self) -> WebhookEndpoint:
        """It took a message."""
        return replace(self, failing_since=None)

    def refused(self, now: datetime, why: str, *, gone: bool) -> WebhookEndpoint:
        """It did not take a message; a `gone` address, or one that fails for too long, is switched off."""
        since = self.failing_since or now
        if gone:
            return replace(self, failing_since=since, enabled=False, disabled_because="It answered 410 Gone.")
        if now - since >= GIVEN_UP_AFTER:
            because = f"It has failed for {GIVEN_UP_AFTER.days} days: {why}"
            return replace(self, failing_since=since, enabled=False, disabled_because=because)
        return replace(self, failing_since=since)
