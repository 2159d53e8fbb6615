"""Locations as MongoDB documents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from gateway.inventory.catalog import Location, LocationChange
from gateway.store.driver import Database, Document, as_storage_error, is_duplicate_key
from gateway.store.whereabouts_documents import read_whereabouts, whereabouts_document

LOCATIONS = "locations"
LOCATIONS_MAX = 10_000


class LocationStore:
    """Implements `gateway.operations.catalog.LocationRepository`."""

    def __init__(self, database: Database) -> None:
        self._locations = database[LOCATIONS]

    async def add(self, location: Location) -> bool:
        """Store a new location; False when the id is taken."""
        try:
            await self._locations.insert_one(location_document(location))
        except PyMongoError as error:
            if is_duplicate_key(error):
                return False
            raise as_storage_error(error) from error
        return True

    async def change(self, location_id: str, change: LocationChange, at: datetime) -> Location | None:
        """The changed location; None when there is none of that id."""
        named = {"name": change.name, "priority": change.priority, "active": change.active}
        named |= whereabouts_document(change.whereabouts)
        values: dict[str, Any] = {field: value for field, value in named.items() if value is not None}
        try:
            document = await self._locations.find_one_and_update(
                {"_id": location_id}, {"$set": {**values, "updatedAt": at}}, return_document=ReturnDocument.AFTER
            )
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return read_location(document) if document else None


def location_document(location: Location) -> Document:
    return {
        "_id": location.id,
        "name": location.name,
        "active": location.active,
        "priority": location.priority,
        "createdAt": location.created_at,
        "updatedAt": location.updated_at,
        **whereabouts_document(location.whereabouts),
    }


def read_location(document: Document) -> Location:
    return Location(
        document["_id"],
        document["name"],
        document["active"],
        document["priority"],
        document["createdAt"],
        document["updatedAt"],
        read_whereabouts(document),
    )
