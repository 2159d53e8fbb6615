"""The reference: one transaction per request, written the way it is usually written, on the same documents."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime

from gateway.inventory.ports import WriteConflict
from gateway.inventory.stock_changes import Adjust
from gateway.store.driver import Database


class InsufficientStock(Exception):
    """The guard did not match."""


class PlainTransactions:
    """Guarded `$inc`, ledger insert, commit; the whole transaction again on a write conflict."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seq = 0

    async def adjust(self, command: Adjust) -> None:
        backoff = 0.001
        while True:
            try:
                await self._try(command)
                return
            except WriteConflict:
                await asyncio.sleep(backoff * random.uniform(0.5, 1.5))
                backoff = min(backoff * 2, 0.1)

    async def _try(self, command: Adjust) -> None:
        now = datetime.now(UTC)
        guard: dict[str, object] = {"sku": command.sku}
        increments = {"version": 1}
        for line in command.adjustments:
            field = f"levels.{line.location_id}.available"
            guard[field] = {"$gte": -line.delta}
            increments[field] = line.delta
        self._seq += 1
        async with self._database.transaction() as session:
            item = await self._database["items"].find_one_and_update(
                guard, {"$inc": increments, "$set": {"updatedAt": now}}, session=session, return_document=True
            )
            if item is None:
                raise InsufficientStock(command.sku)
            lines = [
                {
                    "itemId": item["_id"],
                    "sku": command.sku,
                    "locationId": line.location_id,
                    "bucket": "available",
                    "delta": line.delta,
                    "after": item["levels"][line.location_id]["available"],
                }
                for line in command.adjustments
            ]
            entry = {
                "_id": command.key,
                "seq": self._seq,
                "at": now,
                "kind": "adjust",
                "lines": lines,
                "items": [{"id": item["_id"], "sku": command.sku, "version": item["version"]}],
                "actor": command.cause.actor,
                "request": command.request,
                "fingerprint": command.fingerprint,
            }
            await self._database["ledger"].insert_one(entry, session=session)
