"""What only Shopify does."""

from copy import deepcopy
from typing import Any

import orjson
import pytest

from connectors import CONNECTORS
from connectors.config import InvalidConfig, read_config
from connectors.exchange import Request
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderReference, OrderStage, StockEcho
from connectors.platforms.shopify.config import ShopifyConfig
from connectors.updates import Confirmed, Deferred, Rejected, StockUpdate, UpdateOutcome
from tests.connectors.case import answer, drive
from tests.connectors.cases.shopify import CASE, ORDER, payload, update
from tests.connectors.cases.shopify_pos import TILL_SALE


def lines_of(order: dict[str, Any], topic: str = "orders/updated") -> tuple[OrderLine, ...]:
    notification = CASE.notification(body=orjson.dumps(order), headers={"X-Shopify-Topic": topic})
    (event,) = CASE.connector.receive(CASE.config(), notification)
    assert isinstance(event, OrderEvent) and event.lines is not None
    return event.lines


def refund(line_id: int, units: int, restock_type: str, location: int | None = None) -> dict[str, Any]:
    part = {"line_item_id": line_id, "quantity": units, "restock_type": restock_type, "location_id": location}
    return {"refund_line_items": [part]}


@pytest.mark.parametrize(
    ("restock_type", "fulfillable", "allocated", "released"),
    [("cancel", 1, 1, 1), ("no_restock", 1, 1, 0), ("return", 0, 0, 1), ("legacy_restock", 0, 0, 1)],
)
def test_the_kind_of_refund_decides_what_comes_back(
    restock_type: str, fulfillable: int, allocated: int, released: int
) -> None:
    order = deepcopy(ORDER)
    order["line_items"][0]["fulfillable_quantity"] = fulfillable
    order["refunds"] = [refund(15330011223344, 1, restock_type)]
    (line,) = lines_of(order)
    assert (line.ordered, line.allocated, line.released, line.refunded) == (2, allocated, released, 1)


def test_a_cancelled_order_promises_nothing_and_releases_what_was_restocked() -> None:
    order = deepcopy(ORDER) | {"cancelled_at": "2026-11-20T10:00:00-05:00"}
    order["refunds"] = [refund(15330011223344, 2, "cancel")]
    (line,) = lines_of(order, "orders/cancelled")
    assert (line.allocated, line.released) == (0, 2)


def test_units_given_back_in_another_store_go_there() -> None:
    order = deepcopy(TILL_SALE) | {"refunds": [refund(15330011229999, 1, "return", 777)]}
    (line,) = lines_of(order)
    assert line.location_id == "gid://shopify/Location/655441491"
    assert line.return_location_id == "gid://shopify/Location/777"
    order["refunds"] = [refund(15330011229999, 1, "cancel", 777)]
    # It never left the house, so it is where it always was.
    assert lines_of(order)[0].return_location_id is None


@pytest.mark.parametrize(
    "change",
    [{"gift_card": True}, {"variant_id": None}],
    ids=["gift card", "custom sale"],
)
def test_lines_without_stock_are_left_out(change: dict[str, Any]) -> None:
    order = deepcopy(ORDER)
    order["line_items"][0] |= change
    assert lines_of(order) == ()


@pytest.mark.parametrize("management", [None, "another-service"])
def test_a_line_that_shopify_does_not_count_says_so(management: str | None) -> None:
    order = deepcopy(ORDER)
    assert [line.tracked for line in lines_of(order)] == [True]
    order["line_items"][0]["variant_inventory_management"] = management
    assert [line.tracked for line in lines_of(order)] == [False]


def test_a_channel_takes_only_the_sales_that_are_its_own() -> None:
    till, web = orjson.dumps(TILL_SALE), orjson.dumps(ORDER)
    whole = CASE.config()
    online = read_config(ShopifyConfig, {**CASE.entered, "include_pos": False})
    for name, config, body, taken in (
        ("shopify", whole, till, 1),
        ("shopify", online, till, 0),
        ("shopify", online, web, 1),
        ("shopify-pos", whole, web, 0),
    ):
        assert len(CONNECTORS[name].receive(config, CASE.notification(body=body))) == taken


def test_an_order_whose_place_matters_is_read_back() -> None:
    config = read_config(ShopifyConfig, {**CASE.entered, "read_assigned_location": True})
    (message,) = CASE.connector.receive(config, CASE.notification())
    assert isinstance(message, OrderReference)


