"""Reading locations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import ASCENDING
from pymongo.errors import PyMongoError

from gateway.inventory.catalog import Location
from gateway.inventory.quantities import Bucket
from gateway.inventory.stock import Level
from gateway.store.driver import Database, as_storage_error
from gateway.store.locations import LOCATIONS, LOCATIONS_MAX, read_location


class LocationView:
    """Reads locations."""

    def __init__(self, database: Database, milliseconds_max: int = 4_000) -> None:
        """`milliseconds_max`: limit of one sum over all items, at the server."""
        self._locations = database[LOCATIONS]
        self._database = database
        self._milliseconds_max = milliseconds_max

    async def all(self) -> list[Location]:
        """Every location, in order of priority, then id."""
        try:
            found = self._locations.find().sort([("priority", ASCENDING), ("_id", ASCENDING)])
            return [read_location(document) for document in await found.to_list(LOCATIONS_MAX)]
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def by_id(self, ids: Sequence[str]) -> dict[str, Location]:
        try:
            documents = await self._locations.find({"_id": {"$in": list(ids)}}).to_list(len(ids))
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return {document["_id"]: read_location(document) for document in documents}

    async def stock(self, ids: Sequence[str]) -> list[tuple[int, Level]]:
        """For each location the items that have units there, and the sums of their buckets; reads every item once."""
        units = {bucket: {"$ifNull": [f"$level.v.{bucket}", 0]} for bucket in Bucket}
        stocked = {"$or": [{"$ne": [quantity, 0]} for quantity in units.values()]}
        sums = {bucket.value: {"$sum": quantity} for bucket, quantity in units.items()}
        pipeline: list[Mapping[str, Any]] = [
            {"$project": {"level": {"$objectToArray": "$levels"}}},
            {"$unwind": "$level"},
            {"$match": {"level.k": {"$in": list(ids)}}},
            {"$group": {"_id": "$level.k", "items": {"$sum": {"$cond": [stocked, 1, 0]}}, **sums}},
        ]
        try:
            found = await self._database.aggregate("items", pipeline, len(ids), maxTimeMS=self._milliseconds_max)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        totals = {total["_id"]: (total["items"], Level(*(total[bucket] for bucket in Bucket))) for total in found}
        return [totals.get(location_id, (0, Level())) for location_id in ids]
