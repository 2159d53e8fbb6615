"""Events as they were received, kept before any work is done on them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import Binary
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import PyMongoError

from gateway.inventory.events import EventSource, EventState
from gateway.store.driver import Database, Document, as_storage_error, is_duplicate_key

CLAIM_SECONDS = 30.0
"""How long a process may work on an event before another one takes it up."""
DUE_MAX = 500
ERROR_LENGTH_MAX = 500
RETENTION_DAYS = 30

INBOX_INDEXES = [
    # Only what is still owed has a `dueAt`, and only what is given up a `parkedAt`: these stay small.
    IndexModel([("dueAt", ASCENDING)], partialFilterExpression={"dueAt": {"$exists": True}}),
    IndexModel([("parkedAt", ASCENDING)], partialFilterExpression={"parkedAt": {"$exists": True}}),
    # The queries of people: newest first.
    IndexModel([("receivedAt", DESCENDING), ("_id", DESCENDING)]),
    IndexModel([("channelId", ASCENDING), ("receivedAt", DESCENDING), ("_id", DESCENDING)]),
    IndexModel([("expiresAt", ASCENDING)], expireAfterSeconds=0),
]


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """One event as it arrived. `attempts` counts the times it was taken up, this one included."""

    id: str
    channel_id: str
    source: EventSource
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    attempts: int


class Inbox:
    """Stores each delivery once, and hands out what is owed, one event to one process."""

    def __init__(self, database: Database, retention_days: float = RETENTION_DAYS) -> None:
        """`retention_days`: how long what is done is kept; what is not is kept until it is."""
        self._events = database["inbox"]
        self._retention = timedelta(days=retention_days)

    async def add(
        self,
        channel_id: str,
        delivery_id: str,
        headers: Mapping[str, str],
        body: bytes,
        source: EventSource = EventSource.WEBHOOK,
    ) -> str | None:
        """Store an event durably, claimed by the caller; its id, or None when this delivery is known already."""
        now = datetime.now(UTC)
        event_id = f"{channel_id}:{delivery_id}"
        document = {
            "_id": event_id,
            "channelId": channel_id,
            "source": source.value,
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

    async def due(self, limit: int = DUE_MAX, but_of: Collection[str] = ()) -> list[str]:
        """Ids of events whose time has come, the longest owed first; none of the channels `but_of`."""
        wanted: Document = {"dueAt": {"$lte": datetime.now(UTC)}}
        if but_of:
            wanted["channelId"] = {"$nin": list(but_of)}
        try:
            cursor = self._events.find(wanted, {"_id": 1}).sort("dueAt").limit(limit)
            return [document["_id"] for document in await cursor.to_list(limit)]
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def done(self, event_id: str) -> None:
        now = datetime.now(UTC)
        change = {"state": EventState.DONE.value, "doneAt": now, "expiresAt": now + self._retention}
        await self._update({"_id": event_id}, {"$set": change, "$unset": {"dueAt": "", "error": ""}})

    async def postpone(self, event_id: str, state: EventState, error: str, seconds: float) -> None:
        """Try again after `seconds`."""
        due_at = datetime.now(UTC) + timedelta(seconds=seconds)
        change = {"state": state.value, "error": error[:ERROR_LENGTH_MAX], "dueAt": due_at}
        await self._update({"_id": event_id}, {"$set": change})

    async def give_up(self, event_id: str, error: str) -> None:
        """Park the event with its reason until a person replays it."""
        now = datetime.now(UTC)
        change = {"state": EventState.FAILED.value, "error": error[:ERROR_LENGTH_MAX], "parkedAt": now}
        await self._update({"_id": event_id}, {"$set": change, "$unset": {"dueAt": ""}})

    async def wake(self, channel_id: str | None = None) -> int:
        """Make the waiting events of one channel, or of all, due now: what they wait for may have come. How many there
        were."""
        wanted: Document = {"dueAt": {"$exists": True}, "state": EventState.WAITING.value}
        return await self._make_due(wanted if channel_id is None else {**wanted, "channelId": channel_id})

    async def replay(self, event_ids: Sequence[str]) -> int:
        """Make events due now, whatever became of them; how many of them there are."""
        return await self._make_due({"_id": {"$in": list(event_ids)}})

    async def replay_received(
        self, since: datetime, until: datetime, channel_id: str | None, states: Collection[EventState]
    ) -> int:
        """Make the events due now that were received from `since` until before `until`; how many they are."""
        wanted: Document = {"receivedAt": {"$gte": since, "$lt": until}}
        if channel_id is not None:
            wanted["channelId"] = channel_id
        if states:
            wanted["state"] = {"$in": [state.value for state in states]}
        return await self._make_due(wanted)

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

    async def _make_due(self, wanted: Document) -> int:
        change = {
            "$set": {"state": EventState.RECEIVED.value, "dueAt": datetime.now(UTC)},
            "$unset": {"doneAt": "", "expiresAt": "", "parkedAt": ""},
        }
        try:
            answer = await self._events.update_many(wanted, change)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        matched: int = answer.matched_count
        return matched


def _read(document: dict[str, Any]) -> InboxEvent:
    return InboxEvent(
        id=document["_id"],
        channel_id=document["channelId"],
        source=EventSource(document["source"]),
        headers={name: value for name, value in document["headers"]},
        body=bytes(document["body"]),
        received_at=document["receivedAt"],
        attempts=document["attempts"],
    )
