"""A simulated Walmart's returns: made by the buyer, delivered by a carrier, refunded by whoever is first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from aiohttp import web

from connectors.simulated.sales import SoldLine, SoldOrder

if TYPE_CHECKING:
    from connectors.simulated.walmart_marketplace import SimulatedWalmart

PER_PAGE_MAX = 200
STATUS = {
    "RETURN_INITIATED": "INITIATED",
    "RETURN_IN_TRANSIT": "INITIATED",
    "DELIVERED_AT_RETURN_CENTER": "DELIVERED",
}
"""Of the last event; after any other one a return is COMPLETED."""
NEEDED = ("returnLastModifiedStartDate", "returnLastModifiedEndDate")

Record = dict[str, Any]


@dataclass(slots=True)
class Return:
    return_id: str
    order: SoldOrder
    line_number: int
    sku: str
    units: int
    events: list[tuple[str, datetime]] = field(default_factory=list)

    @property
    def changed_at(self) -> datetime:
        return self.events[-1][1]


class Returns:
    def __init__(self, shop: SimulatedWalmart) -> None:
        self.all: list[Return] = []
        self._shop = shop

    def begin(self, order: SoldOrder, line: SoldLine, units: int) -> Return:
        number = order.lines.index(line) + 1
        begun = Return(f"1037{self._shop.new_id():014}", order, number, line.sku, units)
        self.all.append(begun)
        self.happen(begun, "RETURN_INITIATED")
        return begun

    def happen(self, one: Return, *event_tags: str) -> None:
        one.events += [(tag, self._shop.now()) for tag in event_tags]

    async def show(self, request: web.Request) -> web.StreamResponse:
        """The newest first. The cursor repeats the query."""
        query = dict(request.query)
        size, start = int(query.get("limit", "10")), int(query.get("offset", "0"))
        stated = [query[name] for name in NEEDED if name in query]
        if size > PER_PAGE_MAX or len(stated) == 1:
            error = {"code": "INVALID_REQUEST_PARAM.GMP_RETURNS_API", "description": f"{size}, {stated}"}
            return web.json_response({"errors": {"error": [error]}}, status=400)
        found = [self._document(one) for one in reversed(self.all) if _is_wanted(one, query, stated)]
        if not found and self._shop.empty_status != 200:
            error = {"code": "CONTENT_NOT_FOUND.GMP_RETURNS_API", "description": "No returns found."}
            return web.json_response({"errors": {"error": [error]}}, status=self._shop.empty_status)
        meta: Record = {"totalCount": len(found), "limit": size}
        if start + size < len(found):
            meta["nextCursor"] = "?" + urlencode({**query, "sellerId": "151", "offset": str(start + size)})
        return web.json_response({"meta": meta, "returnOrders": found[start : start + size]})

    def _document(self, one: Return) -> Record:
        quantity = {"unitOfMeasure": "EACH", "measurementValue": float(one.units)}
        last, at = one.events[-1]
        state = {"status": STATUS.get(last, "COMPLETED"), "statusTime": _written(at)}
        line = {
            "returnOrderLineNumber": 1,
            "salesOrderLineNumber": one.line_number,
            "returnReason": "NO_LONGER_WANTED",
            "purchaseOrderId": str(one.order.order_id),
            "purchaseOrderLineNumber": one.line_number,
            "item": {"sku": one.sku, "condition": "New", "productName": one.sku.title()},
            "quantity": quantity,
            "currentTrackingStatuses": [{**state, "currentRefundStatus": "NOT_REFUNDED", "quantity": quantity}],
            "returnTrackingDetail": [
                {"sequenceNo": number, "eventTag": tag, "eventTime": _written(moment)}
                for number, (tag, moment) in reversed([*enumerate(one.events)])
            ],
            **state,
        }
        return {
            "returnOrderId": one.return_id,
            "customerOrderId": f"2000{one.order.order_id}",
            "returnType": "REFUND",
            "returnOrderDate": _written(one.events[0][1]),
            "returnOrderLines": [line],
        }


def _is_wanted(one: Return, query: Record, span: list[str]) -> bool:
    if query.get("customerOrderId", f"2000{one.order.order_id}") != f"2000{one.order.order_id}":
        return False
    return not span or datetime.fromisoformat(span[0]) <= one.changed_at <= datetime.fromisoformat(span[1])


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"
