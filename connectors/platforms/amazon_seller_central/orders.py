"""Reads orders, from notifications and from the Orders API.

https://developer-docs.amazon.com/sp-api/docs/notification-type-values#order_change
https://developer-docs.amazon.com/sp-api/reference/searchorders (version 2026-01-01)
Refunds and returned units are in neither: what comes back is counted by hand or by a return.
"""

from datetime import datetime
from typing import Any

from connectors.messages import (
    ChannelMessage,
    MessageKind,
    OrderEvent,
    OrderLine,
    OrderReference,
    OrderStage,
    StockEcho,
)
from connectors.platforms.amazon_seller_central.config import AmazonConfig

# Amazon takes units off the listing when an order is placed, also while the payment is pending. A status that is new
# to us counts as placed: to promise a unit too much is worse than one too few. The notifications write "Canceled" and
# "PartiallyShipped", the API "CANCELLED" and "PARTIALLY_SHIPPED".
_STATUSES = {
    "pendingavailability": (OrderStage.OPEN, MessageKind.ORDER_CREATED),
    "pending": (OrderStage.OPEN, MessageKind.ORDER_CREATED),
    "unshipped": (OrderStage.OPEN, MessageKind.ORDER_PAID),
    "partiallyshipped": (OrderStage.OPEN, MessageKind.ORDER_PARTIALLY_FULFILLED),
    "shipped": (OrderStage.FULFILLED, MessageKind.ORDER_FULFILLED),
    "canceled": (OrderStage.CANCELLED, MessageKind.ORDER_CANCELLED),
    "cancelled": (OrderStage.CANCELLED, MessageKind.ORDER_CANCELLED),
}
# Only then does the API's number of unfulfilled units say what is still to be shipped.
_COUNTED = frozenset(("unshipped", "partiallyshipped", "shipped"))


def moment(stated: str) -> datetime:
    return datetime.fromisoformat(stated)


def _plain(status: str) -> str:
    return status.replace("_", "").casefold()


def _stage_and_kind(status: str) -> tuple[OrderStage, MessageKind]:
    return _STATUSES.get(_plain(status), (OrderStage.OPEN, MessageKind.ORDER_UPDATED))


def order_changed(config: AmazonConfig, notification: dict[str, Any]) -> list[ChannelMessage]:
    """Nothing for orders that Amazon ships from its own stock, and for other sellers' or marketplaces' orders."""
    change = notification["Payload"]["OrderChangeNotification"]
    summary = change["Summary"]
    if change["SellerId"] != config.seller_id or summary["MarketplaceId"] not in config.marketplace_ids:
        return []
    if summary["FulfillmentType"] == "AFN":
        return []
    status, order_id = summary["OrderStatus"], change["AmazonOrderId"]
    stage, kind = _stage_and_kind(status)
    at = moment((change.get("OrderChangeTrigger") or {}).get("TimeOfOrderChange") or notification["EventTime"])
    if change["NotificationLevel"] != "OrderLevel":
        return [OrderReference(order_id=order_id, kind=kind, occurred_at=at)]
    lines = tuple(
        _line(
            item["OrderItemId"],
            item["SellerSKU"],
            ordered=item["Quantity"],
            fulfilled=item["QuantityShipped"],
            unfulfilled=None,
            cancelled=stage is OrderStage.CANCELLED
            or _stage_and_kind(item["OrderItemStatus"])[0] is OrderStage.CANCELLED,
        )
        for item in summary["OrderItems"]
    )
    return [OrderEvent(order_id=order_id, kind=kind, occurred_at=at, stage=stage, status=status, lines=lines)]


def order_event(order: dict[str, Any]) -> OrderEvent | None:
    """None for orders that Amazon ships from its own stock."""
    fulfillment = order.get("fulfillment") or {}
    if fulfillment.get("fulfilledBy") == "AMAZON":
        return None
    status = fulfillment.get("fulfillmentStatus", "")
    stage, kind = _stage_and_kind(status)
    return OrderEvent(
        order_id=order["orderId"],
        kind=kind,
        occurred_at=moment(order["lastUpdatedTime"]),
        stage=stage,
        status=status,
        lines=tuple(_api_line(item, status, stage) for item in order["orderItems"]),
    )


def _api_line(item: dict[str, Any], status: str, stage: OrderStage) -> OrderLine:
    units = item.get("fulfillment") or {}
    return _line(
        item["orderItemId"],
        item["product"].get("sellerSku"),
        ordered=item["quantityOrdered"],
        fulfilled=units.get("quantityFulfilled", 0),
        unfulfilled=units.get("quantityUnfulfilled") if _plain(status) in _COUNTED else None,
        cancelled=stage is OrderStage.CANCELLED,
    )


def _line(
    line_id: str, sku: str | None, *, ordered: int, fulfilled: int, unfulfilled: int | None, cancelled: bool
) -> OrderLine:
    """`unfulfilled`: None where it is all that is not fulfilled."""
    fulfilled = min(fulfilled, ordered)
    left = ordered - fulfilled
    allocated = 0 if cancelled else left if unfulfilled is None else min(unfulfilled, left)
    return OrderLine(
        line_id=line_id,
        sku=sku or None,
        platform_ids={"seller_sku": sku} if sku else {},
        ordered=ordered,
        allocated=allocated,
        released=left - allocated,
        fulfilled=fulfilled,
    )


def quantity_changed(config: AmazonConfig, notification: dict[str, Any]) -> list[ChannelMessage]:
    """The listing's quantity, changed by us, by an order or by somebody else."""
    change = notification["Payload"]
    if change["SellerId"] != config.seller_id or change["FulfillmentChannelCode"] != config.fulfillment_channel_code:
        return []
    return [
        StockEcho(
            platform_ids={"seller_sku": change["Sku"]},
            sku=change["Sku"],
            location_id=None,
            quantity=int(change["Quantity"]),
            occurred_at=moment(notification["EventTime"]),
        )
    ]
