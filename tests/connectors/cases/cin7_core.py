from typing import Any

import orjson

from connectors.errors import Permanent, Throttled
from connectors.messages import MessageKind, OrderReference
from connectors.platforms.cin7 import Cin7Core
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import NOW, Lack, PlatformCase, answer

BASE = "https://inventory.dearsystems.com/ExternalApi/v2"
WRITTEN_AT = "2026-11-20T14:05:00.000"
SALE = "91ee7b1d-bd35-4e43-b98a-db86be777624"


def event(kind: str, sale: str = SALE, **more: str) -> bytes:
    return orjson.dumps({"SaleID": sale.upper(), "SaleOrderNumber": "SO-00044", "EventType": kind, **more})


def update(sku: str, quantity: int) -> StockUpdate:
    return StockUpdate(
        platform_ids={"sku": sku}, sku=sku, location_id="Main", quantity=quantity, idempotency_key=sku, as_of=NOW
    )


def level(sku: str, on_hand: int, allocated: int = 0, **more: Any) -> dict[str, Any]:
    at = {"Location": "Main", "Bin": None, "Batch": None}
    counts = {"OnHand": on_hand, "Allocated": allocated, "Available": on_hand - allocated, "StockOnHand": 60}
    return {"SKU": sku, **at, **counts, **more}


def levels(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"Total": len(rows), "Page": 1, "ProductAvailabilityList": list(rows)}


def line(sku: str, count: int) -> dict[str, Any]:
    cost = {"UnitCost": 0.0, "ReceivedDate": WRITTEN_AT}
    return {"SKU": sku, "Location": "Main", "Quantity": count, **cost}


POSTED = {"TaskID": "107e8ba9", "Status": "COMPLETED", "ExistingStockLines": [], "NewStockLines": []}
UNKNOWN = [{"ErrorCode": 400, "Exception": "Product with SKU GONE was not found"}]
CASE = PlatformCase(
    connector=Cin7Core(),
    entered={
        "account_id": "1a783f0d",
        "application_key": "core-key-1",
        "expense_account": "403",
        "webhook_token": "hush-1",
        "previous_webhook_token": "hush-0",
    },
    required_field="account_id",
    secret="hush-1",
    previous_secret="hush-0",
    sign=lambda secret, _: f"Bearer {secret}",
    signature_header="Authorization",
    signs_content=False,
    body=event("Sale/OrderAuthorised"),
    messages=(OrderReference(order_id=SALE, kind=MessageKind.ORDER_CREATED, occurred_at=NOW),),
    unknown_topic=orjson.dumps({"EventType": "Product/Updated"}),
    lacks=frozenset((Lack.TOKENS, Lack.SIGNED_TIME)),
    updates=(update("TEE", 12), update("CAP", 0), update("GONE", 1)),
    mistyped_id="TEE\n",
    before=(levels(level("TEE", 18, 3)),),
    request=(
        "POST",
        f"{BASE}/stockadjustment",
        {
            "EffectiveDate": WRITTEN_AT,
            "Status": "COMPLETED",
            "UpdateOnHand": True,
            "Account": "403",
            "Reference": "inventory-gateway TEE",
            "Lines": [line("TEE", 15)],
        },
    ),
    success=POSTED,
    after=(levels(level("TEE", 15, 3)),),
    # Each of the three is looked up by itself; then all, halves, and what is left of them are sent.
    partial=(
        levels(level("CAP", 4)),
        levels(),
        levels(level("TEE", 18, 3)),
        answer(UNKNOWN, 400),
        answer(UNKNOWN, 400),
        answer(UNKNOWN, 400),
        POSTED,
        POSTED,
        levels(level("CAP", 0)),
        levels(level("TEE", 15, 3)),
    ),
    partial_outcomes=(Confirmed(12), Confirmed(0), Rejected("400", "Product with SKU GONE was not found")),
    classified=(
        (answer(b"You reached 60 calls per minute API limit", 503), Throttled),
        (answer(b"Incorrect credentials!", 403), Permanent),
        (answer([{"ErrorCode": 400, "Exception": "Account is missing"}], 400), Permanent),
    ),
)