@pytest.mark.parametrize(
    ("topic", "body", "kind"),
    [
        (
            "refunds/create",
            {"order_id": 6, "created_at": "2026-11-20T10:00:00Z", "refund_line_items": []},
            MessageKind.ORDER_REFUNDED,
        ),
        (
            "orders/edited",
            {"order_edit": {"order_id": 6, "created_at": "2026-11-20T10:00:00Z"}},
            MessageKind.ORDER_EDITED,
        ),
    ],
)
def test_notifications_that_tell_a_part_lead_to_the_whole_order(
    topic: str, body: dict[str, Any], kind: MessageKind
) -> None:
    notification = CASE.notification(body=orjson.dumps(body), headers={"X-Shopify-Topic": topic})
    (message,) = CASE.connector.receive(CASE.config(), notification)
    assert isinstance(message, OrderReference)
    assert (message.order_id, message.kind) == ("gid://shopify/Order/6", kind)


def test_a_deleted_order_says_nothing_of_its_lines() -> None:
    notification = CASE.notification(body=b'{"id":6}', headers={"X-Shopify-Topic": "orders/delete"})
    (event,) = CASE.connector.receive(CASE.config(), notification)
    assert isinstance(event, OrderEvent) and event.lines is None and event.stage is OrderStage.DELETED


def test_a_level_update_keeps_ids_beyond_53_bits() -> None:
    body = (
        b'{"inventory_item_id":271878346596884015,"location_id":24826418,"available":-1,'
        b'"updated_at":"2026-11-20T14:00:01-05:00"}'
    )
    notification = CASE.notification(body=body, headers={"X-Shopify-Topic": "inventory_levels/update"})
    (echo,) = CASE.connector.receive(CASE.config(), notification)
    assert isinstance(echo, StockEcho) and echo.quantity == -1
    assert echo.platform_ids == {"inventory_item_id": "gid://shopify/InventoryItem/271878346596884015"}


def write(updates: list[StockUpdate], *payloads: Any) -> list[UpdateOutcome]:
    _, outcomes = drive(CASE.connector.write_stock(CASE.config(), updates), [answer(body) for body in payloads])
    return outcomes


def error(code: str, path: list[str] | None = None) -> dict[str, Any]:
    return {"code": code, "field": path, "message": code}


def test_a_refusal_that_names_no_line_is_found_by_halving() -> None:
    updates = [update(number, number, None) for number in range(4)]
    unnamed = payload(error("NON_MUTABLE_INVENTORY_ITEM"))
    # All; second half; first half; line 1; line 0.
    outcomes = write(updates, unnamed, payload(), unnamed, unnamed, payload())
    rejected = Rejected("NON_MUTABLE_INVENTORY_ITEM", "Shopify: NON_MUTABLE_INVENTORY_ITEM")
    assert outcomes == [Confirmed(0), rejected, Confirmed(2), Confirmed(3)]


def test_a_request_that_is_still_under_way_is_tried_again_with_its_key() -> None:
    outcomes = write([update(1, 1, 0), update(2, 2, 0)], payload(error("IDEMPOTENCY_CONCURRENT_REQUEST")))
    assert [type(outcome) for outcome in outcomes] == [Deferred, Deferred]


def test_a_batch_that_only_ever_names_one_line_ends() -> None:
    updates = [update(number, number, None) for number in range(100)]
    named = payload(error("INVALID_LOCATION", ["input", "quantities", "0", "locationId"]))
    outcomes = write(updates, *[named] * 40)
    assert sum(isinstance(outcome, Rejected) for outcome in outcomes) == 40
    assert sum(isinstance(outcome, Deferred) for outcome in outcomes) == 60


def test_the_same_batch_has_the_same_key_and_another_has_another() -> None:
    def key(*updates: StockUpdate) -> str:
        request = next(CASE.connector.write_stock(CASE.config(), updates))
        assert isinstance(request, Request)
        value: str = orjson.loads(request.body)["variables"]["key"]
        return value

    assert key(update(1, 1, 0), update(2, 2, 0)) == key(update(1, 1, 0), update(2, 2, 0))
    assert key(update(1, 1, 0), update(2, 2, 0)) != key(update(1, 1, 0))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"client_id": None}, "access_token"),
        ({"shop_domain": "shop.example"}, "shop_domain"),
        ({"api_version": "2025-10"}, "api_version"),
        ({"admin_url": "http://user:pass@shop"}, "admin_url"),
    ],
)
def test_settings_that_cannot_work_are_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        read_config(ShopifyConfig, {**CASE.entered, **change})
    assert [problem.field for problem in refused.value.problems] == [(field,)]
