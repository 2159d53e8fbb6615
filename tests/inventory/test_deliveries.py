"""How patient the gateway is with those it tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.inventory.deliveries import RETRY_SECONDS, Attempt, Delivery, DeliveryState
from gateway.inventory.webhook_endpoints import GIVEN_UP_AFTER, EventType, WebhookEndpoint
from tests.builders import NOW

OWED = Delivery("m.e", "m", "e", EventType.PING, b"{}", DeliveryState.PENDING, (), NOW, NOW)
REFUSED = Attempt(NOW, 12, 500, "It answered 500.")
ENDPOINT = WebhookEndpoint("e", "https://hooks.example", None, (), b"", True, None, None, None, NOW, NOW)


@pytest.mark.parametrize(("chance", "factor"), [(0.0, 0.9), (0.5, 1.0), (1.0, 1.1)])
def test_the_waits_are_the_schedule_spread_by_a_tenth(chance: float, factor: float) -> None:
    delivery = OWED
    for seconds in RETRY_SECONDS:
        delivery = delivery.after(REFUSED, None, chance)
        assert delivery.next_at is not None
        wait = min(seconds * factor, 86_400)
        assert (delivery.next_at - NOW).total_seconds() == pytest.approx(wait)
        assert delivery.state is DeliveryState.PENDING
    given_up = delivery.after(REFUSED, None, chance)
    assert (given_up.state, given_up.next_at, len(given_up.attempts)) == (DeliveryState.FAILED, None, 10)


def test_a_receiver_may_ask_for_more_time_up_to_a_day() -> None:
    for wished, given in [(2.0, 5.0), (60.0, 60.0), (1e9, 86_400.0)]:
        delivery = OWED.after(REFUSED, wished, 0.5)
        assert delivery.next_at == NOW + timedelta(seconds=given)


def test_what_was_taken_is_not_owed_any_more_until_somebody_wants_it_again() -> None:
    taken = OWED.after(Attempt(NOW, 3, 204, None), None, 0.5)
    assert (taken.state, taken.next_at) == (DeliveryState.DELIVERED, None)
    again = taken.again(NOW)
    assert (again.state, again.next_at, again.attempts, again.message_id) == (DeliveryState.PENDING, NOW, (), "m")


def test_an_address_is_given_up_when_it_has_failed_for_days_and_at_once_when_it_is_gone() -> None:
    failing = ENDPOINT.refused(NOW, "no answer", gone=False)
    assert (failing.enabled, failing.failing_since) == (True, NOW)
    almost = failing.refused(NOW + GIVEN_UP_AFTER - timedelta(seconds=1), "no answer", gone=False)
    assert almost.enabled
    assert almost.answered().failing_since is None
    over = almost.refused(NOW + GIVEN_UP_AFTER, "no answer", gone=False)
    assert (over.enabled, over.disabled_because) == (False, "It has failed for 5 days: no answer")
    assert not ENDPOINT.refused(NOW, "It answered 410.", gone=True).enabled


def test_an_endpoint_is_told_what_it_wants() -> None:
    alerts = replace(ENDPOINT, event_types=(EventType.ALERT_OPENED,))
    assert [alerts.wants(each) for each in (EventType.ALERT_OPENED, EventType.PING)] == [True, False]
    assert ENDPOINT.wants(EventType.PING)
    assert not replace(ENDPOINT, enabled=False).wants(EventType.PING)
