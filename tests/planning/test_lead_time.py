from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from statistics import mean

import pytest

from gateway.inventory.inbound import InboundLine, InboundOrder, InboundState
from gateway.planning.deliveries import EVERY_ITEM, History, deliveries
from gateway.planning.lead_time import (
    DELIVERIES_MAX,
    HALF_LIFE_DELIVERIES,
    LATE_DAYS_MAX,
    PRIOR_DELIVERIES,
    Delivery,
    Lateness,
    Observed,
    unknown_supplier,
)

MAY = datetime(2027, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
UNKNOWN = unknown_supplier(14)


def delivered(number: int, days: float, late: int | None = None) -> Delivery:
    """The delivery number `number`, which took so many days."""
    ordered = MAY + number * DAY
    arrived = ordered + days * DAY
    return Delivery(ordered, None if late is None else arrived - late * DAY, arrived)


def test_a_supplier_that_has_never_delivered_is_assumed_to_keep_its_date_in_half_of_all_cases() -> None:
    assert (UNKNOWN.mean_days, UNKNOWN.deviation_days, UNKNOWN.samples) == (14, 7, 0)
    assert sum(UNKNOWN.lateness.shares.values()) == pytest.approx(1)
    assert UNKNOWN.lateness.mean_days == pytest.approx(0, abs=1e-9)
    assert UNKNOWN.lateness.within(0) == pytest.approx(0.54, abs=0.01)
    assert Observed().lead_time(UNKNOWN).mean_days == pytest.approx(14)


def test_the_mean_is_that_of_prior_and_deliveries_by_their_weights() -> None:
    known = Observed.of([delivered(0, 20), delivered(1, 30)]).lead_time(UNKNOWN)
    older = 0.5 ** (1 / HALF_LIFE_DELIVERIES)
    assert known.weight == pytest.approx(1 + older)
    assert known.observed_days == pytest.approx((30 + 20 * older) / (1 + older))
    expected = (30 + 20 * older + 14 * PRIOR_DELIVERIES) / (1 + older + PRIOR_DELIVERIES)
    assert known.mean_days == pytest.approx(expected)


def test_many_deliveries_outweigh_the_prior_and_tell_mean_and_variance() -> None:
    days = [10.0, 12.0, 14.0, 12.0] * 25
    known = Observed.of(delivered(number, taken) for number, taken in enumerate(days)).lead_time(UNKNOWN)
    assert known.samples == DELIVERIES_MAX
    assert known.mean_days == pytest.approx(mean(days), abs=0.7)
    own, others = known.weight / (known.weight + PRIOR_DELIVERIES), PRIOR_DELIVERIES / (known.weight + PRIOR_DELIVERIES)
    # The law of total variance, of 12 days with a variance of 2 and the prior's 14 days with one of 49.
    assert known.variance == pytest.approx(own * 2 + others * 49 + own * others * 2**2, abs=0.3)


def test_a_supplier_that_has_changed_is_believed_after_a_while() -> None:
    slow = [delivered(number, 30) for number in range(40)]
    fast = [delivered(100 + number, 5) for number in range(HALF_LIFE_DELIVERIES)]
    assert Observed.of([*slow, *fast]).lead_time(UNKNOWN).observed_days == pytest.approx(17.5, abs=0.8)


def test_lateness_is_counted_in_days_from_the_date_that_was_given_first() -> None:
    known = Observed.of([delivered(number, 10, late=3) for number in range(40)]).lead_time(UNKNOWN)
    assert known.lateness.within(2) < 0.15
    assert known.lateness.within(3) > 0.9
    assert known.lateness.quantile(0.9) == 3
    assert delivered(0, 10).days_late is None
    assert delivered(0, 900, late=500).days_late == LATE_DAYS_MAX


def test_what_has_not_come_yet_will_not_have_come_earlier() -> None:
    lateness = Lateness({-1: 0.25, 0: 0.25, 4: 0.25, 8: 0.25})
    assert lateness.within(0) == pytest.approx(0.5)
    assert lateness.within(4, still_out=2) == pytest.approx(0.5)
    assert lateness.within(4, still_out=-1) == pytest.approx(2 / 3)
    assert lateness.within(3, still_out=3) == 0
    assert lateness.within(100, still_out=8) == 0  # never was any later than this


def line(item_id: str, expected: datetime | None, arrived: datetime | None, received: int = 5) -> InboundLine:
    return InboundLine(item_id, item_id, "EAST", 5, expected, received, first_expected_at=expected, arrived_at=arrived)


def purchase(*lines: InboundLine) -> InboundOrder:
    return InboundOrder("po", "ACME", InboundState.OPEN, lines, None, MAY, MAY)


def test_lines_that_were_promised_and_came_together_are_one_delivery() -> None:
    came = MAY + 9 * DAY
    lines = [line("A", MAY + 8 * DAY, came), line("B", MAY + 8 * DAY, came + timedelta(hours=1))]
    found = deliveries(purchase(*lines, line("B", None, came), line("A", MAY, None, 0), line("A", MAY, came, 3)))
    assert sorted(found) == [EVERY_ITEM, "A", "B"]
    assert [one.days_late for one in found["A"]] == [1]
    assert [one.days_late for one in found["B"]] == [1, None]
    assert len(found[EVERY_ITEM]) == 2
    assert found[EVERY_ITEM][0].arrived_at == came + timedelta(hours=1)


def test_a_purchase_that_is_learnt_again_replaces_what_was_known_of_it() -> None:
    once = History().with_purchases({"po": [delivered(0, 5)]})
    again = once.with_purchases({"po": [delivered(0, 5)]})
    assert again == once
    changed = again.with_purchases({"po": [delivered(0, 9)]}).observed
    assert (changed.samples, changed.days) == (1, 9)


def test_a_confidence_is_about_as_often_right_as_it_says() -> None:
    """Suppliers with very different habits; their next delivery against what the last 40 of each make believe."""
    chance = random.Random(7)
    said = kept = 0.0
    for _ in range(400):
        punctuality, delay = chance.random(), chance.randint(1, 20)
        lates = [0 if chance.random() < punctuality else chance.randint(1, delay) for _ in range(41)]
        known = Observed.of(delivered(number, 10, late) for number, late in enumerate(lates[:40])).lead_time(UNKNOWN)
        said += known.lateness.within(2)
        kept += lates[40] <= 2
    assert said / 400 == pytest.approx(kept / 400, abs=0.05)
