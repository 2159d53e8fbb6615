"""Webhooks as they were received, kept before any work is done on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from bson import Binary
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import PyMongoError

from gateway.store.driver import Database, Document, as_storage_error, is_duplicate_key

CLAIM_SECONDS = 30.0
"""How long a process may work on an event before another one takes it up."""
DUE_MAX = 500
ERROR_LENGTH_MAX = 500
RETENTION_DAYS = 30

INBOX_INDEXES = [
    # Only what is still owed has a `dueAt`, so this index stays small however long the history is.
    IndexModel([("dueAt", ASCENDING)], partialFilterExpression={"dueAt": {"$exists": True}}),
    IndexModel([("channelId", ASCENDING), ("state", ASCENDING), ("receivedAt", DESCENDING)]),
    IndexModel([("doneAt", ASCENDING)], expireAfterSeconds=RETENTION_DAYS * 86_400),
]


class EventState(StrEnum):
    RECEIVED = "received"
    WAITING = "waiting"
    """For something we do not know yet, such as a listing; it is tried again."""
    FAILED = "failed"
    """Given up after many tries; only a replay takes it up again."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """One notification as it arrived. `attempts` counts the times it was taken up, this one included."""

    id: str
    channel_id: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    attempts: int


class Inbox:
    """Stores each delivery once, and hands out what is owed, one event to one process."""

    def __init__(self, database: Database) -> None:
        self._events = database["inbox"]

    async def add(self, channel_id: str, delivery_id: str, headers: Mapping[str, str], body: bytes) -> str | None:
        """Store an event durably, claimed by the caller; its id, or None when this delivery is known already."""
        now = datetime.now(UTC)
        event_id = f"{channel_id}:{delivery_id}"
        document = {
            "_id": event_id,
            "channelId": channel_id,
            # Pairs, since a header's name is no field name.
            "headers": [list(pair) for pair in headers.items()],
            "body": Binary(body),
            "receivedAt": now,
            "state": EventState.RECEIVED.value,
            "attempts": 0,
            "dueAt": now + timedelta(seconds=CLAIM_SECONDS),
        }
        try:
            await self._events.insert_one(document)
        except PyMongoError as error:
            if is_duplicate_key(error):
                return None
            raise as_storage_error(error) from error
        return event_id

    async def take(self, event_id: str) -> InboxEvent | None:
        """Take up an event that the caller has just added; None when it is settled already."""
        return await self._take({"_id": event_id, "dueAt": {"$exists": True}})

    async def take_due(self, event_id: str) -> InboxEvent | None:
        """Take up an event whose time has come; None when another process was first."""
        return await self._take({"_id": event_id, "dueAt": {"$lte": datetime.now(UTC)}})

    async def due(self, limit: int = DUE_MAX) -> list[str]:
        """Ids of events whose time has come, the longest owed first."""
        try:
            cursor = self._events.find({"dueAt": {"$lte": datetime.now(UTC)}}, {"_id": 1}).sort("dueAt").limit(limit)
            return [document["_id"] for document in await cursor.to_list(limit)]
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def done(self, event_id: str) -> None:
        change = {"state": EventState.DONE.value, "doneAt": datetime.now(UTC)}
        await self._update({"_id": event_id}, {"$set": change, "$unset": {"dueAt": "", "error": ""}})

    async def postpone(self, event_id: str, state: EventState, error: str, seconds: float) -> None:
        """Try again after `seconds`."""
        due_at = datetime.now(UTC) + timedelta(seconds=seconds)
        change = {"state": state.value, "error": error[:ERROR_LENGTH_MAX], "dueAt": due_at}
        await self._update({"_id": event_id}, {"$set": change})

    async def give_up(self, event_id: str, error: str) -> None:
        """Park the event with its reason until a person replays it."""
        change = {"state": EventState.FAILED.value, "error": error[:ERROR_LENGTH_MAX]}
        await self._update({"_id": event_id}, {"$set": change, "$unset": {"dueAt": ""}})

    async def wake(self, channel_id: str) -> int:
        """Make the channel's waiting events due now: what they wait for may have come. How many there were."""
        return await self._update_many({"channelId": channel_id, "state": EventState.WAITING.value})

    async def replay(self, event_id: str) -> bool:
        """Make one event due now, whatever became of it; False when there is no such event."""
        return await self._update_many({"_id": event_id}) > 0

    async def _take(self, wanted: Document) -> InboxEvent | None:
        due_at = datetime.now(UTC) + timedelta(seconds=CLAIM_SECONDS)
        change = {"$set": {"dueAt": due_at}, "$inc": {"attempts": 1}}
        try:
            document = await self._events.find_one_and_update(wanted, change, return_document=ReturnDocument.AFTER)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return None if document is None else _read(document)

    async def _update(self, wanted: Document, change: Document) -> None:
        try:
            await self._events.update_one(wanted, change)
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def _update_many(self, wanted: Document) -> int:
        try:
            answer = await self._events.update_many(
                wanted, {"$set": {"dueAt": datetime.now(UTC)}, "$unset": {"doneAt": ""}}
            )
        except PyMongoError as error:
            raise as_storage_error(error) from error
        matched: int = answer.matched_count
        return matched


def _read(document: dict[str, Any]) -> InboxEvent:
    return InboxEvent(
        id=document["_id"],
        channel_id=document["channelId"],
        headers={name: value for name, value in document["headers"]},
        body=bytes(document["body"]),
        received_at=document["receivedAt"],
        attempts=document["attempts"],
    )
