"""Suppliers' terms for items: set by people, read by the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from gateway.inventory.errors import Code, InvalidInput, NotFound
from gateway.inventory.identifiers import check_count, check_sku, check_text
from gateway.inventory.stock import Item
from gateway.planning.supply_terms import SUPPLIER_LENGTH_MAX, SupplyTerms

BATCH_MAX = 250
SUPPLIERS_MAX = 20
"""Of one item."""


class ItemLookup(Protocol):
    async def items(self, skus: Collection[str]) -> Mapping[str, Item]: ...


class TermsRepository(Protocol):
    async def of_items(self, item_ids: Collection[str]) -> dict[str, list[SupplyTerms]]:
        """By item id; items without terms are left out."""

    async def page(self, supplier: str | None, after: str | None, limit: int) -> list[SupplyTerms]: ...

    async def put(self, terms: Sequence[SupplyTerms]) -> None:
        """Store each; a preferred supplier of an item takes the place of another one."""

    async def delete(self, suppliers: Collection[tuple[str, str]]) -> None:
        """By item id and supplier."""


class SupplyTermsOperations:
    """Batches are checked whole before anything of them is stored; to send one again changes nothing."""

    def __init__(self, items: ItemLookup, terms: TermsRepository) -> None:
        self._items = items
        self._terms = terms

    async def set(self, named: Sequence[tuple[str, SupplyTerms]]) -> list[SupplyTerms]:
        """By SKU, 1 to 250, each in place of the former terms of its supplier; as they are kept.

        Raises InvalidInput and NotFound.
        """
        check_count(named, ("terms",), BATCH_MAX)
        ids = await item_ids(self._items, {index: sku for index, (sku, _) in enumerate(named)}, "terms")
        terms = [replace(one, item_id=ids[index]) for index, (_, one) in enumerate(named)]
        seen: set[tuple[str, str]] = set()
        for index, one in enumerate(terms):
            one.check(("terms", str(index)))
            if (one.item_id, one.supplier_key) in seen:
                raise InvalidInput(Code.DUPLICATE, "These terms are given twice.", ("terms", str(index)))
            seen.add((one.item_id, one.supplier_key))
        await self._check_room(terms)
        await self._terms.put(terms)
        return terms

    async def delete(self, named: Sequence[tuple[str, str]]) -> None:
        """By SKU and supplier, 1 to 250; what is not there is none the less gone. Raises InvalidInput and NotFound."""
        check_count(named, ("terms",), BATCH_MAX)
        for index, (_, supplier) in enumerate(named):
            check_text(supplier, ("terms", str(index), "supplier"), SUPPLIER_LENGTH_MAX)
        ids = await item_ids(self._items, {index: sku for index, (sku, _) in enumerate(named)}, "terms")
        await self._terms.delete([(ids[index], supplier) for index, (_, supplier) in enumerate(named)])

    async def page(self, supplier: str | None, after: str | None, limit: int) -> list[SupplyTerms]:
        """Of one supplier or all, behind the terms with the id `after`."""
        if supplier is not None:
            check_text(supplier, ("supplier",), SUPPLIER_LENGTH_MAX)
        return await self._terms.page(supplier, after, limit)

    async def _check_room(self, terms: Sequence[SupplyTerms]) -> None:
        known = await self._terms.of_items({one.item_id for one in terms})
        suppliers = {(item_id, one.supplier_key) for item_id, some in known.items() for one in some}
        counts = Counter(item_id for item_id, _ in suppliers | {(one.item_id, one.supplier_key) for one in terms})
        for index, one in enumerate(terms):
            if counts[one.item_id] > SUPPLIERS_MAX:
                message = f"An item has up to {SUPPLIERS_MAX} suppliers."
                raise InvalidInput(Code.TOO_MANY, message, ("terms", str(index), "supplier"))


async def item_ids(lookup: ItemLookup, skus: Mapping[int, str], *path: str) -> dict[int, str]:
    """By place in the list at `path`, where the SKUs are named. Raises InvalidInput, and NotFound for unknown ones."""
    for index, sku in skus.items():
        check_sku(sku, (*path, str(index), "sku"))
    found = await lookup.items(set(skus.values()))
    for index, sku in skus.items():
        if sku not in found:
            message = f"There is no item with SKU '{sku}'."
            raise NotFound(Code.ITEM_NOT_FOUND, message, (*path, str(index), "sku"))
    return {index: found[sku].id for index, sku in skus.items()}
