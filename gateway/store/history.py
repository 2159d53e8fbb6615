"""Reading the past of an item, and what its present consists of, as of one moment each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo import DESCENDING

from gateway.inventory.accounts import Source
from gateway.inventory.counts import PastStock
from gateway.inventory.explanations import Explanation
from gateway.inventory.quantities import Bucket
from gateway.inventory.stock import Item
from gateway.store.driver import Database
from gateway.store.item_documents import read_item
from gateway.store.ledger_documents import read_entry
from gateway.store.open_documents import open_documents, open_units
from gateway.store.open_terms import read_term
from gateway.store.snapshots import Snapshot, in_snapshot

MOVEMENTS_MAX = 20
TERMS_MAX = 100


class HistoryStore:
    """Implements `gateway.operations.history.History`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def past(self, sku: str, seq: int) -> PastStock | None:
        async def read(snapshot: Snapshot) -> PastStock | None:
            item = await _item(snapshot, sku)
            return await _past(snapshot, item, seq) if item else None

        return await in_snapshot(self._database, read)

    async def explain(self, sku: str, location_id: str, now: datetime) -> Explanation | None:
        async def read(snapshot: Snapshot) -> Explanation | None:
            item = await _item(snapshot, sku)
            return await _explain(snapshot, item, location_id, now) if item else None

        return await in_snapshot(self._database, read)


async def _item(snapshot: Snapshot, sku: str) -> Item | None:
    documents = await snapshot.find("items", {"sku": sku}, 1)
    return read_item(documents[0]) if documents else None


async def _past(snapshot: Snapshot, item: Item, seq: int) -> PastStock:
    """The present quantities, less everything that was posted after `seq`."""
    quantities = {(at, bucket): level.quantity(bucket) for at, level in item.levels.items() for bucket in Bucket}
    pipeline: list[Mapping[str, Any]] = [
        {"$match": {"items.id": item.id, "seq": {"$gt": seq}}},
        {"$unwind": "$lines"},
        {"$match": {"lines.itemId": item.id}},
        {
            "$group": {
                "_id": {"at": "$lines.locationId", "bucket": "$lines.bucket"},
                "delta": {"$sum": "$lines.delta"},
            }
        },
    ]
    async for group in snapshot.aggregate("ledger", pipeline):
        cell = group["_id"]["at"], Bucket(group["_id"]["bucket"])
        quantities[cell] = quantities.get(cell, 0) - group["delta"]
    return PastStock(item, quantities)


async def _explain(snapshot: Snapshot, item: Item, location_id: str, now: datetime) -> Explanation:
    units = (await open_units(snapshot, [item.id]))[item.id]
    terms = []
    for source in Source:
        if units.get((location_id, source)):
            documents = await open_documents(snapshot, source, item.id, location_id, TERMS_MAX)
            found = (read_term(source, document, item.id, location_id, now) for document in documents)
            terms += [term for term in found if term.units]
    of_level = {"items.id": item.id, "lines": {"$elemMatch": {"itemId": item.id, "locationId": location_id}}}
    movements = await snapshot.find("ledger", of_level, MOVEMENTS_MAX, sort=[("seq", DESCENDING)])
    return Explanation(
        item,
        location_id,
        tuple(terms),
        {source: units.get((location_id, source), 0) for source in Source},
        tuple(read_entry(document) for document in movements),
    )
