"""How far each channel's orders have been asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pymongo.errors import PyMongoError

from gateway.store.driver import Database, as_storage_error, is_duplicate_key


@dataclass(frozen=True, slots=True)
class OrderCursor:
    """`position` is the connector's own, None before the first page; `due_at` is when to ask again.

    `token` is that of the lease under which it was stored.
    """

    channel_id: str
    position: str | None
    due_at: datetime
    token: int = 0
    polled_at: datetime | None = None
    failures: int = 0
    error: str | None = None


class CursorStore:
    """One cursor per channel; a process that has lost its lease cannot set it back."""

    def __init__(self, database: Database) -> None:
        self._cursors = database["cursors"]

    async def get(self, channel_id: str) -> OrderCursor | None:
        try:
            document = await self._cursors.find_one({"_id": channel_id})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        if document is None:
            return None
        return OrderCursor(
            channel_id=document["_id"],
            position=document["position"],
            due_at=document["dueAt"],
            token=document["token"],
            polled_at=document["polledAt"],
            failures=document["failures"],
            error=document["error"],
        )

    async def put(self, cursor: OrderCursor) -> bool:
        """Store it; False when a newer lease has stored one."""
        document = {
            "position": cursor.position,
            "dueAt": cursor.due_at,
            "token": cursor.token,
            "polledAt": cursor.polled_at,
            "failures": cursor.failures,
            "error": cursor.error,
        }
        ours = {"_id": cursor.channel_id, "token": {"$lte": cursor.token}}
        try:
            await self._cursors.replace_one(ours, document, upsert=True)
        except PyMongoError as error:
            if is_duplicate_key(error):
                return False
            raise as_storage_error(error) from error
        return True
