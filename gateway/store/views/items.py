"""Reading items: by SKU, by id, and page by page."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from re import escape
from typing import Any

from pymongo import ASCENDING
from pymongo.errors import PyMongoError

from gateway.inventory.stock import Item, ItemStatus
from gateway.store.driver import Database, as_storage_error
from gateway.store.item_documents import read_item

LAST_CHARACTER = "\U0010ffff"
"""Sorts after every character that a SKU begins with."""


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items to list; None means any."""

    sku_prefix: str | None = None
    name_contains: str | None = None
    status: ItemStatus | None = None
    location_id: str | None = None
    updated_since: datetime | None = None


class ItemView:
    """Reads items; only the kernel changes their stock."""

    def __init__(self, database: Database, milliseconds_max: int = 4_000) -> None:
        """`milliseconds_max`: limit of one listing at the server, since a filter may match little of much."""
        self._items = database["items"]
        self._milliseconds_max = milliseconds_max

    async def by_sku(self, skus: Collection[str]) -> dict[str, Item]:
        """Items by SKU; unknown SKUs are left out."""
        return {item.sku: item for item in await self._find({"sku": {"$in": list(skus)}}, len(skus))}

    async def by_id(self, ids: Collection[str]) -> dict[str, Item]:
        """Items by id; unknown ids are left out."""
        return {item.id: item for item in await self._find({"_id": {"$in": list(ids)}}, len(ids))}

    async def page(self, wanted: ItemFilter, after_sku: str | None, limit: int) -> list[Item]:
        """In the order of the SKUs, from the one after `after_sku` on."""
        conditions: list[Mapping[str, Any]] = []
        if after_sku is not None:
            conditions.append({"sku": {"$gt": after_sku}})
        if wanted.sku_prefix is not None:
            conditions.append({"sku": {"$gte": wanted.sku_prefix, "$lt": wanted.sku_prefix + LAST_CHARACTER}})
        if wanted.name_contains is not None:
            conditions.append({"name": {"$regex": escape(wanted.name_contains), "$options": "i"}})
        if wanted.status is not None:
            conditions.append({"status": wanted.status.value})
        if wanted.location_id is not None:
            conditions.append({f"levels.{wanted.location_id}": {"$exists": True}})
        if wanted.updated_since is not None:
            conditions.append({"updatedAt": {"$gte": wanted.updated_since}})
        return await self._find({"$and": conditions} if conditions else {}, limit)

    async def active_page(self, after_sku: str | None, limit: int) -> list[Item]:
        """Those that are not archived, in the order of the SKUs, from the one after `after_sku` on."""
        return await self.page(ItemFilter(status=ItemStatus.ACTIVE), after_sku, limit)

    async def _find(self, query: Mapping[str, Any], limit: int) -> list[Item]:
        try:
            found = self._items.find(query, max_time_ms=self._milliseconds_max).sort("sku", ASCENDING).limit(limit)
            return [read_item(document) for document in await found.to_list(limit)]
        except PyMongoError as error:
            raise as_storage_error(error) from error
