"""Reading the ledger in its own order, for the velocity."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import PyMongoError

from gateway.inventory.ledger import Kind, OwedLine
from gateway.inventory.quantities import Bucket
from gateway.planning.demand import AvailableLine, ItemMovement
from gateway.store.driver import Database, Document, as_storage_error
from gateway.store.ledger_documents import read_owed

ENTRIES_MAX = 1_000
"""Entries of one part, not counting those that share the position of its last."""

_NEEDED = ("seq", "kind", "channelId", "lines", "owed", "items.id", "items.version")


class VelocityLedger:
    """Implements `gateway.operations.velocity_fold.Movements`. Uses the ledger's indexes by `seq` and by item."""

    def __init__(self, database: Database) -> None:
        self._ledger = database["ledger"]

    async def part(self, after: int, until: int) -> tuple[list[ItemMovement], int]:
        """The movements of the next entries behind position `after`, up to `until`; and up to where they go.

        Entries that share a position are never parted, so that the next part can begin behind it.
        """
        behind = {"seq": {"$gt": after, "$lte": until}}
        try:
            last = await self._ledger.find_one(
                behind, {"seq": 1}, sort=[("seq", ASCENDING)], skip=ENTRIES_MAX - 1, hint=[("seq", DESCENDING)]
            )
            end = until if last is None else int(last["seq"])
            return await self._movements({"seq": {"$gt": after, "$lte": end}}), end
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def of_item(self, item_id: str, after: int, until: int) -> list[ItemMovement]:
        """The item's next movements behind position `after`, up to `until`; none where there are no more."""
        wanted = {"items.id": item_id, "seq": {"$gt": after, "$lte": until}}
        try:
            # One item's entries never share a position.
            found = await self._movements(wanted, limit=ENTRIES_MAX)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [movement for movement in found if movement.item_id == item_id]

    async def _movements(self, wanted: Document, limit: int = 0) -> list[ItemMovement]:
        found = self._ledger.find(wanted, _NEEDED).sort("seq", ASCENDING).limit(limit)
        return [movement async for document in found for movement in _read(document)]


def _read(document: dict[str, Any]) -> list[ItemMovement]:
    lines: dict[str, list[AvailableLine]] = {mark["id"]: [] for mark in document["items"]}
    for line in document["lines"]:
        if line["bucket"] == Bucket.AVAILABLE:
            lines[line["itemId"]].append(AvailableLine(line["locationId"], line["delta"], line["after"]))
    kind, channel_id = Kind(document["kind"]), document.get("channelId")
    owed: dict[str, list[OwedLine]] = defaultdict(list)
    for owing in read_owed(document):
        owed[owing.item_id].append(owing)
    return [
        ItemMovement(item_id, mark["version"], document["seq"], kind, channel_id, tuple(some), tuple(owed[item_id]))
        for mark, (item_id, some) in zip(document["items"], lines.items(), strict=True)
    ]
