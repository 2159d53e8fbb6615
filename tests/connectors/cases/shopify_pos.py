from dataclasses import replace
from datetime import datetime

import orjson

from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderStage
from connectors.platforms.shopify import ShopifyPos
from tests.connectors.cases import shopify

TILL_SALE = {
    "id": 6142853709999,
    "name": "#1043",
    "created_at": "2026-11-20T10:02:11-05:00",
    "updated_at": "2026-11-20T10:02:12-05:00",
    "cancelled_at": None,
    "source_name": "pos",
    "location_id": 655441491,
    "financial_status": "paid",
    "fulfillment_status": "fulfilled",
    "line_items": [
        {
            "id": 15330011229999,
            "variant_id": 44556677889900,
            "sku": "TSHIRT-RED-M",
            "quantity": 1,
            "current_quantity": 1,
            "fulfillable_quantity": 0,
            "gift_card": False,
            "variant_inventory_management": "shopify",
        }
    ],
    "fulfillments": [
        {
            "id": 5553331112222,
            "location_id": 655441491,
            "status": "success",
            "line_items": [{"id": 15330011229999, "quantity": 1}],
        }
    ],
    "refunds": [],
}
CASE = replace(
    shopify.CASE,
    connector=ShopifyPos(),
    body=orjson.dumps(TILL_SALE),
    messages=(
        OrderEvent(
            order_id="gid://shopify/Order/6142853709999",
            kind=MessageKind.ORDER_CREATED,
            occurred_at=datetime.fromisoformat("2026-11-20T10:02:12-05:00"),
            stage=OrderStage.FULFILLED,
            status="paid, fulfilled",
            name="#1043",
            lines=(
                OrderLine(
                    line_id="gid://shopify/LineItem/15330011229999",
                    sku="TSHIRT-RED-M",
                    platform_ids={"variant_id": "gid://shopify/ProductVariant/44556677889900"},
                    ordered=1,
                    allocated=0,
                    released=0,
                    fulfilled=1,
                    location_id="gid://shopify/Location/655441491",
                ),
            ),
        ),
    ),
)
