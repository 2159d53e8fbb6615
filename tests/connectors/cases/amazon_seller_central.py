import hashlib
import hmac
from datetime import datetime
from typing import Any

import orjson

from connectors.errors import AuthExpired, Permanent, Retriable, Throttled
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderStage
from connectors.platforms.amazon_seller_central import AmazonSellerCentral
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import NOW, Lack, PlatformCase, answer

TIMESTAMP = str(int(NOW.timestamp()))
ORDER_CHANGE: dict[str, Any] = {
    "NotificationVersion": "1.0",
    "NotificationType": "ORDER_CHANGE",
    "PayloadVersion": "1.0",
    "EventTime": "2026-11-20T14:04:05.221Z",
    "Payload": {
        "OrderChangeNotification": {
            "NotificationLevel": "OrderLevel",
            "SellerId": "A3EXAMPLE1",
            "AmazonOrderId": "113-4567890-1234567",
            "OrderChangeType": "OrderStatusChange",
            "OrderChangeTrigger": {"TimeOfOrderChange": "2026-11-20T14:04:03.000Z", "ChangeReason": None},
            "Summary": {
                "MarketplaceId": "ATVPDKIKX0DER",
                "OrderStatus": "PartiallyShipped",
                "PurchaseDate": "2026-11-20T13:44:01.000Z",
                "FulfillmentType": "MFN",
                "OrderType": "StandardOrder",
                "OrderItems": [
                    {
                        "OrderItemId": "60000000000017",
                        "SellerSKU": "TSHIRT-BLK-M",
                        "SupplySourceId": None,
                        "OrderItemStatus": "PartiallyShipped",
                        "Quantity": 3,
                        "QuantityShipped": 1,
                        "IsBuyerRequestedCancel": False,
                    },
                    {
                        "OrderItemId": "60000000000018",
                        "SellerSKU": "MUG",
                        "SupplySourceId": None,
                        "OrderItemStatus": "Canceled",
                        "Quantity": 1,
                        "QuantityShipped": 0,
                        "IsBuyerRequestedCancel": True,
                    },
                ],
            },
        }
    },
    "NotificationMetadata": {
        "ApplicationId": "amzn1.sellerapps.app.example",
        "SubscriptionId": "0f3c",
        "PublishTime": "2026-11-20T14:04:06.001Z",
        "NotificationId": "b1a7c9de-2f0a-4a3d-9a0f-6c7c7c1f0001",
    },
}


def sign(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), TIMESTAMP.encode() + b"." + body, hashlib.sha256).hexdigest()


def update(sku: str, quantity: int) -> StockUpdate:
    return StockUpdate(platform_ids={"seller_sku": sku}, sku=sku, quantity=quantity, idempotency_key=f"key-{sku}")


def accepted(sku: str) -> dict[str, Any]:
    return {"sku": sku, "status": "ACCEPTED", "submissionId": "f1dc2914-75dd-11ea-bc55-0242ac130003", "issues": []}


def error(status: int, code: str, message: str) -> Any:
    return answer({"errors": [{"code": code, "message": message, "details": ""}]}, status)


CASE = PlatformCase(
    connector=AmazonSellerCentral(),
    entered={
        "region": "na",
        "seller_id": "A3EXAMPLE1",
        "marketplace_ids": ["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"],
        "client_id": "amzn1.application-oa2-client.1",
        "client_secret": "lwa s3cret",
        "refresh_token": "Atzr|1",
        "forwarder_secret": "newest forwarder",
        "previous_forwarder_secret": "older forwarder",
        "queue_arn": "arn:aws:sqs:us-east-1:111122223333:orders",
        "aws_access_key_id": "AKIAEXAMPLE",
        "aws_secret_access_key": "aws s3cret",
    },
    required_field="client_id",
    secret="newest forwarder",
    previous_secret="older forwarder",
    sign=sign,
    signature_header="X-Gateway-Signature",
    headers={"X-Gateway-Timestamp": TIMESTAMP},
    body=orjson.dumps(ORDER_CHANGE),
    messages=(
        OrderEvent(
            order_id="113-4567890-1234567",
            kind=MessageKind.ORDER_PARTIALLY_FULFILLED,
            occurred_at=datetime.fromisoformat("2026-11-20T14:04:03+00:00"),
            stage=OrderStage.OPEN,
            status="PartiallyShipped",
            lines=(
                OrderLine(
                    line_id="60000000000017",
                    sku="TSHIRT-BLK-M",
                    platform_ids={"seller_sku": "TSHIRT-BLK-M"},
                    ordered=3,
                    allocated=2,
                    released=0,
                    fulfilled=1,
                ),
                OrderLine(
                    line_id="60000000000018",
                    sku="MUG",
                    platform_ids={"seller_sku": "MUG"},
                    ordered=1,
                    allocated=0,
                    released=1,
                ),
            ),
        ),
    ),
    unknown_topic=orjson.dumps(ORDER_CHANGE | {"NotificationType": "ANY_OFFER_CHANGED"}),
    lacks=frozenset((Lack.RETURNS, Lack.LOOK)),
    updates=(update("TSHIRT-BLK-M", 42), update("MUG/ä", 0), update("GONE", 1)),
    mistyped_id="",
    request=(
        "PATCH",
        "https://sellingpartnerapi-na.amazon.com/listings/2021-08-01/items/A3EXAMPLE1/TSHIRT-BLK-M",
        {
            "productType": "PRODUCT",
            "patches": [
                {
                    "op": "merge",
                    "path": "/attributes/fulfillment_availability",
                    "value": [{"fulfillment_channel_code": "DEFAULT", "quantity": 42}],
                }
            ],
        },
    ),
    success=accepted("TSHIRT-BLK-M"),
    partial=(
        accepted("TSHIRT-BLK-M"),
        accepted("MUG/ä"),
        error(404, "NOT_FOUND", "SKU 'GONE' not found in marketplace ATVPDKIKX0DER"),
    ),
    partial_outcomes=(
        Confirmed(42),
        Confirmed(0),
        Rejected("NOT_FOUND", "SKU 'GONE' not found in marketplace ATVPDKIKX0DER"),
    ),
    classified=(
        (error(403, "Unauthorized", "The access token you provided has expired."), AuthExpired),
        (error(403, "AccessDenied", "Your account is blocked."), Permanent),
        (error(429, "QuotaExceeded", "You exceeded your quota for the requested resource."), Throttled),
        (error(400, "InvalidInput", "marketplaceIds"), Permanent),
        (error(503, "InternalFailure", "Try again"), Retriable),
    ),
)
