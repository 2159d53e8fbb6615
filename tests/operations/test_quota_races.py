"""Quotas under fire from two gateways: every unit is sold, and none that was kept for somebody else."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from gateway.bootstrap import Gateway
from gateway.inventory.batch import BatchStock
from gateway.inventory.decision import Decision, Submission
from gateway.inventory.errors import Code, InsufficientStock, InventoryError
from gateway.inventory.ports import WriteConflict
from gateway.inventory.stock import Item
from gateway.operations.reservations import ReservationOutcome
from gateway.operations.sourcing import LineRequest
from gateway.store.channels import ChannelStore
from tests.builders import NOW
from tests.invariants import assert_the_ledger_explains_the_stock
from tests.inventory.quota_model import hold
from tests.kernel import kernel, stock_up
from tests.operations.ordering import call
from tests.selling import channel

LAMP = [LineRequest("LAMP", 1)]


@pytest.fixture
async def gateways(mongo_uri: str, database_name: str) -> AsyncIterator[tuple[Gateway, Gateway]]:
    async with kernel(mongo_uri, database_name) as first, kernel(mongo_uri, database_name) as second:
        for channel_id in ("web", "till", "app"):
            assert await ChannelStore(first.database).insert(channel(channel_id))
        for gateway in (first, second):
            gateway.channels.directory.forget()
        yield first, second
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def lamp(gateway: Gateway) -> Item:
    return (await gateway.stock_store.items(["LAMP"]))["LAMP"]


async def used(gateway: Gateway) -> dict[tuple[str, str | None], tuple[int, int]]:
    """Units used and remaining by channel and location."""
    item = await lamp(gateway)
    return {(q.channel_id, q.location_id): (q.used, q.remaining) for q in item.quotas.values()}


async def buy(gateways: tuple[Gateway, Gateway], buyers: list[str | None]) -> Counter[str | None]:
    """Everybody at once, at either gateway; how many units each channel got."""
    calls = [
        gateways[n % 2].orders.reservations.create(call(f"buyer {n}"), LAMP, channel_id=channel_id)
        for n, channel_id in enumerate(buyers)
    ]
    results = await asyncio.gather(*calls, return_exceptions=True)
    won = Counter[str | None]()
    for result in results:
        if isinstance(result, ReservationOutcome):
            won[result.reservation.channel_id] += 1
        else:
            assert isinstance(result, InsufficientStock), result
    return won


async def test_every_channel_gets_what_is_kept_for_it_and_all_units_are_sold(gateways: tuple[Gateway, Gateway]) -> None:
    await stock_up(gateways[0], {"LAMP": {"EAST": 40, "WEST": 20}})
    quotas = gateways[0].orders.quotas
    await quotas.set(call("web"), "LAMP", "web", None, 15)
    await quotas.set(call("till"), "LAMP", "till", "WEST", 10)
    buyers: list[str | None] = ["web"] * 60 + ["till"] * 40 + ["app"] * 120 + [None] * 80
    random.Random(7).shuffle(buyers)
    won = await buy(gateways, buyers)
    assert won.total() == 60
    assert (won["web"] >= 15, won["till"] >= 10, won["app"] + won[None] <= 35) == (True, True, True)
    assert await used(gateways[1]) == {("web", None): (15, 0), ("till", "WEST"): (10, 0)}


async def test_those_without_a_quota_stop_exactly_where_it_begins(gateways: tuple[Gateway, Gateway]) -> None:
    await stock_up(gateways[0], {"LAMP": {"EAST": 20, "WEST": 20}})
    await gateways[0].orders.quotas.set(call("web"), "LAMP", "web", None, 25)
    assert (await buy(gateways, ["app", None] * 50)).total() == 15
    item = await lamp(gateways[0])
    assert sum(level.available for level in item.levels.values()) == 25
    assert await used(gateways[0]) == {("web", None): (0, 25)}


async def test_holds_that_come_and_go_leave_the_quota_as_it_was(gateways: tuple[Gateway, Gateway]) -> None:
    await stock_up(gateways[0], {"LAMP": {"EAST": 12}})
    await gateways[0].orders.quotas.set(call("web"), "LAMP", "web", None, 6)

    async def come_and_go(n: int) -> None:
        reservations = gateways[n % 2].orders.reservations
        for turn in range(4):
            try:
                held = await reservations.create(call(f"{n}/{turn}"), LAMP, channel_id="web" if n % 3 else None)
            except InsufficientStock:
                continue
            await gateways[turn % 2].orders.reservations.release(call(f"back {n}/{turn}"), held.reservation.id)

    await asyncio.gather(*(come_and_go(n) for n in range(30)))
    assert await used(gateways[1]) == {("web", None): (0, 6)}
    assert (await lamp(gateways[0])).level("EAST").available == 12


async def test_a_quota_set_elsewhere_stops_a_decision_on_what_was_last_seen(gateways: tuple[Gateway, Gateway]) -> None:
    first, second = gateways
    await stock_up(first, {"LAMP": {"EAST": 10}})
    await second.orders.reservations.create(call("seen"), LAMP)  # from now on it is in the second's memory
    await first.orders.quotas.set(call("q"), "LAMP", "web", "EAST", 9)
    with pytest.raises(InsufficientStock):
        await second.orders.reservations.create(call("late"), LAMP)
    await first.orders.quotas.clear(call("c"), "LAMP", "web", "EAST")
    assert not (await second.orders.reservations.create(call("late"), LAMP)).replayed


async def test_what_was_decided_before_a_quota_was_set_cannot_be_written(gateways: tuple[Gateway, Gateway]) -> None:
    first, second = gateways
    await stock_up(first, {"LAMP": {"EAST": 10}})
    item = await lamp(second)
    decision = Decision(BatchStock({item.id: item}, {"EAST": True}, NOW), {}, item.seq)
    decision.submit(Submission((hold("stale", None, 10),)))
    await first.orders.quotas.set(call("q"), "LAMP", "web", None, 1)
    changes, entries = list(decision.stock.changes.values()), list(decision.entries.values())
    with pytest.raises(WriteConflict):
        await second.stock_store.commit(changes, entries, list(decision.stock.records.changes()))


async def test_buyers_stay_out_of_a_quota_that_is_lowered_meanwhile(gateways: tuple[Gateway, Gateway]) -> None:
    await stock_up(gateways[0], {"LAMP": {"EAST": 60}})
    quotas = [gateway.orders.quotas for gateway in gateways]
    await quotas[0].set(call("set"), "LAMP", "web", None, 40)

    async def operator() -> None:
        for n in range(12):
            await quotas[n % 2].set(call(f"set {n}"), "LAMP", "web", None, 39 - n)

    _, won = await asyncio.gather(operator(), buy(gateways, ["app"] * 100))
    available = (await lamp(gateways[0])).level("EAST").available
    assert await used(gateways[1]) == {("web", None): (0, 28)}
    assert won.total() == 60 - available
    assert 28 <= available <= 40


async def test_a_repeated_change_of_a_quota_is_told_its_first_outcome(gateways: tuple[Gateway, Gateway]) -> None:
    await stock_up(gateways[0], {"LAMP": {"EAST": 5}})
    first = await gateways[0].orders.quotas.set(call("q"), "LAMP", "web", None, 3)
    again = await gateways[1].orders.quotas.set(call("q"), "LAMP", "web", None, 3)
    assert (again.replayed, again.entry.seq) == (True, first.entry.seq)
    with pytest.raises(InventoryError) as refusal:
        await gateways[1].orders.quotas.set(call("q"), "LAMP", "web", "EAST", 3)
    assert refusal.value.code is Code.IDEMPOTENCY_KEY_REUSED
