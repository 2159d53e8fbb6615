"""What purchases and transfers still bring, by item."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from pymongo import IndexModel
from pymongo.errors import PyMongoError

from gateway.inventory.inbound import INBOUND
from gateway.inventory.transfers import TRANSFERS, TransferState
from gateway.planning.supply import Cell, OpenSupply, SupplyKind
from gateway.store.driver import Database, Document, as_storage_error
from gateway.store.inbound import BOUND, BOUND_INDEX, OUTSTANDING, OUTSTANDING_INDEX
from gateway.store.transfers import IN_TRANSIT, IN_TRANSIT_INDEX

LINES_MAX = 20_000
"""Lines that are read at once, those of purchases and those of transfers."""

_UNDER_WAY = {"state": {"$in": [state.value for state in TransferState if state.in_transit]}}
_CLOSED = {"state": TransferState.RECEIVED.value}


class SupplyStore:
    """Reads supply; what was closed with a discrepancy is no longer expected, though it stays incoming."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_items(self, item_ids: Collection[str]) -> dict[str, list[OpenSupply]]:
        """By item id. Raises a StorageError."""
        found: dict[str, list[OpenSupply]] = defaultdict(list)
        for document in await self._lines(INBOUND, OUTSTANDING, OUTSTANDING_INDEX, "$lines.outstanding", item_ids):
            found[document["itemId"]].append(_purchase(document))
        query = {**IN_TRANSIT, **_UNDER_WAY}
        for document in await self._lines(TRANSFERS, query, IN_TRANSIT_INDEX, "$lines.inTransit", item_ids):
            found[document["itemId"]].append(_transfer(document))
        return dict(found)

    async def missing(self, item_ids: Collection[str]) -> dict[Cell, int]:
        """Units that transfers were closed without, where they were to go: incoming until somebody explains them."""
        query = {**IN_TRANSIT, **_CLOSED}
        return await self._sums(TRANSFERS, query, IN_TRANSIT_INDEX, "$lines.inTransit", "$destinationId", item_ids)

    async def owed(self, item_ids: Collection[str]) -> dict[Cell, int]:
        """Units that backorders wait for, whether or not their purchases still bring any."""
        units = {"$sum": "$lines.bindings.quantity"}
        return await self._sums(INBOUND, BOUND, BOUND_INDEX, units, "$lines.locationId", item_ids)

    async def _sums(
        self,
        collection: str,
        is_open: Mapping[str, Any],
        index: IndexModel,
        units: str | Document,
        location_id: str,
        item_ids: Collection[str],
    ) -> dict[Cell, int]:
        of_items = {"lines.itemId": {"$in": list(item_ids)}}
        place = {"itemId": "$lines.itemId", "locationId": location_id}
        pipeline: list[dict[str, Any]] = [
            {"$match": {**of_items, **is_open}},
            {"$unwind": "$lines"},
            {"$match": of_items},
            {"$project": {"place": place, "units": units}},
            {"$group": {"_id": "$place", "units": {"$sum": "$units"}}},
            {"$limit": LINES_MAX},
        ]
        try:
            found = await self._database.aggregate(collection, pipeline, LINES_MAX, hint=index.document["key"])
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return {(one["_id"]["itemId"], one["_id"]["locationId"]): one["units"] for one in found}

    async def _lines(
        self, collection: str, is_open: Mapping[str, Any], index: IndexModel, units: str, item_ids: Collection[str]
    ) -> list[Document]:
        of_items = {"lines.itemId": {"$in": list(item_ids)}}
        pipeline: list[dict[str, Any]] = [
            {"$match": {**of_items, **is_open}},
            {"$unwind": {"path": "$lines", "includeArrayIndex": "number"}},
            {"$match": {**of_items, units.removeprefix("$"): {"$gt": 0}}},
            {
                "$project": {
                    "number": 1,
                    "itemId": "$lines.itemId",
                    "locationId": {"$ifNull": ["$lines.locationId", "$destinationId"]},
                    "units": units,
                    "bound": {"$sum": "$lines.bindings.quantity"},
                    "createdAt": 1,
                    "expectedAt": {"$ifNull": ["$lines.expectedAt", "$expectedAt"]},
                    "supplier": 1,
                }
            },
            {"$limit": LINES_MAX},
        ]
        hint = index.document["key"]
        try:
            return await self._database.aggregate(collection, pipeline, LINES_MAX, hint=hint)
        except PyMongoError as error:
            raise as_storage_error(error) from error


def _purchase(document: dict[str, Any]) -> OpenSupply:
    return OpenSupply(
        SupplyKind.PURCHASE,
        document["_id"],
        document["number"],
        document["itemId"],
        document["locationId"],
        document["units"],
        document["bound"],
        document["createdAt"],
        document.get("expectedAt"),
        document["supplier"],
    )


def _transfer(document: dict[str, Any]) -> OpenSupply:
    return OpenSupply(
        SupplyKind.TRANSFER,
        document["_id"],
        document["number"],
        document["itemId"],
        document["locationId"],
        document["units"],
        0,
        document["createdAt"],
        document.get("expectedAt"),
    )
