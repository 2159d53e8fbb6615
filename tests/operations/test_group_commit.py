"""The committer against the real database: races, replays, overload and lost connections."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.inventory.decision import Atomicity, Outcome, Submission
from gateway.inventory.errors import Code, IdempotencyKeyReused, InsufficientStock, NotFound, Unavailable
from gateway.inventory.ports import Wanted
from gateway.inventory.stock import Item
from gateway.operations.batches import BatchRunner
from gateway.operations.committer import Committer
from gateway.operations.reclaiming import Reclaimer
from gateway.store.codecs import CODECS
from gateway.store.driver import Database
from gateway.store.records import RecordDocuments
from gateway.store.reservations import ReservationStore
from gateway.store.stock import MongoStockStore
from tests.builders import adjust, move, set_available
from tests.invariants import assert_the_ledger_explains_the_stock
from tests.kernel import kernel, stock_up


async def test_an_adjustment_of_two_locations_is_applied_whole_and_written_down(
    mongo_uri: str, database_name: str
) -> None:
    async with kernel(mongo_uri, database_name) as gateway:
        await stock_up(gateway, {"LAMP": {"EAST": 10, "WEST": 10}})
        outcome = await gateway.stock.apply(adjust("order-1", "LAMP", {"EAST": -5, "WEST": -2}, reference="order-1"))
        loaded = await gateway.stock_store.load(Wanted(skus={"LAMP"}, keys={"tests:order-1"}))
        [lamp] = loaded.items.values()
        assert loaded.entries == {"tests:order-1": outcome.entry}
        assert {at: level.available for at, level in lamp.levels.items()} == {"EAST": 5, "WEST": 8}
        assert lamp.version == 2
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_a_repeated_request_gets_the_first_outcome_even_from_another_process(
    mongo_uri: str, database_name: str
) -> None:
    async with kernel(mongo_uri, database_name) as first, kernel(mongo_uri, database_name) as second:
        await stock_up(first, {"LAMP": {"EAST": 1}})
        original = await first.stock.apply(adjust("k", "LAMP", {"EAST": -1}))
        for gateway in (first, second, first):
            replay = await gateway.stock.apply(adjust("k", "LAMP", {"EAST": -1}))
            assert replay == Outcome(original.entry, replayed=True)
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_a_hundred_copies_of_a_request_at_once_apply_it_once(mongo_uri: str, database_name: str) -> None:
    async with kernel(mongo_uri, database_name) as first, kernel(mongo_uri, database_name) as second:
        await stock_up(first, {"LAMP": {"EAST": 5}})
        copies = [g.stock.apply(adjust("k", "LAMP", {"EAST": -5})) for _ in range(50) for g in (first, second)]
        outcomes = await asyncio.gather(*copies)
        assert len({outcome.entry.seq for outcome in outcomes}) == 1
        assert sum(not outcome.replayed for outcome in outcomes) == 1
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_a_key_used_for_another_request_is_refused_and_changes_nothing(
    mongo_uri: str, database_name: str
) -> None:
    async with kernel(mongo_uri, database_name) as gateway:
        await stock_up(gateway, {"LAMP": {"EAST": 10}})
        await gateway.stock.apply(adjust("k", "LAMP", {"EAST": -1}))
        with pytest.raises(IdempotencyKeyReused) as refusal:
            await gateway.stock.apply(adjust("k", "LAMP", {"EAST": -2}))
        assert refusal.value.differing_paths == ("adjustments.EAST",)
    assert assert_the_ledger_explains_the_stock(mongo_uri, database_name) == 2


async def test_a_refused_request_leaves_no_trace_and_may_be_tried_again(mongo_uri: str, database_name: str) -> None:
    async with kernel(mongo_uri, database_name) as gateway:
        await stock_up(gateway, {"LAMP": {"EAST": 1}})
        with pytest.raises(InsufficientStock) as refusal:
            await gateway.stock.apply(adjust("k", "LAMP", {"EAST": -2}))
        assert refusal.value.actual == 1
        await gateway.stock.apply(adjust("restock", "LAMP", {"EAST": 1}))
        assert not (await gateway.stock.apply(adjust("k", "LAMP", {"EAST": -2}))).replayed
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_a_replay_is_recognised_after_the_stock_has_run_out(mongo_uri: str, database_name: str) -> None:
    async with kernel(mongo_uri, database_name) as gateway:
        await stock_up(gateway, {"LAMP": {"EAST": 1}})
        await gateway.stock.apply(adjust("last", "LAMP", {"EAST": -1}))
        assert (await gateway.stock.apply(adjust("last", "LAMP", {"EAST": -1}))).replayed


async def test_a_repetition_is_recognised_although_what_was_read_for_a_neighbour_would_refuse_it(
    mongo_uri: str, database_name: str
) -> None:
    async with kernel(mongo_uri, database_name) as first, kernel(mongo_uri, database_name) as second:
        await stock_up(first, {"LAMP": {"EAST": 5}})
        original = await second.stock.apply(adjust("k", "LAMP", {"EAST": -5}))
        # In one batch: the first process still believes that there are five, so only the neighbour is short.
        batch = [adjust("k", "LAMP", {"EAST": -5}), adjust("neighbour", "LAMP", {"EAST": -6})]
        replay, refusal = await first.stock.apply_many(batch, Atomicity.PER_ADJUSTMENT)
        assert replay == Outcome(original.entry, replayed=True)
        assert isinstance(refusal, InsufficientStock)
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_a_repetition_is_recognised_although_the_first_is_applied_while_it_is_looked_for(
    mongo_uri: str, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kernel(mongo_uri, database_name) as first, kernel(mongo_uri, database_name) as second:
        await stock_up(first, {"LAMP": {"EAST": 1}})
        await second.stock.apply(adjust("restock", "LAMP", {"EAST": 4}))
        find = first.stock_store._find_items

        async def applied_meanwhile(*wanted: Any) -> list[Item]:
            monkeypatch.undo()
            await second.stock.apply(adjust("k", "LAMP", {"EAST": -5}))
            return await find(*wanted)

        monkeypatch.setattr(first.stock_store, "_find_items", applied_meanwhile)
        assert (await first.stock.apply(adjust("k", "LAMP", {"EAST": -5}))).replayed
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_what_another_process_changed_is_seen_before_anything_is_refused(
    mongo_uri: str, database_name: str
) -> None:
    async with kernel(mongo_uri, database_name) as first, kernel(mongo_uri, database_name) as second:
        await stock_up(first, {"LAMP": {"EAST": 1}})
        await second.stock.apply(adjust("plus", "LAMP", {"EAST": 9}))
        await first.stock.apply(adjust("minus", "LAMP", {"EAST": -10}))
        with pytest.raises(NotFound):
            await first.stock.apply(adjust("lost", "LAMP", {"NOWHERE": 1}))
        await second.database["locations"].insert_one({"_id": "NOWHERE", "active": True})
        await first.stock.apply(adjust("found", "LAMP", {"NOWHERE": 1}))
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_many_skus_change_together_or_not_at_all(mongo_uri: str, database_name: str) -> None:
    async with kernel(mongo_uri, database_name) as gateway:
        await stock_up(gateway, {"LAMP": {"EAST": 5}, "DESK": {"EAST": 1}})
        short = [adjust("a", "LAMP", {"EAST": -5}), adjust("b", "DESK", {"EAST": -2})]
        results = await gateway.stock.apply_many(short, Atomicity.ALL)
        assert [result.code for result in results if not isinstance(result, Outcome)] == [
            Code.NOT_APPLIED,
            Code.INSUFFICIENT_STOCK,
        ]
        enough = [adjust("a", "LAMP", {"EAST": -5}), adjust("b", "DESK", {"EAST": -1})]
        results = await gateway.stock.apply_many(enough, Atomicity.ALL)
        assert all(isinstance(result, Outcome) for result in results)
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_two_processes_racing_for_the_stock_never_oversell(mongo_uri: str, database_name: str) -> None:
    async with kernel(mongo_uri, database_name) as first, kernel(mongo_uri, database_name) as second:
        await stock_up(first, {"LAMP": {"EAST": 300}})
        buys = [
            gateway.committer.submit(Submission((adjust(f"{name}-{n}", "LAMP", {"EAST": -1}),)))
            for n in range(500)
            for name, gateway in (("first", first), ("second", second))
        ]
        results = [result for [result] in await asyncio.gather(*buys)]
        assert sum(isinstance(result, Outcome) for result in results) == 300
        assert all(isinstance(result, Outcome | InsufficientStock) for result in results)
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_sets_and_moves_race_with_adjustments_without_losing_a_unit(mongo_uri: str, database_name: str) -> None:
    async with kernel(mongo_uri, database_name) as first, kernel(mongo_uri, database_name) as second:
        await stock_up(first, {"LAMP": {"EAST": 100, "WEST": 100}})
        commands = [
            (
                adjust(f"a{n}", "LAMP", {"EAST": -1}),
                set_available(f"s{n}", "LAMP", "WEST", 100 + n),
                move(f"m{n}", "LAMP", 1, "WEST", "EAST"),
            )[n % 3]
            for n in range(90)
        ]
        await asyncio.gather(*(g.stock.apply(c) for c, g in zip(commands, [first, second] * 45, strict=True)))
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_a_full_queue_refuses_at_once_with_a_retryable_error(mongo_uri: str, database_name: str) -> None:
    async with kernel(mongo_uri, database_name, commit_queue_max=3) as gateway:
        await stock_up(gateway, {"LAMP": {"EAST": 100}})
        calls = [gateway.stock.apply(adjust(f"k{n}", "LAMP", {"EAST": -1})) for n in range(10)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        refused = [result for result in results if isinstance(result, Unavailable)]
        assert {(error.code, error.retryable) for error in refused} == {(Code.OVERLOADED, True)}
        assert len(refused) == 7
    assert assert_the_ledger_explains_the_stock(mongo_uri, database_name) == 1 + 3


async def test_a_poisonous_request_fails_alone(mongo_uri: str, database_name: str) -> None:
    async with kernel(mongo_uri, database_name) as gateway:
        await stock_up(gateway, {"LAMP": {"EAST": 100}})
        poison = adjust("poison", "LAMP", {"EAST": -1})
        object.__setattr__(poison, "request", {"not": object()})  # cannot be encoded, so the whole batch breaks
        good = [gateway.stock.apply(adjust(f"k{n}", "LAMP", {"EAST": -1})) for n in range(5)]
        with capture_logs():  # to print every variable of every frame takes seconds
            results = await asyncio.gather(gateway.stock.apply(poison), *good, return_exceptions=True)
        assert isinstance(results[0], Exception)
        assert all(isinstance(result, Outcome) for result in results[1:])
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_a_database_that_is_away_gives_a_retryable_error_within_the_deadline() -> None:
    database = Database("mongodb://127.0.0.1:1/?directConnection=true", "nowhere", timeout_seconds=0.2)
    store = MongoStockStore(database, RecordDocuments(database, CODECS))
    committer = Committer(
        BatchRunner(store, Reclaimer(ReservationStore(database)), deadline_seconds=0.5),
        queue_max=9,
        batch_max=9,
        deadline_seconds=2,
    )
    with pytest.raises(Unavailable) as refusal:
        await committer.submit(Submission((adjust("k", "LAMP", {"EAST": 1}),)))
    assert refusal.value.code is Code.UNAVAILABLE
    await committer.close()
    await database.close()
