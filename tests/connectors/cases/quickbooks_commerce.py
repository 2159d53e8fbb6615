import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import orjson

from connectors.errors import AuthExpired, Permanent, Throttled
from connectors.messages import MessageKind, OrderReference
from connectors.platforms.quickbooks_commerce import QuickBooksCommerce
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import Lack, PlatformCase, answer

REALM = "9130357849512346"
URL = f"https://quickbooks.api.intuit.com/v3/company/{REALM}/inventoryadjustment"
UNKNOWN_ITEM = "Object Not Found : Something you're trying to use has been made inactive."


def sign(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def event(kind: str, number: str, company: str = REALM) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "6f2b0c1e-9d6a-4f0e-8a55-0a2f8f1f6d11",
        "source": "intuit.dsnRZGV2ZWxvcGVy",
        "type": kind,
        "datacontenttype": "application/json",
        "time": "2026-11-20T14:14:05Z",
        "intuitentityid": number,
        "intuitaccountid": company,
        "data": {},
    }


def reference(order_id: str) -> OrderReference:
    at = datetime(2026, 11, 20, 14, 14, 5, tzinfo=UTC)
    return OrderReference(order_id=order_id, kind=MessageKind.ORDER_UPDATED, occurred_at=at)


def update(item_id: str, quantity: int, delta: int | None) -> StockUpdate:
    return StockUpdate(
        platform_ids={"item_id": item_id}, sku="TEE", quantity=quantity, delta=delta, idempotency_key=f"key-{item_id}"
    )


def fault(code: str, detail: str = "It says why.", status: int = 400) -> Any:
    error = {"Message": "Refused", "Detail": detail, "code": code, "element": ""}
    return answer({"Fault": {"Error": [error], "type": "ValidationFault"}, "time": "2026-11-20T06:22:00-08:00"}, status)


def request_id(*item_ids: str) -> str:
    digest = hashlib.sha256("\n".join(f"key-{number}" for number in item_ids).encode()).hexdigest()[:40]
    return str(uuid5(NAMESPACE_OID, digest))


ADJUSTED = {"InventoryAdjustment": {"Id": "512", "SyncToken": "0"}, "time": "2026-11-20T06:20:11-08:00"}

CASE = PlatformCase(
    connector=QuickBooksCommerce(),
    entered={
        "client_id": "client",
        "client_secret": "hush hush",
        "refresh_token": "AB11",
        "realm_id": REALM,
        "adjust_account_id": "86",
        "webhook_verifier_token": "newest verifier",
        "previous_webhook_verifier_token": "older verifier",
    },
    required_field="realm_id",
    secret="newest verifier",
    previous_secret="older verifier",
    sign=sign,
    signature_header="intuit-signature",
    body=orjson.dumps(
        [
            event("qbo.invoice.created.v1", "1047"),
            event("qbo.salesreceipt.voided.v1", "7"),
            event("qbo.item.updated.v1", "11"),
            event("qbo.invoice.created.v1", "1047", "9130357849512347"),
        ]
    ),
    messages=(reference("invoice-1047"), reference("salesreceipt-7")),
    unknown_topic=orjson.dumps([event("qbo.customer.created.v1", "5")]),
    lacks=frozenset((Lack.SHIPPING, Lack.SIGNED_TIME, Lack.LOOK, Lack.RESTOCKING)),
    updates=(update("11", 42, -2), update("12", 0, -1), update("999", 1, 1)),
    request=(
        "POST",
        URL,
        {
            "PrivateNote": "inventory gateway",
            "AdjustAccountRef": {"value": "86"},
            "Line": [
                {
                    "DetailType": "ItemAdjustmentLineDetail",
                    "ItemAdjustmentLineDetail": {"ItemRef": {"value": "11"}, "QtyDiff": -2},
                }
            ],
        },
    ),
    success=ADJUSTED,
    # All three, the last two and the last one are refused.
    partial=(*[fault("2500", UNKNOWN_ITEM)] * 3, ADJUSTED, ADJUSTED),
    partial_outcomes=(Confirmed(42), Confirmed(0), Rejected("2500", UNKNOWN_ITEM)),
    classified=(
        (fault("3200", status=401), AuthExpired),
        (fault("3200", status=403), AuthExpired),
        (fault("5020", status=403), Permanent),
        (fault("3001", status=403), Throttled),
        (fault("6210"), Permanent),
    ),
)
