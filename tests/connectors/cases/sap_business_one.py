import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import orjson

from connectors.errors import AuthExpired, Permanent, Retriable
from connectors.messages import MessageKind, OrderReference
from connectors.platforms.sap_business_one import SapBusinessOne
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import Lack, PlatformCase, answer

AT = datetime(2026, 11, 20, 13, 5, 22, 917000, tzinfo=UTC)


def sign(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def event(kind: str, number: int) -> dict[str, Any]:
    return {
        "id": "5ac18923-cfce-40d3-a31e-7154ca4d5191",
        "specversion": "1.0",
        "source": "/default/sap.b1/SBODEMOUS",
        "type": f"sap.b1.{kind}.v1",
        "subject": str(number),
        "time": "2026-11-20T13:05:22.917Z",
        "datacontenttype": "application/json",
        "data": {"DocEntry": str(number)},
    }


def item(code: str, in_stock: float, committed: float = 0, **changed: Any) -> dict[str, Any]:
    place = {"WarehouseCode": "01", "InStock": in_stock, "Committed": committed, "Ordered": 0.0, "ItemCode": code}
    flags = {"InventoryItem": "tYES", "ManageSerialNumbers": "tNO", "ManageBatchNumbers": "tNO"}
    return {"ItemCode": code, "ItemName": code, **flags, "ItemWarehouseInfoCollection": [place], **changed}


def items(*found: dict[str, Any]) -> dict[str, Any]:
    return {"@odata.context": "$metadata#Items", "value": list(found)}


def update(code: str, quantity: int, change_from: int | None = None) -> StockUpdate:
    return StockUpdate(
        platform_ids={"item_code": code},
        sku=code,
        location_id="01",
        quantity=quantity,
        change_from=change_from,
        idempotency_key=f"key-{code}",
    )


def error(status: int, code: Any, text: str = "It says why.") -> Any:
    return answer({"error": {"code": code, "message": text}}, status)


CASE = PlatformCase(
    connector=SapBusinessOne(),
    entered={
        "base_url": "https://sap.example:50000/",
        "company_db": "SBODEMOUS",
        "username": "gw",
        "password": "hush hush",
        "webhook_key": "newest key",
        "previous_webhook_key": "older key",
    },
    required_field="company_db",
    secret="newest key",
    previous_secret="older key",
    sign=sign,
    signature_header="X-B1-Webhook-Signature",
    body=orjson.dumps([event("Invoices.Created", 1872), event("Items.Updated", 5)]),
    messages=(OrderReference(order_id="Invoices-1872", kind=MessageKind.ORDER_UPDATED, occurred_at=AT),),
    unknown_topic=orjson.dumps([event("Quotations.Created", 1872)]),
    lacks=frozenset((Lack.SIGNED_TIME,)),
    updates=(update("TEE", 42, 40), update("CAP", 0), update("GONE", 1)),
    # 45 in stock of which 5 are committed.
    before=(items(item("TEE", 45, 5)),),
    request=(
        "POST",
        "https://sap.example:50000/b1s/v2/InventoryPostings",
        {
            "Remarks": "inventory gateway",
            "InventoryPostingLines": [{"ItemCode": "TEE", "WarehouseCode": "01", "CountedQuantity": 47}],
        },
    ),
    success={"DocumentEntry": 311},
    after=(items(item("TEE", 47, 5)),),
    partial=(
        items(item("TEE", 45, 5), item("CAP", 3)),
        {"DocumentEntry": 311},
        items(item("TEE", 47, 5), item("CAP", 0)),
    ),
    partial_outcomes=(
        Confirmed(42),
        Confirmed(0),
        Rejected("not_found", "SAP has no such item, or not in this warehouse."),
    ),
    classified=(
        (error(401, 301, "Invalid session or session already timeout."), AuthExpired),
        (error(400, "301"), AuthExpired),
        (error(500, -304), AuthExpired),
        (answer({"error": {"code": -2028, "message": {"lang": "en-us", "value": "No records"}}}, 404), Permanent),
        (error(412, "-2039"), Retriable),
        (error(400, "-5002"), Permanent),
        (answer(b"<html>", 502), Retriable),
    ),
)
