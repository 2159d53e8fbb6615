import base64
import hashlib
import hmac
import uuid
from datetime import UTC, datetime
from typing import Any

import orjson

from connectors.errors import AuthExpired, Permanent, Retriable, Throttled
from connectors.messages import MessageKind, OrderReference
from connectors.platforms.square import Square
from connectors.platforms.square.stock import KEYS
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import Lack, PlatformCase, answer

URL = "https://gateway.example/webhooks/square-1"
LOCATION = "L8GWD5R9QB37X"
AS_OF = datetime(2026, 11, 20, 10, 15, 40, tzinfo=UTC)
PAYMENT: dict[str, Any] = {
    "merchant_id": "MLQX7T2ZV4K1A",
    "location_id": LOCATION,
    "type": "payment.updated",
    "event_id": "7a8f5f28-54a1-4eb0-a98a-3111513fd4aa",
    "created_at": "2026-11-20T10:15:34.308Z",
    "data": {
        "type": "payment",
        "id": "hYy9pRFVxpDsO1FB05SunFWUe9JZY",
        "object": {
            "payment": {
                "id": "hYy9pRFVxpDsO1FB05SunFWUe9JZY",
                "status": "COMPLETED",
                "order_id": "03O3USaPaAaFnI6kkwB1JxGgBsUZY",
                "location_id": LOCATION,
                "amount_money": {"amount": 4188, "currency": "USD"},
                "created_at": "2026-11-20T10:15:31.086Z",
                "updated_at": "2026-11-20T10:15:33.831Z",
                "version_token": "bhC3b8qKJvNDd",
            }
        },
    },
}


def sign(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), URL.encode() + body, hashlib.sha256).digest()).decode()


def update(name: str, quantity: int, delta: int | None = None) -> StockUpdate:
    return StockUpdate(
        platform_ids={"catalog_object_id": name},
        sku=f"SKU-{name}",
        location_id=LOCATION,
        quantity=quantity,
        delta=delta,
        idempotency_key=f"key-{name}",
        as_of=AS_OF,
    )


def key_of(*updates: StockUpdate) -> str:
    return str(uuid.uuid5(KEYS, "\n".join(update.idempotency_key for update in updates)))


def change(update: StockUpdate) -> dict[str, Any]:
    of_both = {
        "reference_id": update.idempotency_key,
        "catalog_object_id": update.platform_ids["catalog_object_id"],
        "occurred_at": "2026-11-20T10:15:40.000+00:00",
    }
    if update.delta is None:
        count = {"location_id": LOCATION, "state": "IN_STOCK", "quantity": str(update.quantity)}
        return {"type": "PHYSICAL_COUNT", "physical_count": of_both | count}
    states = ("IN_STOCK", "WASTE") if update.delta < 0 else ("NONE", "IN_STOCK")
    adjustment = {
        "from_state": states[0],
        "to_state": states[1],
        "from_location_id": LOCATION,
        "to_location_id": LOCATION,
        "quantity": str(abs(update.delta)),
    }
    return {"type": "ADJUSTMENT", "adjustment": of_both | adjustment}


def error(category: str, code: str, **more: str) -> dict[str, Any]:
    return {"errors": [{"category": category, "code": code, "detail": "It says why.", **more}]}


UPDATES = (update("W62A", 53), update("W62B", 4, -2), update("W62C", 1, 1))
CASE = PlatformCase(
    connector=Square(),
    entered={
        "access_token": "EAAA-case",
        "webhook_signature_key": "newest-key",
        "previous_webhook_signature_key": "previous-key",
        "notification_url": URL,
    },
    required_field="webhook_signature_key",
    secret="newest-key",
    previous_secret="previous-key",
    sign=sign,
    signature_header="x-square-hmacsha256-signature",
    headers={"square-environment": "Production"},
    body=orjson.dumps(PAYMENT),
    messages=(
        OrderReference(
            order_id="03O3USaPaAaFnI6kkwB1JxGgBsUZY",
            kind=MessageKind.ORDER_PAID,
            occurred_at=datetime(2026, 11, 20, 10, 15, 33, 831000, tzinfo=UTC),
        ),
    ),
    unknown_topic=orjson.dumps(PAYMENT | {"type": "customer.created"}),
    lacks=frozenset((Lack.SIGNED_TIME, Lack.RESTOCKING)),
    updates=UPDATES,
    request=(
        "POST",
        "https://connect.squareup.com/v2/inventory/changes/batch-create",
        {
            "idempotency_key": key_of(UPDATES[0]),
            "ignore_unchanged_counts": False,
            "changes": [change(UPDATES[0])],
        },
    ),
    success={"errors": [], "counts": [], "changes": [change(UPDATES[0])]},
    partial=(
        answer(
            error("INVALID_REQUEST_ERROR", "NOT_FOUND", field="changes[2].adjustment.catalog_object_id"),
            404,
        ),
        {"errors": [], "counts": [], "changes": [change(UPDATES[0]), change(UPDATES[1])]},
    ),
    partial_outcomes=(Confirmed(53), Confirmed(4), Rejected("NOT_FOUND", "Square: It says why.")),
    classified=(
        (answer(error("RATE_LIMIT_ERROR", "RATE_LIMITED"), 429), Throttled),
        (answer(error("AUTHENTICATION_ERROR", "ACCESS_TOKEN_EXPIRED"), 401), AuthExpired),
        (answer(error("AUTHENTICATION_ERROR", "ACCESS_TOKEN_REVOKED"), 401), AuthExpired),
        (answer(error("AUTHENTICATION_ERROR", "INSUFFICIENT_SCOPES"), 403), Permanent),
        (answer(error("INVALID_REQUEST_ERROR", "INVALID_TIME"), 400), Permanent),
        (answer(error("API_ERROR", "INTERNAL_SERVER_ERROR"), 500), Retriable),
        (answer(error("API_ERROR", "SERVICE_UNAVAILABLE"), 200), Retriable),
        (answer(error("RATE_LIMIT_ERROR", "RATE_LIMITED"), 200), Throttled),
    ),
)
