"""Reading purchases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.inventory.inbound import INBOUND, InboundOrder, InboundState
from gateway.store.driver import Database
from gateway.store.inbound import read_inbound
from gateway.store.views.pages import Place, newest_first, one


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
