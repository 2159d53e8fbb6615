"""Reading the stock of a batch, and committing it in one transaction: one guarded `$inc` per SKU, and the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from cachetools import LRUCache, TTLCache
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import PyMongoError

from gateway.inventory.batch import ItemChange
from gateway.inventory.ledger import LedgerEntry
from gateway.inventory.ports import WriteConflict
from gateway.inventory.stock import Item
from gateway.store.driver import Database, Document, as_storage_error
from gateway.store.item_documents import read_item
from gateway.store.ledger_documents import entry_document, read_entry

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

    def __init__(self, database: Database) -> None:
        self._database = database
        self._items = database["items"]
        self._ledger = database["ledger"]
        self._cache: LRUCache[str, Item] = LRUCache(LEVELS_CACHED_MAX, getsizeof=lambda item: 1 + len(item.levels))
        self._locations: TTLCache[str, Mapping[str, bool]] = TTLCache(1, LOCATIONS_AGE_SECONDS_MAX)

    def cached(self, skus: Collection[str]) -> dict[str, Item]:
        cache = self._cache
        return {sku: cache[sku] for sku in skus if sku in cache}

    def forget(self, skus: Collection[str]) -> None:
        """Drop items from the cache: their definition has just changed."""
        for sku in skus:
            self._cache.pop(sku, None)

    async def load(
        self, skus: Collection[str], keys: Collection[str]
    ) -> tuple[dict[str, Item], dict[str, LedgerEntry]]:
        try:
            items, entries = await asyncio.gather(self._find_items(skus), self._find_entries(keys))
        except PyMongoError as error:
            raise as_storage_error(error) from error
        for item in items:
            self._keep(item)
        return {item.sku: item for item in items}, {entry.key: entry for entry in entries}

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]:
        known = None if fresh else self._locations.get("all")
        if known is None:
            try:
                documents = await self._database["locations"].find({}, {"active": 1}).to_list(LOCATIONS_MAX)
            except PyMongoError as error:
                raise as_storage_error(error) from error
            known = {document["_id"]: document["active"] for document in documents}
            self._locations["all"] = known
        return known

    async def commit(self, changes: Sequence[ItemChange], entries: Sequence[LedgerEntry]) -> None:
        at = entries[-1].at
        after = [change.after(at) for change in changes]
        updates = [_update(change, item) for change, item in zip(changes, after, strict=True)]
        documents = [entry_document(entry) for entry in entries]
        command = self._database.handle.command
        try:
            async with self._database.transaction() as session:
                answer = await command({"update": "items", "updates": updates, "ordered": True}, session=session)
                if answer["n"] != len(updates):
                    raise WriteConflict("an item's version or quantity was not the expected one")
                answer = await command({"insert": "ledger", "documents": documents, "ordered": True}, session=session)
                if answer["n"] != len(documents):
                    raise WriteConflict("an idempotency key is already in the ledger")
        except BaseException:
            # Stale, unknown or cancelled: whatever this process believed of these items must be read again.
            self.forget([item.sku for item in after])
            raise
        for item in after:
            self._keep(item)

    def _keep(self, item: Item) -> None:
        known = self._cache.get(item.sku)
        newest = known is None or known.id != item.id or known.version <= item.version
        if newest and 1 + len(item.levels) <= LEVELS_CACHED_MAX:
            self._cache[item.sku] = item

    async def _find_items(self, skus: Collection[str]) -> list[Item]:
        if not skus:
            return []
        documents = await self._items.find({"sku": {"$in": list(skus)}}).to_list(len(skus))
        return [read_item(document) for document in documents]

    async def _find_entries(self, keys: Collection[str]) -> list[LedgerEntry]:
        if not keys:
            return []
        documents = await self._ledger.find({"_id": {"$in": list(keys)}}).to_list(len(keys))
        return [read_entry(document) for document in documents]


def _update(change: ItemChange, after: Item) -> Document:
    """One conditional update: the version refuses a stale decision, the quantities repeat the floor by themselves.

    A bucket that no document holds yet never matches a floor, which is right: it holds zero.
    """
    before = change.before
    guard: dict[str, Any] = {"_id": before.id, "version": before.version, "revision": before.revision}
    increments: dict[str, int] = {"version": change.movements}
    values: dict[str, Any] = {"seq": change.seq, "updatedAt": after.updated_at}
    for (location_id, bucket), delta in change.deltas.items():
        field = f"levels.{location_id}.{bucket.value}"
        increments[field] = delta
        values[f"levels.{location_id}.updatedAt"] = after.updated_at
        lowest = change.floors.get((location_id, bucket))
        if delta < 0 and lowest is not None:
            guard[field] = {"$gte": lowest - delta}
    return {"q": guard, "u": {"$inc": increments, "$set": values}, "multi": False}
