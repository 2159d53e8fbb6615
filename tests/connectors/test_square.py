"""What only Square does."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from connectors.config import InvalidConfig, read_config
from connectors.errors import Permanent, Retriable
from connectors.exchange import Notification, headers_of
from connectors.messages import MessageKind, OrderEvent, OrderReference, OrderStage, StockEcho
from connectors.platforms.square.config import SquareConfig
from connectors.platforms.square.orders import order_event
from connectors.polling import OVERLAP
from connectors.updates import Confirmed, Deferred, Rejected
from tests.connectors.case import NOW, answer, drive
from tests.connectors.cases.square import CASE, LOCATION, PAYMENT, UPDATES, change, error, key_of, update

ORDER: dict[str, Any] = {
    "id": "03O3USaPaAaFnI6kkwB1JxGgBsUZY",
    "location_id": LOCATION,
    "state": "OPEN",
    "version": 4,
    "created_at": "2026-11-20T10:15:30Z",
    "updated_at": "2026-11-20T10:15:33Z",
    "tenders": [{"id": "tender", "payment_id": "payment", "type": "CARD"}],
    "line_items": [
        {"uid": "a1", "catalog_object_id": "W62A", "name": "Tee", "item_type": "ITEM", "quantity": "3"},
        {"uid": "a2", "name": "Typed in at the till", "item_type": "CUSTOM_AMOUNT", "quantity": "1"},
    ],
}


def event_of(returns: tuple[dict[str, Any], ...] = (), *, restock: bool = True, **changed: Any) -> OrderEvent:
    return order_event(deepcopy(ORDER) | changed, returns, restock=restock)


def units(event: OrderEvent) -> tuple[int, int, int, int]:
    assert event.lines is not None
    (line,) = event.lines
    return line.ordered, line.allocated, line.released, line.fulfilled


def returned(quantity: str, at: str = "2026-11-21T09:00:00Z") -> dict[str, Any]:
    lines = [{"uid": "r1", "source_line_item_uid": "a1", "quantity": quantity}]
    part = {"source_order_id": ORDER["id"], "return_line_items": lines}
    return {"id": "return", "updated_at": at, "returns": [part]}


def shipment(state: str, quantity: str | None = None) -> dict[str, Any]:
    entries = {"entries": [{"line_item_uid": "a1", "quantity": quantity}]} if quantity else {}
    return {"uid": "s1", "type": "SHIPMENT", "state": state} | entries


def notification(**changed: Any) -> Notification:
    return CASE.notification(body=orjson.dumps(PAYMENT | changed))


def test_the_signature_is_that_of_the_vendors_example() -> None:
    config = read_config(
        SquareConfig,
        {**CASE.entered, "webhook_signature_key": "asdf1234", "notification_url": "https://example.com/webhook"},
    )
    headers = headers_of({"x-square-hmacsha256-signature": "2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og="})
    CASE.connector.verify(config, Notification(body=b'{"hello":"world"}', headers=headers, received_at=NOW))


def test_the_address_is_the_one_it_came_to_unless_another_is_registered() -> None:
    entered = {name: value for name, value in CASE.entered.items() if name != "notification_url"}
    config = read_config(SquareConfig, entered)
    CASE.connector.verify(config, replace(CASE.notification(), url=CASE.entered["notification_url"]))


@pytest.mark.parametrize(
    ("changed", "expected", "stage"),
    [
        ({"tenders": []}, (3, 0, 3, 0), OrderStage.PENDING),
        ({"state": "DRAFT", "tenders": []}, (3, 0, 3, 0), OrderStage.PENDING),
        ({}, (3, 3, 0, 0), OrderStage.OPEN),
        ({"fulfillments": [shipment("PROPOSED")]}, (3, 3, 0, 0), OrderStage.OPEN),
        ({"fulfillments": [shipment("COMPLETED", "1")]}, (3, 2, 0, 1), OrderStage.OPEN),
        ({"fulfillments": [shipment("COMPLETED")]}, (3, 0, 0, 3), OrderStage.OPEN),
        ({"state": "COMPLETED", "tenders": []}, (3, 0, 0, 3), OrderStage.FULFILLED),
        ({"state": "CANCELED"}, (3, 0, 3, 0), OrderStage.CANCELLED),
        ({"state": "CANCELED", "fulfillments": [shipment("COMPLETED", "1")]}, (3, 0, 2, 1), OrderStage.CANCELLED),
    ],
)
def test_an_order_holds_stock_from_its_payment_on(
    changed: dict[str, Any], expected: tuple[int, ...], stage: OrderStage
) -> None:
    event = event_of(**changed)
    assert (units(event), event.stage) == (expected, stage)


@pytest.mark.parametrize(("restock", "released"), [(True, 1), (False, 0)])
def test_what_came_back_counts_as_the_operator_says(restock: bool, released: int) -> None:
    event = event_of((returned("1"),), restock=restock, state="COMPLETED")
    assert units(event) == (3, 0, released, 3)
    assert event.precedence > event_of(state="COMPLETED").precedence


def test_units_returned_before_they_left_are_not_promised_any_more() -> None:
    assert units(event_of((returned("2"),))) == (3, 1, 2, 0)


def test_a_part_of_a_unit_is_taken_whole_and_given_back_not_at_all() -> None:
    lines = [{"uid": "a1", "catalog_object_id": "W62A", "quantity": "1.25000"}]
    event = event_of((returned("0.50000"),), line_items=lines, state="COMPLETED")
    assert units(event) == (2, 0, 0, 2)


def test_a_sale_is_read_with_what_its_refunds_brought_back() -> None:
    answers = [
        answer({"order": ORDER | {"state": "COMPLETED"}}),
        answer({"payment": {"id": "payment", "refund_ids": ["good", "failed"]}}),
        answer({"refund": {"status": "COMPLETED", "order_id": "return"}}),
        answer({"refund": {"status": "FAILED", "order_id": "never"}}),
        answer({"orders": [returned("2")]}),
        answer({}),
    ]
    requests, event = drive(CASE.connector.read_order(CASE.config(), ORDER["id"]), answers)
    assert [request.url.partition("/v2")[2] for request in requests] == [
        f"/orders/{ORDER['id']}",
        "/payments/payment",
        "/refunds/good",
        "/refunds/failed",
        "/orders/batch-retrieve",
        "/catalog/batch-retrieve",
    ]
    assert [orjson.loads(request.body) for request in requests[-2:]] == [
        {"order_ids": ["return"]},
        {"object_ids": ["W62A"]},
    ]
    assert event is not None and units(event) == (3, 0, 2, 3)


def test_an_order_that_only_takes_goods_back_leads_to_its_sale() -> None:
    answers = [
        answer({"order": returned("1")}),
        answer({"order": ORDER}),
        answer({"payment": {"id": "payment"}}),
        answer({}),
    ]
    _, event = drive(CASE.connector.read_order(CASE.config(), "return"), answers)
    assert event is not None and event.order_id == ORDER["id"]


@pytest.mark.parametrize(
    ("own", "here", "tracked"),
    [(True, None, True), (False, None, False), (None, None, False), (True, False, False), (False, True, True)],
)
def test_whether_a_variation_is_counted_is_said_for_each_location(
    own: bool | None, here: bool | None, tracked: bool
) -> None:
    places = [{"location_id": "elsewhere", "track_inventory": not tracked}]
    places += [{"location_id": ORDER["location_id"], "track_inventory": here}]
    variation = {"track_inventory": own, "location_overrides": places}
    answers = [
        answer({"order": ORDER}),
        answer({"payment": {"id": "payment"}}),
        answer({"objects": [{"id": "W62A", "item_variation_data": variation}]}),
    ]
    _, event = drive(CASE.connector.read_order(CASE.config(), ORDER["id"]), answers)
    assert event is not None and [line.tracked for line in event.lines or ()] == [tracked]


def test_a_paid_order_without_lines_is_asked_for_again_later() -> None:
    with pytest.raises(Retriable) as waiting:
        drive(CASE.connector.read_order(CASE.config(), "X"), [answer({"order": ORDER | {"line_items": []}})])
    assert waiting.value.after_seconds


def test_a_refund_of_money_alone_has_no_lines_and_waits_for_none() -> None:
    refunded = {**ORDER, "line_items": [], "tenders": [], "state": "COMPLETED", "refunds": [{"id": "R"}]}
    _, event = drive(CASE.connector.read_order(CASE.config(), "X"), [answer({"order": refunded})])
    assert event is not None and event.lines == ()


def test_an_order_id_cannot_lead_to_another_address() -> None:
    (request,), event = drive(CASE.connector.read_order(CASE.config(), "../locations?"), [answer({}, 404)])
    assert request.url.endswith("/v2/orders/..%2Flocations%3F") and event is None


@pytest.mark.parametrize(
    ("topic", "about", "kind"),
    [
        ("order.updated", {"order_updated": {"order_id": "O", "updated_at": "2026-11-20T10:00:00Z"}}, "order_updated"),
        ("order.created", {"order_created": {"order_id": "O", "created_at": "2026-11-20T10:00:00Z"}}, "order_created"),
        (
            "order.fulfillment.updated",
            {"order_fulfillment_updated": {"order_id": "O", "updated_at": "2026-11-20T10:00:00Z"}},
            "order_fulfilled",
        ),
        (
            "refund.updated",
            {"refund": {"id": "R", "order_id": "O", "updated_at": "2026-11-20T10:00:00Z"}},
            "order_refunded",
        ),
    ],
)
def test_every_order_topic_leads_to_the_order(topic: str, about: dict[str, Any], kind: str) -> None:
    arrived = notification(type=topic, data={"type": "x", "id": "y", "object": about})
    expected = OrderReference(order_id="O", kind=MessageKind(kind), occurred_at=datetime(2026, 11, 20, 10, tzinfo=UTC))
    assert CASE.connector.receive(CASE.config(), arrived) == [expected]


@pytest.mark.parametrize("changed", [{"status": "APPROVED"}, {"order_id": None}])
def test_a_payment_that_is_not_made_or_buys_nothing_is_ignored(changed: dict[str, Any]) -> None:
    data = deepcopy(PAYMENT["data"])
    data["object"]["payment"] |= changed
    assert CASE.connector.receive(CASE.config(), notification(data=data)) == []


def test_another_sellers_notification_is_ignored() -> None:
    for merchant, taken in (("MLQX7T2ZV4K1A", 1), ("ANOTHER", 0)):
        config = read_config(SquareConfig, {**CASE.entered, "merchant_id": merchant})
        assert len(CASE.connector.receive(config, CASE.notification())) == taken


def test_a_count_tells_what_can_be_sold_and_no_other_state() -> None:
    counts = [
        {
            "catalog_object_id": "W62A",
            "state": state,
            "location_id": LOCATION,
            "quantity": "52.50000",
            "calculated_at": "2026-11-20T10:15:41.223Z",
        }
        for state in ("IN_STOCK", "WASTE")
    ]
    data = {"type": "inventory_counts", "id": "i", "object": {"inventory_counts": counts}}
    (echo,) = CASE.connector.receive(CASE.config(), notification(type="inventory.count.updated", data=data))
    assert isinstance(echo, StockEcho)
    assert (echo.platform_ids, echo.location_id, echo.quantity) == ({"catalog_object_id": "W62A"}, LOCATION, 52)


def test_the_same_batch_has_the_same_key_and_body_whenever_it_is_sent() -> None:
    (first, *_), _ = drive(CASE.connector.write_stock(CASE.config(), UPDATES), [answer({"changes": []})])
    (again, *_), _ = drive(CASE.connector.write_stock(CASE.config(), UPDATES), [answer({"changes": []})])
    assert first == again
    assert orjson.loads(first.body)["idempotency_key"] == key_of(*UPDATES)


def test_a_key_that_was_used_stands_for_a_write_that_arrived() -> None:
    used = answer(error("INVALID_REQUEST_ERROR", "IDEMPOTENCY_KEY_REUSED", field="idempotency_key"), 400)
    assert drive(CASE.connector.write_stock(CASE.config(), UPDATES[:2]), [used])[1] == [Confirmed(53), Confirmed(4)]


def test_a_change_by_nothing_is_not_sent() -> None:
    updates = [update("SAME", 7, 0), UPDATES[1]]
    bad = answer(error("INVALID_REQUEST_ERROR", "INVALID_VALUE", field="changes[0].adjustment.quantity"), 400)
    (request, *_), outcomes = drive(CASE.connector.write_stock(CASE.config(), updates), [bad])
    assert orjson.loads(request.body)["changes"] == [change(UPDATES[1])]
    assert outcomes == [Confirmed(7), Rejected("INVALID_VALUE", "Square: It says why.")]


def test_a_success_that_names_no_change_is_not_believed() -> None:
    _, (outcome,) = drive(CASE.connector.write_stock(CASE.config(), UPDATES[:1]), [answer({"changes": []})])
    assert isinstance(outcome, Deferred)


def test_a_fault_of_the_whole_call_blames_no_line() -> None:
    wrong = answer(error("INVALID_REQUEST_ERROR", "INVALID_SQUARE_VERSION_FORMAT"), 400)
    with pytest.raises(Permanent):
        drive(CASE.connector.write_stock(CASE.config(), UPDATES), [wrong])


def test_orders_of_many_locations_are_searched_ten_at_a_time() -> None:
    config = read_config(SquareConfig, {**CASE.entered, "location_ids": [f"L{number}" for number in range(12)]})
    began, cursor, searched = "Fri, 20 Nov 2026 14:00:00 GMT", None, []
    for body, date in (({"cursor": "next"}, began), ({}, "Fri, 20 Nov 2026 14:09:00 GMT"), ({}, "irrelevant")):
        flow = CASE.connector.read_orders(config, cursor, NOW - timedelta(hours=1))
        (request,), page = drive(flow, [answer(body, Date=date)])
        search = orjson.loads(request.body)
        searched.append((search["location_ids"][0], len(search["location_ids"]), search.get("cursor"), page.more))
        cursor = page.cursor
    assert searched == [("L0", 10, None, True), ("L0", 10, "next", True), ("L10", 2, None, False)]
    assert cursor is not None
    # However long the walk took, the next one starts before this one did.
    since = datetime.fromisoformat(orjson.loads(cursor)["since"])
    assert since == datetime(2026, 11, 20, 14, tzinfo=UTC) - OVERLAP


@pytest.mark.parametrize(
    "entered",
    [
        {"access_token": None},
        {"access_token": None, "application_id": "a", "refresh_token": "r"},
        {"api_version": "2026-05-20"},
    ],
)
def test_settings_that_cannot_work_are_refused(entered: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfig):
        read_config(SquareConfig, {**CASE.entered, **entered})
