from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.bootstrap import Gateway
from gateway.inventory.counts import PastStock
from gateway.inventory.decision import Outcome
from gateway.inventory.errors import Code, CompareQuantityStale, InventoryError
from gateway.inventory.ledger import Cause
from gateway.inventory.quantities import Bucket
from gateway.inventory.stock_changes import Count
from gateway.operations.clock import utc_now
from gateway.operations.counts import COUNT_TRIES, CountOperations
from gateway.store.history import HistoryStore
from tests.builders import adjust, move
from tests.movements.stocked import call, level, stocked


async def counted(gateway: Gateway, sku: str, as_of: datetime, *counts: Count, key: str | None = None) -> Outcome:
    key = key or call().idempotency_key
    return await gateway.movements.counts.count("tests", key, Cause("tests"), sku, counts, as_of)


async def sold(gateway: Gateway, sku: str, units: int, location_id: str = "EAST") -> datetime:
    """The time of a movement, before which a count may have been taken."""
    outcome = await gateway.stock.apply(adjust(call().idempotency_key, sku, {location_id: -units}))
    return outcome.entry.at


async def test_sales_made_since_a_count_stay_sold(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    taken_at = await sold(gateway, sku, 1)
    await sold(gateway, sku, 3)
    await counted(gateway, sku, taken_at, Count("EAST", 8, compare=None))
    assert await level(gateway, sku, "EAST") == (5, 0, 0, 0)


async def test_a_count_that_agrees_with_the_ledger_changes_nothing(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    taken_at = await sold(gateway, sku, 1)
    await sold(gateway, sku, 3)
    outcome = await counted(gateway, sku, taken_at, Count("EAST", 9, compare=9))
    assert [line.delta for line in outcome.entry.lines] == [0]


async def test_a_count_is_about_its_own_cells_only(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10, "WEST": 10})
    taken_at = await sold(gateway, sku, 1, "WEST")
    await gateway.stock.apply(move(call().idempotency_key, sku, 2, "EAST", ("EAST", Bucket.UNAVAILABLE)))
    await counted(gateway, sku, taken_at, Count("EAST", 12, None), Count("EAST", 1, None, Bucket.UNAVAILABLE))
    assert await level(gateway, sku, "EAST") == (10, 0, 0, 3)
    assert await level(gateway, sku, "WEST") == (9, 0, 0, 0)


async def test_the_compare_quantity_is_that_of_the_count(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    taken_at = await sold(gateway, sku, 1)
    await sold(gateway, sku, 3)
    with pytest.raises(CompareQuantityStale) as refusal:
        await counted(gateway, sku, taken_at, Count("EAST", 8, compare=6))
    assert refusal.value.actual == 9


async def test_a_repeated_count_is_applied_once(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    taken_at = await sold(gateway, sku, 1)
    key = call().idempotency_key
    first = await counted(gateway, sku, taken_at, Count("EAST", 4, None), key=key)
    await sold(gateway, sku, 1)
    again = await counted(gateway, sku, taken_at, Count("EAST", 4, None), key=key)
    assert again == Outcome(first.entry, replayed=True)
    assert await level(gateway, sku, "EAST") == (3, 0, 0, 0)


async def test_a_count_that_is_contradicted_by_later_sales_is_refused(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    taken_at = await sold(gateway, sku, 1)
    await sold(gateway, sku, 3)
    with pytest.raises(InventoryError) as refusal:
        await counted(gateway, sku, taken_at, Count("EAST", 2, None))
    assert refusal.value.code is Code.INSUFFICIENT_STOCK


@pytest.mark.parametrize(
    ("age", "code"),
    [(timedelta(minutes=-1), Code.AS_OF_IN_FUTURE), (timedelta(days=31), Code.AS_OF_TOO_OLD)],
)
async def test_a_count_of_another_time_is_refused(gateway: Gateway, age: timedelta, code: Code) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    with pytest.raises(InventoryError) as refusal:
        await counted(gateway, sku, datetime.now(UTC) - age, Count("EAST", 1, None))
    assert refusal.value.code is code


async def test_a_count_without_a_time_zone_is_refused(gateway: Gateway) -> None:
    with pytest.raises(InventoryError) as refusal:
        await counted(gateway, "ANY", datetime(2026, 1, 1), Count("EAST", 1, None))
    assert refusal.value.path == ("asOf",)


async def test_an_unknown_sku_cannot_be_counted(gateway: Gateway) -> None:
    with pytest.raises(InventoryError) as refusal:
        await counted(gateway, "NOTHING", datetime.now(UTC), Count("EAST", 1, None))
    assert refusal.value.code is Code.ITEM_NOT_FOUND


async def test_a_count_in_the_middle_of_a_rush_is_exact(gateway: Gateway) -> None:
    """Sales go on before, while and after the count is applied; it corrects by one unit, whenever it gets in."""
    sku = await stocked(gateway, {"EAST": 1_000})
    taken_at = await sold(gateway, sku, 1)
    rush = [sold(gateway, sku, 1) for _ in range(200)]
    count = counted(gateway, sku, taken_at, Count("EAST", 998, None))
    await asyncio.gather(*rush[:100], count, *rush[100:])
    assert await level(gateway, sku, "EAST") == (798, 0, 0, 0)


async def test_counts_of_a_quiet_item_by_many_at_once_are_each_exact(gateway: Gateway) -> None:
    """Each is about the same moment: the first corrects, the others find it corrected by a later movement."""
    sku = await stocked(gateway, {"EAST": 10})
    taken_at = await sold(gateway, sku, 1)
    outcomes = await asyncio.gather(*(counted(gateway, sku, taken_at, Count("EAST", 8, None)) for _ in range(4)))
    assert [line.delta for outcome in outcomes for line in outcome.entry.lines] == [-1] * 4
    assert await level(gateway, sku, "EAST") == (5, 0, 0, 0)


class Overtaken:
    """Another writer is always a little faster than the first `times` readers of the past."""

    def __init__(self, gateway: Gateway, times: int) -> None:
        self._history = HistoryStore(gateway.database)
        self._gateway = gateway
        self.times = times

    async def past(self, sku: str, seq: int) -> PastStock | None:
        past = await self._history.past(sku, seq)
        if self.times and past is not None:
            self.times -= 1
            await sold(self._gateway, sku, 1)
            # As if the reader had not seen a movement yet that is older than the count.
            return PastStock(replace(past.item, seq=seq), past.quantities)
        return past

    explain = HistoryStore.explain


@pytest.mark.parametrize(("times", "applied"), [(1, True), (COUNT_TRIES, False)])
async def test_an_overtaken_count_is_tried_again_a_few_times(gateway: Gateway, times: int, applied: bool) -> None:
    sku = await stocked(gateway, {"EAST": 20})
    taken_at = await sold(gateway, sku, 1)
    overtaken = Overtaken(gateway, times)
    counts = CountOperations(gateway.stock, overtaken, utc_now, timedelta(days=1))
    count = counts.count("tests", call().idempotency_key, Cause("tests"), sku, [Count("EAST", 18, None)], taken_at)
    if applied:
        await count
    else:
        with pytest.raises(InventoryError) as refusal:
            await count
        assert refusal.value.code is Code.CONTENTION
    assert overtaken.times == 0
    assert (await level(gateway, sku, "EAST"))[0] == 19 - times - applied
