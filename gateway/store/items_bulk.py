"""Thousands of items at once: what imports and exports read and write besides the kernel."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.errors import BulkWriteError, PyMongoError

from gateway.inventory.catalog import Location
from gateway.inventory.stock import Item, ItemStatus
from gateway.store.driver import Database, as_storage_error, only_duplicates
from gateway.store.item_documents import item_document
from gateway.store.locations import LOCATIONS, location_document

CURSOR_ITEMS = 1_000


@dataclass(frozen=True, slots=True)
class ItemLevels:
    """An item's available units by location."""

    sku: str
    name: str | None
    available: Mapping[str, int]


class MongoItemsInBulk:
    """Implements `gateway.operations.stock_import.ItemsInBulk`."""

    def __init__(self, database: Database) -> None:
        self._items = database["items"]
        self._locations = database[LOCATIONS]

    async def available(self, skus: Collection[str]) -> dict[str, dict[str, int]]:
        cursor = self._items.find({"sku": {"$in": list(skus)}}, {"sku": 1, "levels": 1})
        try:
            documents = await cursor.to_list(len(skus))
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return {document["sku"]: _available(document) for document in documents}

    async def add_items(self, names: Mapping[str, str | None]) -> int:
        now = datetime.now(UTC)
        return await _insert_new(self._items, [item_document(_new_item(sku, name, now)) for sku, name in names.items()])

    async def add_locations(self, location_ids: Collection[str]) -> int:
        now = datetime.now(UTC)
        documents = [location_document(Location(at, at, True, 0, now, now)) for at in location_ids]
        return await _insert_new(self._locations, documents)

    async def every_item(self) -> AsyncIterator[ItemLevels]:
        """Every active item, in the order of the SKUs; memory does not grow with their number."""
        cursor = self._items.find({"status": ItemStatus.ACTIVE.value}, {"sku": 1, "name": 1, "levels": 1})
        try:
            async for document in cursor.sort("sku", ASCENDING).batch_size(CURSOR_ITEMS):
                yield ItemLevels(document["sku"], document["name"], _available(document))
        except PyMongoError as error:
            raise as_storage_error(error) from error
        finally:
            await cursor.close()


def _available(document: Mapping[str, Any]) -> dict[str, int]:
    return {location_id: level.get("available", 0) for location_id, level in sorted(document["levels"].items())}


def _new_item(sku: str, name: str | None, now: datetime) -> Item:
    return Item(
        id=uuid.uuid4().hex,
        sku=sku,
        name=name,
        version=0,
        revision=0,
        seq=0,
        status=ItemStatus.ACTIVE,
        backorder_limit=0,
        levels={},
        created_at=now,
        updated_at=now,
    )


async def _insert_new(collection: Any, documents: list[dict[str, Any]]) -> int:
    """Insert what is not there yet; another process may be inserting the same at the same time."""
    try:
        return len((await collection.insert_many(documents, ordered=False)).inserted_ids)
    except BulkWriteError as error:
        if not only_duplicates(error):
            raise as_storage_error(error) from error
        return int(error.details["nInserted"])
    except PyMongoError as error:
        raise as_storage_error(error) from error
