"""Reading purchases."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.errors import PyMongoError

from gateway.inventory.inbound import INBOUND, InboundOrder, InboundState
from gateway.store.driver import Database, as_storage_error
from gateway.store.inbound import read_inbound
from gateway.store.views.pages import Place, newest_first, one, place_of


@dataclass(frozen=True, slots=True)
class InboundFilter:
    """Which purchases to list; None means any.

    Item, location and the expected time (from inclusive, until exclusive) must be those of one line; with an expected
    time, of one that is still outstanding.
    """

    item_id: str | None = None
    location_id: str | None = None
    supplier: str | None = None
    reference: str | None = None
    states: tuple[InboundState, ...] = ()
    expected_from: datetime | None = None
    expected_until: datetime | None = None


class InboundView:
    """Reads purchases; only the kernel writes them."""

    def __init__(self, database: Database) -> None:
        self._purchases = database[INBOUND]

    async def by_id(self, document_id: str) -> InboundOrder | None:
        document = await one(self._purchases, document_id)
        return read_inbound(document) if document else None

    async def by_ids(self, inbound_ids: Collection[str]) -> list[InboundOrder]:
        """Those that exist."""
        wanted = {"_id": {"$in": list(inbound_ids)}}
        try:
            return [read_inbound(document) for document in await self._purchases.find(wanted).to_list(len(inbound_ids))]
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def item_ids(self, inbound_ids: Collection[str]) -> tuple[str, ...]:
        """Of all items of these purchases; what is not there has none."""
        try:
            found = await self._purchases.distinct("lines.itemId", {"_id": {"$in": list(inbound_ids)}})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return tuple(found)

    async def page(self, wanted: InboundFilter, after: Place | None, limit: int) -> list[InboundOrder]:
        """Newest first, from the purchase after `after` on."""
        named = {"supplier": wanted.supplier, "reference": wanted.reference}
        query: dict[str, Any] = {field: value for field, value in named.items() if value is not None}
        if wanted.states:
            query["state"] = {"$in": [state.value for state in wanted.states]}
        line = _line(wanted)
        if line:
            query["lines"] = {"$elemMatch": line}
        return [read_inbound(document) for document in await newest_first(self._purchases, query, after, limit)]

    def place(self, inbound: InboundOrder) -> Place:
        """Behind which the next page begins."""
        return place_of(inbound.created_at, inbound.id)

    async def risky(self, overdue_before: datetime, after: Place | None, limit: int) -> list[InboundOrder]:
        """Purchases that hurt a backorder, or are overdue for one; the newest first, from the one after `after` on."""
        overdue = {"$elemMatch": {"bindings.0": {"$exists": True}, "expectedAt": {"$lt": overdue_before}}}
        query = {"bound": {"$gt": 0}, "$or": [{"hurt": True}, {"lines": overdue}]}
        return [read_inbound(document) for document in await newest_first(self._purchases, query, after, limit)]


def _line(wanted: InboundFilter) -> dict[str, Any]:
    named = {"itemId": wanted.item_id, "locationId": wanted.location_id}
    line: dict[str, Any] = {field: value for field, value in named.items() if value is not None}
    bounds = {"$gte": wanted.expected_from, "$lt": wanted.expected_until}
    expected = {operator: at for operator, at in bounds.items() if at is not None}
    if expected:
        line |= {"expectedAt": expected, "outstanding": {"$gt": 0}}
    return line
