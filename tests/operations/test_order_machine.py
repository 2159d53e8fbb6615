"""Random lives of reservations and orders on two gateways, with time moving, restarts and replays, against a model."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from pymongo import MongoClient

from gateway.bootstrap import Gateway
from gateway.inventory.errors import Code, InventoryError
from gateway.inventory.order_steps import ShippedLine
from gateway.operations.calls import Call
from gateway.operations.customer_orders import OrderOutcome
from gateway.operations.reservations import ReservationOutcome
from gateway.operations.sourcing import LineRequest
from tests.clock import StoppedClock
from tests.invariants import assert_the_ledger_explains_the_stock
from tests.kernel import kernel, stock_up
from tests.operations.order_model import Basket, Bought, Claim, Model

SKUS = ("LAMP", "DESK")
BASKETS = st.dictionaries(st.sampled_from(SKUS), st.integers(min_value=1, max_value=4), min_size=1)
OWNERS = st.sampled_from([None, "ann", "bob"])
SECONDS = st.sampled_from([30, 60, 90])
WHO = st.integers(0, 1)

SIXTY = timedelta(seconds=60)
EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "15"))

INSTEAD = {
    "held": Code.NOT_COMMITTED,
    "committed": Code.ALREADY_COMMITTED,
    "fulfilled": Code.ALREADY_FULFILLED,
    "released": Code.ALREADY_RELEASED,
    "expired": Code.EXPIRED,
}
LOST = {"expired": Code.EXPIRED, "released": Code.ALREADY_RELEASED}
ORDER_INSTEAD = {
    "unpaid": Code.PAYMENT_NOT_STARTED,
    "paying": Code.NOT_COMMITTED,
    "paid": Code.ALREADY_COMMITTED,
    "partly_shipped": Code.ALREADY_COMMITTED,
    "shipped": Code.ALREADY_FULFILLED,
    "cancelled": Code.ORDER_CANCELLED,
}

T = TypeVar("T")
Outcome = OrderOutcome | ReservationOutcome
Request = Callable[[Gateway], Awaitable[Outcome]]


class OrderMachine(RuleBasedStateMachine):
    """The model is asked first; whatever a gateway answers must agree with it."""

    uri: ClassVar[str]
    database: ClassVar[str]
    runs: ClassVar[itertools.count[int]] = itertools.count()

    @initialize()
    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.clock = StoppedClock()
        self.name = f"{self.database}_{next(self.runs)}"
        self.gateways = [self._await(self._open()) for _ in range(2)]
        self._await(stock_up(self.gateways[0], {sku: {"EAST": 4, "WEST": 3} for sku in SKUS}))
        self.model = Model(self.clock, dict.fromkeys(SKUS, 7))
        self.applied: list[tuple[Request, Outcome]] = []
        self.keys = itertools.count()

    @rule(basket=BASKETS, owner=OWNERS, seconds=SECONDS, who=WHO)
    def reserve(self, basket: Basket, owner: str | None, seconds: int, who: int) -> None:
        call, lines = self._call(), _lines(basket)
        freed: list[Claim] = [] if self.model.has(basket, []) else self.model.own(owner, basket)
        expected = None if self.model.has(basket, freed) else Code.INSUFFICIENT_STOCK
        outcome = self._apply(
            lambda g: g.orders.reservations.create(call, lines, owner=owner, expires_in_seconds=seconds), who, expected
        )
        if isinstance(outcome, ReservationOutcome):
            self.model.claim(outcome.reservation.id, basket, owner, seconds, freed)

    @precondition(lambda self: self.model.claims)
    @rule(data=st.data(), step=st.sampled_from(["commit", "release", "fulfil", "extend"]), who=WHO)
    def act(self, data: st.DataObject, step: str, who: int) -> None:
        ordered = {id(bought.claim) for bought in self.model.orders.values()}
        free = sorted(name for name, claim in self.model.claims.items() if id(claim) not in ordered)
        if not free:
            return
        name = data.draw(st.sampled_from(free))
        claim, call = self.model.claims[name], self._call()
        state = claim.state_at(self.clock.now)
        more = (60,) if step == "extend" else ()
        allowed = {"fulfil": {"committed"}, "release": {"held", "committed"}}.get(step, {"held"})
        expected = None if state in allowed else INSTEAD[state]
        if self._apply(lambda g: getattr(g.orders.reservations, step)(call, name, *more), who, expected):
            if step == "commit":
                claim.state = "committed"
            elif step == "extend":
                claim.expires_at = self.clock.now + SIXTY
            else:
                if step == "fulfil":
                    self._leave(claim.units)
                claim.resolve("released" if step == "release" else "fulfilled")

    @rule(basket=BASKETS, owner=OWNERS, hold=st.none() | SECONDS, who=WHO)
    def checkout(self, basket: Basket, owner: str | None, hold: int | None, who: int) -> None:
        call, lines = self._call(), _lines(basket)
        own = self.model.own(owner, basket)
        expected = None if self.model.has(basket, own) else Code.INSUFFICIENT_STOCK
        outcome = self._apply(
            lambda g: g.orders.orders.checkout(call, lines, owner=owner, hold_for_seconds=hold), who, expected
        )
        if isinstance(outcome, OrderOutcome):
            order = outcome.view.order
            bought = self.model.orders[order.id] = Bought(basket, owner)
            if hold is not None:
                bought.claim = self.model.claim(order.reservation_id or "", basket, owner, hold, own)

    @precondition(lambda self: self.model.orders)
    @rule(data=st.data(), seconds=SECONDS, who=WHO)
    def start_payment(self, data: st.DataObject, seconds: int, who: int) -> None:
        id, bought = self._order(data)
        call, state = self._call(), bought.state_at(self.clock.now)
        live = bought.claim is not None and bought.claim.state_at(self.clock.now) == "held"
        own = [] if live else self.model.own(bought.owner, bought.basket)
        expected = None
        if state not in ("unpaid", "paying"):
            expected = ORDER_INSTEAD[state]
        elif not live and not self.model.has(bought.basket, own):
            expected = Code.INSUFFICIENT_STOCK
        outcome = self._apply(lambda g: g.orders.orders.start_payment(call, id, seconds), who, expected)
        if not isinstance(outcome, OrderOutcome):
            return
        if not live:
            reservation_id = outcome.view.order.reservation_id or ""
            bought.claim = self.model.claim(reservation_id, bought.basket, bought.owner, seconds, own)
        assert bought.claim is not None
        assert bought.claim.expires_at is not None
        bought.claim.paying = True
        bought.claim.expires_at = max(bought.claim.expires_at, self.clock.now + timedelta(seconds=seconds))

    @precondition(lambda self: self.model.orders)
    @rule(data=st.data(), step=st.sampled_from(["payment_succeeded", "payment_failed", "cancelled"]), who=WHO)
    def step(self, data: st.DataObject, step: str, who: int) -> None:
        id, bought = self._order(data)
        call, claim, state = self._call(), bought.claim, bought.state_at(self.clock.now)
        held = claim is not None and claim.state_at(self.clock.now) == "held"
        possible = state not in ("shipped", "cancelled") if step == "cancelled" else held and state != "cancelled"
        expected = None if possible else self._instead(bought)
        if self._apply(lambda g: getattr(g.orders.orders, step)(call, id), who, expected):
            if step == "payment_succeeded":
                assert claim is not None
                claim.state, claim.expires_at = "committed", None
            elif claim is not None and claim.state_at(self.clock.now) in ("held", "committed"):
                claim.resolve("released")
            bought.cancelled = step == "cancelled"

    @precondition(lambda self: self.model.orders)
    @rule(data=st.data(), some=st.booleans(), who=WHO)
    def ship(self, data: st.DataObject, some: bool, who: int) -> None:
        id, bought = self._order(data)
        call, claim, state = self._call(), bought.claim, bought.state_at(self.clock.now)
        units = dict(claim.units) if claim else {}
        shipped = {sku: 1 for sku in sorted(units)[:1]} if some else units
        expected = None if state in ("paid", "partly_shipped") else self._instead(bought)
        lines = [ShippedLine(sku, quantity) for sku, quantity in shipped.items()] if some else []
        if self._apply(lambda g: g.orders.orders.shipped(call, id, lines), who, expected):
            assert claim is not None
            self._leave(shipped)
            left = {sku: quantity - shipped.get(sku, 0) for sku, quantity in units.items()}
            claim.units = {sku: quantity for sku, quantity in left.items() if quantity}
            if not claim.units:
                claim.resolve("fulfilled")

    @rule(basket=BASKETS, owner=OWNERS, who=WHO)
    def check_cart(self, basket: Basket, owner: str | None, who: int) -> None:
        now = self.clock.now
        own = [c for c in self.model.claims.values() if owner and c.owner == owner and c.state_at(now) == "held"]
        cart = self._await(self.gateways[who].orders.carts.check(_lines(basket), owner=owner))
        assert cart.ok is self.model.has(basket, own)

    @rule(seconds=st.integers(min_value=1, max_value=100))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(who=WHO)
    def sweep(self, who: int) -> None:
        self._await(self.gateways[who].orders.sweeper.sweep())
        items = self._await(self.gateways[who].stock_store.items(SKUS))
        for sku in SKUS:
            levels = items[sku].levels.values()
            allocated = self.model.allocated(sku)
            assert sum(level.allocated for level in levels) == allocated
            assert sum(level.available for level in levels) == self.model.on_hand[sku] - allocated

    @precondition(lambda self: self.applied)
    @rule(data=st.data(), who=WHO)
    def replay(self, data: st.DataObject, who: int) -> None:
        request, _ = data.draw(st.sampled_from(self.applied))
        assert self._await(_awaited(request(self.gateways[who]))).replayed

    @precondition(lambda self: self.model.orders)
    @rule(who=WHO)
    def compare(self, who: int) -> None:
        for id, bought in self.model.orders.items():
            view = self._await(self.gateways[who].orders.orders.get(id))
            assert view.state.value == bought.state_at(self.clock.now)

    @rule()
    def restart(self) -> None:
        self._await(self.stack.aclose())
        self.gateways = [self._await(self._open()) for _ in range(2)]

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.sweep(0)
            self.compare(1)
            self._await(self.stack.aclose())
            self.loop.close()
            assert_the_ledger_explains_the_stock(self.uri, self.name)
            with MongoClient[dict[str, Any]](self.uri) as client:
                client.drop_database(self.name)

    def _instead(self, bought: Bought) -> Code:
        state = bought.state_at(self.clock.now)
        if state == "unpaid" and bought.claim is not None:
            return LOST.get(bought.claim.state_at(self.clock.now), Code.PAYMENT_NOT_STARTED)
        return ORDER_INSTEAD[state]

    def _leave(self, units: Basket) -> None:
        for sku, quantity in units.items():
            self.model.on_hand[sku] -= quantity

    def _order(self, data: st.DataObject) -> tuple[str, Bought]:
        id = data.draw(st.sampled_from(sorted(self.model.orders)))
        return id, self.model.orders[id]

    def _apply(self, request: Request, who: int, expected: Code | None) -> Outcome | None:
        """The outcome where the model expects one; None where it is refused with the code that the model expects."""
        try:
            outcome = self._await(_awaited(request(self.gateways[who])))
        except InventoryError as error:
            assert error.code is expected
            return None
        assert expected is None
        assert not outcome.replayed
        self.applied.append((request, outcome))
        return outcome

    def _call(self) -> Call:
        return Call("tests", f"k{next(self.keys)}")

    async def _open(self) -> Gateway:
        return await self.stack.enter_async_context(kernel(self.uri, self.name, clock=self.clock))

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)


async def _awaited(work: Awaitable[T]) -> T:
    return await work


def _lines(basket: Basket) -> list[LineRequest]:
    return [LineRequest(sku, quantity) for sku, quantity in basket.items()]


@pytest.mark.slow
def test_orders_and_reservations_do_as_the_model_does_whatever_happens(mongo_uri: str, database_name: str) -> None:
    OrderMachine.uri, OrderMachine.database = mongo_uri, database_name
    run_state_machine_as_test(
        OrderMachine,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
