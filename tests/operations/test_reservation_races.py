"""Races over two gateways: exactly one side wins, the other is told what happened, and the stock is right."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable
from datetime import timedelta

import pytest

from gateway.bootstrap import Gateway
from gateway.inventory.customer_orders import OrderState
from gateway.inventory.decision import Outcome
from gateway.inventory.errors import Code, InsufficientStock, InventoryError
from gateway.operations.customer_orders import OrderOutcome
from gateway.operations.reclaiming import expired
from gateway.operations.reservations import ReservationOutcome
from gateway.operations.sourcing import LineRequest
from gateway.store.reservations import ReservationStore
from tests.clock import StoppedClock
from tests.invariants import assert_the_ledger_explains_the_stock
from tests.kernel import kernel, stock_up
from tests.operations.ordering import call

BUYERS = int(os.environ.get("RACE_BUYERS", "1000"))
WAVE = 10
PAYMENTS = int(os.environ.get("RACE_PAYMENTS", "300"))


@pytest.fixture
def clocks() -> tuple[StoppedClock, StoppedClock]:
    """Those of two machines, which never agree to the millisecond."""
    return StoppedClock(), StoppedClock()


@pytest.fixture
async def gateways(
    mongo_uri: str, database_name: str, clocks: tuple[StoppedClock, StoppedClock]
) -> AsyncIterator[tuple[Gateway, Gateway]]:
    async with (
        kernel(mongo_uri, database_name, clock=clocks[0]) as first,
        kernel(mongo_uri, database_name, clock=clocks[1]) as second,
    ):
        yield first, second
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def settled(calls: Iterable[Awaitable[OrderOutcome | Outcome]]) -> list[Code | None]:
    """How each call ended: None where it was applied, else the code of its refusal."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, InventoryError):
            raise result
    return [result.code if isinstance(result, InventoryError) else None for result in results]


async def orders_in_payment(gateway: Gateway, count: int, seconds: int) -> list[str]:
    orders = gateway.orders.orders
    made = [orders.checkout(call(f"order {n}"), [LineRequest("LAMP", 1)]) for n in range(count)]
    ids = [outcome.view.order.id for outcome in await asyncio.gather(*made)]
    await asyncio.gather(*(orders.start_payment(call(f"start {n}"), id, seconds) for n, id in enumerate(ids)))
    return ids


async def expire(gateway: Gateway, order_id: str) -> Outcome:
    """What the sweeper does with a hold, for one order."""
    held = (await gateway.orders.orders.get(order_id)).order.reservation_id
    hold = await ReservationStore(gateway.database).get(held or "")
    assert hold is not None
    return await gateway.stock.apply(expired(hold))


async def test_a_payment_and_its_expiry_at_the_same_instant_have_exactly_one_outcome(
    gateways: tuple[Gateway, Gateway], clocks: tuple[StoppedClock, StoppedClock]
) -> None:
    first, second = gateways
    await stock_up(first, {"LAMP": {"EAST": PAYMENTS}})
    ids = await orders_in_payment(first, PAYMENTS, 60)
    clocks[1].advance(60)  # due there, and one millisecond too early here
    clocks[0].now = clocks[1].now - timedelta(milliseconds=1)
    codes: list[Code | None] = []
    lost: list[Code | None] = []
    for start in range(0, PAYMENTS, WAVE):
        wave = ids[start : start + WAVE]
        paying = settled(first.orders.orders.payment_succeeded(call(f"paid {id}"), id) for id in wave)
        expiring = settled(expire(second, id) for id in wave)
        for answers, told in zip(await asyncio.gather(paying, expiring), (codes, lost), strict=True):
            told.extend(answers)
    assert Counter(codes).keys() <= {None, Code.EXPIRED}
    assert Counter(lost).keys() <= {None, Code.ALREADY_COMMITTED}
    swept = lost.count(None)
    views = await asyncio.gather(*(second.orders.orders.get(id) for id in ids))
    paid = [view.state for view in views].count(OrderState.PAID)
    assert paid == codes.count(None) == PAYMENTS - swept
    level = (await first.stock_store.items(["LAMP"]))["LAMP"].level("EAST")
    assert (level.available, level.allocated) == (swept, paid)


async def test_an_order_is_either_shipped_or_cancelled(gateways: tuple[Gateway, Gateway]) -> None:
    first, second = gateways
    await stock_up(first, {"LAMP": {"EAST": 60}})
    ids = await orders_in_payment(first, 60, 600)
    await asyncio.gather(*(first.orders.orders.payment_succeeded(call(f"paid {id}"), id) for id in ids))
    shipping = settled(first.orders.orders.shipped(call(f"ship {id}"), id) for id in ids)
    cancelling = settled(second.orders.orders.cancelled(call(f"cancel {id}"), id) for id in ids)
    for shipped, cancelled in zip(*await asyncio.gather(shipping, cancelling), strict=True):
        assert (shipped, cancelled) in [(None, Code.ALREADY_FULFILLED), (Code.ORDER_CANCELLED, None)]


async def test_two_payments_for_the_last_unit_have_one_winner(gateways: tuple[Gateway, Gateway]) -> None:
    await stock_up(gateways[0], {"LAMP": {"EAST": 1}})
    orders = [gateway.orders.orders for gateway in gateways]
    made = [await some.checkout(call(f"order {n}"), [LineRequest("LAMP", 1)]) for n, some in enumerate(orders)]
    ids = [outcome.view.order.id for outcome in made]
    codes = await settled(orders[n].start_payment(call(f"start {n}"), ids[n]) for n in range(2))
    assert Counter(codes) == {None: 1, Code.INSUFFICIENT_STOCK: 1}


async def test_copies_of_one_request_make_one_reservation(gateways: tuple[Gateway, Gateway]) -> None:
    await stock_up(gateways[0], {"LAMP": {"EAST": 5}})
    copies = [g.orders.reservations.create(call("r"), [LineRequest("LAMP", 1)]) for _ in range(20) for g in gateways]
    outcomes = await asyncio.gather(*copies)
    assert len({outcome.reservation.id for outcome in outcomes}) == 1
    assert sum(not outcome.replayed for outcome in outcomes) == 1


@pytest.mark.slow
async def test_baskets_in_opposite_orders_sell_exactly_what_there_is(gateways: tuple[Gateway, Gateway]) -> None:
    units = BUYERS // 10
    await stock_up(gateways[0], {sku: {"EAST": units} for sku in ("LAMP", "DESK", "SOFA")})
    basket = [LineRequest(sku, 1) for sku in ("LAMP", "DESK", "SOFA")]
    buyers = [
        gateways[n % 2].orders.reservations.create(call(f"buyer {n}"), basket[:: 1 if n % 4 < 2 else -1])
        for n in range(BUYERS)
    ]
    results = await asyncio.gather(*buyers, return_exceptions=True)
    won = [result for result in results if isinstance(result, ReservationOutcome)]
    assert len(won) == units
    assert all(isinstance(result, InsufficientStock) for result in results if result not in won)
    assert all(sorted(line.sku for line in w.reservation.lines) == ["DESK", "LAMP", "SOFA"] for w in won)
    for item in (await gateways[0].stock_store.items(["LAMP", "DESK", "SOFA"])).values():
        assert (item.level("EAST").available, item.level("EAST").allocated) == (0, units)
