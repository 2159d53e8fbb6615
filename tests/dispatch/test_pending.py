"""The waiting items of a channel: each once, urgent ones first, never without bound."""

from __future__ import annotations

import asyncio

from gateway.dispatch.comparisons import TRIES_AT_ONCE, Comparisons
from gateway.dispatch.pending import NEAR_ZERO_UNITS, Pending
from gateway.dispatch.schedule import RETRY_SECONDS_FIRST, RETRY_SECONDS_MAX, retry_seconds

PLENTY = NEAR_ZERO_UNITS + 1
NOW = 0.0


def test_an_item_that_changes_often_waits_once() -> None:
    pending = Pending()
    for _ in range(1_000):
        pending.add("a", PLENTY, NOW)
    assert list(pending.take(10)) == ["a"]
    assert list(pending.take(10)) == []


def test_what_is_nearly_sold_out_goes_first() -> None:
    pending = Pending()
    pending.add("plenty", PLENTY, NOW)
    pending.add("last", 1, NOW)
    assert list(pending.take(1)) == ["last"]


def test_an_item_that_is_nearly_sold_out_by_now_moves_ahead() -> None:
    pending = Pending()
    for item_id in ("a", "b"):
        pending.add(item_id, PLENTY, NOW)
    pending.add("b", 0, NOW)
    assert list(pending.take(2)) == ["b", "a"]


def test_urgent_items_do_not_starve_the_others() -> None:
    pending = Pending()
    for number in range(100):
        pending.add(f"urgent-{number}", 0, NOW)
        pending.add(f"normal-{number}", PLENTY, NOW)
    taken = pending.take(8)
    assert sum(item_id.startswith("normal") for item_id in taken) == 2


def test_a_batch_is_filled_from_whatever_lane_has_items() -> None:
    pending = Pending()
    for number in range(10):
        pending.add(str(number), PLENTY, NOW)
    assert len(pending.take(8)) == 8


def test_what_does_not_fit_is_dropped_and_said() -> None:
    pending = Pending(size_max=2)
    for item_id in ("a", "b", "c"):
        pending.add(item_id, 0, NOW)
    assert (len(pending), pending.overflowed) == (2, True)


def test_an_item_waits_since_its_first_change() -> None:
    pending = Pending()
    pending.add("a", PLENTY, 2.0)
    pending.add("a", PLENTY, 3.0)
    pending.add("b", PLENTY, 1.0)
    pending.add("b", 0, 4.0)
    assert pending.oldest == 1.0
    assert pending.take(2) == {"b": 1.0, "a": 2.0}
    assert pending.oldest is None


def test_waits_double_up_to_a_limit_and_respect_the_platform() -> None:
    waits = [retry_seconds(attempt, None, 0.5) for attempt in range(1, 12)]
    assert waits[:3] == [RETRY_SECONDS_FIRST, RETRY_SECONDS_FIRST * 2, RETRY_SECONDS_FIRST * 4]
    assert waits[-1] == RETRY_SECONDS_MAX
    assert retry_seconds(1, 90, 0.0) == 90
    assert retry_seconds(3, None, 0.0) < retry_seconds(3, None, 1.0)


async def test_an_item_that_is_always_refused_is_offered_again_once_however_often_it_changes() -> None:
    comparisons, offered = Comparisons(), asyncio.Queue[str]()
    for number in range(100):
        comparisons.failed("a", {None: 1} if number < TRIES_AT_ONCE else {}, lambda: offered.put_nowait("a"))
    comparisons.failed("b", {None: 1}, lambda: offered.put_nowait("b"))
    comparisons.failed("c", {None: 1}, lambda: offered.put_nowait("c"))
    comparisons.passed("c")
    async with asyncio.timeout(30):
        assert await offered.get() == "b"
    assert comparisons.waiting == 1 and offered.empty()
    comparisons.passed("a")
    assert not comparisons.waiting
