"""A simulated Square's orders, payments and refunds, as the API and the webhooks show them.

A sale has one payment and, once something came back, one refund with one order of its own that names the sale.
"""

import re
from datetime import datetime
from typing import Any

from connectors.simulated.sales import SoldOrder

ORDER, RETURN, PAYMENT, REFUND = "SALE", "BACK", "PAY", "REF"


def order_id(order: SoldOrder) -> str:
    return f"{ORDER}{order.order_id}"


def number_of(identifier: str) -> int:
    """Of an order, payment or refund; 0 for what cannot be one."""
    digits = re.search(r"\d+$", identifier)
    return int(digits[0]) if digits else 0


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_till_sale(order: SoldOrder) -> bool:
    return order.location_id is not None


def has_returns(order: SoldOrder) -> bool:
    return any(line.returned for line in order.lines)


def state_of(order: SoldOrder) -> str:
    if order.cancelled_at:
        return "CANCELED"
    done = is_till_sale(order) or all(line.unshipped == 0 for line in order.lines)
    return "COMPLETED" if done else "OPEN"


def order_body(order: SoldOrder, variations: dict[str, str]) -> dict[str, Any]:
    return {
        "id": order_id(order),
        "location_id": order.taken_from,
        "state": state_of(order),
        "version": 1 + len(order.lines),
        "created_at": stamp(order.created_at),
        "updated_at": stamp(order.updated_at),
        "line_items": [
            {
                "uid": f"uid{line.line_id}",
                "catalog_object_id": variations[line.sku],
                "catalog_version": 1732000000000,
                "name": line.sku.title(),
                "item_type": "ITEM",
                "quantity": str(line.ordered),
            }
            for line in order.lines
        ],
        "fulfillments": [] if is_till_sale(order) else [_shipment(order)],
        "tenders": [{"id": f"{PAYMENT}{order.order_id}", "payment_id": f"{PAYMENT}{order.order_id}", "type": "CARD"}],
    }


def _shipment(order: SoldOrder) -> dict[str, Any]:
    """Of the units that have left, or else of those that are to leave."""
    left = {line.line_id: line.fulfilled for line in order.lines if line.fulfilled}
    state = "COMPLETED" if left else "PROPOSED"
    units = left or {line.line_id: line.ordered for line in order.lines}
    entries = [
        {"uid": f"entry{line_id}", "line_item_uid": f"uid{line_id}", "quantity": str(count)}
        for line_id, count in units.items()
    ]
    application = {"line_item_application": "ENTRY_LIST", "entries": entries}
    return {"uid": "shipment", "type": "SHIPMENT", "state": state, **application}


def return_body(order: SoldOrder, variations: dict[str, str]) -> dict[str, Any]:
    lines = [
        {
            "uid": f"back{line.line_id}",
            "source_line_item_uid": f"uid{line.line_id}",
            "catalog_object_id": variations[line.sku],
            "quantity": str(line.refunded),
        }
        for line in order.lines
        if line.returned
    ]
    return {
        "id": f"{RETURN}{order.order_id}",
        "location_id": order.taken_from,
        "state": "COMPLETED",
        "created_at": stamp(order.updated_at),
        "updated_at": stamp(order.updated_at),
        "returns": [{"uid": "return", "source_order_id": order_id(order), "return_line_items": lines}],
    }


def payment_body(order: SoldOrder) -> dict[str, Any]:
    return {
        "id": f"{PAYMENT}{order.order_id}",
        "status": "COMPLETED",
        "order_id": order_id(order),
        "location_id": order.taken_from,
        "created_at": stamp(order.created_at),
        "updated_at": stamp(order.updated_at),
        "refund_ids": [f"{REFUND}{order.order_id}"] if has_returns(order) else [],
    }


def refund_body(order: SoldOrder) -> dict[str, Any]:
    return {
        "id": f"{REFUND}{order.order_id}",
        "status": "COMPLETED",
        "payment_id": f"{PAYMENT}{order.order_id}",
        "order_id": f"{RETURN}{order.order_id}",
        "location_id": order.taken_from,
        "created_at": stamp(order.updated_at),
        "updated_at": stamp(order.updated_at),
    }


def notice_body(order: SoldOrder, *, created: bool = False) -> dict[str, Any]:
    """All that the order notifications say of an order."""
    times = {"created_at": stamp(order.created_at)}
    return {
        "order_id": order_id(order),
        "version": 1 + len(order.lines),
        "location_id": order.taken_from,
        "state": state_of(order),
        **(times if created else times | {"updated_at": stamp(order.updated_at)}),
    }
