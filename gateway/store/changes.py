"""What has just happened to stock, listings, channels and locations: one change stream for a whole process."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pymongo.errors import OperationFailure, PyMongoError

from gateway.inventory.alerts import ALERTS, AlertState
from gateway.inventory.ledger import ItemMark
from gateway.inventory.news import AlertNews, SyncNews
from gateway.store.buffer_rules import BUFFER_RULES
from gateway.store.driver import Database, Document, as_storage_error

AWAIT_MILLISECONDS_MAX = 200
"""Closing the stream has to wait for the look in hand, so looks are short; news ends them at once."""

PIPELINE: list[Mapping[str, Any]] = [
    {
        "$match": {
            "$or": [
                {"ns.coll": {"$in": ["ledger", "listings"]}, "operationType": "insert"},
                # A listing's own pushes are updates too; only one that was made due again is news.
                {"ns.coll": "listings", "updateDescription.updatedFields.resyncs": {"$exists": True}},
                # What a channel has acknowledged or refused is news for those who wait for it.
                {"ns.coll": "listings", "updateDescription.updatedFields.confirmedAt": {"$exists": True}},
                {"ns.coll": "listings", "updateDescription.updatedFields.error": {"$exists": True}},
                {"ns.coll": "listings", "updateDescription.updatedFields.lastError": {"$exists": True}},
                {"ns.coll": {"$in": ["channels", "locations"]}},
                # An alert is written whole whenever it is opened.
                {"ns.coll": ALERTS, "fullDocument.state": AlertState.OPEN.value},
                # Another dynamic buffer, or other rules for it: a listing may be due without a movement.
                {"ns.coll": "listings", "updateDescription.updatedFields.learned": {"$exists": True}},
                {"ns.coll": BUFFER_RULES},
                # So it may be when the item is archived or restored, or tagged differently.
                {"ns.coll": "items", "updateDescription.updatedFields.status": {"$exists": True}},
                {"ns.coll": "items", "updateDescription.updatedFields.tags": {"$exists": True}},
            ]
        }
    },
    {
        "$project": {
            "ns.coll": 1,
            "documentKey": 1,
            "operationType": 1,
            "fullDocument.items": 1,
            "fullDocument.seq": 1,
            "fullDocument.lines.locationId": 1,
            "fullDocument.channelId": 1,
            "fullDocument.itemId": 1,
            "fullDocument.raisedAt": 1,
            "updateDescription.updatedFields.resyncs": 1,
            "updateDescription.updatedFields.learned": 1,
            "updateDescription.updatedFields.syncedVersion": 1,
            "updateDescription.updatedFields.confirmedAt": 1,
            "updateDescription.updatedFields.error": 1,
            "updateDescription.updatedFields.lastError": 1,
        }
    },
]


@dataclass(frozen=True, slots=True)
class StockMoved:
    """A ledger entry was committed at `seq`; `items` are the items as it left them."""

    items: tuple[ItemMark, ...]
    seq: int = 0
    location_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ListingDue:
    """A listing was created, is to be pushed again, or has another dynamic buffer."""

    channel_id: str
    item_id: str


@dataclass(frozen=True, slots=True)
class ItemRedefined:
    """An item was archived, restored, or tagged differently."""

    item_id: str


@dataclass(frozen=True, slots=True)
class ChannelsChanged:
    """A channel, a location that may feed one, or a rule of what is withheld was changed."""


Change = StockMoved | ItemRedefined | ListingDue | SyncNews | AlertNews | ChannelsChanged


class ResumeImpossible(Exception):
    """The stream cannot go on where it stopped: whatever was missed must be found by comparing versions."""


class ChangeStream:
    """Opens the stream, and remembers where to go on."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._token: Mapping[str, Any] | None = None
        self._start: Any = None

    def forget(self) -> None:
        """Give up the place where the stream stopped; `begin` anew."""
        self._token = self._start = None

    async def begin(self) -> bool:
        """Fix the present as the start, unless there is a place to go on from; whether it was fixed just now.

        The driver opens its cursor at the first look only, so the present has to be asked for.
        """
        if self._token is not None or self._start is not None:
            return False
        try:
            self._start = (await self._database.handle.command("ping"))["operationTime"]
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return True

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Change]]:
        """The changes since the last one seen, or since `begin`.

        Raises ResumeImpossible, or a StorageError when the database is away.
        """
        place = {"start_at_operation_time": self._start} if self._token is None else {"resume_after": self._token}
        try:
            watching = self._database.handle.watch(PIPELINE, max_await_time_ms=AWAIT_MILLISECONDS_MAX, **place)
            stream = await watching if inspect.isawaitable(watching) else watching
            try:
                yield self._changes(stream)
            finally:
                await stream.close()
        except OperationFailure as error:
            raise ResumeImpossible(str(error)) from error
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def _changes(self, stream: Any) -> AsyncIterator[Change]:
        while stream.alive:
            event = await stream.try_next()
            if event is not None:
                self._token = event["_id"]
                yield _read(event)
            elif stream.resume_token is not None:
                # Also without news: a token that stays behind falls out of the oplog.
                self._token = stream.resume_token


def _read(event: Document) -> Change:
    match event["ns"]["coll"]:
        case "ledger":
            return _read_entry(event["fullDocument"])
        case "listings":
            return _read_listing(event)
        case "alerts":
            return AlertNews(event["documentKey"]["_id"], event["fullDocument"]["raisedAt"])
        case "items":
            return ItemRedefined(event["documentKey"]["_id"])
        case _:
            return ChannelsChanged()


def _read_entry(entry: Document) -> StockMoved:
    marks = tuple(ItemMark(mark["id"], mark["sku"], mark["version"], mark["totalAvailable"]) for mark in entry["items"])
    return StockMoved(marks, entry["seq"], frozenset(line["locationId"] for line in entry.get("lines", ())))


def _read_listing(event: Document) -> Change:
    channel_id, _, item_id = event["documentKey"]["_id"].partition(":")
    updated = event.get("updateDescription", {}).get("updatedFields", {})
    if "resyncs" in updated or "learned" in updated or event["operationType"] == "insert":
        return ListingDue(channel_id, item_id)
    error = updated.get("error")
    confirmed = "confirmedAt" in updated
    return SyncNews(
        channel_id,
        item_id,
        # The version is left out of an update that did not change it: only the policy was another.
        confirmed_version=updated.get("syncedVersion") if confirmed else None,
        confirmed_at=updated.get("confirmedAt"),
        reason=error["reason"] if error else updated.get("lastError"),
        parked=error is not None,
    )
