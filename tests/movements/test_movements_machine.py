"""Random lives of documents against a small model: no unit ever disappears, and the audit finds nothing."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from pymongo import MongoClient

from gateway.inventory.arrivals import Arrival, Condition
from gateway.inventory.backordering import InboundShare
from gateway.inventory.errors import InventoryError
from gateway.inventory.ledger import Cause
from gateway.inventory.quantities import Bucket
from gateway.inventory.receiving import ExpectedLine
from gateway.inventory.returns import Return
from gateway.inventory.stock_changes import Count
from gateway.inventory.transferring import PlannedLine
from gateway.inventory.transfers import Resolution
from gateway.operations.sourcing import LineRequest
from tests.kernel import kernel, stock_up
from tests.movements.stocked import call
from tests.supply.bound import assert_promises_agree

LOCATIONS = st.sampled_from(["EAST", "WEST"])
UNITS = st.integers(1, 6)
WHICH = st.integers(0, 5)
CONDITIONS = st.sampled_from(Condition)
CELLS = [(at, bucket) for at in ("EAST", "WEST") for bucket in Bucket]

T = TypeVar("T")
Moment = tuple[datetime, dict[tuple[str, Bucket], int]]


class MovementsMachine(RuleBasedStateMachine):
    """One gateway; refusals are as good as successes, as long as the books balance.

    The model knows how many units have come from outside and gone for good, and the stock after each movement.
    """

    uri: ClassVar[str]
    database: ClassVar[str]
    runs: ClassVar[itertools.count[int]] = itertools.count()

    @initialize()
    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.name = f"{self.database}_{next(self.runs)}"
        self.gateway = self._await(self.stack.enter_async_context(kernel(self.uri, self.name)))
        self._await(stock_up(self.gateway, {"LAMP": {"EAST": 10, "WEST": 10}}))
        self.units = 20
        self.transfers: list[str] = []
        self.purchases: list[str] = []
        self.backorders: list[str] = []
        self.past: list[Moment] = []

    @rule(units=UNITS, east_to_west=st.booleans(), ship=st.booleans())
    def transfer(self, units: int, east_to_west: bool, ship: bool) -> None:
        origin, destination = ("EAST", "WEST") if east_to_west else ("WEST", "EAST")
        transfers = self.gateway.movements.transfers
        planned = self._await(transfers.create(call(), origin, destination, [PlannedLine("LAMP", units)]))
        self.transfers.append(planned.document.id)
        if ship:
            self._try(transfers.ship(call(), planned.document.id))

    @rule(which=WHICH, units=UNITS, condition=CONDITIONS)
    def receive_transfer(self, which: int, units: int, condition: Condition) -> None:
        arrivals = [Arrival(0, units, condition)]
        self._step(self.transfers, which, lambda key: self.gateway.movements.transfers.receive(call(), key, arrivals))

    @rule(which=WHICH, cancel=st.booleans())
    def end_transfer(self, which: int, cancel: bool) -> None:
        transfers = self.gateway.movements.transfers
        end = transfers.cancel if cancel else transfers.close
        self._step(self.transfers, which, lambda key: end(call(), key))

    @rule(which=WHICH, units=UNITS, found=st.booleans(), condition=CONDITIONS)
    def explain_missing(self, which: int, units: int, found: bool, condition: Condition) -> None:
        resolution = Resolution.FOUND if found else Resolution.LOST
        resolve = self.gateway.movements.transfers.resolve
        done = self._step(self.transfers, which, lambda key: resolve(call(), key, 0, resolution, units, condition))
        if done and not found:
            self.units -= units

    @rule(units=UNITS, at=LOCATIONS)
    def order(self, units: int, at: str) -> None:
        made = self._await(self.gateway.movements.inbound.create(call(), "ACME", [ExpectedLine("LAMP", at, units)]))
        self.purchases.append(made.document.id)

    @rule(which=WHICH, units=UNITS, condition=CONDITIONS, more=st.booleans())
    def receive_purchase(self, which: int, units: int, condition: Condition, more: bool) -> None:
        receive = self.gateway.movements.inbound.receive
        arrivals = [Arrival(0, units, condition)]
        if self._step(self.purchases, which, lambda key: receive(call(), key, arrivals, more)):
            self.units += units

    @rule(which=WHICH)
    def cancel_purchase(self, which: int) -> None:
        self._step(self.purchases, which, lambda key: self.gateway.movements.inbound.cancel(call(), key))

    @rule(which=WHICH, units=UNITS)
    def promise_ahead(self, which: int, units: int) -> None:
        """To a buyer who waits for a purchase."""
        if self.purchases:
            share = InboundShare(self.purchases[which % len(self.purchases)], 0, units)
            made = self._try(self.gateway.supply.backorders.create(call(), [share]))
            self.backorders += [made.document.id] if made else []

    @rule(which=WHICH, units=UNITS, purchase=WHICH, cancel=st.booleans())
    def stop_waiting(self, which: int, units: int, purchase: int, cancel: bool) -> None:
        backorders = self.gateway.supply.backorders
        if cancel:
            self._step(self.backorders, which, lambda key: backorders.cancel(call(), key, [(0, units)]))
        elif self.purchases:
            to = InboundShare(self.purchases[purchase % len(self.purchases)], 0, units)
            self._step(self.backorders, which, lambda key: backorders.move(call(), key, 0, to))

    @rule(units=UNITS, at=LOCATIONS, condition=CONDITIONS)
    def bring_back(self, units: int, at: str, condition: Condition) -> None:
        command = Return("tests", call().idempotency_key, Cause("tests"), "LAMP", at, units, condition)
        self._await(self.gateway.stock.apply(command))
        self.units += units

    @rule(units=UNITS, at=LOCATIONS, commit=st.booleans())
    def reserve(self, units: int, at: str, commit: bool) -> None:
        reservations = self.gateway.orders.reservations
        held = self._try(reservations.create(call(), [LineRequest("LAMP", units, at)]))
        if held is not None and commit:
            self._await(reservations.commit(call(), held.reservation.id))

    @rule(data=st.data(), at=LOCATIONS, quantity=st.integers(0, 30))
    def count(self, data: st.DataObject, at: str, quantity: int) -> None:
        """A count of some past moment corrects the stock by what it differed then."""
        if self.past:
            as_of, then = data.draw(st.sampled_from(self.past))
            counts = [Count(at, quantity, then[at, Bucket.AVAILABLE])]
            key, cause = call().idempotency_key, Cause("tests")
            if self._try(self.gateway.movements.counts.count("tests", key, cause, "LAMP", counts, as_of)):
                self.units += quantity - then[at, Bucket.AVAILABLE]

    @rule()
    def remember(self) -> None:
        item = self._await(self.gateway.stock_store.items(["LAMP"]))["LAMP"]
        newest = self._await(self.gateway.database["ledger"].find_one(sort=[("seq", -1)]))
        quantities = {(at, bucket): item.level(at).quantity(bucket) for at, bucket in CELLS}
        self.past.append((_time(newest["seq"]), quantities))

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self._check_units()
            for as_of, then in self.past:
                past = self._await(self.gateway.movements.history.stock("LAMP", as_of))
                assert {cell: past.quantity(*cell) for cell in CELLS} == then
            assert self._await(self.gateway.movements.auditor.run()).mismatches == []
            self._await(assert_promises_agree(self.gateway))
            self._await(self.stack.aclose())
            self.loop.close()
            with MongoClient[dict[str, Any]](self.uri) as client:
                client.drop_database(self.name)

    def _check_units(self) -> None:
        """What is here or on its way between our places is what has come less what has gone."""
        item = self._await(self.gateway.stock_store.items(["LAMP"]))["LAMP"]
        here = sum(level.on_hand for level in item.levels.values())
        expected: dict[str, int] = defaultdict(int)
        for at in ("EAST", "WEST"):
            explained = self._await(self.gateway.movements.history.explain("LAMP", at))
            assert [explained.by_hand(bucket) for bucket in (Bucket.ALLOCATED, Bucket.INCOMING)] == [0, 0]
            for term in explained.terms:
                expected[term.source.value] += term.units
        assert here + expected["transfer"] == self.units

    def _step(self, ids: list[str], which: int, step: Any) -> bool:
        return bool(ids) and self._try(step(ids[which % len(ids)])) is not None

    def _try(self, work: Coroutine[Any, Any, T]) -> T | None:
        try:
            return self._await(work)
        except InventoryError:
            return None

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)


def _time(seq: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=seq)


@pytest.mark.slow
def test_no_unit_ever_disappears(mongo_uri: str, database_name: str) -> None:
    MovementsMachine.uri, MovementsMachine.database = mongo_uri, database_name
    run_state_machine_as_test(
        MovementsMachine,
        settings=settings(
            max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
