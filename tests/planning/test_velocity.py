"""The fold: against sums made by hand over whole calendars, and cut into parts at random."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inventory.ledger import Kind
from gateway.planning.demand import ItemMovement
from gateway.planning.figures import DemandFigures, DemandPattern, figures, figures_over
from gateway.planning.series import ALL_CHANNELS, SIZE_DECAY, Cell, Series
from gateway.planning.velocity import ItemVelocity, decay_per_day
from tests.planning.ledgers import ACTS, Act, Ledger, day_of

HALF_LIFE = 10.0


def folded(movements: Sequence[ItemMovement]) -> ItemVelocity:
    velocity = ItemVelocity("id-LAMP", HALF_LIFE, 0)
    assert velocity.fold(movements)
    return velocity


def cell_after(ledger: Ledger, day: int) -> Cell:
    cell = folded(ledger.movements).cell_at(None, ledger.at(day))
    assert cell is not None
    return cell


def figures_after(ledger: Ledger, day: int, channel_id: str = ALL_CHANNELS) -> DemandFigures:
    cell = cell_after(ledger, day)
    found = figures(cell, cell.series[channel_id])
    assert found is not None
    return found


def stocked(units: int) -> Act:
    return Act(0, Kind.ADJUST, units)


def sale(days_later: int, units: int, channel_id: str = "shop") -> Act:
    return Act(days_later, Kind.SALE, -units, channel_id=channel_id)


def daily(units: Sequence[int]) -> Ledger:
    """One sale a day of so many units, none where 0; always in stock."""
    acts, wait = [stocked(10**6)], 0
    for sold in units:
        if sold:
            acts.append(sale(wait, sold))
            wait = 0
        wait += 1
    return Ledger().write(acts)


@given(ACTS, st.lists(st.integers(0, 40), max_size=6), st.randoms(use_true_random=False))
def test_in_whatever_parts_the_ledger_is_folded_it_comes_to_exactly_the_same(
    acts: list[Act], cuts: list[int], random: object
) -> None:
    movements = Ledger().write(acts).movements
    parts = ItemVelocity("id-LAMP", HALF_LIFE, 0)
    for cut in [*sorted(cuts), len(movements)]:
        known = movements[:cut]
        random.shuffle(known)  # type: ignore[attr-defined]
        assert parts.fold(known)  # what was folded before is passed over
    assert parts == folded(movements)


def test_a_missing_movement_is_noticed_and_nothing_behind_it_is_folded() -> None:
    movements = Ledger().write([stocked(9), sale(1, 2), sale(1, 3), sale(1, 4)]).movements
    velocity = ItemVelocity("id-LAMP", HALF_LIFE, 0)
    assert not velocity.fold([movements[0], movements[1], movements[3]])
    assert velocity == folded(movements[:2])
    assert velocity.fold(movements) and velocity == folded(movements)


@given(ACTS, st.sampled_from([None, "EAST", "WEST"]), st.sampled_from([ALL_CHANNELS, "shop"]))
def test_the_figures_are_those_of_the_calendar(acts: list[Act], location_id: str | None, channel_id: str) -> None:
    ledger = Ledger().write(acts)
    movements = [some for some in ledger.movements if location_id in (None, some.lines[0].location_id)]
    now = ledger.at(ledger.day + 3)
    cell = folded(ledger.movements).cell_at(location_id, now)
    if cell is None:
        assert not movements
        return
    days = list(_calendar(movements, now, channel_id))
    series = cell.series.get(channel_id, Series())
    assert cell.span(series).counted_days == len(days)
    assert (series.units_total, series.demand_days) == (sum(days), sum(map(bool, days)))
    found = figures(cell, series)
    assert (found is None) == (not days)
    if found is not None:
        _assert_as_by_hand(found, days)


def _calendar(movements: Sequence[ItemMovement], now: datetime, channel_id: str) -> Iterator[int]:
    """The demand of each day that counts, the plain way: one day after the other. A channel's begin with its first."""
    sold = [day_of(one) for one in movements if one.is_demand and channel_id in (one.channel_id, ALL_CHANNELS)]
    by_day: dict[date, list[ItemMovement]] = defaultdict(list)
    for movement in movements:
        by_day[day_of(movement)].append(movement)
    levels: dict[str, int] = {}
    credit: dict[str, int] = defaultdict(int)
    day = min(by_day)
    begin = day if channel_id == ALL_CHANNELS else min(sold, default=day)
    while day < now.date():
        in_stock = any(level > 0 for level in levels.values())
        demand = {key: -units for key, units in credit.items()}
        for movement in by_day[day]:
            [line] = movement.lines
            levels[line.location_id] = line.after
            in_stock = in_stock or line.after > 0 or line.after - line.delta > 0
            for key in {ALL_CHANNELS, movement.channel_id or ALL_CHANNELS} if movement.is_demand else ():
                demand[key] = demand.get(key, 0) - line.delta
        credit.update((key, max(0, -units)) for key, units in demand.items())
        if day >= begin and (in_stock or any(units > 0 for units in demand.values())):
            yield max(0, demand.get(channel_id, 0))
        day += timedelta(days=1)


