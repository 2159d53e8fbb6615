from typing import Any

import orjson

from connectors.differences import NOT_COUNTED
from connectors.errors import AuthExpired, Permanent, Retriable
from connectors.messages import MessageKind, OrderReference
from connectors.platforms.magento import Magento
from connectors.updates import Confirmed, StockUpdate
from tests.connectors.case import NOW, Lack, PlatformCase, answer

BASE = "https://shop.example/rest/all/V1"


def event(topic: str, **saved: Any) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": "23f76cef-9f14-44b1-bbd0-29995789c98e",
            "type": f"com.adobe.commerce.{topic}",
            "recipientclientid": "ca7b36f23be94dcb9d2ebb97f0276e3f",
            "data": {"key": "31a86bbd-e51d-4b58-9f5a-34ec8df263c9", "value": saved},
        }
    )


def update(sku: str, quantity: int) -> StockUpdate:
    return StockUpdate(
        platform_ids={"sku": sku}, sku=sku, location_id="default", quantity=quantity, idempotency_key=sku
    )


def page(*items: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(items), "total_count": len(items)}


def source_item(sku: str, quantity: int, source: str = "default") -> dict[str, Any]:
    return {"sku": sku, "source_code": source, "quantity": quantity, "status": int(quantity > 0)}


def line(item_id: int, ordered: int, **more: Any) -> dict[str, Any]:
    """`whole` is the line that it is a part of."""
    parent = {"parent_item_id": more.pop("whole")} if "whole" in more else {}
    counts = {f"qty_{name}": more.pop(name, 0) for name in ("shipped", "canceled", "refunded", "invoiced")}
    return {"item_id": item_id, "sku": "TEE", "qty_ordered": ordered, **parent, **counts, **more}


def order(*lines: dict[str, Any], state: str = "processing", order_id: int = 1042) -> dict[str, Any]:
    return {
        "entity_id": order_id,
        "increment_id": f"{order_id:09}",
        "state": state,
        "status": state,
        "updated_at": "2026-11-20 14:02:10",
        "items": list(lines),
    }


CASE = PlatformCase(
    connector=Magento(),
    entered={
        "base_url": "https://shop.example/rest/all",
        "access_token": "the access token",
        "access_token_secret": "secret of the token",
        "consumer_key": "the consumer's key",
        "consumer_secret": "secret of the consumer",
        "event_token": "token-1",
        "previous_event_token": "token-0",
    },
    required_field="base_url",
    secret="token-1",
    previous_secret="token-0",
    address=lambda secret: f"https://gw.example/webhooks/m?token={secret.replace(' ', '+')}",
    signs_content=False,
    body=event("observer.sales_order_save_commit_after", entity_id=1042, increment_id="000001042"),
    messages=(OrderReference(order_id="1042", kind=MessageKind.ORDER_UPDATED, occurred_at=NOW),),
    unknown_topic=event("observer.catalog_product_save_after", entity_id=7),
    lacks=frozenset((Lack.TOKENS, Lack.SIGNED_TIME, Lack.RESTOCKING)),
    updates=(update("TEE", 12), update("CAP", 0), update("GONE", 1)),
    mistyped_id="TEE,CAP",
    # Three units of an open order stay on hand; the two lines of a configurable product are one.
    before=(page(order(line(1, 3), line(2, 3, whole=1))), page(source_item("TEE", 18))),
    request=("POST", f"{BASE}/inventory/source-items", {"sourceItems": [source_item("TEE", 15)]}),
    success=[],
    after=(page(source_item("TEE", 15)),),
    partial=(
        page(),
        page(source_item("TEE", 18), source_item("CAP", 4)),
        [],
        page(source_item("TEE", 12), source_item("CAP", 0)),
    ),
    partial_outcomes=(Confirmed(12), Confirmed(0), NOT_COUNTED),
    classified=(
        (answer({"message": "The consumer isn't authorized to access %resources."}, 401), AuthExpired),
        (answer({"message": "Request does not match any route."}, 404), Permanent),
        (answer({"message": "Internal Error"}, 500), Retriable),
    ),
)
