import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import orjson

from connectors.differences import NOT_COUNTED
from connectors.errors import AuthExpired, Permanent, Throttled
from connectors.messages import MessageKind, OrderReference
from connectors.platforms.zoho_inventory import ZohoInventory
from connectors.updates import Confirmed, StockUpdate
from tests.connectors.case import NOW, Lack, PlatformCase, answer

BASE = "https://www.zohoapis.eu/inventory/v1"
MAIN = "460000000091012"


def update(item_id: str, quantity: int) -> StockUpdate:
    return StockUpdate(
        platform_ids={"item_id": item_id},
        sku="TEE",
        location_id=MAIN,
        quantity=quantity,
        idempotency_key=item_id,
        as_of=NOW,
    )


def details(**available: int) -> dict[str, Any]:
    """By `i<item id>`; three more are on hand, sold by Zoho itself."""
    items = [
        {
            "item_id": name[1:],
            "sku": "TEE",
            "name": "T-Shirt",
            "locations": [
                {
                    "location_id": MAIN,
                    "location_stock_on_hand": f"{units + 3}.00",
                    "location_actual_available_stock": f"{units}.00",
                }
            ],
        }
        for name, units in available.items()
    ]
    return {"code": 0, "message": "success", "items": items}


ADDED = {"code": 0, "message": "Inventory Adjustment has been added", "inventory_adjustment": {}}
CASE = PlatformCase(
    connector=ZohoInventory(),
    entered={
        "data_center": "eu",
        "organization_id": "10234695",
        "client_id": "1000.ABC",
        "client_secret": "secret of the client",
        "refresh_token": "1000.refresh",
        "webhook_secret": "hush123456789",
        "previous_webhook_secret": "older12345678",
    },
    required_field="organization_id",
    secret="hush123456789",
    previous_secret="older12345678",
    sign=lambda secret, body: hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    signature_header="X-Zoho-Webhook-Signature",
    body=orjson.dumps(
        {
            "salesorder_id": "460000000039127",
            "status": "confirmed",
            "last_modified_time": "2026-11-20T14:15:10+0000",
        }
    ),
    messages=(
        OrderReference(
            order_id="460000000039127",
            kind=MessageKind.ORDER_UPDATED,
            occurred_at=datetime(2026, 11, 20, 14, 15, 10, tzinfo=UTC),
        ),
    ),
    unknown_topic=orjson.dumps({"item_id": "460000000038080"}),
    lacks=frozenset((Lack.RETURNS, Lack.SIGNED_TIME)),
    updates=(update("38080", 12), update("38090", 0), update("38099", 1)),
    before=(details(i38080=15),),
    request=(
        "POST",
        f"{BASE}/inventoryadjustments",
        {
            "date": "2026-11-20",
            "reason": "Stocktaking results",
            "reference_number": f"GW-{hashlib.sha256(b'38080').hexdigest()[:16]}",
            "adjustment_type": "quantity",
            "location_id": MAIN,
            "line_items": [{"item_id": "38080", "quantity_adjusted": -3, "location_id": MAIN}],
        },
    ),
    success=ADDED,
    after=(details(i38080=12),),
    partial=(details(i38080=15, i38090=4), ADDED, details(i38080=12, i38090=0)),
    partial_outcomes=(Confirmed(12), Confirmed(0), NOT_COUNTED),
    classified=(
        (answer({"code": 57, "message": "You are not authorized"}, 401), AuthExpired),
        (answer({"code": 1002, "message": "Item does not exist."}, 404), Permanent),
        (answer({"code": 45, "message": "too many calls today"}, 429), Throttled),
    ),
)
