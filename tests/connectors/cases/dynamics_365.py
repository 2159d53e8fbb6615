from datetime import UTC, datetime
from typing import Any

import orjson

from connectors.errors import AuthExpired, Permanent, Retriable, Throttled
from connectors.messages import MessageKind, OrderReference
from connectors.platforms.dynamics_365 import Dynamics365
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import Lack, PlatformCase, answer

AT = datetime(2026, 11, 20, 13, 5, 15, 294274, tzinfo=UTC)
IV = "https://inventoryservice.eu-il101.gateway.prod.island.powerapps.com"


def event(**changed: Any) -> bytes:
    told = {
        "BusinessEventId": "SalesOrderConfirmedBusinessEvent",
        "BusinessEventLegalEntity": "USMF",
        "ControlNumber": 5637611083,
        "EventId": "3C47A4CD-6EDC-4319-B893-3F862EED65FD",
        "EventTimeIso8601": "2026-11-20T13:05:15.2942742Z",
        "LegalEntity": "USMF",
        "SalesOrderNumber": "000817",
    }
    return orjson.dumps(told | changed)


def update(number: str, quantity: int) -> StockUpdate:
    return StockUpdate(
        platform_ids={"item_number": number},
        sku=number,
        location_id="1/11",
        quantity=quantity,
        idempotency_key=f"key-{number}",
        as_of=AT,
    )


def row(number: str, units: float) -> dict[str, Any]:
    place = {"siteid": "1", "locationid": "11"}
    return {
        "productId": number,
        "dimensions": place,
        "quantities": {"gateway": {"inbound": units}, "fno": {"ordered": 0}},
    }


def products(*numbers: str) -> dict[str, Any]:
    return {"value": [{"ItemNumber": number, "dataAreaId": "usmf"} for number in numbers]}


CASE = PlatformCase(
    connector=Dynamics365(),
    entered={
        "tenant_id": "6d81597f",
        "client_id": "b374239d",
        "client_secret": "hush hush",
        "environment_id": "4af10637",
        "organization_id": "usmf",
        "iv_endpoint": IV,
        "fno_url": "https://mycompany.operations.dynamics.com",
        "warehouses": ["1/11"],
        "webhook_token": "newest token",
        "previous_webhook_token": "older token",
    },
    required_field="tenant_id",
    secret="newest token",
    previous_secret="older token",
    address=lambda secret: f"https://gateway.example/webhooks/d365?token={secret.replace(' ', '%20')}",
    signs_content=False,
    body=event(),
    messages=(OrderReference(order_id="000817", kind=MessageKind.ORDER_UPDATED, occurred_at=AT),),
    unknown_topic=event(SalesOrderNumber=None),
    lacks=frozenset((Lack.PARTS, Lack.RETURNS, Lack.SIGNED_TIME)),
    updates=(update("TEE", 42), update("CAP", 0), update("GONE", 1)),
    before=([row("tee", 45)], products("TEE")),
    request=(
        "POST",
        f"{IV}/api/environment/4af10637/setonhand/gateway/bulk",
        [
            {
                "id": "key-TEE",
                "organizationId": "usmf",
                "productId": "TEE",
                "dimensionDataSource": "gateway",
                "dimensions": {"siteId": "1", "locationId": "11"},
                "quantities": {"gateway": {"inbound": 42}},
                "modifiedDateTimeUTC": "2026-11-20T13:05:15.294274Z",
            }
        ],
    ),
    success=answer(b""),
    after=([row("tee", 42)],),
    partial=(
        [row("tee", 45), row("cap", 3)],
        products("TEE", "CAP"),
        answer(b""),
        # The first look comes too early.
        [row("tee", 45), row("cap", 0)],
        [row("tee", 42), row("cap", 0)],
    ),
    partial_outcomes=(
        Confirmed(42),
        Confirmed(0),
        Rejected("not_found", "Dynamics has no such released product in this legal entity."),
    ),
    classified=(
        (answer({"error": {"code": "", "message": "Unauthorized"}}, 401), AuthExpired),
        (answer({"error": {"code": "0x80040217", "message": "Does Not Exist"}}, 404), Permanent),
        (answer({}, 429, Retry_After="5"), Throttled),
        (answer(b"", 503), Retriable),
    ),
)
