import hashlib
from datetime import UTC, datetime
from typing import Any

from connectors.differences import NOT_COUNTED
from connectors.errors import AuthExpired, Permanent, Throttled
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderStage
from connectors.platforms.cin7 import Cin7Omni
from connectors.updates import Confirmed, StockUpdate
from tests.connectors.case import NOW, Lack, PlatformCase, answer

BASE = "https://api.cin7.com/api/v1"
ORDER: dict[str, Any] = {
    "id": 1044,
    "modifiedDate": "2026-11-20T14:15:34Z",
    "isApproved": True,
    "reference": "SO-1044",
    "isVoid": False,
    "branchId": 3,
    "status": "APPROVED",
    "stage": "Picking",
    "dispatchedDate": None,
    "lineItems": [{"id": 2001, "code": "TEE", "qty": 2.0, "qtyShipped": 0.0}, {"id": 2002, "code": "", "qty": 1.0}],
}


def update(sku: str, quantity: int) -> StockUpdate:
    return StockUpdate(
        platform_ids={"sku": sku}, sku=sku, location_id="3", quantity=quantity, idempotency_key=sku, as_of=NOW
    )


def row(sku: str, on_hand: float, open_sales: float = 0.0) -> dict[str, Any]:
    return {
        "code": sku,
        "branchId": 3,
        "available": on_hand - open_sales,
        "stockOnHand": on_hand,
        "openSales": open_sales,
    }


BOOKED = [{"index": 0, "success": True, "id": 501, "errors": []}]
CASE = PlatformCase(
    connector=Cin7Omni(),
    entered={"api_username": "acme", "api_key": "omni-key-1"},
    required_field="api_username",
    polled=([ORDER],),
    polled_orders=(
        OrderEvent(
            order_id="1044",
            kind=MessageKind.ORDER_UPDATED,
            occurred_at=datetime(2026, 11, 20, 14, 15, 34, tzinfo=UTC),
            stage=OrderStage.OPEN,
            status="Picking",
            name="SO-1044",
            lines=(
                OrderLine(
                    line_id="2001",
                    sku="TEE",
                    platform_ids={"sku": "TEE"},
                    ordered=2,
                    allocated=2,
                    released=0,
                    location_id="3",
                ),
            ),
        ),
    ),
    lacks=frozenset((Lack.TOKENS, Lack.RETURNS)),
    updates=(update("TEE", 12), update("CAP", 0), update("GONE", 1)),
    before=([row("TEE", 18.0, 3.0)],),
    request=(
        "POST",
        f"{BASE}/Adjustments",
        [
            {
                "lineItems": [{"code": "TEE", "qty": -3}],
                "reference": f"GW-{hashlib.sha256(repr([('TEE', 18)]).encode()).hexdigest()[:16]}",
                "branchId": 3,
                "isApproved": True,
                "completedDate": "2026-11-20T14:05:00Z",
                "adjustmentReason": "inventory gateway",
            }
        ],
    ),
    success=BOOKED,
    after=([row("TEE", 15.0, 3.0)],),
    partial=([row("TEE", 18.0, 3.0), row("CAP", 4.0)], BOOKED, [row("TEE", 15.0, 3.0), row("CAP", 0.0)]),
    partial_outcomes=(Confirmed(12), Confirmed(0), NOT_COUNTED),
    classified=(
        (answer({"message": "unauthorized"}, 401), AuthExpired),
        (answer({"message": "no such path"}, 404), Permanent),
        (answer(b"", 429, Retry_After="1"), Throttled),
    ),
)
