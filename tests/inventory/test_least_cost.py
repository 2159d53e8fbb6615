"""Allocation by cost, against the definition: every way to serve the lines, priced by hand."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from gateway.inventory.allocation import StrategyName
from gateway.inventory.allotting import Allotment, Allotter
from gateway.inventory.batch import BatchStock
from gateway.inventory.errors import InvalidInput
from gateway.inventory.geography import Distance, Point, Whereabouts, Zones, checked_whereabouts, haversine_km
from gateway.inventory.least_cost import LOCATIONS_MAX, Choice, Routes, Weights, chosen
from gateway.inventory.quotas import Quota
from gateway.inventory.requested_lines import RequestedLine
from gateway.inventory.stock import Item
from tests.builders import NOW, item

WEIGHTS = Weights(per_km=1.0, per_further_parcel=10.0, per_unit_below_safety=3.0)


def routes(**km: float) -> Routes:
    return Routes({at: Distance(distance, "coordinates") for at, distance in km.items()}, WEIGHTS)


def allotted(
    items: Sequence[Item], lines: Sequence[RequestedLine], to: Routes, **settings: object
) -> tuple[list[Allotment], Choice]:
    stock = BatchStock({one.id: one for one in items}, dict.fromkeys(to.distances, True), NOW)
    allotter = Allotter(stock, StrategyName.LEAST_COST, **settings)  # type: ignore[arg-type]
    best, choice = chosen(allotter, lines, to, alternatives=2)
    assert choice is not None
    return [best.allot(line, ()) for line in lines], choice


def taken(allotments: Sequence[Allotment]) -> list[dict[str, int]]:
    return [{share.location_id: share.quantity for share in some.shares} for some in allotments]


def lamp(safety: Mapping[str, int] | None = None, **levels: int) -> Item:
    return item("LAMP", levels, safety_stock=safety or {})


def lamps(quantity: int) -> list[RequestedLine]:
    return [RequestedLine("LAMP", quantity)]


def test_the_nearest_location_that_has_all_of_it_serves_it() -> None:
    [got], choice = allotted([lamp(EAST=5, WEST=5)], lamps(3), routes(EAST=20, WEST=8))
    assert taken([got]) == [{"WEST": 3}]
    assert (choice.cost.total, choice.exact) == (8, True)
    assert got.shares[0].why == "least cost: 8.00 of 8.00, 8 km away (coordinates)"


def test_a_second_parcel_is_weighed_against_the_longer_way() -> None:
    items = [lamp(NEAR=2, FAR=9)]
    for far, expected in ((25, {"FAR": 3}), (60, {"FAR": 3}), (14, {"FAR": 3})):
        [got], _ = allotted(items, lamps(3), routes(NEAR=5, FAR=far))
        assert taken([got]) == [expected]
    two = lamp(NEAR=2, NEXT=1, FAR=9)
    [got], choice = allotted([two], lamps(3), routes(NEAR=5, NEXT=6, FAR=25))
    assert (taken([got]), choice.cost.total) == ([{"NEAR": 2, "NEXT": 1}], 21)
    assert choice.alternatives[0].location_ids == ("FAR",)


def test_lines_that_come_from_one_location_share_its_parcel() -> None:
    items = [lamp(NEAR=9, FAR=9), item("DESK", {"FAR": 9})]
    got, choice = allotted(items, [*lamps(1), RequestedLine("DESK", 1)], routes(NEAR=1, FAR=5))
    assert taken(got) == [{"FAR": 1}, {"FAR": 1}]
    assert choice.cost.total == 5


def test_safety_stock_is_kept_while_another_location_can_serve() -> None:
    kept = lamp({"NEAR": 4}, NEAR=5, FAR=5)
    [got], choice = allotted([kept], lamps(2), routes(NEAR=1, FAR=500))
    assert (taken([got]), choice.cost.below_safety) == ([{"FAR": 2}], 0)
    [got], choice = allotted([kept], lamps(8), routes(NEAR=1, FAR=500))
    assert (taken([got]), choice.cost.below_safety, choice.cost.safety) == ([{"NEAR": 3, "FAR": 5}], 2, 6)
    assert {share.location_id: share.below_safety for share in got.shares} == {"NEAR": 2, "FAR": 0}


def test_where_safety_stock_cannot_be_kept_its_penalty_counts() -> None:
    both = lamp({"NEAR": 5, "FAR": 5}, NEAR=5, FAR=8)
    for near, expected in ((1, {"NEAR": 5}), (7, {"FAR": 5})):  # FAR has 3 to spare: 2 below instead of 5
        [got], _ = allotted([both], lamps(5), routes(NEAR=near, FAR=12))
        assert taken([got]) == [expected]


def test_as_many_units_as_there_are_come_before_any_cost() -> None:
    [got], choice = allotted([lamp(NEAR=2, FAR=2)], lamps(9), routes(NEAR=1, FAR=10_000))
    assert (taken([got]), choice.cost.missing) == ([{"NEAR": 2, "FAR": 2}], 5)


def test_stock_further_away_goes_before_a_backorder_at_the_nearest() -> None:
    short = replace(lamp(NEAR=1, FAR=1), backorder_limit=9)
    [got], _ = allotted([short], lamps(3), routes(NEAR=1, FAR=50), allow_backorder=True)
    assert [(share.location_id, share.quantity) for share in got.shares] == [("NEAR", 1), ("FAR", 1), ("NEAR", 1)]


def test_the_order_of_priority_decides_between_equals() -> None:
    [got], _ = allotted([lamp(ONE=5, TWO=5)], lamps(1), routes(TWO=5, ONE=5))
    assert taken([got]) == [{"TWO": 1}]


def test_what_is_kept_for_other_channels_serves_nobody_else() -> None:
    kept = lamp(NEAR=5, FAR=5)
    kept = replace(kept, quotas={"q": Quota("q", "web", "NEAR", 4)})
    for channel_id, expected in (("web", {"NEAR": 3}), ("till", {"FAR": 3})):
        [got], _ = allotted([kept], lamps(3), routes(NEAR=1, FAR=9), channel_id=channel_id)
        assert taken([got]) == [expected]


def test_what_was_tried_for_a_choice_is_still_there_afterwards() -> None:
    kept = replace(lamp(NEAR=2, FAR=5), quotas={"q": Quota("q", "web", None, 3)})
    got, choice = allotted([kept], [*lamps(2), *lamps(3), *lamps(3)], routes(NEAR=1, FAR=9), channel_id="web")
    assert taken(got) == [{"NEAR": 2}, {"FAR": 3}, {"FAR": 2}]
    assert [[draw.units for share in some.shares for draw in share.draws] for some in got] == [[2], [1], []]
    assert (choice.cost.missing, choice.cost.total) == (1, 20)


def ways(levels: Mapping[str, int], quantity: int) -> Iterator[dict[str, int]]:
    """Every way to take as many of the units as there are from these locations."""
    quantity = min(quantity, sum(levels.values()))
    for amounts in itertools.product(*(range(min(units, quantity) + 1) for units in levels.values())):
        if sum(amounts) == quantity:
            yield {at: units for at, units in zip(levels, amounts, strict=True) if units}


def cheapest(items: Sequence[Item], quantities: Sequence[int], to: Routes) -> tuple[bool, float]:
    """Whether safety stock has to be touched, and the least cost, over all ways to serve all lines."""
    found = []
    every = [
        ways({at: level.available for at, level in one.levels.items()}, n)
        for one, n in zip(items, quantities, strict=True)
    ]
    for way in itertools.product(*every):
        used = {at for line in way for at in line}
        below = sum(
            max(0, min(units, one.safety_stock.get(at, 0) - (one.level(at).available - units)))
            for one, line in zip(items, way, strict=True)
            for at, units in line.items()
        )
        weights = to.weights
        cost = sum(map(to.cost, used)) + max(0, len(used) - 1) * weights.per_further_parcel
        found.append((below > 0, cost + below * weights.per_unit_below_safety))
    return min(found)


@pytest.mark.parametrize("seed", range(60))
def test_no_way_to_serve_a_request_is_cheaper(seed: int) -> None:
    chance = random.Random(seed)
    places = ["A", "B", "C", "D"][: chance.randint(2, 4)]
    weights = Weights(1.0, chance.choice((0.0, 5.0, 40.0)), chance.choice((0.5, 8.0)))
    to = replace(routes(**{at: float(chance.randint(0, 30)) for at in places}), weights=weights)
    items, quantities = [], []
    for sku in ("LAMP", "DESK")[: chance.randint(1, 2)]:
        safety = {at: chance.randint(1, 3) for at in places if chance.random() < 0.4}
        items.append(item(sku, {at: chance.randint(0, 4) for at in places}, safety_stock=safety))
        quantities.append(chance.randint(1, 6))
    lines = [RequestedLine(one.sku, quantity) for one, quantity in zip(items, quantities, strict=True)]
    got, choice = allotted(items, lines, to)
    assert [some.quantity for some in got] == [
        min(quantity, sum(level.available for level in one.levels.values()))
        for one, quantity in zip(items, quantities, strict=True)
    ]
    assert choice.exact
    assert (choice.cost.below_safety > 0, choice.cost.total) == pytest.approx(cheapest(items, quantities, to))
    assert {at for line in taken(got) for at in line} == set(choice.cost.location_ids)


def test_of_many_locations_only_those_that_seem_best_are_combined() -> None:
    km = {f"L{n}": float(100 + n) for n in range(60)}
    levels = {at: 1 for at in km} | {"L50": 9}
    [got], choice = allotted([item("LAMP", levels)], lamps(5), routes(**km))
    assert (taken([got]), choice.exact) == ([{"L50": 5}], False)
    [got], choice = allotted([item("LAMP", levels)], lamps(20), routes(**km))
    assert got.quantity == 20
    assert "L50" in choice.cost.location_ids
    assert len(km) > LOCATIONS_MAX


def test_a_large_basket_over_many_locations_is_served_whole() -> None:
    chance = random.Random(4)
    km = {f"L{n}": float(n) for n in range(30)}
    items = [item(f"SKU-{n}", {at: chance.randint(0, 3) for at in km}) for n in range(250)]
    got, _ = allotted(items, [RequestedLine(one.sku, 5) for one in items], routes(**km))
    assert all(some.quantity == 5 for some in got)


def test_distances_come_from_coordinates_then_zones_then_nothing() -> None:
    zones = Zones({"EU": {"US": 7_000.0}}, unknown_km=1_234.0)
    paris, sydney = Point(48.8566, 2.3522), Point(-33.8688, 151.2093)
    assert haversine_km(paris, sydney) == pytest.approx(16_960, rel=0.005)
    assert haversine_km(paris, paris) == 0
    assert haversine_km(Point(0, 179.5), Point(0, -179.5)) == pytest.approx(111.195, rel=1e-3)
    assert haversine_km(Point(90, 0), Point(-90, 77)) == pytest.approx(20_015.1, rel=1e-4)
    known = Whereabouts(paris, "EU")
    assert zones.distance(known, Whereabouts(sydney, "EU")).source == "coordinates"
    for origin, destination in (("EU", "US"), ("US", "EU")):
        assert zones.distance(Whereabouts(None, origin), Whereabouts(None, destination)) == Distance(7_000.0, "zones")
    assert zones.distance(known, Whereabouts(None, "EU")) == Distance(0.0, "zones")
    assert zones.distance(known, Whereabouts(None, "MOON")) == Distance(1_234.0, "unknown")


@pytest.mark.parametrize(
    ("latitude", "longitude", "zone", "path"),
    [
        (91.0, 0.0, None, ("latitude",)),
        (0.0, -180.5, None, ("longitude",)),
        (float("nan"), 0.0, None, ("latitude",)),
        (None, 1.0, None, ("latitude",)),
        (1.0, None, None, ("longitude",)),
        (None, None, "no zone", ("zone",)),
    ],
)
def test_what_is_nowhere_on_earth_is_refused(
    latitude: float | None, longitude: float | None, zone: str | None, path: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        checked_whereabouts(latitude, longitude, zone)
    assert refusal.value.path == path
