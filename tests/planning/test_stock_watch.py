"""One alert per crossing of a threshold, however the level dances and however the ledger is cut."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from gateway.inventory.alerts import AlertKind
from gateway.inventory.ledger import Kind
from gateway.planning.demand import AvailableLine, ItemMovement
from gateway.planning.stock_watch import Closed, Crossing, ItemWatch, Opened, Thresholds

LOW_AT = 10


def movements(levels: Sequence[int]) -> list[ItemMovement]:
    """A level that takes these values, one after the other, beginning at nothing."""
    found, before = [], 0
    for version, after in enumerate(levels, 1):
        line = AvailableLine("EAST", after - before, after)
        found.append(ItemMovement("id", version, version, Kind.ADJUST, None, (line,)))
        before = after
    return found


def watched(levels: Sequence[int], thresholds: Thresholds | None = None) -> list[Crossing]:
    watch = ItemWatch("id")
    for movement in movements(levels):
        watch.take_in(movement, lambda at: thresholds or Thresholds(LOW_AT))
    return watch.crossings


def opened(crossings: Sequence[Crossing]) -> list[tuple[AlertKind, int]]:
    return [(one.kind, one.available) for one in crossings if isinstance(one, Opened)]


def test_a_level_that_dances_around_its_threshold_raises_one_alert() -> None:
    crossings = watched([50, *[10, 11] * 20, 12, 9, 12, 13])
    assert opened(crossings) == [(AlertKind.LOW_STOCK, 10)]
    assert [one.available for one in crossings if isinstance(one, Closed)] == [13]


def test_each_way_down_raises_each_alert_once() -> None:
    crossings = watched([50, 5, 0, -2, 0, -1, 30, 0])
    assert opened(crossings) == [
        (AlertKind.LOW_STOCK, 5),
        (AlertKind.OUT_OF_STOCK, 0),
        (AlertKind.OVERPROMISED, -2),
        (AlertKind.OUT_OF_STOCK, 0),
        (AlertKind.LOW_STOCK, 0),
    ]
    ids = [one.alert_id for one in crossings if isinstance(one, Opened)]
    assert len(set(ids)) == len(ids)


def test_a_place_that_never_had_more_than_its_threshold_has_not_crossed_it() -> None:
    assert opened(watched([1, 3, 8, 12, 7])) == []
    assert opened(watched([1, 0, 1])) == []  # a single piece comes and goes
    assert opened(watched([3, 0])) == [(AlertKind.OUT_OF_STOCK, 0)]


def test_units_owed_on_purpose_are_no_alert() -> None:
    assert opened(watched([3, -5], Thresholds(0, owed_max=5))) == [(AlertKind.OUT_OF_STOCK, -5)]
    assert (AlertKind.OVERPROMISED, -6) in opened(watched([3, -6], Thresholds(0, owed_max=5)))


def test_overstock_is_crossed_upwards() -> None:
    watch = ItemWatch("id")
    first, *rest = movements([50, 99, 101, 98, 120, 79, 100])
    watch.take_in(first, lambda at: Thresholds(0))
    watch.places["EAST"] = replace(watch.places["EAST"], overstock_at=100)
    for movement in rest:
        watch.take_in(movement, lambda at: Thresholds(0))
    assert opened(watch.crossings) == [(AlertKind.OVERSTOCK, 101), (AlertKind.OVERSTOCK, 100)]


def test_another_threshold_may_open_an_alert_and_none_closes_it() -> None:
    watch = ItemWatch("id")
    for movement in movements([50, 15]):
        watch.take_in(movement, lambda at: Thresholds(LOW_AT))
    watch.judge("EAST", Thresholds(20))
    assert opened(watch.crossings) == [(AlertKind.LOW_STOCK, 15)]
    watch.judge("EAST", None)
    assert isinstance(watch.crossings[-1], Closed) and not watch.crossings[-1].watched
    watch.judge("EAST", Thresholds(20))
    assert len(opened(watch.crossings)) == 2


def test_a_place_that_never_had_more_than_a_threshold_has_not_crossed_it_for_being_unwatched_meanwhile() -> None:
    watch = ItemWatch("id")
    for movement in movements([3]):
        watch.take_in(movement, lambda at: Thresholds(LOW_AT))
    watch.judge("EAST", None)
    watch.judge("EAST", Thresholds(LOW_AT))
    assert watch.crossings == []


def test_random_walks_raise_what_a_look_at_the_whole_walk_says() -> None:
    for seed in range(200):
        chance = random.Random(seed)
        level, walk = 0, []
        for _ in range(chance.randint(1, 200)):
            level = max(-5, min(30, level + chance.randint(-6, 6)))
            walk.append(level)
        found = opened(watched(walk))
        assert [at for kind, at in found if kind is AlertKind.LOW_STOCK] == crossings_of(walk, LOW_AT, 2)
        assert [at for kind, at in found if kind is AlertKind.OUT_OF_STOCK] == crossings_of(walk, 0, 1)
        assert [at for kind, at in found if kind is AlertKind.OVERPROMISED] == crossings_of(walk, -1, 1)


def crossings_of(walk: Sequence[int], threshold: int, band: int) -> list[int]:
    """Levels at the threshold or below it that are the first after one that was clear of it."""
    clear, found = threshold < 0, []  # nothing is more than what is owed
    for level in walk:
        if level > threshold + band:
            clear = True
        elif level <= threshold and clear:
            found.append(level)
            clear = False
    return found
