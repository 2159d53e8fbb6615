"""What a simulated Walmart says of its orders."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from aiohttp import web

from connectors.simulated.sales import SoldLine, SoldOrder

if TYPE_CHECKING:
    from connectors.simulated.walmart_marketplace import SimulatedWalmart

PER_PAGE_MAX = 200

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PurchaseOrder:
    body: Record
    created_at: datetime
    updated_at: datetime


def purchase_order(shop: SimulatedWalmart, order: SoldOrder) -> PurchaseOrder:
    by_walmart, by_3pl = order.order_id in shop.shipped_by_walmart, order.order_id in shop.by_3pl
    node = order.taken_from or shop.home()
    body = {
        "purchaseOrderId": str(order.order_id),
        "customerOrderId": f"2000{order.order_id}",
        "customerEmailId": "buyer@relay.walmart.com",
        "orderDate": _milliseconds(order.created_at),
        "orderLines": {"orderLine": [_line(shop, order, number, line) for number, line in enumerate(order.lines, 1)]},
        "shipNode": {
            "type": "WFSFulfilled" if by_walmart else "3PLFulfilled" if by_3pl else "SellerFulfilled",
            "name": shop.nodes[node],
            "id": node,
        },
    }
    return PurchaseOrder(body, order.created_at, order.updated_at)


def order_page(request: web.Request, orders: list[PurchaseOrder], empty_status: int) -> web.Response:
    """The cursor repeats the query. Unless stated, only orders of the last seven days are found."""
    query = dict(request.query)
    size, start = int(query.get("limit", "100")), int(query.get("soIndex", "0"))
    if size > PER_PAGE_MAX:
        return web.json_response({"errors": {"error": [{"code": "INVALID_REQUEST_PARAM.GMP_ORDER_API"}]}}, status=400)
    created = _moment(query.get("createdStartDate"), datetime.now(UTC) - timedelta(days=7))
    changed = _moment(query.get("lastModifiedStartDate"), created)
    kind = query.get("shipNodeType", "SellerFulfilled")
    found = [
        order.body
        for order in orders
        if order.created_at >= created and order.updated_at >= changed and order.body["shipNode"]["type"] == kind
    ]
    if not found and empty_status != 200:
        error = {"code": "CONTENT_NOT_FOUND.GMP_ORDER_API", "description": "No orders found."}
        return web.json_response({"errors": {"error": [error]}}, status=empty_status)
    meta: Record = {"totalCount": len(found), "limit": size}
    if start + size < len(found):
        meta["nextCursor"] = "?" + urlencode({**query, "hasMoreElements": "true", "soIndex": str(start + size)})
    return web.json_response({"list": {"meta": meta, "elements": {"order": found[start : start + size]}}})


def _line(shop: SimulatedWalmart, order: SoldOrder, number: int, line: SoldLine) -> Record:
    cancelled = sum(part.units for part in line.returned if not part.shipped)
    left = "Delivered" if order.order_id in shop.delivered else "Shipped"
    units = Counter({"Created": line.unshipped, left: line.fulfilled, "Cancelled": cancelled})
    statuses = [{"status": status, "statusQuantity": _quantity(number)} for status, number in units.items() if number]
    return {
        "lineNumber": str(number),
        "item": {"productName": line.sku.title(), "sku": line.sku},
        "charges": {"charge": []},
        "orderLineQuantity": _quantity(line.ordered),
        "statusDate": _milliseconds(order.updated_at),
        "orderLineStatuses": {"orderLineStatus": statuses},
    }


def _quantity(units: int) -> Record:
    return {"unitOfMeasurement": "EACH", "amount": str(units)}


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(stated: str | None, otherwise: datetime) -> datetime:
    return datetime.fromisoformat(stated) if stated else otherwise
