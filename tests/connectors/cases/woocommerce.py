import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

from connectors.errors import AuthExpired, Permanent, Retriable
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderStage
from connectors.platforms.woocommerce import WooCommerce
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import Lack, PlatformCase, answer

# As PHP writes JSON: slashes and accents escaped. A signature over anything but these bytes does not fit.
BODY = rb"""{"id":727,"number":"727","status":"processing","date_created_gmt":"2026-11-20T14:02:05",
"date_modified_gmt":"2026-11-20T14:02:11","_links":{"self":"https:\/\/shop.example\/caf\u00e9"},
"line_items":[{"id":315,"product_id":93,"variation_id":0,"quantity":2,"sku":"MUG-WHT","meta_data":[]},
{"id":316,"product_id":22,"variation_id":23,"quantity":1,"sku":"","meta_data":[]}],"refunds":[]}"""


def sign(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def update(product_id: str, quantity: int) -> StockUpdate:
    return StockUpdate(
        platform_ids={"product_id": product_id}, sku=product_id, quantity=quantity, idempotency_key=f"key-{product_id}"
    )


def product(number: int, quantity: int | None, managed: bool | str = True) -> dict[str, Any]:
    return {"id": number, "sku": str(number), "stock_quantity": quantity, "manage_stock": managed}


CASE = PlatformCase(
    connector=WooCommerce(),
    entered={
        "store_url": "https://shop.example/",
        "consumer_key": "ck_1",
        "consumer_secret": "cs_1",
        "webhook_secret": "new &amp; shiny",
        "previous_webhook_secret": "older",
    },
    required_field="consumer_key",
    secret="new & shiny",
    previous_secret="older",
    sign=sign,
    signature_header="X-WC-Webhook-Signature",
    headers={"X-WC-Webhook-Topic": "order.created", "X-WC-Webhook-ID": "142"},
    body=BODY,
    messages=(
        OrderEvent(
            order_id="727",
            kind=MessageKind.ORDER_CREATED,
            occurred_at=datetime(2026, 11, 20, 14, 2, 11, tzinfo=UTC),
            stage=OrderStage.OPEN,
            status="processing",
            name="#727",
            lines=(
                OrderLine(
                    line_id="315",
                    sku="MUG-WHT",
                    platform_ids={"product_id": "93"},
                    ordered=2,
                    allocated=2,
                    released=0,
                ),
                OrderLine(
                    line_id="316",
                    sku=None,
                    platform_ids={"product_id": "22", "variation_id": "23"},
                    ordered=1,
                    allocated=1,
                    released=0,
                ),
            ),
        ),
    ),
    unknown_topic={"X-WC-Webhook-Topic": "coupon.created"},
    lacks=frozenset((Lack.TOKENS, Lack.PARTS, Lack.SIGNED_TIME, Lack.RESTOCKING)),
    updates=(update("93", 40), update("94", 0), update("999", 1)),
    request=(
        "POST",
        "https://shop.example/wp-json/wc/v3/products/batch",
        {"update": [{"id": 93, "stock_quantity": 40}]},
    ),
    success={"update": [product(93, 40)]},
    partial=(
        {
            "update": [
                product(93, 40),
                product(94, 0),
                {
                    "id": 999,
                    "error": {
                        "code": "woocommerce_rest_product_invalid_id",
                        "message": "Invalid ID.",
                        "data": {"status": 400},
                    },
                },
            ]
        },
    ),
    partial_outcomes=(Confirmed(40), Confirmed(0), Rejected("woocommerce_rest_product_invalid_id", "Invalid ID.")),
    classified=(
        (answer({"code": "woocommerce_rest_authentication_error"}, 401), AuthExpired),
        (answer({"code": "rest_no_route"}, 404), Permanent),
        (answer({"code": "rest_invalid_param"}, 400), Permanent),
        (answer(b"<html>", 502), Retriable),
    ),
)
