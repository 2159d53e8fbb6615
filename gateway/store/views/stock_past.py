"""What the ledger tells of the stock since a position: for those who watch and have missed some."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from typing import Any

from pymongo import ASCENDING
from pymongo.errors import PyMongoError

from gateway.inventory.news import StockNews
from gateway.store.driver import Database, Document, as_storage_error

PAGE = 1_000
SKUS_MAX = 1_000


class StockPastView:
    """Implements `gateway.operations.watching.StockPast`."""

    def __init__(self, database: Database) -> None:
        self._ledger = database["ledger"]
        self._items = database["items"]

    async def since(self, seq: int, skus: Collection[str] | None) -> AsyncGenerator[StockNews]:
        """News after ledger position `seq`, in order; of many changes of an item in one page only the last."""
        item_ids = None if skus is None else await self._item_ids(skus)
        if item_ids is not None and not item_ids:
            return
        while True:
            entries = await self._page(seq, item_ids)
            newest: dict[str, StockNews] = {}
            for entry in entries:
                for news in _news(entry):
                    if item_ids is None or news.item_id in item_ids:
                        newest.pop(news.item_id, None)
                        newest[news.item_id] = news
            for news in newest.values():
                yield news
            if len(entries) < PAGE:
                return
            # Entries of one position that the page has cut apart are read again; a page holds many positions.
            last = entries[-1]["seq"]
            seq = last - 1 if last - 1 > seq else last

    async def _item_ids(self, skus: Collection[str]) -> set[str]:
        try:
            documents = await self._items.find({"sku": {"$in": list(skus)}}, {"_id": 1}).to_list(SKUS_MAX)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return {document["_id"] for document in documents}

    async def _page(self, seq: int, item_ids: Collection[str] | None) -> list[Document]:
        wanted: Document = {"seq": {"$gt": seq}}
        if item_ids is not None:
            wanted["items.id"] = {"$in": list(item_ids)}
        shown = {"seq": 1, "items": 1, "lines.locationId": 1}
        try:
            found: list[dict[str, Any]] = (
                await self._ledger.find(wanted, shown).sort("seq", ASCENDING).limit(PAGE).to_list(PAGE)
            )
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return found


def _news(entry: Document) -> list[StockNews]:
    location_ids = frozenset(line["locationId"] for line in entry.get("lines", ()))
    return [
        StockNews(mark["id"], mark["sku"], mark["version"], mark["totalAvailable"], entry["seq"], location_ids)
        for mark in entry["items"]
    ]
