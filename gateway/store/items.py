"""Items: their definitions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from gateway.inventory.catalog import ItemChange, SkuTaken
from gateway.inventory.stock import Item, ItemStatus
from gateway.store.driver import Database, as_storage_error, is_duplicate_key
from gateway.store.item_documents import item_document, read_item


class ItemStore:
    """Implements `gateway.operations.catalog.ItemRepository`."""

    def __init__(self, database: Database) -> None:
        self._items = database["items"]

    async def add(self, item: Item) -> bool:
        """Store a new item; False when its SKU is taken."""
        try:
            await self._items.insert_one(item_document(item))
        except PyMongoError as error:
            if is_duplicate_key(error):
                return False
            raise as_storage_error(error) from error
        return True

    async def set_safety_stock(self, sku: str, location_id: str, quantity: int, at: datetime) -> Item | None:
        """The changed item; None when there is none with that SKU."""
        try:
            document = await self._items.find_one_and_update(
                {"sku": sku},
                {"$set": {f"safetyStock.{location_id}": quantity, "updatedAt": at}, "$inc": {"revision": 1}},
                return_document=ReturnDocument.AFTER,
            )
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return read_item(document) if document else None

    async def change(self, sku: str, change: ItemChange, at: datetime) -> Item | None:
        """The changed item; None when there is none with that SKU. Raises SkuTaken."""
        status = None
        if change.archived is not None:
            status = (ItemStatus.ARCHIVED if change.archived else ItemStatus.ACTIVE).value
        named = {
            "sku": change.sku,
            "name": change.name,
            "backorderLimit": change.backorder_limit,
            "status": status,
            "tags": None if change.tags is None else list(change.tags),
        }
        values: dict[str, Any] = {field: value for field, value in named.items() if value is not None}
        try:
            document = await self._items.find_one_and_update(
                {"sku": sku},
                {"$set": {**values, "updatedAt": at}, "$inc": {"revision": 1}},
                return_document=ReturnDocument.AFTER,
            )
        except PyMongoError as error:
            if is_duplicate_key(error):
                raise SkuTaken from error
            raise as_storage_error(error) from error
        return read_item(document) if document else None
