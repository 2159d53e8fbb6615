from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from gateway.planning.lead_time import unknown_supplier
from gateway.planning.projection import HORIZON_DAYS
from gateway.planning.promising import Ask, Promiser
from gateway.planning.supply import ExpectedSupply, OpenSupply, SupplyKind, expected

NOON = datetime(2027, 5, 1, 12, tzinfo=UTC)
UNKNOWN = unknown_supplier(14)
BOTH = ("EAST", "WEST")
Incoming = dict[tuple[str, str], list[tuple[int, int]]]


def coming(day: int, units: int, document_id: str = "po", bound: int = 0) -> ExpectedSupply:
    at = NOON + timedelta(days=day)
    supply = OpenSupply(SupplyKind.PURCHASE, document_id, 0, "i", "EAST", units + bound, bound, NOON, at, "ACME")
    return expected(supply, NOON, UNKNOWN, grace_days=3)


def promiser(available: dict[tuple[str, str], int], incoming: Incoming) -> Promiser:
    supplies = {
        cell: [coming(day, units, f"{cell}{index}") for index, (day, units) in enumerate(arrivals)]
        for cell, arrivals in incoming.items()
    }
    return Promiser(available, supplies)


def lamp(quantity: int, *location_ids: str) -> Ask:
    return Ask("lamp", "LAMP", quantity, location_ids or BOTH)


def test_what_is_there_is_promised_for_today_and_from_one_place_if_it_can_be() -> None:
    cart = promiser({("lamp", "EAST"): 3, ("lamp", "WEST"): 5}, {}).cart([lamp(4)], None)
    [line] = cart.lines
    assert [(peg.location_id, peg.quantity, peg.day, peg.supply) for peg in line.pegs] == [("WEST", 4, 0, None)]
    assert (cart.day, cart.alone, cart.chance_by(0)) == (0, ("WEST", 0), 1.0)


def test_a_split_is_promised_where_it_is_sooner_and_the_single_place_is_told() -> None:
    incoming: Incoming = {("lamp", "EAST"): [(9, 10)]}
    cart = promiser({("lamp", "EAST"): 3, ("lamp", "WEST"): 5}, incoming).cart([lamp(8)], None)
    assert sorted((peg.location_id, peg.quantity) for peg in cart.lines[0].pegs) == [("EAST", 3), ("WEST", 5)]
    assert (cart.day, cart.alone) == (0, ("EAST", 9))


def test_supply_is_named_and_makes_the_promise_less_sure() -> None:
    cart = promiser({("lamp", "EAST"): 3}, {("lamp", "EAST"): [(9, 10)]}).cart([lamp(5)], 4)
    [line] = cart.lines
    assert [(peg.quantity, peg.day) for peg in line.pegs] == [(5, 9)]
    assert (line.day, line.by_quantity) == (9, 3)
    assert 0.5 < line.chance_by(9) < 0.6 < line.chance_by(20)
    assert line.chance_by(4) < 0.3


def test_lines_of_one_sku_are_not_promised_the_same_units() -> None:
    shop = promiser({("lamp", "EAST"): 3}, {("lamp", "EAST"): [(9, 3), (20, 3)]})
    cart = shop.cart([lamp(4), lamp(2), lamp(3), lamp(1)], None)
    assert [line.day for line in cart.lines] == [9, 0, 20, None]
    assert (cart.day, cart.chance_by(100)) == (None, 0)
    assert cart.alone is None


def test_units_that_backorders_wait_for_are_promised_to_nobody_else() -> None:
    supplies = {("lamp", "EAST"): [coming(9, 2, bound=5)]}
    assert Promiser({}, supplies).cart([lamp(3)], None).day is None
    assert Promiser({}, supplies).cart([lamp(2)], None).day == 9


def test_what_is_owed_already_takes_the_first_units_that_come() -> None:
    cart = promiser({("lamp", "EAST"): -4}, {("lamp", "EAST"): [(5, 4), (9, 2)]}).cart([lamp(2)], None)
    assert [(peg.quantity, peg.day) for peg in cart.lines[0].pegs] == [(2, 9)]


def earliest_by_trying(available: dict[tuple[str, str], int], incoming: Incoming, units: int) -> int | None:
    """Day by day: from any places together, without touching what is owed at any of them."""
    for day in range(HORIZON_DAYS + 1):
        there = 0
        for at in BOTH:
            cell = ("lamp", at)
            arrived = sum(quantity for due, quantity in incoming.get(cell, []) if due <= day)
            there += max(0, available.get(cell, 0) + arrived)
        if there >= units:
            return day
    return None


@pytest.mark.parametrize("seed", range(30))
def test_the_earliest_day_is_that_of_a_search_through_all_days_and_every_peg_is_backed(seed: int) -> None:
    chance = random.Random(seed)
    cells = list(product(["lamp"], BOTH))
    available = {cell: chance.randint(-4, 8) for cell in cells}
    incoming = {
        cell: [(chance.randint(0, HORIZON_DAYS + 5), chance.randint(1, 6)) for _ in range(chance.randint(0, 4))]
        for cell in cells
    }
    for units in range(1, 25):
        assert promiser(available, incoming).cart([lamp(units)], None).day == earliest_by_trying(
            available, incoming, units
        )
    shop = promiser(available, incoming)
    cart = shop.cart([lamp(chance.randint(1, 6)) for _ in range(6)], None)
    used: dict[tuple[str, str | None], int] = {}
    for line in cart.lines:
        assert sum(peg.quantity for peg in line.pegs) == (line.ask.quantity if line.day is not None else 0)
        for peg in line.pegs:
            assert line.day is not None and peg.day <= line.day
            source = (peg.location_id, peg.supply.supply.document_id if peg.supply else None)
            used[source] = used.get(source, 0) + peg.quantity
    for (at, document_id), units in used.items():
        index = None if document_id is None else int(document_id.removeprefix(str(("lamp", at))))
        assert units <= (available["lamp", at] if index is None else incoming["lamp", at][index][1])
