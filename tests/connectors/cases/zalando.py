from datetime import UTC, datetime
from typing import Any

from connectors.errors import AuthExpired, Permanent, Throttled
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderStage
from connectors.platforms.zalando import Zalando
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import Lack, PlatformCase, answer

BASE = "https://api.merchants.zalando.com/merchants/2f3a9c7e-0b1d-4c55-8e7a-9d0c1b2a3f40"
GERMANY, FRANCE = "01924c48-49bb-40c2-9c32-ab582e6db6f4", "ca9d5f22-2a1b-4799-b3b7-83f47c191489"
ORDER_ID, ITEM_ID = "5c0e7a42-1f4b-4a57-9b7d-0a6f5e4d3c2b", "a1d5c3f0-2b4e-4d6f-8a9b-0c1d2e3f4a5b"
PLACE, STORE = "7b0d2a1c-6e5f-4d3c-9b8a-7f6e5d4c3b2a", "30ec0e5b-ec23-42c8-aaf2-dd1e6c2cc296"
EAN, ANOTHER, UNKNOWN = "4063614512884", "4063614512891", "9999999999994"

Record = dict[str, Any]


def line_id(number: int) -> str:
    return f"c9b8a7f6-000{number}-4000-8000-000000000001"


def order(*statuses: str, status: str = "approved", external_id: str | None = "TSHIRT-BLK-M") -> Record:
    """One article, a unit for each status; the first unit comes from a store."""
    numbers = range(1, len(statuses) + 1)
    item = {"article_id": "EX121O00A-Q11000M000", **({"external_id": external_id} if external_id else {})}
    stores = {1: {"source_stock_location_id": STORE}}
    data = {
        "type": "Order",
        "id": ORDER_ID,
        "attributes": {
            "order_id": ORDER_ID,
            "order_number": "10409700000042",
            "status": status,
            "order_type": "PartnerFulfilled",
            "stock_location_id": PLACE,
            "order_lines_count": len(statuses),
            "modified_at": "2026-11-20T14:15:00.000Z",
        },
        "relationships": {"order_items": {"data": [{"type": "OrderItem", "id": ITEM_ID}]}},
    }
    lines = [
        {"type": "OrderLine", "id": line_id(number), "attributes": {"status": word, **stores.get(number, {})}}
        for number, word in zip(numbers, statuses, strict=True)
    ]
    related = {"order_lines": {"data": [{"type": "OrderLine", "id": line["id"]} for line in lines]}}
    items = [{"type": "OrderItem", "id": ITEM_ID, "attributes": item, "relationships": related}]
    return {"links": {}, "data": data, "included": [*items, *lines], "meta": {"copyright": "Zalando SE"}}


def page(document: Record) -> Record:
    return document | {"data": [document["data"]]}


def update(ean: str, quantity: int) -> StockUpdate:
    return StockUpdate(platform_ids={"ean": ean}, sku="TSHIRT-BLK-M", quantity=quantity, idempotency_key=ean)


def results(*told: tuple[str, str, int]) -> Record:
    """Of (EAN, shop, code)."""
    words = {0: "ACCEPTED", 104: "ACCEPTED", 101: "REJECTED", 102: "FAILED"}
    return {
        "results": [
            {
                "item": {"sales_channel_id": shop, "ean": ean, "quantity": 1},
                "result": {"status": words[code], "code": code, "description": "Validation failed"},
            }
            for ean, shop, code in told
        ]
    }


def _line(number: int, place: str) -> OrderLine:
    ids = {"article_id": "EX121O00A-Q11000M000"}
    return OrderLine(
        line_id=line_id(number),
        sku="TSHIRT-BLK-M",
        platform_ids=ids,
        ordered=1,
        allocated=1,
        released=0,
        location_id=place,
    )


CASE = PlatformCase(
    connector=Zalando(),
    entered={
        "client_id": "client",
        "client_secret": "secret of the client",
        "merchant_id": "2f3a9c7e-0b1d-4c55-8e7a-9d0c1b2a3f40",
        "sales_channel_ids": [GERMANY, FRANCE, GERMANY],
    },
    required_field="merchant_id",
    polled=(page(order("initial", "reserved", status="initial")),),
    polled_orders=(
        OrderEvent(
            order_id=ORDER_ID,
            kind=MessageKind.ORDER_UPDATED,
            occurred_at=datetime(2026, 11, 20, 14, 15, tzinfo=UTC),
            stage=OrderStage.OPEN,
            status="initial",
            name="10409700000042",
            lines=(_line(1, STORE), _line(2, PLACE)),
        ),
    ),
    lacks=frozenset((Lack.LOOK, Lack.RESTOCKING)),
    updates=(update(EAN, 42), update(ANOTHER, 0), update(UNKNOWN, 1)),
    request=(
        "POST",
        f"{BASE}/stocks",
        {
            "items": [
                {"sales_channel_id": GERMANY, "ean": EAN, "quantity": 42},
                {"sales_channel_id": FRANCE, "ean": EAN, "quantity": 42},
            ]
        },
    ),
    success=results((EAN, GERMANY, 0), (EAN, FRANCE, 0)),
    partial=(
        answer(
            results(
                *((ean, shop, 0) for ean in (EAN, ANOTHER) for shop in (GERMANY, FRANCE)),
                *((UNKNOWN, shop, 101) for shop in (GERMANY, FRANCE)),
            ),
            207,
        ),
    ),
    partial_outcomes=(Confirmed(42), Confirmed(0), Rejected("101", "Zalando refuses the article: Validation failed")),
    classified=(
        (answer({"title": "Unauthorized", "status": 401}, 401), AuthExpired),
        (answer({"title": "Bad Request", "status": 400, "detail": "items"}, 400), Permanent),
        (answer({"errors": [{"status": "404", "title": "Not Found"}]}, 404), Permanent),
        (answer({"message": "Rate limit exceeded"}, 429), Throttled),
    ),
)
