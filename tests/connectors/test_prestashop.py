"""What is particular to PrestaShop: XML in, the shop's own time, states by their flags, combinations."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.config import InvalidConfig, read_config
from connectors.messages import OrderEvent, OrderStage
from connectors.platforms.prestashop.connector import COUNTED_ELSEWHERE, ORDERS_PER_PAGE
from connectors.simulated import SimulatedPrestaShop
from connectors.updates import Confirmed, Rejected
from tests.connectors.case import NOW, answer, drive
from tests.connectors.cases.prestashop import CASE, DETAIL, ORDER, STATES, row, rows
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.receiver import Receiver

CONFIG = CASE.config()


@pytest.fixture
async def prestashop(make_client: MakeClient) -> AsyncIterator[Connected]:
    async with Receiver() as receiver, SimulatedPrestaShop(STOCK) as shop:
        yield Connected("prestashop", shop, make_client("prestashop", shop), receiver)


def state_of(current: int, **counts: int) -> tuple[OrderStage, list[tuple[int, int, int]]]:
    detail = DETAIL | {f"product_quantity_{name}": str(units) for name, units in counts.items()}
    answers: tuple[Any, ...] = (
        {"order": ORDER | {"current_state": str(current)}},
        {"order_details": [detail]},
        {"order_states": STATES},
    )
    _, event = drive(CASE.connector.read_order(CONFIG, "42"), [answer(body) for body in answers])
    assert event is not None
    return event.stage, [(one.ordered, one.allocated, one.released) for one in event.lines or ()]


def test_the_flags_of_a_state_say_how_far_an_order_is() -> None:
    assert state_of(2) == (OrderStage.OPEN, [(2, 2, 0)])
    assert state_of(99) == (OrderStage.OPEN, [(2, 2, 0)]), "an unknown state counts as placed"
    assert state_of(4) == (OrderStage.FULFILLED, [(2, 0, 0)])
    assert state_of(6) == (OrderStage.CANCELLED, [(2, 0, 2)])


def test_only_what_was_put_back_can_be_sold_again() -> None:
    assert state_of(2, refunded=1) == (OrderStage.OPEN, [(2, 2, 0)])
    assert state_of(2, refunded=1, reinjected=1) == (OrderStage.OPEN, [(2, 1, 1)])
    assert state_of(4, refunded=2) == (OrderStage.FULFILLED, [(2, 0, 0)])
    assert state_of(4, refunded=2, reinjected=1) == (OrderStage.FULFILLED, [(2, 0, 1)])


def test_an_order_that_is_refunded_does_not_open_again() -> None:
    assert state_of(7) == (OrderStage.FULFILLED, [(2, 0, 0)])
    assert state_of(7, refunded=2, reinjected=1) == (OrderStage.FULFILLED, [(2, 0, 1)])


def test_the_hour_that_its_clock_shows_twice_is_read_twice() -> None:
    """In Paris 03:00 is followed by 02:00 again, at one o'clock UTC."""
    started = []
    for at in ("2026-10-24T23:59:00Z", "2026-10-25T00:57:00Z", "2026-10-25T01:00:00Z", "2027-03-28T00:30:00Z"):
        (request,), _ = drive(CASE.connector.read_orders(CONFIG, None, datetime.fromisoformat(at)), [answer([])])
        started.append(request.query["filter[date_upd]"][1:20])
    assert started == ["2026-10-25 01:59:00", "2026-10-25 01:57:00", "2026-10-25 02:00:00", "2027-03-28 01:30:00"]


async def test_a_shipped_order_stays_shipped_when_its_money_is_given_back(prestashop: Connected) -> None:
    order = await prestashop.shop.fulfil(await prestashop.shop.sell("MUG", 2))
    await prestashop.shop.refund(order, "MUG", 2, restock=False)
    event = await prestashop.order(str(order.order_id))
    (line,) = event.lines or ()
    assert (event.status, event.stage) == ("state 7", OrderStage.FULFILLED)
    assert (line.allocated, line.released, line.fulfilled) == (0, 0, 2)


