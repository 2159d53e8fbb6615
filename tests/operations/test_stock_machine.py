"""Random lives of a gateway against a small model: every answer and every quantity must be the model's."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from pymongo import MongoClient

from gateway.bootstrap import Gateway
from gateway.inventory.commands import Command
from gateway.inventory.decision import Atomicity, Outcome, Result
from gateway.inventory.errors import Code, InventoryError
from gateway.inventory.quantities import Bucket
from tests.builders import adjust, move, set_available
from tests.invariants import assert_the_ledger_explains_the_stock
from tests.kernel import kernel, stock_up

SKUS = st.sampled_from(["LAMP", "DESK"])
LOCATIONS = st.sampled_from(["EAST", "WEST"])
BUCKETS = st.sampled_from([Bucket.AVAILABLE, Bucket.UNAVAILABLE, Bucket.INCOMING])
UNITS = st.integers(min_value=1, max_value=6)
DELTAS = st.dictionaries(LOCATIONS, st.integers(min_value=-6, max_value=6).filter(bool), min_size=1)
START = 5
BACKORDER_LIMIT = 3

Cell = tuple[str, str, Bucket]
T = TypeVar("T")


class StockMachine(RuleBasedStateMachine):
    """Two gateways on one database; the model knows quantities, versions and the answer to every key."""

    uri: ClassVar[str]
    database: ClassVar[str]
    runs: ClassVar[itertools.count[int]] = itertools.count()

    @initialize()
    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.name = f"{self.database}_{next(self.runs)}"
        self.gateways = [self._await(self._open()) for _ in range(2)]
        stock = {sku: {"EAST": START, "WEST": START} for sku in ("LAMP", "DESK")}
        self._await(stock_up(self.gateways[0], stock, BACKORDER_LIMIT))
        self.model: dict[Cell, int] = defaultdict(int)
        for sku, levels in stock.items():
            self.model.update({(sku, at, Bucket.AVAILABLE): units for at, units in levels.items()})
        self.applied: list[tuple[Command, Outcome]] = []
        self.keys = itertools.count()

    @rule(sku=SKUS, deltas=DELTAS, backorder=st.booleans(), who=st.integers(0, 1))
    def adjust(self, sku: str, deltas: dict[str, int], backorder: bool, who: int) -> None:
        command = adjust(self._key(), sku, deltas, allow_backorder=backorder)
        postings = {(sku, at, Bucket.AVAILABLE): delta for at, delta in deltas.items()}
        self._expect(command, postings, self._apply(who, command), -BACKORDER_LIMIT if backorder else 0)

    @rule(sku=SKUS, at=LOCATIONS, quantity=st.integers(0, 9), compare=st.none() | st.integers(0, 9))
    def set_to(self, sku: str, at: str, quantity: int, compare: int | None) -> None:
        cell = (sku, at, Bucket.AVAILABLE)
        result = self._apply(0, set_available(self._key(), sku, at, quantity, compare))
        if compare is not None and compare != self.model[cell]:
            assert isinstance(result, InventoryError)
            assert result.code is Code.COMPARE_QUANTITY_STALE
        else:
            assert isinstance(result, Outcome)
            self.model[cell] = quantity

    @rule(sku=SKUS, units=UNITS, origin=st.tuples(LOCATIONS, BUCKETS), goal=st.tuples(LOCATIONS, BUCKETS))
    def move(self, sku: str, units: int, origin: tuple[str, Bucket], goal: tuple[str, Bucket]) -> None:
        if origin != goal:
            command = move(self._key(), sku, units, origin, goal)
            postings = {(sku, *origin): -units, (sku, *goal): units}
            self._expect(command, postings, self._apply(1, command))

    @rule(first=DELTAS, second=DELTAS)
    def all_or_nothing(self, first: dict[str, int], second: dict[str, int]) -> None:
        commands = [adjust(self._key(), "LAMP", first), adjust(self._key(), "DESK", second)]
        results = self._await(self.gateways[0].stock.apply_many(commands, Atomicity.ALL))
        postings = {("LAMP", at, Bucket.AVAILABLE): delta for at, delta in first.items()}
        postings |= {("DESK", at, Bucket.AVAILABLE): delta for at, delta in second.items()}
        possible = self._possible(postings)
        assert all(isinstance(result, Outcome) is possible for result in results)
        if possible:
            self._post(postings)

    @rule(deltas=st.lists(st.integers(-4, 4).filter(bool), min_size=2, max_size=12))
    def race(self, deltas: list[int]) -> None:
        """Both gateways at once: which requests win is open, what they add up to is not."""
        commands = [adjust(self._key(), "LAMP", {"EAST": delta}) for delta in deltas]
        calls = [self.gateways[n % 2].stock.apply_many([c], Atomicity.ALL) for n, c in enumerate(commands)]
        results = self._await(_gather(calls))
        won = [delta for delta, [result] in zip(deltas, results, strict=True) if isinstance(result, Outcome)]
        assert [d for d in deltas if d > 0] == [d for d in won if d > 0]
        self.model["LAMP", "EAST", Bucket.AVAILABLE] += sum(won)

    @precondition(lambda self: self.applied)
    @rule(data=st.data(), who=st.integers(0, 1))
    def replay(self, data: st.DataObject, who: int) -> None:
        command, first = data.draw(st.sampled_from(self.applied))
        assert self._apply(who, command) == Outcome(first.entry, replayed=True)

    @precondition(lambda self: self.applied)
    @rule(data=st.data())
    def reuse_a_key(self, data: st.DataObject) -> None:
        command, _ = data.draw(st.sampled_from(self.applied))
        result = self._apply(0, adjust(command.idempotency_key, "DESK", {"EAST": 1000}))
        assert isinstance(result, InventoryError)
        assert result.code is Code.IDEMPOTENCY_KEY_REUSED

    @rule()
    def restart(self) -> None:
        self._await(self.stack.aclose())
        self.gateways = [self._await(self._open()) for _ in range(2)]

    @rule()
    def compare(self) -> None:
        items = self._await(self.gateways[1].stock_store.items(["LAMP", "DESK"]))
        for (sku, at, bucket), quantity in self.model.items():
            assert items[sku].level(at).quantity(bucket) == quantity

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.compare()
            self._await(self.stack.aclose())
            self.loop.close()
            assert_the_ledger_explains_the_stock(self.uri, self.name)
            with MongoClient[dict[str, Any]](self.uri) as client:
                client.drop_database(self.name)

    def _expect(self, command: Command, postings: dict[Cell, int], result: Result, floor: int = 0) -> None:
        if self._possible(postings, floor):
            assert isinstance(result, Outcome)
            self._post(postings)
            self.applied.append((command, result))
        else:
            assert isinstance(result, InventoryError)
            assert result.code is Code.INSUFFICIENT_STOCK

    def _possible(self, postings: dict[Cell, int], floor: int = 0) -> bool:
        return all(delta > 0 or self.model[cell] + delta >= floor for cell, delta in postings.items())

    def _post(self, postings: dict[Cell, int]) -> None:
        for cell, delta in postings.items():
            self.model[cell] += delta

    def _apply(self, who: int, command: Command) -> Result:
        [result] = self._await(self.gateways[who].stock.apply_many([command], Atomicity.ALL))
        return result

    def _key(self) -> str:
        return f"k{next(self.keys)}"

    async def _open(self) -> Gateway:
        return await self.stack.enter_async_context(kernel(self.uri, self.name))

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)


async def _gather(work: list[Coroutine[Any, Any, T]]) -> list[T]:
    return await asyncio.gather(*work)


@pytest.mark.slow
def test_a_gateway_answers_as_the_model_does_whatever_happens_to_it(mongo_uri: str, database_name: str) -> None:
    StockMachine.uri, StockMachine.database = mongo_uri, database_name
    run_state_machine_as_test(
        StockMachine,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
