import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import orjson

from connectors.errors import AuthExpired, Permanent, Throttled
from connectors.messages import MessageKind, OrderReference
from connectors.platforms.tradegecko import TradeGecko
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import Lack, PlatformCase, answer


def sign(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def told(event: str) -> bytes:
    address = "https://api.tradegecko.com/orders/4711001.json"
    return orjson.dumps({"object_id": 4711001, "event": event, "timestamp": 1795184042, "resource_url": address})


def update(variant_id: str, quantity: int, delta: int | None) -> StockUpdate:
    return StockUpdate(
        platform_ids={"variant_id": variant_id},
        sku="TEE",
        location_id="17003",
        quantity=quantity,
        delta=delta,
        idempotency_key=f"key-{variant_id}",
    )


def refusal() -> Any:
    return answer({"errors": {"variant_id": ["not found"]}}, 422)


NUMBER = "GW-" + hashlib.sha256(b"key-83375").hexdigest()[:12]
REFUSED = "TradeGecko refuses the adjustment: {'variant_id': ['not found']}"

CASE = PlatformCase(
    connector=TradeGecko(),
    entered={
        "base_url": "https://gecko.example/",
        "access_token": "privileged",
        "client_secret": "newest secret",
        "previous_client_secret": "older secret",
        "reason": "shrinkage",
    },
    required_field="base_url",
    secret="newest secret",
    previous_secret="older secret",
    sign=sign,
    signature_header="X-Gecko-Signature",
    headers={"X-Gecko-Delivery": "b3f1"},
    body=told("order.finalized"),
    messages=(
        OrderReference(
            order_id="4711001",
            kind=MessageKind.ORDER_UPDATED,
            occurred_at=datetime.fromtimestamp(1795184042, UTC),
        ),
    ),
    unknown_topic=told("company.update"),
    lacks=frozenset((Lack.PARTS, Lack.RETURNS, Lack.SIGNED_TIME, Lack.LOOK)),
    updates=(update("83375", 42, -10), update("83376", 0, -5), update("999", 1, 1)),
    request=(
        "POST",
        "https://gecko.example/stock_adjustments/",
        {
            "stock_adjustment": {
                "adjustment_number": NUMBER,
                "reason": "shrinkage",
                "notes": "inventory gateway",
                "stock_location_id": 17003,
                "stock_adjustment_line_items": [{"variant_id": 83375, "quantity": -10, "price": "0"}],
            }
        },
    ),
    success={"stock_adjustment": {"id": 99120}},
    # All three, the last two and the last one are refused.
    partial=(*[refusal()] * 3, {"stock_adjustment": {"id": 1}}, {"stock_adjustment": {"id": 2}}),
    partial_outcomes=(Confirmed(42), Confirmed(0), Rejected("422", REFUSED)),
    classified=(
        (answer({"message": "Unauthorized"}, 401), AuthExpired),
        (answer({"message": "Payment required"}, 402), Permanent),
        (answer({}, 429, X_Rate_Limit_Reset="1795184343"), Throttled),
    ),
)
