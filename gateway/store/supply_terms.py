"""Suppliers' terms as MongoDB documents: one per item and supplier."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from pymongo import ASCENDING, DeleteOne, IndexModel, ReplaceOne, UpdateMany
from pymongo.errors import PyMongoError

from gateway.inventory.inbound import supplier_key
from gateway.planning.supply_terms import SupplyTerms
from gateway.store.driver import Database, Document, as_storage_error

SUPPLY_TERMS = "supply_terms"
TERMS_OF_ITEM_MAX = 100

SUPPLY_TERMS_INDEXES = [
    IndexModel([("itemId", ASCENDING)]),
    IndexModel([("supplierKey", ASCENDING), ("_id", ASCENDING)]),
]


class SupplyTermsStore:
    """Implements `gateway.operations.supply_terms.TermsRepository`."""

    def __init__(self, database: Database) -> None:
        self._terms = database[SUPPLY_TERMS]

    async def of_items(self, item_ids: Collection[str]) -> dict[str, list[SupplyTerms]]:
        """By item id, by supplier; items without terms are left out."""
        found: dict[str, list[SupplyTerms]] = defaultdict(list)
        limit = len(item_ids) * TERMS_OF_ITEM_MAX
        try:
            query = self._terms.find({"itemId": {"$in": list(item_ids)}})
            for document in await query.sort("_id", ASCENDING).to_list(limit):
                found[document["itemId"]].append(_read(document))
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return dict(found)

    async def page(self, supplier: str | None, after: str | None, limit: int) -> list[SupplyTerms]:
        """By item and supplier, behind the terms with the id `after`."""
        wanted: Document = {} if supplier is None else {"supplierKey": supplier_key(supplier)}
        if after is not None:
            wanted["_id"] = {"$gt": after}
        try:
            found = await self._terms.find(wanted).sort("_id", ASCENDING).limit(limit).to_list(limit)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [_read(document) for document in found]

    async def put(self, terms: Sequence[SupplyTerms]) -> None:
        """Store each; a preferred supplier of an item takes the place of another one."""
        writes: list[Any] = []
        for one in terms:
            if one.preferred:
                others = {"itemId": one.item_id, "preferred": True}
                writes.append(UpdateMany(others, {"$set": {"preferred": False}}))
            writes.append(ReplaceOne({"_id": terms_id(one.item_id, one.supplier)}, _document(one), upsert=True))
        await self._write(writes)

    async def delete(self, suppliers: Collection[tuple[str, str]]) -> None:
        """By item id and supplier."""
        await self._write([DeleteOne({"_id": terms_id(*one)}) for one in suppliers])

    async def _write(self, writes: list[Any]) -> None:
        try:
            await self._terms.bulk_write(writes)
        except PyMongoError as error:
            raise as_storage_error(error) from error


def terms_id(item_id: str, supplier: str) -> str:
    return f"{item_id}/{supplier_key(supplier)}"


def _document(terms: SupplyTerms) -> Document:
    return {
        "itemId": terms.item_id,
        "supplier": terms.supplier,
        "supplierKey": terms.supplier_key,
        "unitCost": None if terms.unit_cost is None else str(terms.unit_cost),
        "orderCost": None if terms.order_cost is None else str(terms.order_cost),
        "holdingRate": terms.holding_rate,
        "packSize": terms.pack_size,
        "quantityMin": terms.quantity_min,
        "leadTimeDays": terms.lead_time_days,
        "preferred": terms.preferred,
    }


def _read(document: dict[str, Any]) -> SupplyTerms:
    return SupplyTerms(
        item_id=document["itemId"],
        supplier=document["supplier"],
        unit_cost=None if document["unitCost"] is None else Decimal(document["unitCost"]),
        order_cost=None if document["orderCost"] is None else Decimal(document["orderCost"]),
        holding_rate=document["holdingRate"],
        pack_size=document["packSize"],
        quantity_min=document["quantityMin"],
        lead_time_days=document["leadTimeDays"],
        preferred=document["preferred"],
    )
