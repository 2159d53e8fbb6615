"""Reading the ledger: by filter and page, and the newest entries of many items at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import DESCENDING
from pymongo.errors import PyMongoError

from gateway.inventory.ledger import Kind, LedgerEntry
from gateway.store.driver import Database, as_storage_error
from gateway.store.ledger_documents import read_entry

NEWEST_FIRST = [("seq", DESCENDING), ("_id", DESCENDING)]


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """Which entries to list; None means any. `since` is inclusive, `until` exclusive."""

    item_id: str | None = None
    location_id: str | None = None
    kind: Kind | None = None
    reference: str | None = None
    channel_id: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


Position = tuple[int, str]
"""Where a page ended: `seq` and key of its last entry."""


class LedgerView:
    """Reads entries; only the kernel writes them."""

    def __init__(self, database: Database, milliseconds_max: int = 5_000) -> None:
        """`milliseconds_max`: limit of one listing at the server, since a filter may match little of much."""
        self._database = database
        self._ledger = database["ledger"]
        self._milliseconds_max = milliseconds_max

    async def by_keys(self, keys: Collection[str]) -> dict[str, LedgerEntry]:
        try:
            documents = await self._ledger.find({"_id": {"$in": list(keys)}}).to_list(len(keys))
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return {document["_id"]: read_entry(document) for document in documents}

    async def page(self, wanted: LedgerFilter, after: Position | None, limit: int) -> list[LedgerEntry]:
        """Newest first, from the entry after `after` on."""
        query = {"$and": [*_conditions(wanted), *([_beyond(after)] if after else [])] or [{}]}
        try:
            found = self._ledger.find(query, max_time_ms=self._milliseconds_max).sort(NEWEST_FIRST).limit(limit)
            return [read_entry(document) for document in await found.to_list(limit)]
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def of_items(
        self, item_ids: Collection[str], after: Position | None, limit: int
    ) -> dict[str, list[LedgerEntry]]:
        """The newest entries of each item, `limit` of each, in one call."""
        matching: list[Mapping[str, Any]] = [{"$match": _beyond(after)}] if after else []
        pipeline: list[Mapping[str, Any]] = [
            {"$match": {"_id": {"$in": list(item_ids)}}},
            {
                "$lookup": {
                    "from": "ledger",
                    "localField": "_id",
                    "foreignField": "items.id",
                    "pipeline": [*matching, {"$sort": dict(NEWEST_FIRST)}, {"$limit": limit}],
                    "as": "entries",
                }
            },
            {"$project": {"entries": 1}},
        ]
        try:
            documents = await self._database.aggregate("items", pipeline, len(item_ids))
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return {document["_id"]: [read_entry(entry) for entry in document["entries"]] for document in documents}


def _conditions(wanted: LedgerFilter) -> list[Mapping[str, Any]]:
    named: dict[str, Any] = {
        "items.id": wanted.item_id,
        "lines.locationId": wanted.location_id,
        "kind": wanted.kind.value if wanted.kind else None,
        "reference": wanted.reference,
        "channelId": wanted.channel_id,
        "actor": wanted.actor,
    }
    conditions: list[Mapping[str, Any]] = [{field: value} for field, value in named.items() if value is not None]
    if wanted.since is not None:
        conditions.append({"seq": {"$gte": _seq(wanted.since)}})
    if wanted.until is not None:
        conditions.append({"seq": {"$lt": _seq(wanted.until)}})
    return conditions


def _beyond(position: Position) -> Mapping[str, Any]:
    seq, key = position
    return {"$or": [{"seq": {"$lt": seq}}, {"seq": seq, "_id": {"$lt": key}}]}


def _seq(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)
