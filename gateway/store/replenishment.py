"""Rules of replenishment as MongoDB documents: one per location, item, or item at a location."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from pymongo import ASCENDING, DeleteOne, IndexModel, ReplaceOne
from pymongo.errors import PyMongoError

from gateway.planning.replenishment import ReplenishmentRule, ReplenishmentValues
from gateway.store.driver import Database, Document, as_storage_error

REPLENISHMENT = "replenishment"
LOCATION_RULES_MAX = 10_000
ITEM_RULES_MAX = 1_000
"""Rules of one item: its own, and one per location."""

REPLENISHMENT_INDEXES = [IndexModel([("itemId", ASCENDING), ("locationId", ASCENDING)])]


class ReplenishmentStore:
    """Implements `gateway.operations.replenishment.RuleRepository`."""

    def __init__(self, database: Database) -> None:
        self._rules = database[REPLENISHMENT]

    async def of_locations(self) -> list[ReplenishmentRule]:
        """Those for whole locations."""
        return await self._find({"itemId": None}, LOCATION_RULES_MAX)

    async def of_items(self, item_ids: Collection[str]) -> list[ReplenishmentRule]:
        """Those for these items, at all locations or at one."""
        return await self._find({"itemId": {"$in": list(item_ids)}}, len(item_ids) * ITEM_RULES_MAX)

    async def put(self, rules: Sequence[ReplenishmentRule]) -> None:
        """Store each in place of the one before; one without any value is deleted."""
        writes: list[Any] = [
            DeleteOne({"_id": rule.id})
            if rule.values.is_empty
            else ReplaceOne({"_id": rule.id}, _document(rule), upsert=True)
            for rule in rules
        ]
        try:
            await self._rules.bulk_write(writes)
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def _find(self, query: Document, limit: int) -> list[ReplenishmentRule]:
        try:
            found = await self._rules.find(query).limit(limit).to_list(limit)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [_read(document) for document in found]


def _document(rule: ReplenishmentRule) -> Document:
    values = rule.values
    return {
        "itemId": rule.item_id,
        "locationId": rule.location_id,
        "reviewDays": values.review_days,
        "serviceLevel": values.service_level,
        "safetyStock": values.safety_stock,
        "overstockDays": values.overstock_days,
        "lowStockAt": values.low_stock_at,
    }


def _read(document: dict[str, Any]) -> ReplenishmentRule:
    values = ReplenishmentValues(
        review_days=document["reviewDays"],
        service_level=document["serviceLevel"],
        safety_stock=document["safetyStock"],
        overstock_days=document["overstockDays"],
        low_stock_at=document["lowStockAt"],
    )
    return ReplenishmentRule(document["itemId"], document["locationId"], values)
