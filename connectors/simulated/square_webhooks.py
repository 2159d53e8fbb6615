"""A simulated Square's notifications: they name things, and hold lines never.
https://developer.squareup.com/docs/webhooks/overview"""

import base64
import hashlib
import hmac
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from connectors.simulated.sales import SoldOrder
from connectors.simulated.square_orders import notice_body, payment_body, refund_body, stamp
from connectors.simulated.webhooks import Delivery

MERCHANT = "MLSIMULATED"
TOPICS = {
    "created": ("order.created", "payment.updated"),
    "cancelled": ("order.updated",),
    "refunded": ("refund.created", "payment.updated"),
    "fulfilled": ("order.fulfillment.updated", "order.updated"),
}


def about_order(topic: str, order: SoldOrder) -> dict[str, Any]:
    match topic:
        case "payment.updated":
            return {"payment": payment_body(order)}
        case "refund.created":
            return {"refund": refund_body(order)}
        case "order.created":
            return {"order_created": notice_body(order, created=True)}
    return {topic.replace(".", "_"): notice_body(order)}


def delivery(topic: str, about: Mapping[str, Any], now: datetime, *, key: str, address: str) -> Delivery:
    """Signed together with the address it goes to."""
    raw = orjson.dumps(
        {
            "merchant_id": MERCHANT,
            "type": topic,
            "event_id": str(uuid.uuid4()),
            "created_at": stamp(now),
            "data": {"type": topic.partition(".")[0], "id": uuid.uuid4().hex, "object": about},
        }
    )
    digest = hmac.new(key.encode(), address.encode() + raw, hashlib.sha256).digest()
    headers = {
        "Content-Type": "application/json",
        "x-square-hmacsha256-signature": base64.b64encode(digest).decode(),
        "square-environment": "Sandbox",
    }
    return Delivery(headers, raw)
