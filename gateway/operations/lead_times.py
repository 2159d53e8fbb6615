"""Suppliers' lead times: learnt from purchases as they arrive, and asked for when stock is planned."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.inventory.errors import Code, NotFound
from gateway.inventory.identifiers import check_sku, check_text
from gateway.inventory.inbound import supplier_key
from gateway.inventory.stock import Item
from gateway.planning.deliveries import EVERY_ITEM, History, HistoryKey
from gateway.planning.lead_time import Delivery, LeadTime, Observed, unknown_supplier


@dataclass(frozen=True, slots=True)
class Supply:
    """Who supplies an item (None: any). `declared_days` is the lead time that was agreed on, where one was."""

    supplier: str
    item_id: str | None = None
    declared_days: float | None = None


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


class HistoryReads(Protocol):
    async def observed(self, keys: Collection[HistoryKey]) -> dict[HistoryKey, Observed]:
        """What is known of these; those of which nothing is known are left out."""

    async def histories(self, keys: Collection[HistoryKey]) -> dict[HistoryKey, History]: ...

    async def forget_progress(self) -> None: ...


class LeadTimeOperations:
    """Answers from sums that are stored per supplier, and per item of it."""

    def __init__(self, items: ItemLookup, histories: HistoryReads, *, default_days: float) -> None:
        """`default_days` is assumed of a supplier of whom nothing is known."""
        self._items = items
        self._histories = histories
        self._default_days = default_days

    async def of_many(self, supplies: Collection[Supply]) -> dict[Supply, LeadTime]:
        """The lead time of each: of its item where that was delivered before, else of its supplier.

        A supplier without deliveries takes the days that were declared, or the setting.
        """
        observed = await self._histories.observed({key for supply in supplies for key in _keys(supply)})
        return {supply: self._lead_time(supply, observed) for supply in supplies}

    async def of(self, supplier: str, sku: str | None = None) -> SupplierLeadTime:
        """One lead time with what it was learnt from. Raises NotFound where there is no such SKU."""
        check_text(supplier, ("supplier",))
        supply = Supply(supplier, None if sku is None else await self._item_id(sku))
        known = await self._histories.histories(_keys(supply))
        observed = {key: history.observed for key, history in known.items()}
        history = known.get(_keys(supply)[-1])
        told = [one for part in history.deliveries.values() for one in part] if history else []
        return SupplierLeadTime(
            supplier,
            sku,
            self._lead_time(supply, observed),
            self._lead_time(Supply(supplier), observed),
            tuple(sorted(told, key=_arrival, reverse=True)),
        )

    async def rebuild(self) -> None:
        """Have all purchases looked at again, in the background."""
        await self._histories.forget_progress()

    def _lead_time(self, supply: Supply, observed: Mapping[HistoryKey, Observed]) -> LeadTime:
        prior = unknown_supplier(self._default_days if supply.declared_days is None else supply.declared_days)
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
    supplier = supplier_key(supply.supplier)
    return [(supplier, EVERY_ITEM), *([] if supply.item_id is None else [(supplier, supply.item_id)])]


def _arrival(delivery: Delivery) -> datetime:
    return delivery.arrived_at
