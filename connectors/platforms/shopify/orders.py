"""Reads orders, as webhooks carry them (REST shape) and as the Admin API answers them (GraphQL shape).

https://shopify.dev/docs/api/admin-rest/latest/resources/order
https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderStage


def gid(kind: str, number: object) -> str:
    """Webhooks carry bare numbers, the Admin API carries global ids; we keep the latter."""
    return f"gid://shopify/{kind}/{int(str(number))}"


@dataclass(slots=True)
class _Refunded:
    units: int = 0
    restocked: int = 0
    returned: int = 0
    location_id: str | None = None

    def add(self, units: int, restock_type: str, location_id: str | None) -> None:
        self.units += units
        if restock_type.lower() != "no_restock":
            self.restocked += units
        if restock_type.lower() == "return":
            self.returned += units
            self.location_id = location_id or self.location_id


def order_from_webhook(kind: MessageKind, order: dict[str, Any]) -> OrderEvent:
    refunded = _sum_refunds(
        (gid("LineItem", line["line_item_id"]), line["quantity"], line["restock_type"], line.get("location_id"))
        for refund in order.get("refunds", ())
        for line in refund.get("refund_line_items", ())
    )
    shipped_from, shipped = _shipments(order)
    till = order.get("location_id")
    return OrderEvent(
        order_id=gid("Order", order["id"]),
        kind=kind,
        occurred_at=datetime.fromisoformat(order["updated_at"]),
        stage=_stage(order.get("fulfillment_status"), order.get("cancelled_at")),
        status=_status(order["financial_status"], order.get("fulfillment_status"), order.get("cancelled_at")),
        name=order.get("name"),
        lines=tuple(
            _line(
                line_id=line_id,
                sku=line.get("sku"),
                variant_id=gid("ProductVariant", line["variant_id"]),
                ordered=line["quantity"],
                unshipped=0 if order.get("cancelled_at") else line["fulfillable_quantity"],
                fulfilled=shipped.get(line_id, 0),
                refunded=refunded.get(line_id, _Refunded()),
                # Goods of a till's sale may be shipped from elsewhere; online orders name no place at first.
                location_id=shipped_from.get(line_id) or (gid("Location", till) if till else None),
                tracked=line.get("variant_inventory_management") == "shopify",
            )
            for line in order["line_items"]
            # Gift cards and custom sales have no stock to take.
            if line.get("variant_id") and not line.get("gift_card")
            for line_id in (gid("LineItem", line["id"]),)
        ),
    )


def order_from_api(
    order: dict[str, Any], lines: Sequence[dict[str, Any]], refund_lines: Sequence[dict[str, Any]]
) -> OrderEvent:
    refunded = _sum_refunds(
        (line["lineItem"]["id"], line["quantity"], line["restockType"], (line.get("location") or {}).get("id"))
        for line in refund_lines
    )
    place = order.get("physicalLocation") or order.get("retailLocation") or {}
    return OrderEvent(
        order_id=order["id"],
        kind=MessageKind.ORDER_CANCELLED if order["cancelledAt"] else MessageKind.ORDER_UPDATED,
        occurred_at=datetime.fromisoformat(order["updatedAt"]),
        stage=_stage(order["displayFulfillmentStatus"], order["cancelledAt"]),
        status=_status(order["displayFinancialStatus"], order["displayFulfillmentStatus"], order["cancelledAt"]),
        name=order["name"],
        lines=tuple(
            _line(
                line_id=line["id"],
                sku=line["sku"],
                variant_id=line["variant"]["id"],
                ordered=line["quantity"],
                unshipped=0 if order["cancelledAt"] else min(line["unfulfilledQuantity"], line["currentQuantity"]),
                fulfilled=max(0, line["currentQuantity"] - line["unfulfilledQuantity"]),
                refunded=refunded.get(line["id"], _Refunded()),
                location_id=place.get("id"),
                tracked=line["variant"]["inventoryItem"]["tracked"],
            )
            for line in lines
            if line["variant"]
        ),
    )


def order_deleted(order_number: int, at: datetime) -> OrderEvent:
    """The notification holds the id alone."""
    order_id = gid("Order", order_number)
    return OrderEvent(
        order_id=order_id,
        kind=MessageKind.ORDER_DELETED,
        occurred_at=at,
        stage=OrderStage.DELETED,
        status="deleted",
        lines=None,
    )


def _line(
    *,
    line_id: str,
    sku: str | None,
    variant_id: str,
    ordered: int,
    unshipped: int,
    fulfilled: int,
    refunded: _Refunded,
    location_id: str | None,
    tracked: bool,
) -> OrderLine:
    """`tracked`: https://shopify.dev/docs/api/admin-graphql/2026-10/objects/InventoryItem"""
    released = min(refunded.restocked, ordered)
    # What is released without having left the house is where it always was.
    elsewhere = refunded.location_id != location_id and 0 < refunded.returned == refunded.restocked
    return OrderLine(
        line_id=line_id,
        sku=sku or None,
        platform_ids={"variant_id": variant_id},
        ordered=ordered,
        allocated=min(unshipped, ordered - released),
        released=released,
        fulfilled=fulfilled,
        refunded=refunded.units,
        location_id=location_id,
        return_location_id=refunded.location_id if elsewhere else None,
        tracked=tracked,
    )


def _sum_refunds(lines: Iterable[tuple[str, int, str, Any]]) -> dict[str, _Refunded]:
    refunded: dict[str, _Refunded] = {}
    for line_id, units, restock_type, location in lines:
        place = gid("Location", str(location).rpartition("/")[2]) if location else None
        refunded.setdefault(line_id, _Refunded()).add(units, restock_type, place)
    return refunded


def _shipments(order: dict[str, Any]) -> tuple[dict[str, str], dict[str, int]]:
    """Where each line was shipped from, and how many units of it."""
    places: dict[str, str] = {}
    units: dict[str, int] = {}
    for shipment in order.get("fulfillments", ()):
        if shipment.get("status") != "success":
            continue
        for line in shipment.get("line_items", ()):
            line_id = gid("LineItem", line["id"])
            units[line_id] = units.get(line_id, 0) + line["quantity"]
            if shipment.get("location_id"):
                places[line_id] = gid("Location", shipment["location_id"])
    return places, units


def _stage(fulfillment: str | None, cancelled_at: str | None) -> OrderStage:
    if cancelled_at:
        return OrderStage.CANCELLED
    return OrderStage.FULFILLED if (fulfillment or "").lower() == "fulfilled" else OrderStage.OPEN


def _status(financial: str | None, fulfillment: str | None, cancelled_at: str | None) -> str:
    parts = [financial, fulfillment, "cancelled" if cancelled_at else None]
    return ", ".join(part.lower() for part in parts if part)
