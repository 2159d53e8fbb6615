from datetime import UTC, datetime
from typing import Any

import orjson

from connectors.errors import AuthExpired, Permanent, Retriable
from connectors.messages import MessageKind, OrderReference
from connectors.platforms.odoo import Odoo
from connectors.platforms.odoo.calls import Refused
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import Lack, PlatformCase, answer

ORDER = {
    "_action": "Notify gateway(#412)",
    "_id": 37,
    "_model": "sale.order",
    "client_order_ref": "WEB-1042",
    "id": 37,
    "name": "S00037",
    "state": "sale",
    "write_date": "2026-11-20 13:05:11",
}


def update(product_id: str, quantity: int, change_from: int | None = None) -> StockUpdate:
    return StockUpdate(
        platform_ids={"product_id": product_id},
        sku=f"SKU-{product_id}",
        location_id="8",
        quantity=quantity,
        change_from=change_from,
        idempotency_key=f"key-{product_id}",
    )


def product(number: int, on_hand: float, promised: float = 0, **changed: Any) -> dict[str, Any]:
    return {
        "id": number,
        "default_code": f"SKU-{number}",
        "qty_available": on_hand,
        "outgoing_qty": promised,
        "tracking": "none",
        "is_storable": True,
    } | changed


def quant(number: int, units: float) -> dict[str, Any]:
    return {"id": 500 + number, "product_id": [number, f"[SKU-{number}]"], "quantity": units}


def fault(name: str, message: str = "It says why.") -> dict[str, Any]:
    return {"name": name, "message": message, "arguments": [message], "context": {}, "debug": "Traceback"}


def rpc_fault(name: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": fault(name)}}


CASE = PlatformCase(
    connector=Odoo(),
    entered={
        "base_url": "https://mycompany.odoo.com/",
        "database": "mycompany",
        "api_key": "6578616d706c65",
        "webhook_token": "newest-token",
        "previous_webhook_token": "previous-token",
    },
    required_field="api_key",
    secret="newest-token",
    previous_secret="previous-token",
    sign=lambda secret, body: "",
    signature_header="",
    address=lambda secret: f"https://gateway.example/webhooks/odoo-1?token={secret}",
    signs_content=False,
    headers={"Content-Type": "application/json"},
    body=orjson.dumps(ORDER),
    messages=(
        OrderReference(
            order_id="37",
            kind=MessageKind.ORDER_UPDATED,
            occurred_at=datetime(2026, 11, 20, 13, 5, 11, tzinfo=UTC),
        ),
    ),
    unknown_topic=orjson.dumps(ORDER | {"_model": "res.partner"}),
    lacks=frozenset((Lack.TOKENS, Lack.SIGNED_TIME)),
    updates=(update("101", 42, 40), update("102", 0), update("999", 1)),
    # 45 on hand of which 5 are promised, 2 of them within a sub-location: so 45 - 2 become 47 - 2 there.
    before=([product(101, 45, 5)], [quant(101, 43)]),
    request=(
        "POST",
        "https://mycompany.odoo.com/json/2/stock.quant/create",
        {
            "vals_list": [{"product_id": 101, "location_id": 8, "inventory_quantity_auto_apply": 45}],
            "context": {"inventory_mode": True, "inventory_name": "inventory-gateway key-101"},
        },
    ),
    success=[601],
    after=([quant(101, 45)],),
    partial=(
        [product(101, 45, 5), product(102, 3)],
        [quant(101, 45), quant(102, 3)],
        [601, 602],
        [quant(101, 47), quant(102, 0)],
    ),
    partial_outcomes=(
        Confirmed(42),
        Confirmed(0),
        Rejected("not_found", "Odoo has no such product (any more): look its SKU up again."),
    ),
    classified=(
        (answer(fault("odoo.exceptions.AccessDenied", "Invalid apikey"), 401), AuthExpired),
        (answer(b'"Invalid apikey"', 401), AuthExpired),
        (answer(fault("odoo.exceptions.AccessError"), 403), Permanent),
        (answer(fault("odoo.exceptions.UserError"), 422), Refused),
        (answer(fault("werkzeug.exceptions.NotFound"), 404), Refused),
        (answer(fault("psycopg2.errors.SerializationFailure"), 409), Retriable),
        (answer(fault("psycopg2.errors.LockNotAvailable"), 500), Retriable),
        (answer(rpc_fault("odoo.exceptions.AccessDenied")), AuthExpired),
        (answer(rpc_fault("odoo.exceptions.AccessError")), Permanent),
        (answer(rpc_fault("odoo.exceptions.ValidationError")), Refused),
        (answer(rpc_fault("psycopg2.errors.SerializationFailure")), Retriable),
    ),
)
