import base64
import hashlib
import hmac
from typing import Any

import orjson

from connectors.errors import AuthExpired, Permanent, Retriable
from connectors.messages import MessageKind, OrderReference
from connectors.platforms.bigcommerce import BigCommerce
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import NOW, Lack, PlatformCase, answer

BASE = "https://api.bigcommerce.com/stores/abc123"
DELIVERY = {"webhook-id": "msg_1", "webhook-timestamp": str(int(NOW.timestamp()))}
WRONG_KIND = "[Item with variant_id 999 is tracked by product, please update stock by product id]"


def notice(scope: str, data: Any) -> bytes:
    whole = {"producer": "stores/abc123", "hash": "7ee67cd1", "created_at": 1795183331, "store_id": "1025646"}
    return orjson.dumps({**whole, "scope": scope, "data": data})


def sign(secret: str, body: bytes) -> str:
    """The stranger's entry comes first: of several signatures one has to fit."""
    message = f"{DELIVERY['webhook-id']}.{DELIVERY['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()
    return f"v1,c3RyYW5nZXI= v1,{digest}"


def update(variant_id: str, quantity: int) -> StockUpdate:
    return StockUpdate(
        platform_ids={"product_id": "206", "variant_id": variant_id},
        sku="TEE",
        location_id="1",
        quantity=quantity,
        idempotency_key=variant_id,
    )


def shown(**on_hand: int) -> dict[str, Any]:
    """By `v<variant id>`."""
    items = [
        {
            "identity": {"sku": "TEE", "variant_id": int(name[1:]), "product_id": 206, "sku_id": 461},
            "locations": [{"location_id": 1, "available_to_sell": units - 2, "total_inventory_onhand": units}],
        }
        for name, units in on_hand.items()
    ]
    return {"data": items, "meta": {"pagination": {"current_page": 1, "total_pages": 1}}}


CASE = PlatformCase(
    connector=BigCommerce(),
    entered={
        "store_hash": "abc123",
        "access_token": "bc-9f8e7d",
        "client_secret": "first hush",
        "previous_client_secret": "older hush",
    },
    required_field="store_hash",
    secret="first hush",
    previous_secret="older hush",
    sign=sign,
    signature_header="webhook-signature",
    headers=DELIVERY,
    body=notice("store/order/statusUpdated", {"type": "order", "id": 250, "status": {"new_status_id": 11}}),
    messages=(OrderReference(order_id="250", kind=MessageKind.ORDER_UPDATED, occurred_at=NOW),),
    unknown_topic=notice("store/customer/created", {"type": "customer", "id": 9}),
    lacks=frozenset((Lack.TOKENS, Lack.RESTOCKING)),
    updates=(update("509", 12), update("510", 0), update("999", 1)),
    request=(
        "PUT",
        f"{BASE}/v3/inventory/adjustments/absolute",
        {"reason": "inventory-gateway 509", "items": [{"location_id": 1, "variant_id": 509, "quantity": 12}]},
    ),
    before=(shown(v509=15),),
    success={"transaction_id": "7f0c1d9e"},
    after=(shown(v509=15), shown(v509=12)),
    partial=(
        shown(v509=15, v510=3, v999=0),
        answer({"status": 422, "title": WRONG_KIND}, 422),
        {"transaction_id": "7f0c1d9e"},
        shown(v509=12, v510=0),
    ),
    partial_outcomes=(Confirmed(12), Confirmed(0), Rejected("422", WRONG_KIND)),
    classified=(
        (answer({"title": "Unauthorized"}, 401), AuthExpired),
        (answer({"title": "no store"}, 404), Permanent),
        (answer({"title": "locked"}, 423), Retriable),
    ),
)
