"""Days on which a location is inactive say nothing of its demand; against the calendar, gone through event by event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inventory.ledger import Kind
from gateway.planning.activity import Switch
from gateway.planning.demand import ItemMovement
from gateway.planning.figures import figures
from gateway.planning.series import ALL_CHANNELS, Cell
from gateway.planning.velocity import ItemVelocity
from tests.planning.ledgers import ACTS, START, Act, Ledger

DAY = 86_400 * 1_000_000
START_SEQ = int(START.timestamp()) * 1_000_000
ADJUSTMENTS = ACTS.map(lambda acts: [replace(act, kind=Kind.ADJUST) for act in acts])
SWITCHES = st.lists(
    st.builds(
        lambda day, micros, at, active: Switch(START_SEQ + day * DAY + micros, at, active),
        st.integers(0, 60),
        st.integers(0, 45),
        st.sampled_from(["EAST", "WEST"]),
        st.booleans(),
    ),
    max_size=8,
).map(sorted)


def switched(day: int, active: bool, location_id: str = "EAST") -> Switch:
    """At noon."""
    return Switch(START_SEQ + day * DAY + DAY // 2, location_id, active)


def folded(movements: Sequence[ItemMovement], switches: Sequence[Switch]) -> ItemVelocity:
    velocity = ItemVelocity("id-LAMP", 28, 0, switches=switches)
    assert velocity.fold(movements)
    return velocity


def cell_of(velocity: ItemVelocity, location_id: str | None, now: datetime) -> Cell:
    cell = velocity.cell_at(location_id, now)
    assert cell is not None
    return cell


def rate(cell: Cell) -> float:
    found = figures(cell, cell.series[ALL_CHANNELS])
    assert found is not None
    return found.units_per_day


def five_a_day(days: int) -> list[Act]:
    """At one of two locations; the other one is sold out from the first day on."""
    acts = [Act(0, Kind.ADJUST, 1_000), Act(0, Kind.ADJUST, 1, "WEST"), Act(0, Kind.SALE, -1, "WEST")]
    return [*acts, *(Act(int(day > 0), Kind.SALE, -5) for day in range(days))]


@pytest.mark.parametrize("location_id", ["EAST", None])
def test_a_location_is_not_slow_for_the_days_on_which_it_was_inactive(location_id: str | None) -> None:
    ledger = Ledger().write(five_a_day(60))
    velocity = folded(ledger.movements, [switched(59, False)])
    before = rate(cell_of(velocity, location_id, ledger.at(60)))
    cell = cell_of(velocity, location_id, ledger.at(120))
    assert rate(cell) == before == pytest.approx(5, rel=0.01)
    assert (cell.counted_days, cell.days_without_stock) == (60, 60)


@pytest.mark.parametrize("location_id", ["EAST", None])
def test_its_days_count_again_from_the_day_on_which_it_is_active(location_id: str | None) -> None:
    ledger = Ledger().write(five_a_day(60))
    switches = [switched(59, False), switched(100, True)]
    cell = cell_of(folded(ledger.movements, switches), location_id, ledger.at(110))
    assert (cell.counted_days, cell.days_without_stock) == (70, 40)
    ledger.write([Act(51, Kind.SALE, -5)])  # folding it closes the same days
    again = cell_of(folded(ledger.movements, switches), location_id, ledger.at(110))
    assert again.counted_days == 70 and again.weight == pytest.approx(cell.weight)


def test_what_is_at_an_inactive_location_does_not_make_a_day_count_for_the_whole() -> None:
    acts = [Act(0, Kind.ADJUST, 9), Act(0, Kind.ADJUST, 9, "WEST"), Act(4, Kind.SALE, -9)]
    velocity = folded(Ledger().write(acts).movements, [switched(2, False, "WEST")])
    whole = cell_of(velocity, None, Ledger().at(20))
    assert (whole.counted_days, whole.days_without_stock) == (5, 15)


def test_what_is_sold_while_the_location_is_inactive_is_demand_all_the_same() -> None:
    acts = [Act(0, Kind.ADJUST, 9), Act(10, Kind.SALE, -3)]
    cell = cell_of(folded(Ledger().write(acts).movements, [switched(4, False)]), "EAST", Ledger().at(20))
    assert (cell.counted_days, cell.series[ALL_CHANNELS].units_total) == (6, 3)


@given(ADJUSTMENTS, SWITCHES, st.integers(0, 40), st.sampled_from([None, "EAST", "WEST"]))
def test_the_days_that_count_are_those_of_the_calendar(
    acts: list[Act], switches: list[Switch], cut: int, location_id: str | None
) -> None:
    ledger = Ledger().write(acts)
    now = ledger.at(ledger.day + 30)
    velocity = folded(ledger.movements[:cut], switches)
    asked = velocity.cell_at(location_id, ledger.at(ledger.day))  # which changes nothing
    assert velocity.fold(ledger.movements) and velocity == folded(ledger.movements, switches)
    cell = velocity.cell_at(location_id, now)
    if cell is None:
        assert asked is None
        return
    days = range(cell.since, int(now.timestamp()) // 86_400)
    counted = _counted(ledger.movements, switches, location_id, days)
    assert (cell.counted_days, cell.days_without_stock) == (counted, len(days) - counted)
    velocity.close_days(now)
    closed = velocity.cells["*" if location_id is None else location_id]
    assert (closed.counted_days, closed.weight) == (cell.counted_days, cell.weight)


def _counted(
    movements: Sequence[ItemMovement], switches: Sequence[Switch], location_id: str | None, days: range
) -> int:
    """On how many of these days an active location had stock at any time."""
    events: list[ItemMovement | Switch] = [*switches, *movements]
    events.sort(key=lambda event: event.seq)
    levels: dict[str, int] = {}
    closed: set[str] = set()

    def on_sale() -> bool:
        return any(units > 0 and at not in closed and location_id in (None, at) for at, units in levels.items())

    counted = 0
    for day in range(START_SEQ // DAY, days.stop):
        counts = on_sale()
        for event in events:
            if event.seq // DAY != day:
                continue
            if isinstance(event, Switch):
                (closed.discard if event.active else closed.add)(event.location_id)
            else:
                [line] = event.lines
                levels[line.location_id] = line.after
            counts = counts or on_sale()
        counted += counts and day in days
    return counted
