"""What every connector must do, on the case of every platform. A platform without a case file fails here."""

import importlib
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from connectors import CONNECTORS as OURS
from connectors import registry
from connectors.config import InvalidConfig, read_config
from connectors.errors import AuthExpired, ConnectorError, Permanent, Retriable, Throttled, Untrusted
from connectors.exchange import Request
from connectors.messages import OrderReference
from connectors.updates import Confirmed, Rejected
from tests.connectors.case import NOW, Lack, PlatformCase, answer, drive
from tests.connectors.kiosk import kiosk

# With the README's example, added the way the README says.
CONNECTORS = registry([*OURS.values(), kiosk()])


def case_of(name: str) -> PlatformCase:
    module = importlib.import_module(f"tests.connectors.cases.{name.replace('-', '_')}")
    case: PlatformCase = module.CASE
    return case


def sent(request: Request) -> Any:
    """The decoded body, where it is JSON."""
    return orjson.loads(request.body) if "json" in request.headers["Content-Type"] else request.body


@pytest.fixture(params=sorted(CONNECTORS))
def case(request: pytest.FixtureRequest) -> PlatformCase:
    return case_of(request.param)


@pytest.fixture(params=sorted(name for name, connector in CONNECTORS.items() if connector.signature is not None))
def notified(request: pytest.FixtureRequest) -> PlatformCase:
    """Of the platforms that send notifications."""
    return case_of(request.param)


@pytest.fixture(params=sorted(name for name in CONNECTORS if case_of(name).polled))
def polled(request: pytest.FixtureRequest) -> PlatformCase:
    return case_of(request.param)


def test_platforms_that_send_once_are_asked_for_orders_as_often_as_those_that_send_nothing() -> None:
    often = {name for name, some in CONNECTORS.items() if not some.tells_of_orders(case_of(name).config())}
    assert {"netsuite", "odoo", "woocommerce"} <= often
    assert not often & {"amazon-seller-central", "shopify", "shopify-pos", "square"}
    assert {name for name, some in CONNECTORS.items() if some.signature is None} <= often


def test_every_platform_shows_how_its_orders_arrive() -> None:
    silent = [name for name, connector in CONNECTORS.items() if connector.signature is None]
    assert [name for name in silent if not case_of(name).polled] == []


def test_a_poll_finds_the_changed_orders(polled: PlatformCase) -> None:
    flow = polled.connector.read_orders(polled.config(), None, NOW)
    _, page = drive(flow, [answer(body) for body in polled.polled])
    assert list(page.entries) == list(polled.polled_orders)


def test_a_platform_that_sends_nothing_is_trusted_in_nothing(case: PlatformCase) -> None:
    if case.connector.signature is None:
        with pytest.raises(Untrusted):
            case.connector.receive(case.config(), case.unproven())


def test_a_case_is_about_the_platform_it_is_named_after() -> None:
    assert {name: case_of(name).connector.name for name in CONNECTORS} == {name: name for name in CONNECTORS}


def test_two_connectors_of_one_name_do_not_start() -> None:
    one = next(iter(CONNECTORS.values()))
    with pytest.raises(ValueError, match="two connectors"):
        registry([one, one])


def test_a_genuine_notification_becomes_messages(notified: PlatformCase) -> None:
    assert notified.connector.receive(notified.config(), notified.notification()) == list(notified.messages)


def test_a_genuine_notification_has_a_topic_that_we_act_on(notified: PlatformCase) -> None:
    """Of any other topic nothing is kept."""
    assert notified.connector.topic(notified.notification()) in notified.connector.topics


def test_a_changed_body_is_not_trusted(notified: PlatformCase) -> None:
    changed = notified.notification(delivered=notified.body.replace(b"2", b"3", 1))
    if notified.signs_content:
        with pytest.raises(Untrusted):
            notified.connector.receive(notified.config(), changed)
    else:
        # Whatever it says, all that comes of it is a look at the platform itself.
        assert {type(message) for message in notified.connector.receive(notified.config(), changed)} == {OrderReference}


def test_a_missing_signature_is_not_trusted(notified: PlatformCase) -> None:
    with pytest.raises(Untrusted):
        notified.connector.receive(notified.config(), notified.unproven())


def test_the_previous_secret_is_still_accepted(notified: PlatformCase) -> None:
    assert notified.connector.receive(notified.config(), notified.notification(notified.previous_secret)) == list(
        notified.messages
    )


def test_an_unknown_secret_is_not_trusted(notified: PlatformCase) -> None:
    for secret in ("stranger", " "):
        with pytest.raises(Untrusted):
            notified.connector.receive(notified.config(), notified.notification(secret))


