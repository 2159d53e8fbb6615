"""Reading the stock of a batch, and committing it in one transaction: one guarded `$inc` per SKU, and the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from cachetools import LRUCache, TTLCache
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import PyMongoError

from gateway.inventory.batch import ItemChange
from gateway.inventory.ledger import ItemMark, LedgerEntry
from gateway.inventory.ports import Loaded, Wanted, WriteConflict
from gateway.inventory.records import RecordChange
from gateway.inventory.stock import Item
from gateway.store.driver import Database, Document, as_storage_error
from gateway.store.item_documents import quota_documents, read_item
from gateway.store.ledger_documents import entry_document, read_entry
from gateway.store.records import RecordDocuments

LEVELS_CACHED_MAX = 200_000
LOCATIONS_MAX = 10_000
LOCATIONS_AGE_SECONDS_MAX = 1.0

ITEM_INDEXES = [
    IndexModel([("sku", ASCENDING)], unique=True),
]
LEDGER_INDEXES = [
    IndexModel([("seq", DESCENDING)]),
    IndexModel([("items.id", ASCENDING), ("seq", DESCENDING)]),
    IndexModel(
        [("reference", ASCENDING), ("seq", DESCENDING)],
        partialFilterExpression={"reference": {"$exists": True}},
    ),
    IndexModel(
        [("channelId", ASCENDING), ("seq", DESCENDING)],
        partialFilterExpression={"channelId": {"$exists": True}},
    ),
]


class MongoStockStore:
    """Implements `gateway.inventory.ports.StockStore`."""

    def __init__(self, database: Database, records: RecordDocuments) -> None:
        self._database = database
        self._records = records
        self._items = database["items"]
        self._ledger = database["ledger"]
        self._by_sku: LRUCache[str, Item] = LRUCache(LEVELS_CACHED_MAX, getsizeof=_size)
        self._by_id: LRUCache[str, Item] = LRUCache(LEVELS_CACHED_MAX, getsizeof=_size)
        self._locations: TTLCache[str, Mapping[str, bool]] = TTLCache(1, LOCATIONS_AGE_SECONDS_MAX)

    def cached(self, wanted: Wanted) -> Loaded:
        by_sku, by_id = self._by_sku, self._by_id
        items = [by_sku[sku] for sku in wanted.skus if sku in by_sku]
        items += [by_id[item_id] for item_id in wanted.item_ids if item_id in by_id]
        return Loaded({item.id: item for item in items})

    def forget(self, skus: Collection[str]) -> None:
        """Drop items from the cache: their definition has just changed."""
        for sku in skus:
            item = self._by_sku.pop(sku, None)
            if item is not None:
                self._by_id.pop(item.id, None)

    def overtaken(self, items: Iterable[ItemMark]) -> None:
        """Drop what is older than these: another process has written, and a decision on it would be refused."""
        for mark in items:
            known = self._by_id.get(mark.item_id)
            if known is not None and known.version < mark.version:
                self.forget([known.sku])

    async def load(self, wanted: Wanted) -> Loaded:
        try:
            items, records = await asyncio.gather(
                self._find_items(wanted.skus, wanted.item_ids), self._records.find(wanted.records)
            )
            # Last: whoever sees what a request has done must find that it was applied, or would refuse its repetition.
            entries = await self._find_entries(wanted.keys)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        for item in items:
            self._keep(item)
        return Loaded({item.id: item for item in items}, {entry.key: entry for entry in entries}, records)

    async def items(self, skus: Collection[str]) -> dict[str, Item]:
        """Fresh items by SKU; unknown SKUs are left out."""
        loaded = await self.load(Wanted(skus=set(skus)))
        return {item.sku: item for item in loaded.items.values()}

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]:
        known = None if fresh else self._locations.get("all")
        if known is None:
            try:
                documents = (
                    await self._database["locations"].find({}, {"active": 1, "priority": 1}).to_list(LOCATIONS_MAX)
                )
            except PyMongoError as error:
                raise as_storage_error(error) from error
            documents.sort(key=lambda document: (document.get("priority", 0), document["_id"]))
            known = {document["_id"]: document["active"] for document in documents}
            self._locations["all"] = known
        return known

    async def commit(
        self, changes: Sequence[ItemChange], entries: Sequence[LedgerEntry], records: Sequence[RecordChange]
    ) -> None:
        at = entries[-1].at
        updates = [_update(change, at) for change in changes]
        try:
            async with self._database.transaction() as session:
                # While the server works on the updates, this process prepares what comes after them.
                updating = asyncio.ensure_future(self._write(session, "update", "items", "updates", updates))
                await asyncio.sleep(0)
                try:
                    after = [change.after(at) for change in changes]
                    documents = [entry_document(entry) for entry in entries]
                finally:
                    await updating
                await self._write(session, "insert", "ledger", "documents", documents)
                for verb, collection, field, statements in self._records.writes(records):
                    await self._write(session, verb, collection, field, statements)
        except BaseException:
            # Stale, unknown or cancelled: whatever this process believed of these items must be read again.
            self.forget([change.before.sku for change in changes])
            raise
        for item in after:
            self._keep(item)

    async def _write(self, session: Any, verb: str, collection: str, field: str, statements: list[Document]) -> None:
        """Run one write command; every statement must find its target, or the whole transaction is void."""
        if not statements:
            return
        command = {verb: collection, field: statements, "ordered": True}
        answer = await self._database.handle.command(command, session=session)
        if answer["n"] != len(statements):
            raise WriteConflict(f"a {verb} of {collection} did not find what it expected")

    def _keep(self, item: Item) -> None:
        known = self._by_id.get(item.id)
        newest = known is None or (known.version, known.revision) <= (item.version, item.revision)
        if newest and 1 + len(item.levels) <= LEVELS_CACHED_MAX:
            if known is not None and known.sku != item.sku:
                self._by_sku.pop(known.sku, None)
            self._by_sku[item.sku] = self._by_id[item.id] = item

    async def _find_items(self, skus: Collection[str], item_ids: Collection[str]) -> list[Item]:
        named = [{field: {"$in": list(values)}} for field, values in (("sku", skus), ("_id", item_ids)) if values]
        if not named:
            return []
        query = named[0] if len(named) == 1 else {"$or": named}
        documents = await self._items.find(query).to_list(len(skus) + len(item_ids))
        return [read_item(document) for document in documents]

    async def _find_entries(self, keys: Collection[str]) -> list[LedgerEntry]:
        if not keys:
            return []
        documents = await self._ledger.find({"_id": {"$in": list(keys)}}).to_list(len(keys))
        return [read_entry(document) for document in documents]


def _size(item: Item) -> int:
    return 1 + len(item.levels)


def _update(change: ItemChange, at: datetime) -> Document:
    """One conditional update: the version refuses a stale decision, the quantities repeat the floor by themselves."""
    before = change.before
    guard: dict[str, Any] = {"_id": before.id, "version": before.version, "revision": before.revision}
    increments: dict[str, int] = {"version": change.movements}
    values: dict[str, Any] = {"seq": change.seq, "updatedAt": at}
    for (location_id, bucket), delta in change.deltas.items():
        field = f"levels.{location_id}.{bucket.value}"
        increments[field] = delta
        values[f"levels.{location_id}.updatedAt"] = at
        lowest = change.floors.get((location_id, bucket))
        if delta < 0 and lowest is not None:
            least = lowest - delta
            # A bucket that the document does not have yet holds zero: enough where units may be owed.
            guard[field] = {"$gte": least} if least > 0 else {"$not": {"$lt": least}}
    if change.quotas is not before.quotas:
        # As a whole: the version in the guard says that they are still those that this was decided with.
        values["quotas"] = quota_documents(change.quotas)
    return {"q": guard, "u": {"$inc": increments, "$set": values}, "multi": False}
