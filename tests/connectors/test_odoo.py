"""What only Odoo does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from connectors.auth import Token
from connectors.config import InvalidConfig, read_config
from connectors.errors import AuthExpired, Permanent, Untrusted
from connectors.messages import MessageKind, OrderEvent, OrderReference, OrderStage
from connectors.platforms.odoo.calls import RpcLogin, auth_for, request_for
from connectors.platforms.odoo.config import OdooConfig
from connectors.polling import OVERLAP
from connectors.updates import Confirmed, Deferred, Rejected, Stale, UpdateOutcome
from tests.connectors.case import NOW, answer, drive
from tests.connectors.cases.odoo import CASE, ORDER, product, quant, rpc_fault, update

RPC = {
    "base_url": "https://old.example",
    "database": "mycompany",
    "api_key": "6578616d706c65",
    "login": "gateway@shop.example",
    "version": 17,
}
SALE = {
    "id": 37,
    "name": "S00037",
    "state": "sale",
    "write_date": "2026-11-20 13:05:11",
    "warehouse_id": [1, "San Francisco"],
    "order_line": [88, 89],
}
PRODUCTS = [{"id": 101, "default_code": "TSHIRT-RED-M"}, {"id": 102, "default_code": False}]
WAREHOUSES = [{"id": 1, "lot_stock_id": [8, "WH/Stock"]}]


def move(state: str, units: float, code: str = "outgoing", **changed: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "product_id": [101, "[TSHIRT-RED-M] T-shirt"],
        "product_qty": units,
        "state": state,
        "picking_code": code,
        "sale_line_id": [88, "S00037 - T-shirt"],
        "write_date": "2026-11-20 13:05:11",
    } | changed


def read(moves: list[dict[str, Any]], **changed: Any) -> OrderEvent:
    answers = [answer(body) for body in ([SALE | changed], moves, PRODUCTS, WAREHOUSES)]
    _, event = drive(CASE.connector.read_order(CASE.config(), "37"), answers)
    assert isinstance(event, OrderEvent)
    return event


def units(event: OrderEvent) -> list[tuple[int, int, int, int]]:
    return [(line.ordered, line.allocated, line.released, line.fulfilled) for line in event.lines or ()]


@pytest.mark.parametrize(
    ("moves", "changed", "expected", "stage"),
    [
        ([], {"state": "draft"}, [], OrderStage.PENDING),
        ([move("confirmed", 3.0)], {}, [(3, 3, 0, 0)], OrderStage.OPEN),
        ([move("assigned", 2.0), move("done", 1.0)], {}, [(3, 2, 0, 1)], OrderStage.OPEN),
        ([move("done", 3.0)], {}, [(3, 0, 0, 3)], OrderStage.FULFILLED),
        # A refused back order: the rest is never delivered.
        ([move("done", 2.0), move("cancel", 1.0)], {}, [(3, 0, 1, 2)], OrderStage.FULFILLED),
        ([move("done", 3.0), move("done", 1.0, "incoming")], {}, [(3, 0, 1, 3)], OrderStage.FULFILLED),
        ([move("done", 3.0), move("assigned", 1.0, "incoming")], {}, [(3, 0, 0, 3)], OrderStage.FULFILLED),
        ([move("cancel", 3.0)], {"state": "cancel"}, [(3, 0, 3, 0)], OrderStage.CANCELLED),
        # Cancelled, set to draft and confirmed again.
        ([move("cancel", 3.0), move("assigned", 3.0)], {}, [(6, 3, 3, 0)], OrderStage.OPEN),
    ],
)
def test_the_moves_decide_what_an_order_holds(
    moves: list[dict[str, Any]], changed: dict[str, Any], expected: list[tuple[int, ...]], stage: OrderStage
) -> None:
    event = read(moves, **changed)
    assert (units(event), event.stage) == (expected, stage)


def test_a_kit_is_taken_from_stock_as_its_parts() -> None:
    event = read([move("assigned", 2.0), move("assigned", 4.0, product_id=[102, "Button"])])
    assert [(line.line_id, line.sku, line.ordered) for line in event.lines or ()] == [
        ("88/101", "TSHIRT-RED-M", 2),
        ("88/102", None, 4),
    ]


def test_goods_without_stock_are_left_out() -> None:
    assert read([move("assigned", 1.0, product_id=[999, "Consumable"])]).lines == ()


def test_units_come_from_the_orders_warehouse_and_its_last_move_dates_the_order() -> None:
    event = read([move("done", 1.0, write_date="2026-11-21 08:00:00")])
    assert event.occurred_at == datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert [line.location_id for line in event.lines or ()] == ["8"]


@pytest.mark.parametrize("link", [1, [1, "San Francisco"]])
def test_links_may_come_with_or_without_their_name(link: object) -> None:
    event = read([move("assigned", 1.0, product_id=101, sale_line_id=88)], warehouse_id=link)
    assert [line.location_id for line in event.lines or ()] == ["8"]


def test_a_delivery_leads_to_its_order_and_others_to_nothing() -> None:
    for sale_id, found in ((37, ["37"]), ([37, "S00037"], ["37"]), (False, [])):
        body = {"_model": "stock.picking", "_id": 5, "sale_id": sale_id, "write_date": "2026-11-20 13:05:11"}
        messages = CASE.connector.receive(CASE.config(), CASE.notification(body=orjson.dumps(body)))
        assert [message.order_id for message in messages if isinstance(message, OrderReference)] == found
        assert {message.kind for message in messages if isinstance(message, OrderReference)} <= {
            MessageKind.ORDER_FULFILLED
        }


def test_a_message_without_its_time_is_dated_when_it_came() -> None:
    body = {name: value for name, value in ORDER.items() if name != "write_date"}
    (message,) = CASE.connector.receive(CASE.config(), CASE.notification(body=orjson.dumps(body)))
    assert isinstance(message, OrderReference) and message.occurred_at == NOW


def test_without_a_token_of_ours_no_webhook_is_trusted() -> None:
    entered = {name: value for name, value in CASE.entered.items() if "token" not in name}
    for address in ("https://gateway.example/webhooks/odoo-1?token=", "https://gateway.example/webhooks/odoo-1"):
        with pytest.raises(Untrusted):
            CASE.connector.verify(read_config(OdooConfig, entered), replace(CASE.notification(), url=address))


@pytest.mark.parametrize(
    ("found", "plain", "change_from", "expected"),
    [
        (product(101, 45, 5), 45, 39, Stale(40)),
        (product(101, 45, 5), 45, None, None),
        (product(101, 47, 5), 47, 42, Confirmed(42)),
        (product(101, 3, 5), 3, 40, Stale(-2)),
        (product(101, 45, tracking="lot"), 45, None, Rejected("tracked", "")),
        (product(101, 45, is_storable=False), 45, None, Rejected("not_tracked", "")),
        (product(101, 90), 40, None, Rejected("elsewhere", "")),
    ],
)
def test_what_odoo_shows_decides_whether_it_is_told(
    found: dict[str, Any], plain: float, change_from: int | None, expected: UpdateOutcome | None
) -> None:
    answers: list[Any] = [[found], [quant(101, plain)]]
    answers += [[601], [quant(101, 47)]] if expected is None else []
    requests, (outcome,) = drive(
        CASE.connector.write_stock(CASE.config(), [update("101", 42, change_from)]), [answer(body) for body in answers]
    )
    if isinstance(expected, Rejected):
        assert isinstance(outcome, Rejected) and outcome.code == expected.code
    else:
        assert outcome == (expected or Confirmed(42))
    assert len(requests) == (4 if expected is None else 2)


def test_a_quantity_that_was_not_taken_is_not_believed() -> None:
    bodies: list[Any] = [[product(101, 45)], [quant(101, 45)], [601], [quant(101, 45)]]
    answers = [answer(body) for body in bodies]
    _, (outcome,) = drive(CASE.connector.write_stock(CASE.config(), [update("101", 42)]), answers)
    assert isinstance(outcome, Deferred)


def test_locations_are_written_one_after_the_other() -> None:
    updates = [update("101", 42), replace(update("101", 7), location_id="9", idempotency_key="other")]
    answers = []
    for units_there, quant_id in ((42, 601), (7, 602)):
        bodies: list[Any] = [[product(101, 1)], [quant(101, 1)], [quant_id], [quant(101, units_there)]]
        answers += [answer(body) for body in bodies]
    requests, outcomes = drive(CASE.connector.write_stock(CASE.config(), updates), answers)
    assert outcomes == [Confirmed(42), Confirmed(7)]
    assert [orjson.loads(requests[at].body)["context"] for at in (0, 4)] == [{"location": 8}, {"location": 9}]


def test_changed_orders_are_walked_by_id_and_the_next_poll_starts_before_this_one() -> None:
    first = [SALE | {"id": number, "order_line": []} for number in range(1, 51)]
    began = "Fri, 20 Nov 2026 14:00:00 GMT"
    answers = [answer(first, Date=began), answer([]), answer([]), answer([])]
    requests, page = drive(CASE.connector.read_orders(CASE.config(), None, NOW - timedelta(hours=1)), answers)
    assert page.more and len(page.entries) == 50
    assert orjson.loads(requests[0].body)["domain"] == [
        "|",
        ["write_date", ">=", "2026-11-20 13:05:00"],
        ["picking_ids.write_date", ">=", "2026-11-20 13:05:00"],
        ["state", "in", ["sale", "done", "cancel"]],
        ["id", ">", 0],
    ]
    late = answer([], Date="Fri, 20 Nov 2026 14:20:00 GMT")
    (request,), page = drive(CASE.connector.read_orders(CASE.config(), page.cursor, NOW), [late])
    assert orjson.loads(request.body)["domain"][-1] == ["id", ">", 50]
    assert page.cursor is not None and not page.more
    since = datetime.fromisoformat(orjson.loads(page.cursor)["since"])
    assert since == datetime(2026, 11, 20, 14, tzinfo=UTC) - OVERLAP


def test_the_older_api_carries_the_credentials_within_the_call() -> None:
    config = read_config(OdooConfig, RPC)
    request = request_for(config, "stock.quant", "create", vals_list=[{"a": 1}], context={"inventory_mode": True})
    assert request.url == "https://old.example/jsonrpc" and b"6578616d706c65" not in request.body
    signed = auth_for(config).sign(request, Token("2"))
    assert orjson.loads(signed.body)["params"] == {
        "service": "object",
        "method": "execute_kw",
        "args": [
            "mycompany",
            2,
            "6578616d706c65",
            "stock.quant",
            "create",
            [[{"a": 1}]],
            {"context": {"inventory_mode": True}},
        ],
    }


@pytest.mark.parametrize("result", [{"result": False}, rpc_fault("odoo.exceptions.AccessDenied")])
def test_a_login_that_odoo_does_not_know_is_an_expired_authorisation(result: dict[str, Any]) -> None:
    auth = auth_for(read_config(OdooConfig, RPC))
    assert isinstance(auth, RpcLogin)
    grant = auth.grant(None)
    next(grant)
    with pytest.raises(AuthExpired):
        grant.send(answer({"jsonrpc": "2.0", "id": 1, **result}))


def test_a_refusal_of_odoo_is_told_in_its_own_words() -> None:
    error = CASE.connector.classify(answer({"name": "odoo.exceptions.AccessError", "message": "Not allowed."}, 403))
    assert isinstance(error, Permanent) and error.reason == "Odoo: Not allowed. (AccessError)"


@pytest.mark.parametrize(
    "entered",
    [{"login": None}, {"protocol": "json2"}, {"version": 15}, {"base_url": "odoo.example"}],
)
def test_settings_that_cannot_work_are_refused(entered: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfig):
        read_config(OdooConfig, {**RPC, **entered})


def test_the_protocol_follows_from_the_version_unless_it_is_stated() -> None:
    assert read_config(OdooConfig, RPC).protocol == "jsonrpc"
    assert read_config(OdooConfig, {**RPC, "version": 19}).protocol == "json2"
    assert read_config(OdooConfig, {**RPC, "version": 19, "protocol": "jsonrpc"}).protocol == "jsonrpc"


def test_before_the_flag_the_type_told_which_products_have_stock() -> None:
    assert read_config(OdooConfig, RPC).storable == ("type", "product")
    assert CASE.config().storable == ("is_storable", True)


def test_every_rule_an_operator_has_to_make_is_described_without_the_secret() -> None:
    _, told = drive(CASE.connector.subscribe(CASE.config(), "https://gateway.example/webhooks/1"), [])
    assert len(told) == 3 and not any("newest-token" in text for text in told)
