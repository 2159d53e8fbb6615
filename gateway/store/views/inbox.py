"""Listing what came in from platforms, and how much of it is still owed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.errors import PyMongoError

from gateway.inventory.events import EventSource, EventState
from gateway.store.driver import Database, Document, as_storage_error
from gateway.store.views.pages import Place, newest_first

COUNTED_MAX = 100_000

OWED: Sequence[Mapping[str, Any]] = [
    {"$match": {"dueAt": {"$exists": True}}},
    {"$sort": {"dueAt": 1}},
    {"$limit": COUNTED_MAX},
    {"$group": {"_id": "$state", "count": {"$sum": 1}, "oldest": {"$min": "$receivedAt"}}},
]


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """Which events to list; None, or no states, means any. Times are from inclusive, until exclusive."""

    channel_id: str | None = None
    states: tuple[EventState, ...] = ()
    source: EventSource | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One event without its content. `error` says what it waits for, or why it was given up."""

    id: str
    channel_id: str
    source: EventSource
    state: EventState
    received_at: datetime
    attempts: int
    error: str | None
    due_at: datetime | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Owed:
    """What is not done, each up to `COUNTED_MAX`; `oldest_received_at` of what waits for nothing but us."""

    counts: Mapping[EventState, int]
    oldest_received_at: datetime | None


class InboxView:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._events = database["inbox"]

    async def page(self, wanted: InboxFilter, after: Place | None, limit: int) -> list[EventRecord]:
        """Those received last first, from the event after `after` on."""
        found = await newest_first(self._events, _query(wanted), after, limit, field="receivedAt", without=("body",))
        return [_read(document) for document in found]

    async def owed(self) -> Owed:
        try:
            groups = await self._database.aggregate("inbox", OWED, len(EventState))
            parked = await self._events.count_documents({"parkedAt": {"$exists": True}}, limit=COUNTED_MAX)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        counts = {EventState(group["_id"]): group["count"] for group in groups}
        oldest = [group["oldest"] for group in groups if group["_id"] == EventState.RECEIVED.value]
        return Owed({**counts, EventState.FAILED: parked}, oldest[0] if oldest else None)


def _query(wanted: InboxFilter) -> Document:
    query: Document = {}
    if wanted.channel_id is not None:
        query["channelId"] = wanted.channel_id
    if wanted.source is not None:
        query["source"] = wanted.source.value
    if wanted.states:
        query["state"] = {"$in": [state.value for state in wanted.states]}
    bounds = {"$gte": wanted.since, "$lt": wanted.until}
    received = {operator: at for operator, at in bounds.items() if at is not None}
    return {**query, "receivedAt": received} if received else query


def _read(document: Mapping[str, Any]) -> EventRecord:
    return EventRecord(
        id=document["_id"],
        channel_id=document["channelId"],
        source=EventSource(document["source"]),
        state=EventState(document["state"]),
        received_at=document["receivedAt"],
        attempts=document["attempts"],
        error=document.get("error"),
        due_at=document.get("dueAt"),
        done_at=document.get("doneAt"),
    )
