import hashlib
import hmac
from typing import Any

import orjson

from connectors.errors import AuthExpired, Permanent, Retriable, Throttled
from connectors.exchange import Response, headers_of
from connectors.messages import MessageKind, OrderReference
from connectors.platforms.salesforce_commerce_cloud import SalesforceCommerceCloud
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import NOW, Lack, PlatformCase, answer

INSTANCE = "https://production-eu01-acme.demandware.net"
RECORDS = f"{INSTANCE}/s/-/dw/data/v25_6/inventory_lists/inventory_m/product_inventory_records"
STATE = "860cde3040519cce439cd99e209f8a87c3ad0b7e2813edbf6f5501f763b73bd5"


def event(kind: str = "order.created", site: str = "RefArch") -> bytes:
    return orjson.dumps({"event": kind, "orderNo": "00001042", "siteId": site})


def update(sku: str, quantity: int, place: str = "inventory_m", change_from: int | None = None) -> StockUpdate:
    return StockUpdate(
        platform_ids={"product_id": sku},
        sku=sku,
        location_id=place,
        quantity=quantity,
        change_from=change_from,
        idempotency_key=f"{sku}-{quantity}",
        as_of=NOW,
    )


def record(sku: str, allocation: float, turnover: float = 0.0, on_order: float = 0.0, **more: Any) -> dict[str, Any]:
    return {
        "_v": "25.6",
        "_type": "product_inventory_record",
        "_resource_state": STATE,
        "product_id": sku,
        "inventory_list_id": "inventory_m",
        "allocation": {"amount": allocation, "reset_date": "2026-11-20T14:00:11.000Z"},
        "inventory_turnover": turnover,
        "stock_level": max(0.0, allocation - turnover - on_order),
        "quantity_on_order": on_order,
        "perpetual_flag": False,
        **more,
    }


def fault(kind: str, message: str = "no such thing", status: int = 404) -> Any:
    return answer({"_v": "25.6", "fault": {"type": kind, "message": message, "arguments": {}}}, status)


def signed(secret: str, body: bytes) -> str:
    message = str(int(NOW.timestamp())).encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


CASE = PlatformCase(
    connector=SalesforceCommerceCloud(),
    entered={
        "short_code": "kv7kzm78",
        "organization_id": "f_ecom_zzxy_prd",
        "site_id": "RefArch",
        "location_ids": ["inventory_m"],
        "client_id": "acme",
        "client_secret": "api-client-1",
        "instance_url": INSTANCE,
        "hook_secret": "newest hook secret",
        "previous_hook_secret": "former hook secret",
    },
    required_field="site_id",
    secret="newest hook secret",
    previous_secret="former hook secret",
    sign=signed,
    signature_header="X-Gateway-Signature",
    headers={
        "X-Gateway-Timestamp": str(int(NOW.timestamp())),
        "X-Gateway-Event-Id": "RefArch:00001042:order.created:1795183500",
    },
    body=event(),
    messages=(OrderReference(order_id="00001042", kind=MessageKind.ORDER_CREATED, occurred_at=NOW),),
    unknown_topic=event("basket.created"),
    lacks=frozenset((Lack.PARTS, Lack.RETURNS)),
    updates=(update("TEE", 12), update("CAP", 0), update("GONE", 1)),
    mistyped_id="..",
    before=(record("TEE", 18.0, turnover=3.0),),
    request=("PATCH", f"{RECORDS}/TEE", {"allocation": {"amount": 12}, "_resource_state": STATE}),
    success=record("TEE", 12.0),
    partial=(
        record("TEE", 18.0, turnover=3.0),
        record("TEE", 12.0),
        record("CAP", 4.0),
        record("CAP", 0.0),
        fault("ProductInventoryRecordNotFoundException"),
        fault("ProductNotFoundException", "No product with ID 'GONE' could be found."),
    ),
    partial_outcomes=(
        Confirmed(12),
        Confirmed(0),
        Rejected("ProductNotFoundException", "No product with ID 'GONE' could be found."),
    ),
    classified=(
        (fault("InvalidAccessTokenException", status=401), AuthExpired),
        (answer({"type": "about:blank", "errorCode": "TenantNotProvisioned", "message": "?"}, 403), Permanent),
        (answer({"errorCode": "ConcurrentModification", "message": "?"}, 409), Retriable),
        (Response(status=503, headers=headers_of({"sfdc_load_status": "THROTTLE"})), Throttled),
    ),
)
OCI = CASE.config().model_copy(
    update={"mode": "oci", "tenant_group_id": "group", "location_ids": ("warehouse5", "outlet")}
)
