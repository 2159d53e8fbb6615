"""Reading, part by part, everything that the stored quantities must agree with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from pymongo import ASCENDING, DESCENDING

from gateway.inventory.accounts import DOCUMENT_KINDS, ItemAccount, Versions
from gateway.inventory.batch import Cell
from gateway.inventory.quantities import Bucket
from gateway.inventory.stock import Item
from gateway.store.driver import Database
from gateway.store.item_documents import read_item
from gateway.store.open_documents import open_units
from gateway.store.snapshots import Snapshot, in_snapshot

ITEMS_MAX = 200
"""Items of one part, which is read as of one moment."""

LEVELS_MAX = 20_000
"""Levels of one part, unless a single item has more."""

ENTRIES_MAX = 5_000
"""Ledger entries added up by the server at once: with 250 lines each, still within the time of one read."""

_Sums = dict[str, dict[Cell, int]]


class AuditStore:
    """Implements `gateway.operations.audit.Accounts`; memory does not grow with the number of items or entries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def parts(self) -> AsyncIterator[list[ItemAccount]]:
        """Every item's account, in order of item id; those of one part are as of one moment."""
        last_id = ""
        while part := await in_snapshot(self._database, partial(_part, query={"_id": {"$gt": last_id}})):
            yield part
            last_id = part[-1].item.id

    async def account(self, item_id: str) -> ItemAccount | None:
        """One item's account, unless there is no such item."""
        part = await in_snapshot(self._database, partial(_part, query={"_id": item_id}))
        return part[0] if part else None


async def _part(snapshot: Snapshot, query: Mapping[str, Any]) -> list[ItemAccount]:
    documents = await snapshot.find("items", query, ITEMS_MAX, sort=[("_id", ASCENDING)])
    items = _few(read_item(document) for document in documents)
    if not items:
        return []
    ids = [item.id for item in items]
    ledger = _Ledger()
    await ledger.read(snapshot, items)
    units = await open_units(snapshot, ids)
    return [
        ItemAccount(
            item,
            ledger.sums[item.id],
            ledger.by_hand[item.id],
            units[item.id],
            ledger.versions[item.id],
            ledger.drawn,
        )
        for item in items
    ]


def _few(items: Iterable[Item]) -> list[Item]:
    """As many of the items as make up one part, and at least one."""
    part: list[Item] = []
    levels = 0
    for item in items:
        levels += len(item.levels)
        if part and levels > LEVELS_MAX:
            break
        part.append(item)
    return part


class _Ledger:
    """The ledger entries of a few items, added up page by page."""

    def __init__(self) -> None:
        self.sums: _Sums = defaultdict(lambda: defaultdict(int))
        self.by_hand: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.versions: dict[str, Versions] = defaultdict(Versions)
        self.drawn: dict[str, int] = defaultdict(int)

    async def read(self, snapshot: Snapshot, items: Sequence[Item]) -> None:
        ids = [item.id for item in items]
        with_quotas = [item for item in items if item.quotas]
        beyond = {"$gt": -1}
        while True:
            entries = {"items.id": {"$in": ids}, "seq": beyond}
            # Up to which position, because entries of different items may share one.
            last = await snapshot.find(
                "ledger",
                entries,
                1,
                sort=[("seq", ASCENDING)],
                skip=ENTRIES_MAX - 1,
                projection={"seq": 1},
                # Where few entries match, the planner would read the whole ledger in its order.
                hint=[("items.id", ASCENDING), ("seq", DESCENDING)],
            )
            if last:
                entries = {**entries, "seq": {**beyond, "$lte": last[0]["seq"]}}
            await self._add_versions(snapshot, entries, ids)
            await self._add_postings(snapshot, entries, ids)
            if with_quotas:
                await self._add_draws(snapshot, entries, with_quotas)
            if not last:
                return
            beyond = {"$gt": last[0]["seq"]}

    async def _add_versions(self, snapshot: Snapshot, entries: Mapping[str, Any], ids: Sequence[str]) -> None:
        pipeline: list[Mapping[str, Any]] = [
            {"$match": entries},
            {"$unwind": "$items"},
            {"$match": {"items.id": {"$in": ids}}},
            {"$group": {"_id": "$items.id", "entries": {"$sum": 1}, "versions": {"$addToSet": "$items.version"}}},
            {
                "$project": {
                    "entries": 1,
                    "distinct": {"$size": "$versions"},
                    "first": {"$min": "$versions"},
                    "last": {"$max": "$versions"},
                }
            },
        ]
        async for group in snapshot.aggregate("ledger", pipeline):
            read = Versions(group["entries"], group["distinct"], group["first"], group["last"])
            self.versions[group["_id"]] = self.versions[group["_id"]].joined(read)

    async def _add_postings(self, snapshot: Snapshot, entries: Mapping[str, Any], ids: Sequence[str]) -> None:
        kinds = [kind.value for kind in DOCUMENT_KINDS]
        cell = {
            "item": "$lines.itemId",
            "at": "$lines.locationId",
            "bucket": "$lines.bucket",
            "document": {"$in": ["$kind", kinds]},
        }
        pipeline: list[Mapping[str, Any]] = [
            {"$match": entries},
            {"$unwind": "$lines"},
            {"$match": {"lines.itemId": {"$in": ids}}},
            {"$group": {"_id": cell, "delta": {"$sum": "$lines.delta"}}},
        ]
        async for group in snapshot.aggregate("ledger", pipeline):
            item_id, at, bucket = group["_id"]["item"], group["_id"]["at"], Bucket(group["_id"]["bucket"])
            self.sums[item_id][at, bucket] += group["delta"]
            if bucket is Bucket.INCOMING and not group["_id"]["document"]:
                self.by_hand[item_id][at] += group["delta"]

    async def _add_draws(self, snapshot: Snapshot, entries: Mapping[str, Any], items: Sequence[Item]) -> None:
        of_items = {"items.id": {"$in": [item.id for item in items]}}
        of_quotas = {"draws.quotaId": {"$in": [quota_id for item in items for quota_id in item.quotas]}}
        pipeline: list[Mapping[str, Any]] = [
            {"$match": {**entries, **of_items, **of_quotas}},
            {"$unwind": "$draws"},
            {"$match": of_quotas},
            {"$group": {"_id": "$draws.quotaId", "units": {"$sum": "$draws.units"}}},
        ]
        async for group in snapshot.aggregate("ledger", pipeline):
            self.drawn[group["_id"]] += group["units"]
