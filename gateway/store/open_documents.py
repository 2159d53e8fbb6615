"""The units that open documents hold or announce, per item and location."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING, IndexModel

from gateway.inventory.accounts import Source
from gateway.inventory.inbound import INBOUND
from gateway.inventory.orders import ORDERS
from gateway.inventory.reservations import RESERVATIONS, ReservationState
from gateway.inventory.transfers import TRANSFERS
from gateway.store.driver import Document
from gateway.store.inbound import OUTSTANDING, OUTSTANDING_INDEX
from gateway.store.snapshots import Snapshot
from gateway.store.transfers import IN_TRANSIT, IN_TRANSIT_INDEX

_OPEN_RESERVATION = {"state": {"$in": [state.value for state in ReservationState if state.is_open]}}
_OPEN_ORDER = {"lines.allocated": {"$gt": 0}}

OPEN_RESERVATION_INDEX = IndexModel(
    [("lines.itemId", ASCENDING)], name="open_by_item", partialFilterExpression=_OPEN_RESERVATION
)
OPEN_ORDER_INDEX = IndexModel([("lines.itemId", ASCENDING)], name="open_by_item", partialFilterExpression=_OPEN_ORDER)


@dataclass(frozen=True, slots=True)
class _Where:
    """Where the open units of one kind of document stand; expressions are about one line.

    `index` is that of open documents by item, which the planner would not always choose.
    """

    collection: str
    is_open: Mapping[str, Any]
    units: Any
    index: IndexModel
    location: str = "$lines.locationId"
    since: str = "createdAt"


_WHERE = {
    Source.RESERVATION: _Where(
        RESERVATIONS,
        _OPEN_RESERVATION,
        {"$subtract": ["$lines.quantity", {"$add": ["$lines.fulfilled", "$lines.released"]}]},
        OPEN_RESERVATION_INDEX,
    ),
    Source.ORDER: _Where(ORDERS, _OPEN_ORDER, "$lines.allocated", OPEN_ORDER_INDEX, since="occurredAt"),
    Source.INBOUND: _Where(INBOUND, OUTSTANDING, "$lines.outstanding", OUTSTANDING_INDEX),
    Source.TRANSFER: _Where(TRANSFERS, IN_TRANSIT, "$lines.inTransit", IN_TRANSIT_INDEX, "$destinationId"),
}

Units = dict[str, dict[tuple[str, Source], int]]
"""By item id, then by location and kind of document."""


async def open_units(snapshot: Snapshot, item_ids: Collection[str]) -> Units:
    """The sums over all open documents of these items."""
    found: Units = {item_id: {} for item_id in item_ids}
    for source, where in _WHERE.items():
        of_items = {"lines.itemId": {"$in": list(item_ids)}}
        pipeline: list[Mapping[str, Any]] = [
            {"$match": {**of_items, **where.is_open}},
            {"$unwind": "$lines"},
            {"$match": of_items},
            {"$group": {"_id": {"item": "$lines.itemId", "at": where.location}, "units": {"$sum": where.units}}},
        ]
        async for group in snapshot.aggregate(where.collection, pipeline, hint=where.index.document["key"]):
            found[group["_id"]["item"]][group["_id"]["at"], source] = group["units"]
    return found


async def open_documents(
    snapshot: Snapshot, source: Source, item_id: str, location_id: str, limit: int
) -> list[Document]:
    """Up to `limit` open documents of one kind with lines of the item at the location, the oldest first.

    Other lines of theirs are included, and such that are no longer open.
    """
    where = _WHERE[source]
    if where.location.startswith("$lines."):
        at: Mapping[str, Any] = {"lines": {"$elemMatch": {"itemId": item_id, "locationId": location_id}}}
    else:
        at = {where.location.removeprefix("$"): location_id}
    query = {"lines.itemId": item_id, **where.is_open, **at}
    hint = list(where.index.document["key"].items())
    return await snapshot.find(where.collection, query, limit, sort=[(where.since, ASCENDING)], hint=hint)