def _assert_as_by_hand(found: DemandFigures, days: Sequence[int]) -> None:
    decay = decay_per_day(HALF_LIFE)
    weights = [decay**age for age in range(len(days) - 1, -1, -1)]
    total = sum(weights)
    mean = sum(w * x for w, x in zip(weights, days, strict=True)) / total
    assert math.isclose(found.mean, mean, rel_tol=1e-9, abs_tol=1e-12)
    share = sum(w for w, x in zip(weights, days, strict=True) if x) / total
    assert math.isclose(found.demand_probability, share, rel_tol=1e-9, abs_tol=1e-12)
    if len(days) > 1:
        spread = sum(w * (x - mean) ** 2 for w, x in zip(weights, days, strict=True))
        variance = spread / (total - sum(w * w for w in weights) / total)
        assert found.variance is not None and math.isclose(found.variance, variance, rel_tol=1e-6, abs_tol=1e-9)
    sizes = [x for x in days if x]
    if sizes:
        weights = [SIZE_DECAY**age for age in range(len(sizes) - 1, -1, -1)]
        size = sum(w * x for w, x in zip(weights, sizes, strict=True)) / sum(weights)
        assert found.size is not None and math.isclose(found.size, size, rel_tol=1e-9)


def test_days_without_stock_are_not_days_without_demand() -> None:
    ledger = Ledger().write([stocked(4), sale(1, 2), sale(1, 2), Act(30, Kind.ADJUST, 4), sale(1, 2), sale(1, 2)])
    cell = cell_after(ledger, ledger.day + 1)
    # The days of the first stock, of two sales, of the second stock, and of two sales; from sold out to new stock none.
    assert (cell.counted_days, cell.days_without_stock) == (6, 29)
    assert (cell.series[ALL_CHANNELS].demand_days, cell.series[ALL_CHANNELS].units_total) == (4, 8)


def test_an_order_that_was_taken_without_stock_is_demand_all_the_same() -> None:
    cell = cell_after(Ledger().write([sale(0, 3)]), 5)
    assert (cell.counted_days, cell.days_without_stock, cell.series["shop"].units_total) == (1, 4, 3)


def test_backorders_less_their_cancellations_are_demand_and_days_on_which_they_wait_count() -> None:
    ledger = Ledger().owe(0, Kind.BACKORDER_CREATE, 7, "shop").owe(1, Kind.BACKORDER_CREATE, 5)
    ledger.owe(2, Kind.BACKORDER_CANCEL, -2).owe(1, Kind.BACKORDER_CREATE, 3)
    cell = cell_after(ledger, 5)
    assert (cell.series[ALL_CHANNELS].units_total, cell.series["shop"].units_total) == (7 + 5 - 2 + 3, 7)
    assert (cell.owed, cell.counted_days, cell.days_without_stock) == (13, 5, 0)


def test_a_backorder_that_arrives_or_waits_for_another_purchase_is_no_demand_again() -> None:
    ledger = Ledger().owe(0, Kind.BACKORDER_CREATE, 7).owe(1, Kind.BACKORDER_MOVE, -7).owe(0, Kind.BACKORDER_MOVE, 7)
    ledger.owe(1, Kind.INBOUND_RECEIVE, -7)
    cell = cell_after(ledger, 9)
    assert cell.series[ALL_CHANNELS].units_total == 7
    assert (cell.owed, cell.counted_days, cell.days_without_stock) == (0, 3, 6)


def test_what_was_given_back_later_is_taken_off_the_demand_that_follows() -> None:
    acts = [stocked(99), Act(0, Kind.RESERVE, -5), Act(1, Kind.EXPIRE, 5), sale(1, 2), sale(1, 4)]
    series = cell_after(Ledger().write(acts), 9).series[ALL_CHANNELS]
    assert (series.units_total, series.credit) == (5 + 0 + 0 + 1, 0)


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.SALE, Kind.RESERVE, Kind.CHECKOUT, Kind.PAYMENT_START}))
def test_only_what_buyers_take_is_demand(kind: Kind) -> None:
    takes_back = kind in (Kind.RELEASE, Kind.EXPIRE, Kind.PAYMENT_FAILURE, Kind.CANCEL, Kind.RETURN)
    cell = cell_after(Ledger().write([stocked(99), sale(0, 5), Act(0, kind, 1 if takes_back else -1)]), 1)
    assert cell.series[ALL_CHANNELS].units_total == (4 if takes_back else 5)


