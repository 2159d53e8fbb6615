from datetime import UTC, datetime
from typing import Any

import orjson

from connectors.errors import AuthExpired, Permanent, Throttled
from connectors.messages import MessageKind, OrderReference
from connectors.platforms.clover import Clover
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import Lack, PlatformCase, answer

MERCHANT = "XYZVJT2ZRR9SC"
BASE = f"https://api.eu.clover.com/v3/merchants/{MERCHANT}"
TEE, CAP, GONE = "3Z29BX6C013XC", "3Z29BX6C013XD", "3Z29BX6C013XE"


def body(*events: dict[str, Any]) -> bytes:
    return orjson.dumps({"appId": "DRKVJT2ZRR4SC", "merchants": {MERCHANT: events, "OTHERMERCHANT": events}})


def event(object_id: str, ts: int = 1763633731000, kind: str = "UPDATE") -> dict[str, Any]:
    return {"objectId": object_id, "type": kind, "ts": ts}


def update(item_id: str, quantity: int) -> StockUpdate:
    return StockUpdate(platform_ids={"item_id": item_id}, sku="TEE", quantity=quantity, idempotency_key=item_id)


def stock(item_id: str, quantity: float | None) -> dict[str, Any]:
    counted = {} if quantity is None else {"stockCount": round(quantity), "quantity": quantity}
    return {"item": {"id": item_id}, **counted, "modifiedTime": 1763633790000}


CASE = PlatformCase(
    connector=Clover(),
    entered={
        "merchant_id": MERCHANT,
        "region": "eu",
        "client_id": "DRKVJT2ZRR4SC",
        "client_secret": "secret of the app",
        "refresh_token": "clvroar-1",
        "webhook_auth_code": "code-1",
        "previous_webhook_auth_code": "code-0",
    },
    required_field="merchant_id",
    secret="code-1",
    previous_secret="code-0",
    sign=lambda secret, _: secret,
    signature_header="X-Clover-Auth",
    signs_content=False,
    body=body(event("O:6PZ5K0Q2G8M1T"), event("P:4DN4S2W5H7C9E", 1763633732000), event("I:3Z29BX6C013XC")),
    messages=(
        OrderReference(
            order_id="6PZ5K0Q2G8M1T",
            kind=MessageKind.ORDER_UPDATED,
            occurred_at=datetime(2025, 11, 20, 10, 15, 31, tzinfo=UTC),
        ),
        OrderReference(
            order_id="P:4DN4S2W5H7C9E",
            kind=MessageKind.ORDER_PAID,
            occurred_at=datetime(2025, 11, 20, 10, 15, 32, tzinfo=UTC),
        ),
    ),
    unknown_topic=body(event("I:3Z29BX6C013XC"), event("C:3Z29BX6C013XC")),
    lacks=frozenset((Lack.SHIPPING, Lack.SIGNED_TIME, Lack.RESTOCKING)),
    updates=(update(TEE, 12), update(CAP, 0), update(GONE, 1)),
    request=("POST", f"{BASE}/item_stocks/{TEE}", {"quantity": 12}),
    before=(stock(TEE, 15.0),),
    success=stock(TEE, 12.0),
    partial=(
        stock(TEE, 15.0),
        stock(TEE, 12.0),
        stock(CAP, None),
        stock(CAP, 0.0),
        answer({"message": "Not Found"}, 404),
        answer({"message": "Not Found"}, 404),
    ),
    partial_outcomes=(Confirmed(12), Confirmed(0), Rejected("404", "Clover refuses the item: Not Found")),
    classified=(
        (answer({"message": "401 Unauthorized"}, 401), AuthExpired),
        (answer({"message": "invalid ID"}, 400), Permanent),
        (answer({}, 429, X_RateLimit_tokenLimit="16"), Throttled),
    ),
)
