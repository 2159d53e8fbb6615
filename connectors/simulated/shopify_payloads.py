"""A simulated Shopify's orders, in the two shapes the real one has: webhook bodies and GraphQL answers."""

from typing import Any

from connectors.simulated.sales import ReturnedUnits, SoldLine, SoldOrder


def number_of(gid: str) -> int:
    return int(gid.rpartition("/")[2])


def variant_gid(number: int) -> str:
    return f"gid://shopify/ProductVariant/{number}"


def item_gid(number: int) -> str:
    return f"gid://shopify/InventoryItem/{number}"


def _fulfillment_status(order: SoldOrder) -> str | None:
    if all(line.unshipped == 0 for line in order.lines) and any(line.fulfilled for line in order.lines):
        return "fulfilled"
    return "partial" if any(line.fulfilled for line in order.lines) else None


def _restock_type(part: ReturnedUnits) -> str:
    if not part.restocked:
        return "no_restock"
    return "return" if part.shipped else "cancel"


def webhook_order(order: SoldOrder, variants: dict[str, int]) -> dict[str, Any]:
    place = number_of(order.location_id) if order.location_id else None
    return {
        "id": order.order_id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order.order_id}",
        "name": f"#{order.order_id}",
        "created_at": order.created_at.isoformat(),
        "updated_at": order.updated_at.isoformat(),
        "cancelled_at": order.cancelled_at.isoformat() if order.cancelled_at else None,
        "financial_status": "paid",
        "fulfillment_status": _fulfillment_status(order),
        "source_name": "pos" if order.location_id else "web",
        "location_id": place,
        "test": False,
        "line_items": [_webhook_line(line, variants[line.sku]) for line in order.lines],
        "fulfillments": _shipments(order, place),
        "refunds": [
            {"id": line.line_id, "order_id": order.order_id, "refund_line_items": _refund_lines(line, order)}
            for line in order.lines
            if line.returned
        ],
    }


def _webhook_line(line: SoldLine, variant: int) -> dict[str, Any]:
    return {
        "id": line.line_id,
        "variant_id": variant,
        "sku": line.sku,
        "quantity": line.ordered,
        "current_quantity": line.ordered - line.refunded,
        "fulfillable_quantity": line.unshipped,
        "gift_card": False,
        "variant_inventory_management": "shopify",
    }


def _shipments(order: SoldOrder, place: int | None) -> list[dict[str, Any]]:
    shipped = [{"id": line.line_id, "quantity": line.fulfilled} for line in order.lines if line.fulfilled]
    return [{"id": 1, "location_id": place, "status": "success", "line_items": shipped}] if shipped else []


def _refund_lines(line: SoldLine, order: SoldOrder) -> list[dict[str, Any]]:
    return [
        {
            "line_item_id": line.line_id,
            "quantity": part.units,
            "restock_type": _restock_type(part),
            "location_id": number_of(order.taken_from) if part.restocked and order.taken_from else None,
        }
        for part in line.returned
    ]


def webhook_refund(order: SoldOrder) -> dict[str, Any]:
    lines = [part for line in order.lines for part in _refund_lines(line, order)]
    created = order.updated_at.isoformat()
    return {"id": 1, "order_id": order.order_id, "created_at": created, "refund_line_items": lines}


def api_order(order: SoldOrder, variants: dict[str, int], tracked: set[str]) -> dict[str, Any]:
    place = {"id": order.taken_from, "name": "", "isActive": True} if order.taken_from else None
    return {
        "id": f"gid://shopify/Order/{order.order_id}",
        "name": f"#{order.order_id}",
        "updatedAt": order.updated_at.isoformat(),
        "cancelledAt": order.cancelled_at.isoformat() if order.cancelled_at else None,
        "sourceName": "pos" if order.location_id else "web",
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": (_fulfillment_status(order) or "unfulfilled").upper(),
        "physicalLocation": place,
        "retailLocation": place if order.location_id else None,
        "all_lines": [_api_line(line, variants[line.sku], line.sku in tracked) for line in order.lines],
        "all_refunds": [line.line_id for line in order.lines if line.returned],
    }


def _api_line(line: SoldLine, variant: int, tracked: bool) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{line.line_id}",
        "sku": line.sku,
        "quantity": line.ordered,
        "currentQuantity": line.ordered - line.refunded,
        "unfulfilledQuantity": line.unshipped,
        "variant": {"id": variant_gid(variant), "inventoryItem": {"id": item_gid(variant), "tracked": tracked}},
    }


def api_refund_lines(order: SoldOrder, line_id: int) -> list[dict[str, Any]]:
    line = next(line for line in order.lines if line.line_id == line_id)
    return [
        {
            "quantity": part.units,
            "restockType": _restock_type(part).upper(),
            "lineItem": {"id": f"gid://shopify/LineItem/{line.line_id}"},
            "location": {"id": order.taken_from} if part.restocked and order.taken_from else None,
        }
        for part in line.returned
    ]
