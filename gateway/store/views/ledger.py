"""Reading the ledger: by filter and page, and the newest entries of many items at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import DESCENDING
from pymongo.errors import PyMongoError

from gateway.inventory.ledger import Kind, LedgerEntry
from gateway.inventory.moments import last_seq
from gateway.store.driver import Database, as_storage_error
from gateway.store.ledger_documents import read_entry

NEWEST_FIRST = ("seq", DESCENDING)


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


Position = tuple[int, int]
"""Where a page ended: `seq` of its last entry, and how many entries of that `seq` it and its predecessors had.

Two processes may write in the same microsecond, so `seq` alone is no position; every index keeps such entries in one
order, so that they can be passed over by their number.
"""


class LedgerView:
    """Reads entries; only the kernel writes them."""

    def __init__(self, database: Database, milliseconds_max: int = 4_000) -> None:
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
        passed = 0
        conditions = _conditions(wanted)
        if after is not None:
            seq, passed = after
            conditions.append({"seq": {"$lte": seq}})
        query = {"$and": conditions} if conditions else {}
        try:
            found = self._ledger.find(query, max_time_ms=self._milliseconds_max).sort(*NEWEST_FIRST)
            return [read_entry(document) for document in await found.skip(passed).limit(limit).to_list(limit)]
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def of_items(
        self, item_ids: Collection[str], after: Position | None, limit: int
    ) -> dict[str, list[LedgerEntry]]:
        """The newest entries of each item, `limit` of each, in one call."""
        page: list[Mapping[str, Any]] = [{"$sort": dict([NEWEST_FIRST])}, {"$limit": limit}]
        if after is not None:
            seq, passed = after
            page = [{"$match": {"seq": {"$lte": seq}}}, page[0], {"$skip": passed}, page[1]]
        pipeline: list[Mapping[str, Any]] = [
            {"$match": {"_id": {"$in": list(item_ids)}}},
            {
                "$lookup": {
                    "from": "ledger",
                    "localField": "_id",
                    "foreignField": "items.id",
                    "pipeline": page,
                    "as": "entries",
                }
            },
            {"$project": {"entries": 1}},
        ]
        try:
            documents = await self._database.aggregate(
                "items", pipeline, len(item_ids), maxTimeMS=self._milliseconds_max
            )
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
    if wanted.item_id is not None and wanted.location_id is not None:
        # An entry may move other items there, and this one elsewhere.
        conditions.append({"lines": {"$elemMatch": {"itemId": wanted.item_id, "locationId": wanted.location_id}}})
    if wanted.since is not None:
        conditions.append({"seq": {"$gte": last_seq(wanted.since)}})
    if wanted.until is not None:
        conditions.append({"seq": {"$lt": last_seq(wanted.until)}})
    return conditions
