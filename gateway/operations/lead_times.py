"""Suppliers' lead times: learnt from purchases as they arrive, and asked for when stock is planned."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.inventory.errors import Code, NotFound
from gateway.inventory.identifiers import check_sku, check_text
from gateway.inventory.inbound import supplier_key
from gateway.inventory.stock import Item
from gateway.planning.deliveries import EVERY_ITEM, History, HistoryKey
from gateway.planning.lead_time import Delivery, LeadTime, Observed, unknown_supplier
from gateway.planning.supply import OpenSupply
from gateway.planning.supply_terms import SupplyTerms


@dataclass(frozen=True, slots=True)
class Supply:
    """Who supplies an item (None: any)."""

    supplier: str
    item_id: str | None = None

    @property
    def supplier_key(self) -> str:
        return supplier_key(self.supplier)


@dataclass(frozen=True, slots=True)
class SupplierLeadTime:
    """A lead time with the deliveries behind it, the newest first. `supplier_wide` is that over all its items."""

    supplier: str
    sku: str | None
    lead_time: LeadTime
    supplier_wide: LeadTime
    deliveries: tuple[Delivery, ...]


class ItemLookup(Protocol):
    async def items(self, skus: Collection[str]) -> Mapping[str, Item]: ...


class Terms(Protocol):
    async def of_items(self, item_ids: Collection[str]) -> dict[str, list[SupplyTerms]]:
        """By item id; items without terms are left out."""


class HistoryReads(Protocol):
    async def observed(self, keys: Collection[HistoryKey]) -> dict[HistoryKey, Observed]:
        """What is known of these; those of which nothing is known are left out."""

    async def histories(self, keys: Collection[HistoryKey]) -> dict[HistoryKey, History]: ...

    async def forget_progress(self) -> None: ...


class LeadTimeOperations:
    """Answers from sums that are stored per supplier, and per item of it."""

    def __init__(self, items: ItemLookup, histories: HistoryReads, terms: Terms, *, default_days: float) -> None:
        """`default_days` is assumed of a supplier of whom nothing is known and who declares nothing."""
        self._items = items
        self._histories = histories
        self._terms = terms
        self._default_days = default_days

    async def of_many(self, supplies: Collection[Supply]) -> dict[Supply, LeadTime]:
        """The lead time of each: of its item where that was delivered before, else of its supplier.

        A supplier without deliveries takes the days that it declares for the item, or the setting.
        """
        observed, declared = await asyncio.gather(
            self._histories.observed({key for supply in supplies for key in _keys(supply)}), self._declared(supplies)
        )
        return {supply: self._lead_time(supply, observed, declared) for supply in supplies}

    async def of_supplies(self, supplies: Iterable[OpenSupply]) -> dict[OpenSupply, LeadTime]:
        """The lead time of each that is on its way; of a transfer that of a supplier of whom nothing is known."""
        suppliers = {one: Supply(one.supplier or "", one.item_id) for one in supplies}
        lead_times = await self.of_many(set(suppliers.values()))
        return {one: lead_times[supplier] for one, supplier in suppliers.items()}

    async def of(self, supplier: str, sku: str | None = None) -> SupplierLeadTime:
        """One lead time with what it was learnt from. Raises NotFound where there is no such SKU."""
        check_text(supplier, ("supplier",))
        supply = Supply(supplier, None if sku is None else await self._item_id(sku))
        known, declared = await asyncio.gather(self._histories.histories(_keys(supply)), self._declared([supply]))
        observed = {key: history.observed for key, history in known.items()}
        history = known.get(_keys(supply)[-1])
        told = [one for part in history.deliveries.values() for one in part] if history else []
        return SupplierLeadTime(
            supplier,
            sku,
            self._lead_time(supply, observed, declared),
            self._lead_time(Supply(supplier), observed, declared),
            tuple(sorted(told, key=_arrival, reverse=True)),
        )

    async def rebuild(self) -> None:
        """Have all purchases looked at again, in the background."""
        await self._histories.forget_progress()

    async def _declared(self, supplies: Collection[Supply]) -> dict[Supply, float]:
        """The days that suppliers declare for the items asked about, where they do."""
        item_ids = {supply.item_id for supply in supplies if supply.item_id is not None}
        terms = await self._terms.of_items(item_ids) if item_ids else {}
        return {
            supply: one.lead_time_days
            for supply in supplies
            for one in terms.get(supply.item_id or "", ())
            if one.supplier_key == supply.supplier_key and one.lead_time_days is not None
        }

    def _lead_time(
        self, supply: Supply, observed: Mapping[HistoryKey, Observed], declared: Mapping[Supply, float]
    ) -> LeadTime:
        prior = unknown_supplier(declared.get(supply, self._default_days))
        for key in _keys(supply):
            prior = observed.get(key, Observed()).lead_time(prior)
        return prior

    async def _item_id(self, sku: str) -> str:
        check_sku(sku, ("sku",))
        item = (await self._items.items([sku])).get(sku)
        if item is None:
            raise NotFound(Code.ITEM_NOT_FOUND, f"There is no item with SKU '{sku}'.", ("sku",))
        return item.id


def _keys(supply: Supply) -> list[HistoryKey]:
    supplier = supply.supplier_key
    return [(supplier, EVERY_ITEM), *([] if supply.item_id is None else [(supplier, supply.item_id)])]


def _arrival(delivery: Delivery) -> datetime:
    return delivery.arrived_at