async def test_states_that_the_shop_has_not_are_told_to_the_operator(prestashop: Connected) -> None:
    states = {"cancelled_states": (6, 90), "ended_states": (91,)}
    check = await prestashop.client.run(prestashop.connector.check(prestashop.config.model_copy(update=states)))
    assert [problem.partition(";")[0] for problem in check.problems] == [
        "cancelled_states: the shop has no order state [90]",
        "ended_states: the shop has no order state [91]",
    ]


def test_orders_are_asked_for_in_the_shops_own_time() -> None:
    (request,), page = drive(CASE.connector.read_orders(CONFIG, None, NOW), [answer([])])
    assert request.query["filter[date_upd]"] == "[2026-11-20 15:05:00,2999-12-31 23:59:59]"
    assert (request.query["date"], page.entries, page.more) == ("1", (), False)


def test_a_full_page_goes_on_from_the_time_it_reached() -> None:
    orders = [ORDER | {"id": number} for number in range(ORDERS_PER_PAGE)]
    flow = CASE.connector.read_orders(CONFIG, None, NOW)
    bodies: tuple[Any, ...] = ({"orders": orders}, {"order_details": []}, {"order_states": STATES})
    full = [answer(body) for body in bodies]
    _, page = drive(flow, full)
    (request,), last = drive(CASE.connector.read_orders(CONFIG, page.cursor, NOW), [answer([])])
    assert page.more and not last.more
    assert request.query["filter[date_upd]"].startswith("[2026-11-20 15:06:02,")
    assert request.query["limit"] == f"0,{ORDERS_PER_PAGE}"
    (first, *_) = page.entries
    assert isinstance(first, OrderEvent) and first.occurred_at == datetime(2026, 11, 20, 14, 6, 2, tzinfo=UTC)


def test_a_product_with_combinations_is_listed_by_those() -> None:
    first = {"products": [{"id": 1, "reference": "TEE", "cache_default_attribute": "3"}]}
    second = {"products": [{"id": 2, "reference": "MUG", "cache_default_attribute": "0"}]}
    both = {"products": first["products"] + second["products"]}
    _, products = drive(CASE.connector.read_catalog(CONFIG, None), [answer(both)])
    combinations = {"combinations": [{"id": 3, "id_product": "1", "reference": "TEE-M"}]}
    _, others = drive(CASE.connector.read_catalog(CONFIG, products.cursor), [answer(combinations)])
    assert [(entry.sku, entry.platform_ids) for entry in (*products.entries, *others.entries)] == [
        ("MUG", {"product_id": "2", "combination_id": "0"}),
        ("TEE-M", {"product_id": "1", "combination_id": "3"}),
    ]
    assert products.more and not others.more


def test_a_count_computed_from_warehouses_is_left_alone() -> None:
    computed = row(67, 1, 3, 15) | {"depends_on_stock": "1"}
    _, outcomes = drive(CASE.connector.write_stock(CONFIG, CASE.updates[:1]), [answer(rows(computed))])
    assert outcomes == [COUNTED_ELSEWHERE]


def test_a_refused_row_is_found_by_halves() -> None:
    before = rows(row(67, 1, 3, 15), row(68, 2, 0, 4))
    refused = answer({"errors": [{"code": 85, "message": "Validation error"}]}, 400)
    after = rows(row(67, 1, 3, 12), row(68, 2, 0, 4))
    answers = [answer(before), refused, refused, answer(after), answer(after)]
    _, outcomes = drive(CASE.connector.write_stock(CONFIG, CASE.updates[:2]), answers)
    assert outcomes == [Confirmed(12), Rejected("400", "PrestaShop refuses the row: Validation error")]


def test_one_shop_of_several_is_named_in_every_call() -> None:
    config = CONFIG.model_copy(update={"id_shop": 2})
    flow = CASE.connector.write_stock(config, CASE.updates[:1])
    requests, _ = drive(flow, [answer(body) for body in (*CASE.before, CASE.success, *CASE.after)])
    assert {request.query["id_shop"] for request in requests} == {"2"}


def test_a_time_zone_must_exist() -> None:
    with pytest.raises(InvalidConfig, match="Europe/Paris"):
        read_config(CASE.connector.config_type, {**CASE.entered, "shop_timezone": "Moon/Sea"})
