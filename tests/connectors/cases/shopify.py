import base64
import hashlib
import hmac
import uuid
from datetime import datetime
from typing import Any

import orjson

from connectors.errors import AuthExpired, Permanent, Retriable, Throttled
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderStage
from connectors.platforms.shopify import Shopify
from connectors.platforms.shopify.documents import SET_QUANTITIES
from connectors.platforms.shopify.writing import KEYS
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import Lack, PlatformCase, answer

LOCATION = "gid://shopify/Location/106318430514"
ORDER: dict[str, Any] = {
    "id": 6142853701234,
    "name": "#1042",
    "created_at": "2026-11-20T09:14:03-05:00",
    "updated_at": "2026-11-20T09:14:04-05:00",
    "cancelled_at": None,
    "financial_status": "paid",
    "fulfillment_status": None,
    "source_name": "web",
    "location_id": None,
    "line_items": [
        {
            "id": 15330011223344,
            "variant_id": 44556677889900,
            "sku": "TSHIRT-RED-M",
            "quantity": 2,
            "current_quantity": 2,
            "fulfillable_quantity": 2,
            "gift_card": False,
            "variant_inventory_management": "shopify",
        },
        {
            "id": 15330011223345,
            "variant_id": 44556677889901,
            "sku": "GIFT",
            "quantity": 1,
            "current_quantity": 1,
            "fulfillable_quantity": 1,
            "gift_card": True,
            "variant_inventory_management": None,
        },
    ],
    "fulfillments": [],
    "refunds": [],
}


def sign(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def update(number: int, quantity: int, change_from: int | None) -> StockUpdate:
    return StockUpdate(
        platform_ids={"inventory_item_id": f"gid://shopify/InventoryItem/{number}"},
        sku=f"SKU-{number}",
        location_id=LOCATION,
        quantity=quantity,
        change_from=change_from,
        idempotency_key=f"key-{number}",
    )


def written(*updates: StockUpdate) -> dict[str, Any]:
    key = str(uuid.uuid5(KEYS, "\n".join(update.idempotency_key for update in updates)))
    quantities = [
        {
            "inventoryItemId": update.platform_ids["inventory_item_id"],
            "locationId": LOCATION,
            "quantity": update.quantity,
            "changeFromQuantity": update.change_from,
        }
        for update in updates
    ]
    given = {
        "name": "available",
        "reason": "correction",
        "referenceDocumentUri": f"gid://inventory-gateway/Delivery/{key}",
        "quantities": quantities,
    }
    return {"query": SET_QUANTITIES, "variables": {"input": given, "key": key}}


def payload(*errors: dict[str, Any]) -> dict[str, Any]:
    group = None if errors else {"id": "gid://shopify/InventoryAdjustmentGroup/1"}
    return {"data": {"inventorySetQuantities": {"inventoryAdjustmentGroup": group, "userErrors": list(errors)}}}


def graphql_error(code: str, **extensions: Any) -> Any:
    return answer({"errors": [{"message": code, "extensions": {"code": code}}], "extensions": extensions})


UPDATES = (update(1, 5, 7), update(2, 3, 4), update(9, 1, None))
CASE = PlatformCase(
    connector=Shopify(),
    entered={
        "shop_domain": "case.myshopify.com",
        "client_id": "client",
        "client_secret": "newest",
        "previous_client_secret": "older",
    },
    required_field="shop_domain",
    secret="newest",
    previous_secret="older",
    sign=sign,
    signature_header="X-Shopify-Hmac-Sha256",
    headers={"X-Shopify-Topic": "orders/create", "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"},
    body=orjson.dumps(ORDER),
    messages=(
        OrderEvent(
            order_id="gid://shopify/Order/6142853701234",
            kind=MessageKind.ORDER_CREATED,
            occurred_at=datetime.fromisoformat("2026-11-20T09:14:04-05:00"),
            stage=OrderStage.OPEN,
            status="paid",
            name="#1042",
            lines=(
                OrderLine(
                    line_id="gid://shopify/LineItem/15330011223344",
                    sku="TSHIRT-RED-M",
                    platform_ids={"variant_id": "gid://shopify/ProductVariant/44556677889900"},
                    ordered=2,
                    allocated=2,
                    released=0,
                ),
            ),
        ),
    ),
    unknown_topic={"X-Shopify-Topic": "themes/publish"},
    lacks=frozenset((Lack.SIGNED_TIME, Lack.LOOK)),
    updates=UPDATES,
    request=("POST", "https://case.myshopify.com/admin/api/2026-10/graphql.json", written(UPDATES[0])),
    success=payload(),
    partial=(
        payload(
            {
                "code": "INVALID_INVENTORY_ITEM",
                "field": ["input", "quantities", "2", "inventoryItemId"],
                "message": "The specified inventory item could not be found.",
            }
        ),
        payload(),
    ),
    partial_outcomes=(
        Confirmed(5),
        Confirmed(3),
        Rejected("INVALID_INVENTORY_ITEM", "Shopify: The specified inventory item could not be found."),
    ),
    classified=(
        (graphql_error("THROTTLED"), Throttled),
        (graphql_error("INTERNAL_SERVER_ERROR"), Retriable),
        (graphql_error("ACCESS_DENIED"), Permanent),
        (graphql_error("INVALID_VARIABLE"), Permanent),
        (answer({"errors": "[API] Invalid API key or access token"}, 401), AuthExpired),
        (answer({"errors": "Unavailable Shop"}, 402), Permanent),
        (answer({"errors": "Not Found"}, 404), Permanent),
        (answer({"errors": "Locked"}, 423), Permanent),
    ),
)
