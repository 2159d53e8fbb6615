from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.inventory.batch import BatchStock
from gateway.inventory.counts import PastStock, RecountAsOf
from gateway.inventory.errors import Code, Unavailable
from gateway.inventory.moments import last_seq
from gateway.inventory.quantities import Bucket
from gateway.inventory.stock import Item
from gateway.inventory.stock_changes import Count
from tests.builders import CAUSE, item

NOW = datetime(2026, 5, 2, tzinfo=UTC)
AS_OF = NOW - timedelta(hours=1)
EAST = ("EAST", Bucket.AVAILABLE)


def lamp(version: int, seq: int, available: int) -> Item:
    return item("LAMP", {"EAST": available}, version=version, seq=seq)


def recount(past: PastStock | None, present: Item) -> list[int]:
    command = RecountAsOf(
        "tests", "k", CAUSE, "LAMP", (Count("EAST", 8, None),), as_of=AS_OF, horizon=timedelta(days=1), past=past
    )
    stock = BatchStock({present.id: present}, {"EAST": True}, NOW)
    return [posting.delta for posting in command.plan(stock).postings]


def test_an_item_that_has_moved_since_the_count_may_go_on_moving() -> None:
    read = lamp(version=5, seq=last_seq(AS_OF) + 1, available=9)
    assert recount(PastStock(read, {EAST: 10}), lamp(version=7, seq=last_seq(AS_OF) + 9, available=2)) == [-2]


def test_an_item_that_was_quiet_when_its_past_was_read_must_not_have_moved_since_then() -> None:
    """Its new movement may have a position before the count, which what was read did not include."""
    read = lamp(version=5, seq=last_seq(AS_OF), available=10)
    assert recount(PastStock(read, {EAST: 10}), read) == [-2]
    with pytest.raises(Unavailable) as refusal:
        recount(PastStock(read, {EAST: 10}), lamp(version=6, seq=last_seq(AS_OF) + 1, available=9))
    assert refusal.value.code is Code.CONTENTION


def test_an_item_whose_past_was_not_found_is_read_again() -> None:
    with pytest.raises(Unavailable) as refusal:
        recount(None, lamp(version=1, seq=1, available=10))
    assert refusal.value.code is Code.CONTENTION