def test_an_old_notification_is_not_trusted_where_its_time_is_signed(notified: PlatformCase) -> None:
    old = replace(notified.notification(), received_at=NOW + timedelta(days=30))
    if Lack.SIGNED_TIME in notified.lacks:
        # Its effect is judged by the time of the order that it tells of.
        assert len(notified.connector.receive(notified.config(), old)) == len(notified.messages)
    else:
        with pytest.raises(Untrusted):
            notified.connector.receive(notified.config(), old)


def test_a_resent_notification_has_the_same_delivery_key(notified: PlatformCase) -> None:
    key = notified.connector.delivery_key(notified.notification())
    assert key == notified.connector.delivery_key(notified.notification(notified.previous_secret))


def test_another_notification_has_another_delivery_key(notified: PlatformCase) -> None:
    headers = {notified.connector.delivery_header: "another"} if notified.connector.delivery_header else {}
    another = notified.notification(body=notified.body.replace(b"7", b"8"), headers=headers)
    assert notified.connector.delivery_key(notified.notification()) != notified.connector.delivery_key(another)


def test_an_unknown_topic_is_ignored(notified: PlatformCase) -> None:
    unknown = notified.unknown_topic
    notification = (
        notified.notification(body=unknown) if isinstance(unknown, bytes) else notified.notification(headers=unknown)
    )
    assert notified.connector.receive(notified.config(), notification) == []


@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b"{", b"", b'{"id": null, "refunds": 1}'])
def test_a_genuine_notification_of_unexpected_shape_is_a_permanent_error(notified: PlatformCase, body: bytes) -> None:
    with pytest.raises(Permanent):
        notified.connector.receive(notified.config(), notified.notification(body=body))


def test_an_update_becomes_the_vendors_request(case: PlatformCase) -> None:
    requests, outcomes = drive(case.connector.write_stock(case.config(), case.updates[:1]), case.written())
    method, url, body = case.request
    request = requests[len(case.before)]
    assert (request.method, request.url, sent(request)) == (method, url, body)
    assert outcomes == [Confirmed(case.updates[0].quantity)]


def test_an_update_without_its_ids_is_rejected_before_anything_is_sent(case: PlatformCase) -> None:
    incomplete = replace(case.updates[0], platform_ids={})
    mistyped = replace(case.updates[0], platform_ids=dict.fromkeys(case.updates[0].platform_ids, case.mistyped_id))
    flow = case.connector.write_stock(case.config(), [incomplete, case.updates[0], mistyped])
    requests, (first, second, third) = drive(flow, case.written())
    assert sent(requests[len(case.before)]) == case.request[2]
    assert isinstance(first, Rejected) and second == Confirmed(case.updates[0].quantity) and isinstance(third, Rejected)


def test_nothing_to_write_makes_no_request(case: PlatformCase) -> None:
    assert drive(case.connector.write_stock(case.config(), []), []) == ([], [])


def test_one_bad_line_does_not_harm_the_others(case: PlatformCase) -> None:
    flow = case.connector.write_stock(case.config(), case.updates)
    _, outcomes = drive(flow, [answer(body) for body in case.partial])
    assert outcomes == list(case.partial_outcomes)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, AuthExpired), (403, Permanent), (429, Throttled), (500, Retriable), (502, Retriable), (504, Retriable)],
)
def test_the_status_says_whether_to_try_again(case: PlatformCase, status: int, expected: type[ConnectorError]) -> None:
    assert type(case.connector.classify(answer(b"", status))) is expected


def test_a_limit_is_obeyed_for_as_long_as_the_platform_says(case: PlatformCase) -> None:
    error = case.connector.classify(answer(b"", 429, Retry_After="2.0"))
    assert isinstance(error, Throttled) and error.after_seconds == 2


def test_the_vendors_own_failures_are_classified(case: PlatformCase) -> None:
    got = [type(case.connector.classify(response)) for response, _ in case.classified]
    assert got == [expected for _, expected in case.classified]


def test_an_answer_that_is_not_json_may_be_tried_again(case: PlatformCase) -> None:
    with pytest.raises(Retriable):
        drive(case.connector.write_stock(case.config(), case.updates[:1]), [answer(b"<html>soon</html>")])


def test_settings_name_the_wrong_field_and_no_value(case: PlatformCase) -> None:
    entered: dict[str, Any] = {**case.entered, "surplus": "hunter2"}
    del entered[case.required_field]
    with pytest.raises(InvalidConfig) as refused:
        read_config(case.connector.config_type, entered)
    assert {problem.field for problem in refused.value.problems} == {(case.required_field,), ("surplus",)}
    assert "hunter2" not in str(refused.value)


def test_secrets_do_not_print(case: PlatformCase) -> None:
    printed = f"{case.config()!r} {case.connector.auth(case.config())!r}"
    values = [value for name, value in case.entered.items() if re.search("secret|key|token", name)]
    assert values and not any(value in printed for value in values)


def test_every_setting_is_documented(case: PlatformCase) -> None:
    fields = case.connector.config_type.model_fields
    assert [name for name, field in fields.items() if not field.description] == []
