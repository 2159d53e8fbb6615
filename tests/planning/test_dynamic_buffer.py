"""What may sell before a channel hears of it."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inventory.buffer_rules import DynamicBuffer
from gateway.inventory.channels import Learned
from gateway.inventory.ledger import Kind
from gateway.planning.delays import SECONDS_MAX, ChannelDelays, Delay
from gateway.planning.dynamic_buffer import (
    BAND,
    DailyDemand,
    DemandAtRisk,
    RiskSource,
    demand_at_risk,
    demand_by_channel,
    exact_units,
    learned,
)
from gateway.planning.quantiles import counted_units
from gateway.planning.velocity import ItemVelocity
from tests.planning.ledgers import Act, Ledger

HOUR = 3600.0
RULE = DynamicBuffer(0.95, 1_000)


def at_risk(mean: float, variance: float | None = None) -> DemandAtRisk:
    source = RiskSource(None, DailyDemand(mean, mean), 86_400, mean, mean if variance is None else variance)
    return DemandAtRisk((source,), 0.0)


@pytest.mark.parametrize(
    ("mean", "variance", "quantile", "units"),
    [
        (0.0, 0.0, 0.99, 0),
        # Tables of the Poisson distribution: P(X <= 5) = 0.916, P(X <= 6) = 0.966 at a mean of 3.
        (3.0, 3.0, 0.916, 5),
        (3.0, 3.0, 0.95, 6),
        (3.0, 2.0, 0.95, 6),
        (0.01, 0.01, 0.95, 0),
        # Geometric, that is with a size of 1: P(X <= k) = 1 - (3/4)^(k + 1) at a mean of 3.
        (3.0, 12.0, 0.95, 10),
        (3.0, 12.0, 0.5, 2),
        # Far beyond where the chance of no unit at all is a float: nearly normal by then, 2500 + 1.645 * 50.
        (2_500.0, 2_500.0, 0.95, 2_583),
    ],
)
def test_a_quantile_is_the_least_that_is_enough(mean: float, variance: float, quantile: float, units: int) -> None:
    assert counted_units(mean, variance, quantile, 10_000) == units
    assert counted_units(mean, variance, quantile, 2) == min(units, 2)


def test_the_negative_binomial_is_that_of_demand_whose_rate_itself_varies() -> None:
    """Which is what it is: a Poisson number whose mean is drawn from a gamma distribution."""
    chance = random.Random(7)
    mean, variance = 4.0, 10.0
    size, scale = mean**2 / (variance - mean), (variance - mean) / mean
    drawn = Counter(poisson(chance, chance.gammavariate(size, scale)) for _ in range(20_000))
    for quantile in (0.5, 0.9, 0.99):
        units = counted_units(mean, variance, quantile, 1_000)
        enough = sum(count for number, count in drawn.items() if number <= units) / 20_000
        too_few = sum(count for number, count in drawn.items() if number < units) / 20_000
        assert too_few - 0.01 < quantile < enough + 0.01


def poisson(chance: random.Random, mean: float) -> int:
    """By counting exponential times (Knuth)."""
    units, left = 0, math.exp(-mean)
    product = chance.random()
    while product > left:
        units += 1
        product *= chance.random()
    return units


def test_each_seller_is_at_risk_until_its_news_has_come_here_and_gone_there() -> None:
    delays = {
        "web": ChannelDelays(Delay(600.0, 0.0, 9), Delay(HOUR, 0.0, 9), overwrites=True),
        "till": ChannelDelays(Delay(1.0, 0.0, 9), Delay(3_000.0, 0.0, 9), overwrites=False),
    }
    demand = {"web": DailyDemand(24.0, 30.0), "till": DailyDemand(48.0, 96.0), None: DailyDemand(144.0, 144.0)}
    found = {source.channel_id: source for source in demand_at_risk("web", demand, delays).sources}
    assert {seller: source.seconds for seller, source in found.items()} == {"web": HOUR, "till": HOUR, None: 600.0}
    assert found["web"].mean == pytest.approx(1.0)
    assert found["till"].mean == pytest.approx(2.0) and found["till"].variance == pytest.approx(4.0)
    assert found[None].mean == pytest.approx(1.0)
    # What the till has sold by itself stays sold: it takes changes, not counts.
    assert "till" not in {source.channel_id for source in demand_at_risk("till", demand, delays).sources}


def test_delays_that_vary_add_to_the_variance_and_the_lag_adds_for_all_sellers_together() -> None:
    delays = {
        "web": ChannelDelays(Delay(HOUR, HOUR**2, 9), Delay(), overwrites=False),
        "till": ChannelDelays(Delay(), Delay(HOUR, 4 * HOUR**2, 9)),
    }
    demand = {"till": DailyDemand(24.0, 0.0), None: DailyDemand(24.0, 0.0)}
    risk = demand_at_risk("web", demand, delays)
    assert risk.mean == pytest.approx(3.0)
    assert risk.lag_variance == pytest.approx(2.0**2)
    assert risk.variance == pytest.approx(4.0 + 4.0)


def test_a_faster_channel_earns_a_smaller_buffer_and_a_higher_quantile_a_larger_one() -> None:
    demand: dict[str | None, DailyDemand] = {None: DailyDemand(200.0, 500.0)}
    units = []
    for seconds in (0.05, 60.0, HOUR, 6 * HOUR):
        delays = {"web": ChannelDelays(Delay(seconds, seconds**2, 50), Delay(0.0, 0.0, 50))}
        units.append(exact_units(demand_at_risk("web", demand, delays), RULE))
    assert units[0] == 0 and units == sorted(set(units))
    assert exact_units(at_risk(5.0), DynamicBuffer(0.99, 100)) > exact_units(at_risk(5.0), DynamicBuffer(0.8, 100))


def test_what_was_never_measured_takes_a_minute() -> None:
    [source] = demand_at_risk("web", {"till": DailyDemand(1.0, 1.0)}, {}).sources
    assert source.seconds == 120.0


@given(
    mean=st.floats(0.05, 50),
    spread=st.floats(1.0, 5.0),
    course=st.lists(st.floats(1 / (1 + BAND), 1 + BAND), min_size=2, max_size=30),
)
def test_units_in_use_do_not_flap_while_demand_stays_in_the_band(
    mean: float, spread: float, course: list[float]
) -> None:
    known = learned(at_risk(mean, mean * spread), RULE, None)
    for factor in course:
        assert learned(at_risk(mean * factor, mean * factor * spread), RULE, known) == known


@given(mean=st.floats(5, 50), factor=st.floats(2.0, 10.0))
def test_units_in_use_follow_demand_that_has_left_the_band(mean: float, factor: float) -> None:
    known = learned(at_risk(mean), RULE, None)
    more = learned(at_risk(mean * factor), RULE, known)
    assert more == Learned(exact_units(at_risk(mean * factor), RULE), RULE.quantile)
    assert more.units >= known.units


def test_another_quantile_is_learned_at_once() -> None:
    known = learned(at_risk(4.0), DynamicBuffer(0.95, 100), None)
    assert learned(at_risk(4.0), DynamicBuffer(0.96, 100), known).quantile == 0.96


def test_demand_is_told_apart_by_channel_and_the_rest_came_through_none() -> None:
    acts = [Act(0, Kind.ADJUST, 100), Act(0, Kind.SALE, -4, channel_id="shop"), Act(0, Kind.RESERVE, -2)]
    velocity = ItemVelocity("id-LAMP", 28, 0)
    ledger = Ledger().write(acts)
    velocity.fold(ledger.movements)
    cell = velocity.cell_at("EAST", ledger.at(1))
    assert cell is not None
    demand = demand_by_channel([cell, cell])
    assert {seller: daily.mean for seller, daily in demand.items()} == {"shop": 8.0, None: 4.0}


def test_what_a_new_channel_sells_counts_in_full_from_its_first_day() -> None:
    acts = [Act(0, Kind.ADJUST, 10**6)]
    for day in range(65):
        acts.append(Act(1, Kind.SALE, -3))  # through no channel
        if day >= 60:
            acts.append(Act(0, Kind.SALE, -10, channel_id="new"))
    ledger = Ledger().write(acts)
    velocity = ItemVelocity("id-LAMP", 28, 0)
    velocity.fold(ledger.movements)
    cell = velocity.cell_at("EAST", ledger.at(66))
    assert cell is not None
    demand = demand_by_channel([cell])
    assert demand["new"].mean == pytest.approx(10.0)
    assert demand[None].mean == pytest.approx(3.0, rel=0.05)  # the day of the first stock had no buyer
    delays = {"other": ChannelDelays(Delay().measured(HOUR))}
    assert demand_at_risk("other", demand, delays).mean == pytest.approx(13 / 24, rel=0.02)


def test_a_delay_forgets_and_is_bounded() -> None:
    delay = Delay()
    for seconds in (1.0, 3.0):
        delay = delay.measured(seconds)
    assert (delay.mean, delay.variance, delay.samples) == (2.0, 1.0, 2)
    for _ in range(500):
        delay = delay.measured(10.0)
    assert delay.mean == pytest.approx(10.0, abs=0.01) and delay.variance < 0.1
    assert Delay().measured(-5.0).mean == 0.0 and Delay().measured(1e9).mean == SECONDS_MAX
