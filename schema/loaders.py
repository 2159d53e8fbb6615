"""Loaders of one request: each relation is read once per request, whatever the number of nodes that ask for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from aiodataloader import DataLoader

from gateway.inventory.catalog import Location
from gateway.inventory.ledger import LedgerEntry
from gateway.inventory.stock import Item, Level
from gateway.operations.replacements import Replacement
from gateway.planning.risks import PromiseAtRisk
from gateway.store.views.ledger import Position

if TYPE_CHECKING:
    from schema.context import Services


class HistoryKey(NamedTuple):
    """The newest `limit` entries of an item, from the one after `after` on."""

    item_id: str
    after: Position | None
    limit: int


class Loaders:
    """Named by what they load and by which key."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @cached_property
    def item_by_sku(self) -> DataLoader[str, Item | None]:
        return DataLoader(self._services.items_by_sku.many)

    @cached_property
    def item_by_id(self) -> DataLoader[str, Item | None]:
        return DataLoader(self._services.items_by_id.many)

    @cached_property
    def location_by_id(self) -> DataLoader[str, Location | None]:
        async def read(ids: Sequence[str]) -> list[Location | None]:
            found = await self._services.locations.by_id(ids)
            return [found.get(location_id) for location_id in ids]

        return DataLoader(read)

    @cached_property
    def stock_of_location(self) -> DataLoader[str, tuple[int, Level]]:
        return DataLoader(self._services.locations.stock)

    @cached_property
    def replacement_of_risk(self) -> DataLoader[PromiseAtRisk, Replacement | None]:
        return DataLoader(self._services.replacements.of)

    @cached_property
    def history_of_item(self) -> DataLoader[HistoryKey, list[LedgerEntry]]:
        async def read(keys: Sequence[HistoryKey]) -> list[list[LedgerEntry]]:
            pages: dict[tuple[Position | None, int], list[str]] = defaultdict(list)
            for key in keys:
                pages[key.after, key.limit].append(key.item_id)
            found: dict[HistoryKey, list[LedgerEntry]] = {}
            for (after, limit), ids in pages.items():
                histories = await self._services.ledger.of_items(ids, after, limit)
                found.update((HistoryKey(item_id, after, limit), entries) for item_id, entries in histories.items())
            return [found.get(key, []) for key in keys]

        return DataLoader(read)
