from datetime import UTC, datetime
from typing import Any

from connectors.errors import AuthExpired, Permanent, Retriable
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderStage
from connectors.platforms.lightspeed_retail import LightspeedRetail
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import Lack, PlatformCase, answer

BASE = "https://api.lightspeedapp.com/API/V3/Account/123456"


def page(**records: Any) -> dict[str, Any]:
    """One record comes as an object, none is missing."""
    return {"@attributes": {"next": "", "previous": ""}, **records}


def item(number: str, qoh: str) -> dict[str, Any]:
    shops = [{"itemShopID": "163", "shopID": "1", "qoh": qoh}, {"itemShopID": "162", "shopID": "0", "qoh": "99"}]
    return {"itemID": number, "customSku": "TEE", "itemType": "default", "ItemShops": {"ItemShop": shops}}


def line(number: str, units: str, parent: str = "0", **changed: Any) -> dict[str, Any]:
    flags = {"isLayaway": "false", "isSpecialOrder": "false", "isWorkorder": "false"}
    whose = {"saleLineID": number, "parentSaleLineID": parent, "itemID": "47", "shopID": "1", "saleID": "4711"}
    return {**whose, "unitQuantity": units, **flags, **changed}


def sale(lines: Any, **changed: Any) -> dict[str, Any]:
    return {
        "saleID": "4711",
        "ticketNumber": "220000004711",
        "timeStamp": "2026-11-20T10:15:34+00:00",
        "completed": "true",
        "archived": "false",
        "voided": "false",
        "shopID": "1",
        "SaleLines": {"SaleLine": lines},
        **changed,
    }


def update(item_id: str, quantity: int) -> StockUpdate:
    return StockUpdate(
        platform_ids={"item_id": item_id}, sku="TEE", location_id="1", quantity=quantity, idempotency_key=item_id
    )


CASE = PlatformCase(
    connector=LightspeedRetail(),
    entered={
        "account_id": "123456",
        "client_id": "client",
        "client_secret": "hush hush",
        "refresh_token": "def50",
    },
    required_field="account_id",
    polled=(page(Sale=sale(line("9001", "2"))), page()),
    polled_orders=(
        OrderEvent(
            order_id="4711",
            kind=MessageKind.ORDER_UPDATED,
            occurred_at=datetime(2026, 11, 20, 10, 15, 34, tzinfo=UTC),
            stage=OrderStage.FULFILLED,
            status="completed",
            name="220000004711",
            lines=(
                OrderLine(
                    line_id="9001",
                    sku=None,
                    platform_ids={"item_id": "47"},
                    ordered=2,
                    allocated=0,
                    released=0,
                    fulfilled=2,
                    location_id="1",
                ),
            ),
        ),
    ),
    lacks=frozenset((Lack.SHIPPING, Lack.RESTOCKING)),
    updates=(update("47", 12), update("48", 0), update("999", 1)),
    request=("PUT", f"{BASE}/Item/47.json", {"ItemShops": {"ItemShop": [{"shopID": 1, "qoh": 12}]}}),
    before=(page(Item=item("47", "15")),),
    success={"Item": item("47", "12")},
    partial=(page(Item=[item("47", "15"), item("48", "3")]), {"Item": item("47", "12")}, {"Item": item("48", "0")}),
    partial_outcomes=(
        Confirmed(12),
        Confirmed(0),
        Rejected("not_found", "Lightspeed has no such item, or it is archived: look its SKU up again."),
    ),
    classified=(
        (answer({"error": "access_denied"}, 401), AuthExpired),
        (answer({"httpCode": "409"}, 409), Retriable),
        (answer({"httpCode": "422"}, 422), Permanent),
    ),
)
