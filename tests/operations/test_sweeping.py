"""Expired holds go back by themselves: in time, once, and whatever else is wrong."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from gateway.bootstrap import Gateway
from gateway.dispatch.ending import end_tasks
from gateway.inventory.reservations import ReservationState
from gateway.operations import sweeping
from gateway.operations.calls import Call
from gateway.operations.sourcing import LineRequest
from gateway.operations.sweeping import Sweeper
from gateway.store.reservations import ReservationStore
from tests.clock import StoppedClock
from tests.invariants import assert_the_ledger_explains_the_stock
from tests.kernel import kernel, stock_up


async def held(gateway: Gateway, count: int, seconds: int) -> list[str]:
    create = gateway.orders.reservations.create
    calls = [create(Call("tests", f"r{n}"), [LineRequest("LAMP", 1)], expires_in_seconds=seconds) for n in range(count)]
    return [outcome.reservation.id for outcome in await asyncio.gather(*calls)]


async def available(gateway: Gateway) -> int:
    return (await gateway.stock_store.items(["LAMP"]))["LAMP"].level("EAST").available


async def test_two_sweepers_give_every_expired_hold_back_once(mongo_uri: str, database_name: str) -> None:
    clock = StoppedClock()
    async with (
        kernel(mongo_uri, database_name, clock=clock) as first,
        kernel(mongo_uri, database_name, clock=clock) as second,
    ):
        await stock_up(first, {"LAMP": {"EAST": 600}})
        await held(first, 600, 60)
        assert await first.orders.sweeper.sweep() == 0
        clock.advance(60)
        swept = await asyncio.gather(first.orders.sweeper.sweep(), second.orders.sweeper.sweep())
        assert sum(swept) == 600
        assert await available(first) == 600
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_a_hold_that_was_extended_comes_due_at_its_new_time(mongo_uri: str, database_name: str) -> None:
    clock = StoppedClock()
    async with kernel(mongo_uri, database_name, clock=clock) as gateway:
        await stock_up(gateway, {"LAMP": {"EAST": 1}})
        [reservation_id] = await held(gateway, 1, 60)
        await gateway.orders.reservations.extend(Call("tests", "more"), reservation_id, 120)
        clock.advance(119)
        assert await gateway.orders.sweeper.sweep() == 0
        clock.advance(1)
        assert await gateway.orders.sweeper.sweep() == 1
        found = await gateway.orders.reservations.get(reservation_id)
        assert found.state is ReservationState.EXPIRED
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_a_hold_that_cannot_be_given_back_does_not_keep_the_others(mongo_uri: str, database_name: str) -> None:
    clock = StoppedClock()
    async with kernel(mongo_uri, database_name, clock=clock) as gateway:
        await stock_up(gateway, {"LAMP": {"EAST": 300}})
        ids = await held(gateway, 300, 60)
        # As if somebody had changed the documents by hand: more is held than the stock knows of.
        broken = {"_id": {"$in": sorted(ids)[:260]}}
        change = {"$set": {"lines.0.quantity": 10_000}}
        await gateway.database["reservations"].update_many(broken, change)
        clock.advance(60)
        assert await gateway.orders.sweeper.sweep() == 40
        await gateway.database["reservations"].update_many(broken, {"$set": {"lines.0.quantity": 1}})
        assert await gateway.orders.sweeper.sweep() == 260
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_a_running_gateway_gives_a_hold_back_within_a_second_of_its_time(
    mongo_uri: str, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = StoppedClock()

    async def pause(seconds: float) -> None:
        clock.advance(seconds)

    # Only its pauses take time: how long the database takes depends on what else the machine does.
    monkeypatch.setattr(sweeping, "asyncio", SimpleNamespace(sleep=pause))
    async with kernel(mongo_uri, database_name, clock=clock) as gateway:
        await stock_up(gateway, {"LAMP": {"EAST": 1}})
        swept = asyncio.Queue[datetime]()
        holds = ReservationStore(gateway.database)
        sweeper = Sweeper(gateway.committer, holds, clock, lambda count: swept.put_nowait(clock.now) if count else None)
        await held(gateway, 1, 1)
        due = clock.now + timedelta(seconds=1)
        running = asyncio.create_task(sweeper.run())
        async with asyncio.timeout(30):
            assert timedelta() <= await swept.get() - due < timedelta(seconds=1)
        await end_tasks([running])
        assert await available(gateway) == 1
