"""How the simulated BigCommerce shows its orders."""

from email.utils import format_datetime
from typing import Any

from connectors.simulated.sales import SoldLine, SoldOrder

STATUSES = {2: "Shipped", 3: "Partially Shipped", 4: "Refunded", 5: "Cancelled", 11: "Awaiting Fulfillment"}

Record = dict[str, Any]


def shown_order(order: SoldOrder, status: int) -> Record:
    return {
        "id": order.order_id,
        "status_id": status,
        "status": STATUSES.get(status, f"Status {status}"),
        "date_modified": format_datetime(order.updated_at),
        "consignments": {"resource": f"/orders/{order.order_id}/consignments"},
    }


def shown_line(line: SoldLine) -> Record:
    return {
        "id": line.line_id,
        "sku": line.sku,
        "type": "physical",
        "quantity": line.ordered,
        "quantity_shipped": line.fulfilled,
        "quantity_refunded": line.refunded,
    }


def consignments(order: SoldOrder) -> Record:
    """What is sold at a named location is picked up there, all else is shipped."""
    lines = [{"resource": f"/orders/{order.order_id}/products/{line.line_id}"} for line in order.lines]
    if order.location_id is None:
        return {"pickups": [], "shipping": [{"id": order.order_id, "line_items": lines}], "downloads": []}
    pickup = {"id": order.order_id, "location": {"id": int(order.location_id)}, "line_items": lines}
    return {"pickups": [pickup], "shipping": [], "downloads": []}


def status_of(order: SoldOrder) -> int:
    if order.cancelled_at:
        return 5
    if all(line.refunded == line.ordered for line in order.lines):
        return 4
    if all(line.unshipped == 0 for line in order.lines):
        return 2
    return 3 if any(line.fulfilled for line in order.lines) else 11
