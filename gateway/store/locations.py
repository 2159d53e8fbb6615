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
SWITCHES_MAX = 400
"""Times at which a location became active or inactive that are remembered, the newest ones."""


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
        """The changed location; None when there is none of that id. When it becomes active or inactive is kept."""
        named = {"name": change.name, "priority": change.priority, "active": change.active}
        named |= whereabouts_document(change.whereabouts)
        values: dict[str, Any] = {field: value for field, value in named.items() if value is not None}
        update: Document = {"$set": {**values, "updatedAt": at}}
        document = None
        if change.active is not None:
            switches = {"$each": [{"at": at, "active": change.active}], "$slice": -SWITCHES_MAX}
            other_way = {"_id": location_id, "active": not change.active}
            document = await self._update(other_way, {**update, "$push": {"switches": switches}})
        if document is None:
            document = await self._update({"_id": location_id}, update)
        return read_location(document) if document else None

    async def date_inactive(self) -> None:
        """Date those that became inactive before that was kept: no later than their last change."""
        undated = {"active": False, "switches": {"$exists": False}}
        switches = [{"at": "$updatedAt", "active": False}]
        try:
            await self._locations.update_many(undated, [{"$set": {"switches": switches}}])
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def _update(self, found_by: Document, update: Document) -> Document | None:
        try:
            found: Document | None = await self._locations.find_one_and_update(
                found_by, update, return_document=ReturnDocument.AFTER
            )
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return found


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
