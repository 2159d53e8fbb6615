"""Zoho's sales orders as ours."""

from collections.abc import Collection
from datetime import UTC, datetime

from connectors.exchange import Flow
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderStage
from connectors.order_lines import line_at
from connectors.platforms.zoho_inventory.config import Record, ZohoInventoryConfig
from connectors.quantities import units_taken, units_there

ITEMS_PER_CALL = 100
_STAGES = {"draft": OrderStage.PENDING, "fulfilled": OrderStage.FULFILLED, "void": OrderStage.CANCELLED}
"""Every other status counts as placed."""


def moment(order: Record) -> datetime:
    at = datetime.fromisoformat(order["last_modified_time"])
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def read_untracked(config: ZohoInventoryConfig, order: Record) -> Flow[frozenset[str]]:
    """Items of the order that Zoho keeps no stock of. A line does not say, its item's types do
    (https://www.zoho.com/inventory/api/v1/items/: a service, or goods that are only sold or bought)."""
    if _stage(order) is OrderStage.PENDING:
        # It holds nothing yet, and calls are few.
        return frozenset()
    item_ids = list(dict.fromkeys(str(line["item_id"]) for line in order["line_items"]))
    found: set[str] = set()
    for start in range(0, len(item_ids), ITEMS_PER_CALL):
        query = config.query | {"item_ids": ",".join(item_ids[start : start + ITEMS_PER_CALL])}
        # An item that is gone by now may let all be refused.
        body = (yield config.api.get("/itemdetails", query, expected=(400, 404))).json()
        found |= {str(item["item_id"]) for item in body.get("items", ()) if not _counted(item)}
    return frozenset(found)


def _counted(item: Record) -> bool:
    """What does not say is counted."""
    return item.get("product_type") != "service" and item.get("item_type") in (None, "", "inventory")


def event_of(order: Record, untracked: Collection[str]) -> OrderEvent:
    stage = _stage(order)
    return OrderEvent(
        order_id=str(order["salesorder_id"]),
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=moment(order),
        stage=stage,
        status=order["status"],
        name=order.get("salesorder_number"),
        lines=tuple(
            _line(stage, order, line, tracked=str(line["item_id"]) not in untracked) for line in order["line_items"]
        ),
    )


def _stage(order: Record) -> OrderStage:
    return _STAGES.get(order["status"], OrderStage.OPEN)


def _line(stage: OrderStage, order: Record, line: Record, *, tracked: bool) -> OrderLine:
    return line_at(
        stage,
        line_id=str(line["line_item_id"]),
        sku=line.get("sku"),
        platform_ids={"item_id": str(line["item_id"])},
        ordered=units_taken(line["quantity"]),
        shipped=units_there(line.get("quantity_shipped") or 0),
        cancelled=units_there(line.get("quantity_cancelled") or 0),
        location_id=line.get("location_id") or order.get("location_id") or None,
        tracked=tracked,
    )
