from datetime import UTC, datetime
from typing import Any

from connectors.errors import AuthExpired, Permanent, Retriable
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderStage
from connectors.platforms.prestashop import PrestaShop
from connectors.platforms.prestashop.connector import NO_ROW
from connectors.updates import Confirmed, StockUpdate
from tests.connectors.case import Lack, PlatformCase, answer

BASE = "https://shop.example/api"
ORDER: dict[str, Any] = {
    "id": 42,
    "current_state": "2",
    "date_add": "2026-11-20 15:04:11",
    "date_upd": "2026-11-20 15:06:02",
    "reference": "XKBKNABJK",
    "associations": {"order_rows": [{"id": "101", "product_id": "1", "product_quantity": "2"}]},
}
DETAIL: dict[str, Any] = {
    "id": 101,
    "id_order": "42",
    "product_id": "1",
    "product_attribute_id": "3",
    "product_quantity": "2",
    "product_reference": "TEE",
    "product_quantity_refunded": "0",
    "product_quantity_return": "0",
    "product_quantity_reinjected": "0",
}
STATES: list[dict[str, Any]] = [{"id": number, "shipped": str(int(number == 4))} for number in (2, 4, 6, 7)]


def update(product: str, combination: str, quantity: int) -> StockUpdate:
    ids = {"product_id": product, "combination_id": combination}
    return StockUpdate(platform_ids=ids, sku="TEE", quantity=quantity, idempotency_key=f"{product}-{combination}")


def row(row_id: int, product: int, combination: int, quantity: int) -> dict[str, Any]:
    """`id` is a number, all else is text."""
    return {
        "id": row_id,
        "id_product": str(product),
        "id_product_attribute": str(combination),
        "id_shop": "1",
        "id_shop_group": "0",
        "quantity": str(quantity),
        "depends_on_stock": "0",
        "out_of_stock": "2",
        "location": "",
    }


def rows(*found: dict[str, Any]) -> Any:
    return {"stock_availables": list(found)} if found else []


def xml(row_id: int, product: int, combination: int, quantity: int) -> bytes:
    return (
        f"<stock_available><id>{row_id}</id><id_product>{product}</id_product>"
        f"<id_product_attribute>{combination}</id_product_attribute><id_shop>1</id_shop><id_shop_group>0</id_shop_group>"
        f"<quantity>{quantity}</quantity><depends_on_stock>0</depends_on_stock><out_of_stock>2</out_of_stock>"
        "<location /></stock_available>"
    ).encode()


CASE = PlatformCase(
    connector=PrestaShop(),
    entered={
        "base_url": "https://shop.example/",
        "ws_key": "ZQ88PRJX5VWQHCWE4EE7SQ7HPNX00RAJ",
        "shop_timezone": "Europe/Paris",
    },
    required_field="ws_key",
    polled=({"orders": [ORDER]}, {"order_details": [DETAIL]}, {"order_states": STATES}),
    polled_orders=(
        OrderEvent(
            order_id="42",
            kind=MessageKind.ORDER_UPDATED,
            occurred_at=datetime(2026, 11, 20, 14, 6, 2, tzinfo=UTC),
            stage=OrderStage.OPEN,
            status="state 2",
            name="XKBKNABJK",
            lines=(
                OrderLine(
                    line_id="101",
                    sku="TEE",
                    platform_ids={"product_id": "1", "combination_id": "3"},
                    ordered=2,
                    allocated=2,
                    released=0,
                ),
            ),
        ),
    ),
    lacks=frozenset((Lack.TOKENS, Lack.PARTS)),
    updates=(update("1", "3", 12), update("2", "0", 0), update("9", "0", 1)),
    before=(rows(row(67, 1, 3, 15)),),
    request=(
        "PUT",
        f"{BASE}/stock_availables",
        b"<?xml version='1.0' encoding='utf-8'?>\n<prestashop>" + xml(67, 1, 3, 12) + b"</prestashop>",
    ),
    success=rows(row(67, 1, 3, 12)),
    after=(rows(row(67, 1, 3, 12)),),
    partial=(
        rows(row(67, 1, 3, 15), row(68, 2, 0, 4)),
        rows(row(67, 1, 3, 12), row(68, 2, 0, 0)),
        rows(row(67, 1, 3, 12), row(68, 2, 0, 0)),
    ),
    partial_outcomes=(Confirmed(12), Confirmed(0), NO_ROW),
    classified=(
        (answer({"errors": [{"code": 18, "message": "Invalid authentication key format"}]}, 401), AuthExpired),
        (answer({"errors": [{"code": 25, "message": "Method PUT is not allowed"}]}, 405), Permanent),
        (answer({"errors": [{"code": 22, "message": "The webservice is disabled"}]}, 503), Retriable),
    ),
)
