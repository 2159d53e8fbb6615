"""Reading locations."""

from __future__ import annotations

from collections.abc import Collection

from pymongo import ASCENDING
from pymongo.errors import PyMongoError

from gateway.inventory.catalog import Location
from gateway.store.driver import Database, as_storage_error
from gateway.store.locations import LOCATIONS, LOCATIONS_MAX, read_location


class LocationView:
    """Reads locations."""

    def __init__(self, database: Database) -> None:
        self._locations = database[LOCATIONS]

    async def all(self) -> list[Location]:
        """Every location, in order of priority, then id."""
        try:
            found = self._locations.find().sort([("priority", ASCENDING), ("_id", ASCENDING)])
            return [read_location(document) for document in await found.to_list(LOCATIONS_MAX)]
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def by_id(self, ids: Collection[str]) -> dict[str, Location]:
        try:
            documents = await self._locations.find({"_id": {"$in": list(ids)}}).to_list(len(ids))
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return {document["_id"]: read_location(document) for document in documents}
