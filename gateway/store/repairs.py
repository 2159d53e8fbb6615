"""Making an item's levels agree with its ledger again."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gateway.inventory.accounts import Mismatch
from gateway.inventory.idempotency import fingerprint
from gateway.inventory.ledger import Cause, ItemMark, Json, Kind, LedgerEntry, PostedLine, scoped_key
from gateway.inventory.ports import WriteConflict
from gateway.inventory.stock import Item
from gateway.store.driver import Database, Document
from gateway.store.item_documents import read_item
from gateway.store.ledger_documents import entry_document

SCOPE = "audit"


class RepairStore:
    """Implements `gateway.operations.audit.Repairs`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def repair(self, mismatches: Sequence[Mismatch], revision: int, active: Collection[str], cause: Cause) -> int:
        """Correct the buckets of one item, and record that in the ledger; the item's version afterwards.

        Movements between the finding and the repair change a bucket and its ledger alike, so what is corrected is the
        difference. The entry posts nothing, because the ledger was right: its lines have a delta of 0 and tell what
        each bucket holds since. It gives the item a new version, so that every channel is told and every process reads
        the item anew. `revision` is the item's when the difference was found: another repair would have raised it.

        Raises WriteConflict, also when the item was repaired or redefined meanwhile, or another StorageError.
        """
        item_id = mismatches[0].item_id
        async with self._database.transaction() as session:
            document = await self._database["items"].find_one({"_id": item_id, "revision": revision}, session=session)
            if document is None:
                raise WriteConflict(f"item {item_id} has changed since the difference was found")
            item = read_item(document)
            entry = _entry(item, mismatches, active, cause)
            await self._database["items"].update_one({"_id": item_id}, _update(entry, mismatches), session=session)
            await self._database["ledger"].insert_one(entry_document(entry), session=session)
        return item.version + 1


def _entry(item: Item, mismatches: Sequence[Mismatch], active: Collection[str], cause: Cause) -> LedgerEntry:
    seq = max(time.time_ns() // 1_000, item.seq + 1)
    lines = []
    total = sum(level.available for at, level in item.levels.items() if at in active)
    for found in mismatches:
        assert found.location_id is not None
        assert found.bucket is not None
        excess = found.stored - found.expected
        after = item.level(found.location_id).quantity(found.bucket) - excess
        lines.append(PostedLine(item.id, item.sku, found.location_id, found.bucket, 0, after))
        if found.bucket.value == "available" and found.location_id in active:
            total -= excess
    request = _request(item, mismatches)
    return LedgerEntry(
        key=scoped_key(SCOPE, f"{item.id}/{item.version + 1}"),
        seq=seq,
        kind=Kind.REPAIR,
        lines=tuple(lines),
        items=(ItemMark(item.id, item.sku, item.version + 1, total),),
        cause=cause,
        request=request,
        fingerprint=fingerprint(request),
    )


def _request(item: Item, mismatches: Sequence[Mismatch]) -> Json:
    """What was found, so that the correction can be judged later."""
    found = {f"{known.location_id} {known.bucket}": known.stored - known.expected for known in mismatches}
    return {"kind": Kind.REPAIR.value, "sku": item.sku, "excess": found}


def _update(entry: LedgerEntry, mismatches: Sequence[Mismatch]) -> Document:
    [mark] = entry.items
    levels: dict[str, Any] = {}
    for line in entry.lines:
        levels[f"levels.{line.location_id}.{line.bucket.value}"] = line.after
        levels[f"levels.{line.location_id}.updatedAt"] = entry.at
    values: Mapping[str, Any] = {"version": mark.version, "seq": entry.seq, "updatedAt": entry.at, **levels}
    return {"$set": values, "$inc": {"revision": 1}}
