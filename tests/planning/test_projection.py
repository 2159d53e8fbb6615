from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from gateway.planning.lead_time import unknown_supplier
from gateway.planning.projection import HORIZON_DAYS, Projection
from gateway.planning.supply import OpenSupply, SupplyKind, expected

NOON = datetime(2027, 5, 1, 12, tzinfo=UTC)
UNKNOWN = unknown_supplier(14)


def can_be_promised(available: int, changes: list[tuple[int, int]], day: int, units: int) -> bool:
    """Lives through every day: nobody may go without on any day from this one on."""
    there = available
    for today in range(HORIZON_DAYS + 1):
        there += sum(change for at, change in changes if at == today)
        there -= units if today == day else 0
        if today >= day and there < 0:
            return False
    return True


@pytest.mark.parametrize("seed", range(40))
def test_what_is_promisable_is_what_a_simulation_of_every_day_bears(seed: int) -> None:
    chance = random.Random(seed)
    days = [0, 1, 2, 5, 20, 21, 100, HORIZON_DAYS, HORIZON_DAYS + 1]
    changes = [(chance.choice(days), chance.randint(-6, 9)) for _ in range(chance.randint(0, 9))]
    available = chance.randint(-5, 10)
    projection = Projection(available, changes)
    for day in days[:-1]:
        most = projection.promisable(day)
        assert most == 0 or can_be_promised(available, changes, day, most), (available, changes, day)
        assert not can_be_promised(available, changes, day, most + 1), (available, changes, day)
    for units in range(1, 12):
        earliest = projection.earliest(units)
        fits = (day for day in range(HORIZON_DAYS + 1) if can_be_promised(available, changes, day, units))
        assert earliest == next(fits, None)


@pytest.mark.parametrize("seed", range(20))
def test_promises_made_one_after_another_can_all_be_kept(seed: int) -> None:
    chance = random.Random(seed)
    changes = [(chance.randint(0, HORIZON_DAYS), chance.randint(1, 9)) for _ in range(6)]
    projection, promised = Projection(3, changes), list(changes)
    for _ in range(12):
        units = chance.randint(1, 6)
        day = projection.earliest(units)
        if day is not None:
            projection.promise(day, units)
            promised.append((day, -units))
    assert can_be_promised(3, promised, 0, 0)
    again = Projection(3, promised)
    assert all(projection.projected(day) == again.projected(day) for day in range(HORIZON_DAYS + 1))


def supply(days: int | None, kind: SupplyKind = SupplyKind.PURCHASE, ordered: int = 0) -> OpenSupply:
    at = None if days is None else NOON + timedelta(days=days)
    return OpenSupply(kind, "d", 0, "i", "EAST", 5, 2, NOON - timedelta(days=ordered), at)


@pytest.mark.parametrize(
    ("days", "due", "counts_from"), [(7, 7, 7), (0, 0, 0), (-1, -1, 2), (-3, -3, 0), (-4, -4, None)]
)
def test_overdue_supply_counts_at_the_end_of_its_grace_and_then_no_more(
    days: int, due: int, counts_from: int | None
) -> None:
    found = expected(supply(days), NOON, UNKNOWN, grace_days=3)
    assert (found.due, found.counts_from, found.estimated) == (due, counts_from, False)
    assert found.supply.free == 3


def test_a_purchase_without_a_date_counts_after_the_suppliers_lead_time() -> None:
    found = expected(supply(None, ordered=4), NOON, UNKNOWN, grace_days=3)
    assert (found.due, found.counts_from, found.estimated) == (10, 10, True)
    assert 0.45 < found.chance_by(10) < 0.6
    assert found.chance_by(40) > 0.99
    assert expected(supply(None, ordered=30), NOON, UNKNOWN, grace_days=3).counts_from is None


def test_a_transfer_without_a_date_does_not_count() -> None:
    found = expected(supply(None, SupplyKind.TRANSFER), NOON, UNKNOWN, grace_days=3)
    assert (found.counts_from, found.chance_by(100)) == (None, 0)


def test_the_chance_grows_day_by_day_and_knows_that_nothing_has_come_yet() -> None:
    late = expected(supply(-2), NOON, UNKNOWN, grace_days=3)
    chances = [late.chance_by(day) for day in range(30)]
    assert chances == sorted(chances)
    assert chances[0] < 0.3 < 0.9 < chances[20]
