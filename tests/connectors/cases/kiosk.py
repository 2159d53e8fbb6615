import hashlib
import hmac
from datetime import UTC, datetime

from connectors.errors import Permanent, Retriable
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderStage
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import Lack, PlatformCase, answer
from tests.connectors.kiosk import kiosk

BODY = b'{"id":7,"sku":"MUG","units":2,"voided":false,"at":"2026-11-20T14:00:00Z"}'


def sign(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def update(slot: str, quantity: int) -> StockUpdate:
    return StockUpdate(platform_ids={"slot": slot}, sku="MUG", quantity=quantity, idempotency_key=f"key-{slot}")


SALE = OrderEvent(
    order_id="7",
    kind=MessageKind.ORDER_CREATED,
    occurred_at=datetime(2026, 11, 20, 14, 0, tzinfo=UTC),
    stage=OrderStage.FULFILLED,
    status="sold",
    lines=(OrderLine(line_id="1", sku="MUG", ordered=2, allocated=0, released=0, fulfilled=2),),
)

CASE = PlatformCase(
    connector=kiosk(),
    entered={"url": "https://kiosk.example", "token": "secret-token", "previous_token": "older-token"},
    required_field="url",
    secret="secret-token",
    previous_secret="older-token",
    sign=sign,
    signature_header="X-Kiosk-Signature",
    headers={"X-Kiosk-Topic": "sale"},
    body=BODY,
    messages=(SALE,),
    unknown_topic={"X-Kiosk-Topic": "door opened"},
    lacks=frozenset((Lack.SIGNED_TIME,)),
    updates=(update("1", 40), update("2", 0), update("999", 1)),
    request=("PUT", "https://kiosk.example/stock", {"1": 40}),
    success={"1": 40},
    partial=({"1": 40, "2": 0},),
    partial_outcomes=(Confirmed(40), Confirmed(0), Rejected("slot", "No such slot.")),
    classified=((answer(b"", 404), Permanent), (answer(b"", 500), Retriable)),
)