@pytest.mark.parametrize(
    ("units", "pattern"),
    [
        ([0] * 20, DemandPattern.NONE),
        ([5, 4, 6, 5] * 10, DemandPattern.SMOOTH),
        ([1, 30, 1, 1] * 10, DemandPattern.ERRATIC),
        ([0, 0, 3, 0, 0] * 8, DemandPattern.INTERMITTENT),
        ([0, 0, 1, 0, 0, 0, 40, 0] * 5, DemandPattern.LUMPY),
    ],
)
def test_demand_is_told_apart_by_its_intervals_and_sizes(units: list[int], pattern: DemandPattern) -> None:
    ledger = daily(units)
    cell = cell_after(ledger, len(units))
    if pattern is DemandPattern.NONE:
        assert ALL_CHANNELS not in cell.series
        return
    assert figures_after(ledger, len(units)).pattern is pattern


def test_intermittent_demand_is_estimated_as_the_method_says() -> None:
    """Teunter, Syntetos and Babai's recursions, with the smoothing that this history is long enough to have reached."""
    units = [0, 0, 3, 0, 5, 0, 0, 0] * 60
    found = figures_after(daily(units), len(units))
    probability, size = 0.0, 0.0
    beta, alpha = 1 - decay_per_day(HALF_LIFE), 1 - SIZE_DECAY
    for sold in units:
        probability += beta * ((sold > 0) - probability)
        size += alpha * (sold - size) if sold else 0
    assert found.pattern is DemandPattern.INTERMITTENT
    assert found.units_per_day == pytest.approx(probability * size, rel=1e-4)
    assert found.units_per_day == pytest.approx(1.0, rel=0.15)


def test_the_rate_of_a_dead_item_halves_with_each_half_life_in_stock() -> None:
    ledger = daily([0, 2, 0, 0] * 50)
    rates = [figures_after(ledger, 200 + days).units_per_day for days in (0, 10, 20)]
    assert rates[1] == pytest.approx(rates[0] / 2, rel=1e-3) and rates[2] == pytest.approx(rates[0] / 4, rel=1e-3)


def test_a_channel_is_not_slow_for_what_was_sold_before_it_was_there() -> None:
    ledger = daily([5] * 60).write([sale(1, 10, "new"), *[sale(1, 10, "new")] * 4])
    found = figures_after(ledger, 65, "new")
    assert (found.units_per_day, found.demand_probability, found.variance) == pytest.approx((10.0, 1.0, 0.0))
    cell = cell_after(ledger, 65)
    assert cell.span(cell.series["new"]).counted_days == 5
    assert figures(cell, Series()) == DemandFigures(0.0, 0.0, 0.0, None, None, 65)  # of a channel that never sold it


def test_an_item_that_waited_for_its_first_buyer_is_slow() -> None:
    found = figures_after(daily([0] * 30 + [6]), 31)
    assert found.mean < 1


def test_the_rates_of_all_channels_and_locations_add_up_over_the_same_days() -> None:
    acts = [Act(0, Kind.ADJUST, 99, at) for at in ("EAST", "WEST")]
    for day, (at, channel_id) in enumerate([("EAST", "shop"), ("WEST", "till"), ("EAST", None), ("EAST", "till")]):
        acts.append(Act(1, Kind.SALE, -day - 1, at, channel_id))
    ledger = Ledger().write(acts)
    velocity = folded(ledger.movements)
    cells = {at: velocity.cell_at(at, ledger.at(9)) for at in (None, "EAST", "WEST")}

    def mean(at: str | None, channel_id: str = ALL_CHANNELS) -> float:
        cell = cells[at]
        assert cell is not None
        found = figures_over(cell.span(Series()), cell.series[channel_id])
        assert found is not None
        return found.mean

    assert mean(None) == pytest.approx(mean("EAST") + mean("WEST"))
    assert mean("EAST", "shop") + mean("EAST", "till") < mean("EAST")  # the rest came through no channel
    assert mean(None, "till") == pytest.approx(mean("EAST", "till") + mean("WEST"))


def test_asking_does_not_change_what_is_remembered() -> None:
    ledger = daily([1, 0, 2])
    velocity, untouched = folded(ledger.movements), folded(ledger.movements)
    assert velocity.cell_at(None, ledger.at(50)) != velocity.cell_at(None, ledger.at(51))
    assert velocity == untouched
