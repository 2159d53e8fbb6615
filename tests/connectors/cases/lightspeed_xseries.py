import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson

from connectors.errors import AuthExpired, Permanent
from connectors.messages import MessageKind, OrderReference
from connectors.platforms.lightspeed_xseries import LightspeedXSeries
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import Lack, PlatformCase, answer

SALE = "b8ca3a65-0183-11e4-fbb5-39f7fce5e39b"
OUTLET = "b1e04bd8-f019-11e3-a0f5-b8ca3a64f8f4"
TEE, CAP, GONE = (f"188a87aa-06fe-11e4-a0f5-b8ca3a64f8f{digit}" for digit in "456")
BASE = "https://shop1.retail.lightspeed.app/api/2026-07"


def form(payload: Any) -> bytes:
    # Braces as they are, so that every change of a digit leaves it readable.
    return urlencode({"payload": orjson.dumps(payload).decode(), "domain_prefix": "shop1"}, safe="{}").encode()


def sign(secret: str, body: bytes) -> str:
    return f"signature={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()},algorithm=HMAC-SHA256"


def update(product_id: str, quantity: int) -> StockUpdate:
    return StockUpdate(
        platform_ids={"product_id": product_id},
        sku="TEE",
        location_id=OUTLET,
        quantity=quantity,
        idempotency_key=product_id,
    )


def level(product_id: str, units: float) -> dict[str, Any]:
    return {"product_id": product_id, "location_id": OUTLET, "name": "Tee", "current_inventory_level": units}


CASE = PlatformCase(
    connector=LightspeedXSeries(),
    entered={
        "domain_prefix": "shop1",
        "client_id": "addon",
        "client_secret": "first hush",
        "previous_client_secret": "older hush",
        "refresh_token": "xs-9f8e7d",
    },
    required_field="domain_prefix",
    secret="first hush",
    previous_secret="older hush",
    sign=sign,
    signature_header="X-Signature",
    body=form({"id": SALE, "status": "CLOSED", "updated_at": "2026-11-20 10:15:34", "register_sale_products": []}),
    messages=(
        OrderReference(
            order_id=SALE, kind=MessageKind.ORDER_UPDATED, occurred_at=datetime(2026, 11, 20, 10, 15, 34, tzinfo=UTC)
        ),
    ),
    unknown_topic=form({"id": "c1", "customer_code": "Ann", "updated_at": "2026-11-20 10:15:34"}),
    lacks=frozenset((Lack.SHIPPING, Lack.SIGNED_TIME, Lack.RESTOCKING)),
    updates=(update(TEE, 12), update(CAP, 0), update(GONE, 1)),
    request=(
        "PUT",
        f"{BASE}/products/{TEE}",
        {"details": {"inventory": [{"outlet_id": OUTLET, "current_amount": 12}]}},
    ),
    before=([level(TEE, 15.0)],),
    success={},
    after=([level(TEE, 12.0)],),
    partial=(
        [level(TEE, 15.0), level(CAP, 3.0)],
        {},
        {},
        answer({}, 404),
        [level(TEE, 12.0), level(CAP, 0.0)],
    ),
    partial_outcomes=(
        Confirmed(12),
        Confirmed(0),
        Rejected("404", "X-Series has no such product, or counts it no longer."),
    ),
    classified=((answer({}, 401), AuthExpired), (answer({"error": "scope"}, 403), Permanent)),
)
