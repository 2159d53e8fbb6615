import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import orjson
from joserfc.jwk import ECKey

from connectors.errors import AuthExpired, Permanent, Retriable, Throttled
from connectors.messages import MessageKind, OrderReference
from connectors.platforms.netsuite import NetSuite
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import NOW, Lack, PlatformCase, answer

TIMESTAMP = str(int(NOW.timestamp()))
KEY = ECKey.generate_key("P-256", private=True).as_pem(private=True).decode()


def sign(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), TIMESTAMP.encode() + b"." + body, hashlib.sha256).hexdigest()


def update(item_id: str, quantity: int, delta: int | None) -> StockUpdate:
    return StockUpdate(
        platform_ids={"item_id": item_id},
        sku=f"SKU-{item_id}",
        location_id="3",
        quantity=quantity,
        delta=delta,
        idempotency_key=f"key-{item_id}",
    )


def error(status: int, code: str, detail: str, path: str = "") -> Any:
    found = {"detail": detail, "o:errorCode": code, "o:errorPath": path}
    return answer({"title": "Bad Request", "status": status, "o:errorDetails": [found]}, status)


CREATED = answer(b"", 204, Location="https://1234567-sb1.suitetalk.api.netsuite.com/x/4711")
NO_SUCH_ITEM = "Invalid Field Value 999 for the following field: item"

CASE = PlatformCase(
    connector=NetSuite(),
    entered={
        "account_id": "1234567_SB1",
        "client_id": "client",
        "certificate_id": "certificate",
        "private_key_pem": KEY,
        "hmac_secret": "newest script secret",
        "previous_hmac_secret": "older script secret",
        "adjustment_account_id": "58",
        "subsidiary_id": "1",
        "time_zone": "America/Los_Angeles",
    },
    required_field="client_id",
    secret="newest script secret",
    previous_secret="older script secret",
    sign=sign,
    signature_header="X-Gateway-Signature",
    headers={
        "X-Gateway-Timestamp": TIMESTAMP,
        "X-Gateway-Event-Id": "1234567_SB1:itemfulfillment:48277:ship:1795183500123",
    },
    body=orjson.dumps({"record": "itemfulfillment", "happened": "ship", "id": "48277", "createdfrom": "48211"}),
    messages=(
        OrderReference(
            order_id="48211", kind=MessageKind.ORDER_FULFILLED, occurred_at=datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
        ),
    ),
    unknown_topic=orjson.dumps({"record": "customer", "happened": "edit", "id": "7", "createdfrom": None}),
    lacks=frozenset((Lack.LOOK, Lack.RESTOCKING)),
    updates=(update("912", 42, -3), update("913", 0, -1), update("999", 1, 1)),
    request=(
        "POST",
        "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/record/v1/inventoryAdjustment",
        {
            "externalId": "gw-" + hashlib.sha256(b"key-912").hexdigest()[:40],
            "subsidiary": {"id": "1"},
            "account": {"id": "58"},
            "adjLocation": {"id": "3"},
            "memo": "inventory gateway",
            "inventory": {"items": [{"item": {"id": "912"}, "location": {"id": "3"}, "adjustQtyBy": -3}]},
        },
    ),
    success=CREATED,
    partial=(
        CREATED,
        CREATED,
        error(400, "USER_ERROR", NO_SUCH_ITEM, "inventory.items[0].item"),
        error(404, "NONEXISTENT_ID", "The record instance does not exist."),
    ),
    partial_outcomes=(Confirmed(42), Confirmed(0), Rejected("USER_ERROR", NO_SUCH_ITEM)),
    classified=(
        (error(401, "INVALID_LOGIN", "Invalid login attempt."), AuthExpired),
        (error(403, "INSUFFICIENT_PERMISSION", "Permission Violation"), Permanent),
        (error(429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded."), Throttled),
        (error(400, "SSS_REQUEST_LIMIT_EXCEEDED", "Request limit exceeded."), Throttled),
        (error(400, "INVALID_CONTENT", "Invalid content"), Permanent),
        (error(500, "UNEXPECTED_ERROR", "An unexpected error occurred."), Retriable),
    ),
)
