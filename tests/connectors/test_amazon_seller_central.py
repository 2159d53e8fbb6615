"""Amazon: how single requests, answers and notifications are read and written."""

from typing import Any

import orjson
import pytest

from connectors.config import InvalidConfig, read_config
from connectors.errors import Throttled, Untrusted
from connectors.messages import OrderReference
from connectors.updates import Confirmed, Deferred, Rejected
from tests.connectors.case import answer, drive
from tests.connectors.cases.amazon_seller_central import CASE, ORDER_CHANGE, accepted, error


def test_what_is_written_before_a_failure_stays_confirmed() -> None:
    flow = CASE.connector.write_stock(CASE.config(), CASE.updates)
    next(flow)
    flow.send(answer(accepted("TSHIRT-BLK-M")))
    with pytest.raises(StopIteration) as finished:
        flow.throw(Throttled("slow down", after_seconds=3))
    assert finished.value.value == [Confirmed(42), *[Deferred("slow down", 3)] * 2]


def told(**changed: Any) -> list[Any]:
    """What the connector makes of the sample notification with some of its summary, or of the change, replaced."""
    change = ORDER_CHANGE["Payload"]["OrderChangeNotification"]
    summary = change["Summary"] | {name: value for name, value in changed.items() if name in change["Summary"]}
    change = change | {name: value for name, value in changed.items() if name in change} | {"Summary": summary}
    message = ORDER_CHANGE | {"Payload": {"OrderChangeNotification": change}}
    return CASE.connector.parse(CASE.config(), CASE.notification(body=orjson.dumps(message)))


@pytest.mark.parametrize(
    "changed", [{"FulfillmentType": "AFN"}, {"SellerId": "A9STRANGER"}, {"MarketplaceId": "A1PA6795UKMFR9"}]
)
def test_orders_that_are_not_ours_to_ship_are_ignored(changed: dict[str, str]) -> None:
    assert told(**changed) == []


def test_a_pending_order_holds_its_units() -> None:
    (event,) = told(OrderStatus="Pending")
    assert event.lines[0].allocated == 2


def test_a_change_that_tells_one_line_only_makes_us_read_the_order() -> None:
    (reference,) = told(NotificationLevel="OrderItemLevel")
    assert isinstance(reference, OrderReference)


def test_the_notification_id_tells_resends_from_news() -> None:
    genuine = CASE.notification()
    later = orjson.dumps(ORDER_CHANGE | {"EventTime": "2026-11-20T15:00:00Z"})
    assert CASE.connector.delivery_key(genuine) == "b1a7c9de-2f0a-4a3d-9a0f-6c7c7c1f0001"
    assert CASE.connector.delivery_key(CASE.notification(body=later)) == CASE.connector.delivery_key(genuine)
    assert len(CASE.connector.delivery_key(CASE.notification(body=b"{}"))) == 64


def test_without_a_forwarder_nothing_is_taken_from_the_webhook() -> None:
    entered = {name: value for name, value in CASE.entered.items() if "forwarder" not in name}
    with pytest.raises(Untrusted):
        CASE.connector.receive(read_config(CASE.connector.config_type, entered), CASE.notification())


def test_amazons_own_stock_cannot_be_chosen() -> None:
    with pytest.raises(InvalidConfig, match="Amazon's own stock"):
        read_config(CASE.connector.config_type, {**CASE.entered, "fulfillment_channel_code": "AMAZON_NA"})


def test_the_rate_an_answer_states_is_believed() -> None:
    stated = CASE.connector.allowance(answer({}, x_amzn_RateLimit_Limit="0.0056"))
    assert stated is not None and (stated.per_second, stated.remaining) == (0.0056, None)
    assert CASE.connector.allowance(answer({})) is None


def test_a_refusal_without_json_detail_is_still_a_rejection_of_the_line() -> None:
    flow = CASE.connector.write_stock(CASE.config(), CASE.updates[:1])
    _, outcomes = drive(flow, [error(400, "InvalidInput", "quantity")])
    assert outcomes == [Rejected("InvalidInput", "quantity")]
