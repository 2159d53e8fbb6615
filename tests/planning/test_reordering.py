"""What is suggested of one item: moved before bought, never from where it is needed, in whole packs."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from gateway.planning.acceptance import still_fits
from gateway.planning.figures import DemandFigures
from gateway.planning.lead_time import unknown_supplier
from gateway.planning.rebalancing import MOVES_MAX, Move, Need, moves
from gateway.planning.reordering import ItemPlan, PlaceStock, plan_item
from gateway.planning.replenishment import (
    Replenishment,
    ReplenishmentLayer,
    ReplenishmentRule,
    ReplenishmentValues,
    effective,
)
from gateway.planning.suggestions import (
    LINES_MAX,
    WAITING_LINES_MAX,
    Grouping,
    Heading,
    SuggestedLine,
    Suggestion,
    SuggestionKind,
)
from gateway.planning.supply_terms import SupplyTerms
from tests.builders import NOW

HOW = Replenishment(review_days=7, service_level=0.95, safety_stock=None, overstock_days=180, low_stock_at=5)
LEAD_TIME = unknown_supplier(10)
TERMS = SupplyTerms("id", "Acme", pack_size=12)


def sells(units_per_day: float) -> DemandFigures:
    return DemandFigures(units_per_day, units_per_day, 1.0, units_per_day, 0.0, 60)


def planned(*places: PlaceStock, terms: SupplyTerms | None = TERMS, how: Replenishment = HOW) -> ItemPlan:
    return plan_item([(place, how) for place in places], terms, LEAD_TIME)


def test_what_is_on_its_way_or_drafted_counts_and_enough_is_enough() -> None:
    empty = planned(PlaceStock("EAST", 0, 0, sells(4)))
    point = empty.places["EAST"].point.units
    assert [one.location_id for one in empty.purchases] == ["EAST"]
    assert not planned(PlaceStock("EAST", 0, point + 1, sells(4))).purchases
    assert not planned(PlaceStock("EAST", 1, point - 10, sells(4), planned=10)).purchases
    assert planned(PlaceStock("EAST", 0, point + 1, sells(4), promised=1)).purchases
    [due] = planned(PlaceStock("EAST", 0, point, sells(4))).purchases
    assert due.lacking == 28  # a review's demand
    assert due.units == 36


def test_supply_that_lapsed_does_not_keep_an_order_from_being_due() -> None:
    point = planned(PlaceStock("EAST", 0, 0, sells(4))).places["EAST"].point.units
    assert not planned(PlaceStock("EAST", 0, point + 500, sells(4))).purchases
    place = planned(PlaceStock("EAST", 1, point + 500, sells(4), lapsed=point + 450)).places["EAST"]
    assert (place.position, place.is_due) == (51, True)


def test_what_is_owed_and_no_longer_comes_is_ordered_though_nothing_sells() -> None:
    [purchase] = planned(PlaceStock("EAST", 1, 0, None, promised=399), terms=None).purchases
    assert purchase.units == 398
    assert not planned(PlaceStock("EAST", 0, 399, None, promised=399)).purchases
    assert planned(PlaceStock("EAST", 0, 399, None, promised=399, lapsed=399)).purchases


def test_a_giver_keeps_what_it_owes_and_nothing_else_brings() -> None:
    needy = PlaceStock("EAST", 0, 0, sells(1))
    assert planned(needy, PlaceStock("WEST", 500, 400, None, promised=400)).moves
    assert not planned(needy, PlaceStock("WEST", 500, 400, None, promised=900)).moves
    assert not planned(needy, PlaceStock("WEST", 500, 400, None, promised=500, lapsed=400)).moves


def test_owed_units_are_ordered_too() -> None:
    [short] = planned(PlaceStock("EAST", -20, 0, sells(4))).purchases
    [empty] = planned(PlaceStock("EAST", 0, 0, sells(4))).purchases
    assert short.lacking == empty.lacking + 20


def test_what_does_not_sell_is_not_ordered_unless_a_rule_keeps_it() -> None:
    assert not planned(PlaceStock("EAST", 0, 0, None), PlaceStock("WEST", 0, 0, sells(0.001))).purchases
    kept = Replenishment(7, 0.95, 3, 180, 5)
    [purchase] = planned(PlaceStock("EAST", 3, 0, None), how=kept, terms=None).purchases
    assert purchase.units == 1
    assert not planned(PlaceStock("EAST", 4, 0, None), how=kept).purchases


def test_units_are_moved_before_any_are_bought() -> None:
    plan = planned(PlaceStock("EAST", 0, 0, sells(1)), PlaceStock("WEST", 500, 0, sells(1)))
    lacking = plan.places["EAST"].lacking
    assert plan.moves == [Move("WEST", "EAST", lacking)]
    assert not plan.purchases
    owed = PlaceStock("EAST", 0, 0, None, promised=4)
    for terms in (TERMS, None):
        plan = planned(owed, PlaceStock("WEST", 500, 0, None), terms=terms)
        assert (plan.moves, plan.purchases) == ([Move("WEST", "EAST", 4)], [])


def test_a_giver_keeps_its_own_reorder_point_and_what_it_sells_until_it_is_looked_at() -> None:
    giver = planned(PlaceStock("WEST", 0, 0, sells(1))).places["WEST"]
    keeps = giver.point.units + 7
    plan = planned(PlaceStock("EAST", 0, 0, sells(1)), PlaceStock("WEST", keeps + 5, 900, sells(1)))
    assert plan.moves == [Move("WEST", "EAST", 5)]
    [purchase] = plan.purchases
    assert (purchase.moved, purchase.lacking) == (5, plan.places["EAST"].lacking - 5)
    drafted = PlaceStock("WEST", keeps + 5, 900, sells(1), planned=-5)
    assert not planned(PlaceStock("EAST", 0, 0, sells(1)), drafted).moves


def test_who_runs_out_first_is_served_first_and_nothing_is_given_twice() -> None:
    chance = random.Random(5)
    for _ in range(200):
        needs = [Need(f"N{n}", chance.randint(1, 40), chance.random()) for n in range(chance.randint(0, 6))]
        spare = {f"G{n}": chance.randint(-5, 40) for n in range(chance.randint(0, 6))}
        found = moves(needs, spare)
        assert len(found) <= MOVES_MAX
        for at, units in spare.items():
            assert sum(move.units for move in found if move.origin_id == at) <= max(0, units)
        brought = {need.location_id: 0 for need in needs}
        for move in found:
            brought[move.destination_id] += move.units
        assert all(brought[need.location_id] <= need.units for need in needs)
        in_turn = sorted(needs, key=lambda need: need.days_of_cover)
        if len(found) < MOVES_MAX:
            met = [brought[need.location_id] == need.units for need in in_turn]
            assert met == sorted(met, reverse=True)
            spared = sum(max(0, units) for units in spare.values())
            assert sum(brought.values()) == min(spared, sum(need.units for need in needs))


def test_the_most_specific_rule_that_sets_a_value_wins() -> None:
    rules = [
        ReplenishmentRule("id", "EAST", ReplenishmentValues(low_stock_at=1)),
        ReplenishmentRule(None, "EAST", ReplenishmentValues(low_stock_at=3, review_days=3, service_level=0.9)),
        ReplenishmentRule("id", None, ReplenishmentValues(low_stock_at=2, review_days=2)),
        ReplenishmentRule("id", "WEST", ReplenishmentValues(overstock_days=1)),
        ReplenishmentRule("other", "EAST", ReplenishmentValues(overstock_days=2)),
    ]
    found = effective(HOW, rules, "id", "EAST")
    assert (found.low_stock_at, found.review_days, found.service_level, found.overstock_days) == (1, 2, 0.9, 180)
    assert [found.layer(name) for name in ("low_stock_at", "review_days", "service_level", "overstock_days")] == [
        ReplenishmentLayer.PLACE,
        ReplenishmentLayer.ITEM,
        ReplenishmentLayer.LOCATION,
        ReplenishmentLayer.SETTINGS,
    ]


@pytest.mark.parametrize(
    ("stock", "fits"),
    [
        (PlaceStock("EAST", 0, 5, None, planned=2), True),
        (PlaceStock("EAST", 90, 0, None), True),
        (PlaceStock("EAST", 0, 8, None, planned=2), True),
        (PlaceStock("EAST", 0, 9, None, planned=2), False),
        (PlaceStock("EAST", 0, 5, None, planned=6), False),
        (PlaceStock("EAST", 0, 15, None, planned=2, lapsed=10), True),
    ],
)
def test_a_suggestion_fits_while_no_more_was_put_on_its_way_than_the_plan_brings(stock: PlaceStock, fits: bool) -> None:
    heading = Heading(SuggestionKind.PURCHASE, "Acme", None, "EAST")
    suggested = replace(line(1), quantity=7, together=10, incoming=8, lapsed=3, drafted=2)
    assert still_fits(heading, suggested, planned(stock).places) is fits


def test_supply_that_counts_again_makes_a_suggestion_stale() -> None:
    heading = Heading(SuggestionKind.PURCHASE, "Acme", None, "EAST")
    suggested = replace(line(1), quantity=7, together=7, incoming=8, lapsed=8)
    assert not still_fits(heading, suggested, planned(PlaceStock("EAST", 0, 8, None)).places)


@pytest.mark.parametrize(("available", "drafted", "fits"), [(7, 0, True), (6, 0, False), (9, -2, True), (9, -3, False)])
def test_what_is_to_be_moved_has_to_be_there_beside_what_is_drafted(available: int, drafted: int, fits: bool) -> None:
    heading = Heading(SuggestionKind.TRANSFER, None, "WEST", "EAST")
    places = planned(PlaceStock("EAST", 0, 0, None), PlaceStock("WEST", available, 0, None, planned=drafted)).places
    assert still_fits(heading, replace(line(1), quantity=7, together=7), places) is fits
    assert not still_fits(heading, replace(line(1), quantity=7, together=7), {"EAST": places["EAST"]})


def line(number: int) -> SuggestedLine:
    return SuggestedLine(f"i{number}", f"S{number}", 1, 0, 0, 0, 1, 0.5, 2, 2, 0, 0.1, None, 7.0, None, None)


def test_lines_are_put_together_by_supplier_and_place_with_little_memory() -> None:
    grouping = Grouping("run", NOW)
    suppliers = 300
    kept: list[Suggestion] = []
    for number in range(suppliers * 40):
        name = f"supplier {number % suppliers}"
        heading = Heading(SuggestionKind.PURCHASE, name if number % 2 else name.upper(), None, "EAST")
        kept += grouping.add(heading, line(number))
    waiting = suppliers * 40 - sum(len(one.lines) for one in kept)
    assert waiting <= WAITING_LINES_MAX
    kept += grouping.rest()
    assert sum(len(one.lines) for one in kept) == suppliers * 40
    assert max(len(one.lines) for one in kept) <= LINES_MAX
    assert len({one.id for one in kept}) == len({one.place for one in kept}) == len(kept)
