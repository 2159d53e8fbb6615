"""Keeping what platforms tell, once each, whichever way it came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from connectors.base import Connector
from connectors.exchange import UNREADABLE, Notification
from gateway.inventory.events import EventSource
from gateway.store.inbox import Inbox

DELIVERY_KEY_LENGTH_MAX = 200
NEVER_STORED = frozenset(("authorization", "proxy-authorization", "cookie"))


class Reception:
    """Stores events durably and says so to whoever works on them."""

    def __init__(self, inbox: Inbox, accepted: Callable[[str], None]) -> None:
        """`accepted` is told the id of every new event."""
        self._inbox = inbox
        self._accepted = accepted

    async def take(
        self, channel_id: str, source: EventSource, connector: Connector[Any], notification: Notification
    ) -> None:
        """Keep a proven notification of a topic that we act on. Raises a StorageError."""
        try:
            wanted = connector.topic(notification) in connector.topics
            delivery_key = connector.delivery_key(notification) if wanted else ""
        except UNREADABLE:
            # Kept, so that somebody sees it: the inbox parks what it cannot read.
            wanted, delivery_key = True, sha256(notification.body).hexdigest()
        if wanted:
            headers = {name: value for name, value in notification.headers.items() if name.lower() not in NEVER_STORED}
            await self.keep(channel_id, source, delivery_key, headers, notification.body)

    async def keep(
        self, channel_id: str, source: EventSource, delivery_key: str, headers: Mapping[str, str], body: bytes
    ) -> bool:
        """Once it returns, the event is stored; False when it was before. Raises a StorageError."""
        if len(delivery_key) > DELIVERY_KEY_LENGTH_MAX:
            delivery_key = sha256(delivery_key.encode()).hexdigest()
        event_id = await self._inbox.add(channel_id, delivery_key, headers, body, source)
        if event_id is None:
            return False
        self._accepted(event_id)
        return True
