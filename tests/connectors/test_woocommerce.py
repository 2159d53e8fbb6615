"""What only WooCommerce does."""

from typing import Any

import orjson
import pytest

from connectors.config import InvalidConfig, read_config
from connectors.messages import OrderEvent, OrderStage, StockEcho
from connectors.platforms.woocommerce.config import WooCommerceConfig
from tests.connectors.case import answer, drive
from tests.connectors.cases.woocommerce import BODY, CASE


def order(**changed: Any) -> dict[str, Any]:
    whole: dict[str, Any] = orjson.loads(BODY)
    return whole | changed


def event_of(**changed: Any) -> OrderEvent:
    (event,) = CASE.connector.receive(CASE.config(), CASE.notification(body=orjson.dumps(order(**changed))))
    assert isinstance(event, OrderEvent)
    return event


@pytest.mark.parametrize(
    ("status", "allocated", "released", "stage"),
    [
        ("pending", 0, 2, OrderStage.PENDING),
        ("checkout-draft", 0, 2, OrderStage.PENDING),
        ("on-hold", 2, 0, OrderStage.OPEN),
        ("processing", 2, 0, OrderStage.OPEN),
        ("awaiting-pickup", 2, 0, OrderStage.OPEN),
        ("completed", 0, 0, OrderStage.FULFILLED),
        ("failed", 0, 2, OrderStage.CANCELLED),
        ("cancelled", 0, 2, OrderStage.CANCELLED),
        ("refunded", 0, 0, OrderStage.CANCELLED),
    ],
)
def test_the_status_decides_what_an_order_holds(status: str, allocated: int, released: int, stage: OrderStage) -> None:
    event = event_of(status=status)
    assert event.lines is not None
    line = event.lines[0]
    assert (line.ordered, line.allocated, line.released, event.stage) == (2, allocated, released, stage)


def test_placing_an_order_within_the_second_it_was_made_in_wins_over_its_draft() -> None:
    assert event_of(status="processing").precedence > event_of(status="pending").precedence


@pytest.mark.parametrize(("restock", "released"), [(True, 1), (False, 0)])
def test_refunded_units_are_looked_up_and_restocked_as_the_operator_says(restock: bool, released: int) -> None:
    config = read_config(WooCommerceConfig, {**CASE.entered, "refunds_restock": restock})
    refunds = [{"line_items": [{"quantity": -1, "meta_data": [{"key": "_refunded_item_id", "value": "315"}]}]}]
    answers = [answer(order(refunds=[{"id": 1}])), answer(refunds)]
    requests, event = drive(CASE.connector.read_order(config, "727"), answers)
    assert requests[1].url.endswith("/orders/727/refunds")
    assert event is not None and event.lines is not None
    line = event.lines[0]
    assert (line.ordered, line.allocated, line.released, line.refunded) == (2, 1, released, 1)


def test_an_order_in_the_bin_says_nothing_of_its_lines() -> None:
    notification = CASE.notification(body=b'{"id":727}', headers={"X-WC-Webhook-Topic": "order.deleted"})
    (event,) = CASE.connector.receive(CASE.config(), notification)
    assert isinstance(event, OrderEvent) and event.lines is None


def test_two_orders_of_one_second_have_different_delivery_keys() -> None:
    same_second = {"X-WC-Webhook-Delivery-ID": "0" * 32}
    first = CASE.notification(headers=same_second)
    second = CASE.notification(body=orjson.dumps(order(id=728)), headers=same_second)
    assert CASE.connector.delivery_key(first) != CASE.connector.delivery_key(second)


@pytest.mark.parametrize(
    ("product", "echoed"),
    [
        ({"id": 93, "parent_id": 0}, {"product_id": "93"}),
        ({"id": 23, "parent_id": 22}, {"product_id": "22", "variation_id": "23"}),
    ],
)
def test_a_saved_product_tells_its_count(product: dict[str, Any], echoed: dict[str, str]) -> None:
    body = product | {
        "sku": "S",
        "manage_stock": True,
        "stock_quantity": 4,
        "date_modified_gmt": "2026-11-20T14:02:11",
    }
    notification = CASE.notification(body=orjson.dumps(body), headers={"X-WC-Webhook-Topic": "product.updated"})
    (echo,) = CASE.connector.receive(CASE.config(), notification)
    assert isinstance(echo, StockEcho) and (echo.platform_ids, echo.quantity) == (echoed, 4)


def test_a_product_that_is_not_counted_tells_nothing() -> None:
    body = {"id": 93, "manage_stock": False, "stock_quantity": None}
    notification = CASE.notification(body=orjson.dumps(body), headers={"X-WC-Webhook-Topic": "product.updated"})
    assert CASE.connector.receive(CASE.config(), notification) == []


def test_the_catalogue_is_walked_through_pages_and_parents() -> None:
    def product(number: int, kind: str) -> dict[str, Any]:
        return {"id": number, "type": kind, "name": "", "sku": f"S{number}", "manage_stock": True}

    pages: list[tuple[list[dict[str, Any]], str]] = [
        ([product(1, "simple"), product(2, "variable")], "2"),
        ([product(21, "variation")], "2"),
        ([product(22, "variation")], "2"),
        ([product(3, "simple")], "2"),
    ]
    seen, cursor = [], None
    for body, total in pages:
        flow = CASE.connector.read_catalog(CASE.config(), cursor)
        (request,), page = drive(flow, [answer(body, X_WP_TotalPages=total)])
        seen.append((request.url.partition("/wc/v3")[2], request.query["page"], page.more))
        cursor = page.cursor
    assert seen == [
        ("/products", "1", True),
        ("/products/2/variations", "1", True),
        ("/products/2/variations", "2", True),
        ("/products", "2", False),
    ]
    assert cursor is None


def test_keys_in_the_address_need_encryption() -> None:
    with pytest.raises(InvalidConfig, match="auth_in_query"):
        read_config(WooCommerceConfig, {**CASE.entered, "store_url": "http://shop.example", "auth_in_query": True})
