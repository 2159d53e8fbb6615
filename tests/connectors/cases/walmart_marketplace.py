import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import orjson

from connectors.errors import AuthExpired, Permanent, Retriable, Throttled
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderReference, OrderStage
from connectors.platforms.walmart_marketplace import WalmartMarketplace
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import Lack, PlatformCase, answer

BASE = "https://marketplace.walmartapis.com/v3"
MAIN = "1000005050"
TOLD: dict[str, Any] = {
    "source": {
        "eventType": "ORDER_UPDATES",
        "eventTime": "2026-11-20T14:14:05.120Z",
        "eventId": "d0a0f9be-7c2f-4f0e-9b5e-1f2a3b4c5d6e",
    },
    "payload": {
        "meta": {"subEventType": "PO_CREATED"},
        "order": {"purchaseOrderId": "108990000000042", "customerOrderId": "200012345678901"},
    },
}


def update(sku: str, quantity: int, node: str = MAIN) -> StockUpdate:
    key = f"{sku}@{node}"
    return StockUpdate(platform_ids={"sku": sku}, sku=sku, location_id=node, quantity=quantity, idempotency_key=key)


def node(available: int, reserved: int = 0, node_id: str = MAIN) -> dict[str, Any]:
    units = {"inputQty": available + reserved, "availToSellQty": available, "reservedQty": reserved}
    return {"shipNode": node_id, **{name: {"unit": "EACH", "amount": number} for name, number in units.items()}}


def item(sku: str, *nodes: dict[str, Any]) -> dict[str, Any]:
    return {"sku": sku, "nodes": list(nodes)}


def written(sku: str, *nodes: dict[str, Any]) -> dict[str, Any]:
    return {"sku": sku, "nodes": list(nodes) or [{"shipNode": MAIN, "status": "Success"}]}


def fault(status: int, code: str, text: str) -> Any:
    error = {"code": code, "field": "sku", "description": text, "severity": "ERROR", "category": "DATA"}
    return answer({"errors": {"error": [error]}}, status)


def line(number: int, sku: str, ordered: int, **units: int) -> dict[str, Any]:
    return {
        "lineNumber": str(number),
        "item": {"productName": "T-Shirt Black M", "sku": sku},
        "orderLineQuantity": {"unitOfMeasurement": "EACH", "amount": str(ordered)},
        "statusDate": 1795184043000,
        "orderLineStatuses": {
            "orderLineStatus": [
                {"status": status, "statusQuantity": {"unitOfMeasurement": "EACH", "amount": str(number)}}
                for status, number in units.items()
            ]
        },
    }


def order(*lines: dict[str, Any], kind: str = "SellerFulfilled") -> dict[str, Any]:
    return {
        "purchaseOrderId": "108990000000042",
        "customerOrderId": "200012345678901",
        "orderDate": 1795184000000,
        "orderLines": {"orderLine": list(lines)},
        "shipNode": {"type": kind, "name": "Main", "id": MAIN},
    }


def orders(*found: dict[str, Any], **meta: str) -> dict[str, Any]:
    return {"list": {"meta": {"totalCount": len(found), "limit": 200, **meta}, "elements": {"order": list(found)}}}


def sold(number: int, sku: str, **units: Any) -> OrderLine:
    return OrderLine(line_id=str(number), sku=sku, platform_ids={"sku": sku}, location_id=MAIN, **units)


NOT_FOUND = fault(404, "CONTENT_NOT_FOUND.GMP_INVENTORY_API", "Requested content could not be found.")
CASE = PlatformCase(
    connector=WalmartMarketplace(),
    entered={
        "client_id": "a1b2c3",
        "client_secret": "secret of the client",
        "webhook_secret": "s3cr3t",
        "previous_webhook_secret": "0lder s3cr3t",
    },
    required_field="client_id",
    secret="s3cr3t",
    previous_secret="0lder s3cr3t",
    sign=lambda secret, body: base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode(),
    signature_header="X-WM-Signature",
    body=orjson.dumps(TOLD),
    messages=(
        OrderReference(
            order_id="108990000000042",
            kind=MessageKind.ORDER_UPDATED,
            occurred_at=datetime(2026, 11, 20, 14, 14, 5, 120000, tzinfo=UTC),
        ),
    ),
    unknown_topic=orjson.dumps({**TOLD, "source": {**TOLD["source"], "eventType": "OFFER_UNPUBLISHED"}}),
    polled=(
        orders(
            order(line(1, "TSHIRT-BLK-M", 3, Acknowledged=1, Shipped=2), line(2, "MUG", 1, Cancelled=1)),
            order(line(1, "CAP", 1, Created=1), kind="WFSFulfilled"),
        ),
    ),
    polled_orders=(
        OrderEvent(
            order_id="108990000000042",
            kind=MessageKind.ORDER_UPDATED,
            occurred_at=datetime.fromtimestamp(1795184043, UTC),
            stage=OrderStage.OPEN,
            status="Acknowledged, Cancelled, Shipped",
            name="200012345678901",
            lines=(
                sold(1, "TSHIRT-BLK-M", ordered=3, allocated=1, released=0, fulfilled=2),
                sold(2, "MUG", ordered=1, allocated=0, released=1),
            ),
        ),
    ),
    lacks=frozenset((Lack.RESTOCKING, Lack.SIGNED_TIME)),
    updates=(update("TSHIRT-BLK-M", 42), update("MUG/ä", 0), update("GONE", 1)),
    mistyped_id="..",
    before=(item("TSHIRT-BLK-M", node(38, 2)),),
    request=(
        "PUT",
        f"{BASE}/inventories/TSHIRT-BLK-M",
        {"inventories": {"nodes": [{"shipNode": MAIN, "inputQty": {"unit": "EACH", "amount": 44}}]}},
    ),
    success=written("TSHIRT-BLK-M"),
    after=(item("TSHIRT-BLK-M", node(42, 2)),),
    partial=(
        item("TSHIRT-BLK-M", node(38, 2)),
        item("MUG/ä", node(3, 1)),
        NOT_FOUND,
        written("TSHIRT-BLK-M"),
        written("MUG/ä"),
        NOT_FOUND,
        item("TSHIRT-BLK-M", node(42, 2)),
        item("MUG/ä", node(0, 1)),
    ),
    partial_outcomes=(
        Confirmed(42),
        Confirmed(0),
        Rejected("CONTENT_NOT_FOUND.GMP_INVENTORY_API", "Requested content could not be found."),
    ),
    classified=(
        (fault(401, "UNAUTHORIZED.GMP_GATEWAY_API", "Unauthorized token"), AuthExpired),
        (fault(403, "FORBIDDEN.GMP_GATEWAY_API", "no such scope"), Permanent),
        (fault(429, "REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API", "too many"), Throttled),
        (fault(520, "SYSTEM_ERROR.GMP_GATEWAY_API", "try later"), Retriable),
        (answer({"errors": [{"code": "INVALID_REQUEST_PARAM.GMP_ORDER_API"}]}, 400), Permanent),
    ),
)
