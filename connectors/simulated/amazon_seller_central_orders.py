"""A simulated Amazon's orders, as the API and the notifications show them."""

from datetime import datetime
from typing import Any

from connectors.simulated.sales import SoldLine, SoldOrder

API_STATUS = {
    "Pending": "PENDING",
    "Unshipped": "UNSHIPPED",
    "PartiallyShipped": "PARTIALLY_SHIPPED",
    "Shipped": "SHIPPED",
    "Canceled": "CANCELLED",
}


def stated(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def order_id_of(order: SoldOrder) -> str:
    return f"113-{order.order_id:07d}-1234567"


def status_of(order: SoldOrder) -> str:
    if order.cancelled_at:
        return "Canceled"
    if not any(line.fulfilled for line in order.lines):
        return "Unshipped"
    return "PartiallyShipped" if any(line.unshipped for line in order.lines) else "Shipped"


def quantity_of(line: SoldLine, order: SoldOrder) -> int:
    """What is cancelled before it is shipped is no longer ordered; a cancelled order keeps its lines."""
    return line.ordered if order.cancelled_at else line.unshipped + line.fulfilled


def notification(kind: str, event_time: datetime, payload: dict[str, Any], notification_id: str) -> dict[str, Any]:
    return {
        "NotificationVersion": "1.0",
        "NotificationType": kind,
        "PayloadVersion": "1.0",
        "EventTime": stated(event_time),
        "Payload": payload,
        "NotificationMetadata": {
            "ApplicationId": "amzn1.sellerapps.app.example",
            "SubscriptionId": "0f3c",
            "PublishTime": stated(event_time),
            "NotificationId": notification_id,
        },
    }


def order_change(order: SoldOrder, seller_id: str, marketplace_id: str) -> dict[str, Any]:
    status = status_of(order)
    return {
        "OrderChangeNotification": {
            "NotificationLevel": "OrderLevel",
            "SellerId": seller_id,
            "AmazonOrderId": order_id_of(order),
            "OrderChangeType": "OrderStatusChange",
            "OrderChangeTrigger": {"TimeOfOrderChange": stated(order.updated_at), "ChangeReason": None},
            "Summary": {
                "MarketplaceId": marketplace_id,
                "OrderStatus": status,
                "PurchaseDate": stated(order.created_at),
                "FulfillmentType": "MFN",
                "OrderItems": [
                    {
                        "OrderItemId": str(line.line_id),
                        "SellerSKU": line.sku,
                        "SupplySourceId": None,
                        "OrderItemStatus": status,
                        "Quantity": quantity_of(line, order),
                        "QuantityShipped": line.fulfilled,
                        "IsBuyerRequestedCancel": False,
                    }
                    for line in order.lines
                ],
            },
        }
    }


def order_body(order: SoldOrder, marketplace_id: str) -> dict[str, Any]:
    return {
        "orderId": order_id_of(order),
        "createdTime": stated(order.created_at),
        "lastUpdatedTime": stated(order.updated_at),
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": marketplace_id},
        "fulfillment": {"fulfillmentStatus": API_STATUS[status_of(order)], "fulfilledBy": "MERCHANT"},
        "orderItems": [
            {
                "orderItemId": str(line.line_id),
                "quantityOrdered": quantity_of(line, order),
                "product": {"asin": "B0EXAMPLE1", "sellerSku": line.sku},
                "fulfillment": {"quantityFulfilled": line.fulfilled, "quantityUnfulfilled": line.unshipped},
            }
            for line in order.lines
        ],
    }
