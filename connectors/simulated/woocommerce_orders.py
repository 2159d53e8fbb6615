"""A simulated WooCommerce's orders, as the API and the webhooks show them."""

from datetime import datetime
from typing import Any

from connectors.simulated.sales import SoldLine, SoldOrder
from connectors.simulated.woocommerce_products import Product


def naive(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def status_of(order: SoldOrder) -> str:
    if order.cancelled_at:
        return "cancelled"
    if all(line.unshipped == 0 for line in order.lines):
        return "completed" if any(line.fulfilled for line in order.lines) else "refunded"
    return "processing"


def order_body(order: SoldOrder, products: dict[str, Product]) -> dict[str, Any]:
    # A cancelled order shows no refunds: nothing was paid back for it.
    refunded = [line for line in order.lines if line.returned and not order.cancelled_at]
    return {
        "id": order.order_id,
        "number": str(order.order_id),
        "status": status_of(order),
        "date_created_gmt": naive(order.created_at),
        "date_modified_gmt": naive(order.updated_at),
        "line_items": [_line(line, products[line.sku]) for line in order.lines],
        "refunds": [{"id": line.line_id, "reason": "", "total": "-1.00"} for line in refunded],
    }


def _line(line: SoldLine, product: Product) -> dict[str, Any]:
    return {
        "id": line.line_id,
        "product_id": product.parent_id or product.product_id,
        "variation_id": product.product_id if product.parent_id else 0,
        "quantity": line.ordered,
        "sku": line.sku,
        "meta_data": [],
    }


def refund_bodies(order: SoldOrder) -> list[dict[str, Any]]:
    return [
        {
            "id": line.line_id,
            "line_items": [
                {
                    "id": 1,
                    "quantity": -part.units,
                    "meta_data": [{"key": "_refunded_item_id", "value": str(line.line_id)}],
                }
                for part in line.returned
            ],
        }
        for line in order.lines
        if line.returned
    ]
