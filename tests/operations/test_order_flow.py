"""A customer's order from the cart to the shipment: the sentences of the order flow, one by one."""

from __future__ import annotations

import pytest

from gateway.bootstrap import Gateway
from gateway.inventory.catalog import ItemChange
from gateway.inventory.customer_orders import OrderState
from gateway.inventory.errors import Code, Conflict, InsufficientStock, NotFound
from gateway.inventory.order_steps import ShippedLine
from gateway.inventory.reservations import ReservationState
from gateway.operations.customer_orders import OrderOutcome, OrderView
from gateway.operations.sourcing import LineRequest
from tests.clock import StoppedClock
from tests.operations.ordering import call, level, lines


async def checkout(stocked: Gateway, key: str = "order", owner: str | None = None, **quantities: int) -> OrderView:
    return (await stocked.orders.orders.checkout(call(key), lines(**quantities), owner=owner)).view


async def paid(stocked: Gateway, **quantities: int) -> str:
    order_id = (await checkout(stocked, "order", None, **quantities)).order.id
    await stocked.orders.orders.start_payment(call("start"), order_id)
    await stocked.orders.orders.payment_succeeded(call("paid"), order_id)
    return order_id


async def test_a_cart_holds_nothing_so_more_can_be_in_carts_than_in_stock(stocked: Gateway) -> None:
    for _ in range(3):
        assert (await stocked.orders.carts.check(lines(DESK=2))).ok
    assert not (await stocked.orders.carts.check(lines(LAMP=1, DESK=3))).ok


async def test_a_checkout_holds_nothing_so_more_can_be_checked_out_than_in_stock(stocked: Gateway) -> None:
    first = await checkout(stocked, "first", DESK=2)
    second = await checkout(stocked, "second", DESK=2)
    assert (first.state, second.state) == (OrderState.UNPAID, OrderState.UNPAID)
    assert await level(stocked, "DESK", "EAST") == (2, 0)


async def test_the_checkout_is_refused_when_the_stock_is_gone_by_then(stocked: Gateway) -> None:
    with pytest.raises(InsufficientStock) as refusal:
        await checkout(stocked, LAMP=1, DESK=3)
    assert refusal.value.path == ("lines", "1", "quantity")


async def test_no_more_can_be_paid_for_than_there_is_whoever_pays_first_wins(stocked: Gateway) -> None:
    orders = stocked.orders.orders
    slow = await checkout(stocked, "slow", DESK=2)
    fast = await checkout(stocked, "fast", DESK=1)
    await orders.start_payment(call("fast pays"), fast.order.id)
    with pytest.raises(InsufficientStock) as refusal:
        await orders.start_payment(call("slow pays"), slow.order.id)
    assert refusal.value.path == ("orderId",)
    assert (await orders.get(slow.order.id)).state is OrderState.UNPAID


async def test_paying_reserves_the_units_and_success_keeps_them_allocated(
    stocked: Gateway, clock: StoppedClock
) -> None:
    orders = stocked.orders.orders
    order_id = (await checkout(stocked, LAMP=6)).order.id
    started = await orders.start_payment(call("start"), order_id)
    assert started.view.state is OrderState.PAYING
    assert await level(stocked, "LAMP", "WEST") == (2, 1)
    assert (await orders.payment_succeeded(call("paid"), order_id)).view.state is OrderState.PAID
    clock.advance(10**6)
    await stocked.orders.sweeper.sweep()
    assert await level(stocked, "LAMP", "EAST") == (0, 5)


async def test_a_failed_payment_makes_the_units_available_again_and_may_be_tried_once_more(stocked: Gateway) -> None:
    orders = stocked.orders.orders
    order_id = (await checkout(stocked, DESK=2)).order.id
    for attempt in ("first", "second"):
        await orders.start_payment(call(f"{attempt} start"), order_id)
        assert await level(stocked, "DESK", "EAST") == (0, 2)
        failed = await orders.payment_failed(call(f"{attempt} failed"), order_id)
        assert failed.view.state is OrderState.UNPAID
        assert await level(stocked, "DESK", "EAST") == (2, 0)
    with pytest.raises(Conflict) as refusal:
        await orders.payment_succeeded(call("late"), order_id)
    assert refusal.value.code is Code.ALREADY_RELEASED
    assert (await orders.payment_failed(call("first failed"), order_id)).replayed


async def test_the_units_of_a_failed_payment_can_be_bought_by_anyone(stocked: Gateway) -> None:
    orders = stocked.orders.orders
    first = (await checkout(stocked, "first", DESK=2)).order.id
    second = (await checkout(stocked, "second", DESK=2)).order.id
    await orders.start_payment(call("first starts"), first)
    await orders.payment_failed(call("first fails"), first)
    await orders.start_payment(call("second starts"), second)
    await orders.payment_succeeded(call("second pays"), second)
    with pytest.raises(InsufficientStock):
        await orders.start_payment(call("first again"), first)


async def test_a_shipped_order_lowers_allocated_and_so_the_total(stocked: Gateway) -> None:
    order_id = await paid(stocked, LAMP=6)
    orders = stocked.orders.orders
    part = await orders.shipped(call("parcel 1"), order_id, [ShippedLine("LAMP", 1, "WEST"), ShippedLine("LAMP", 2)])
    assert part.view.state is OrderState.PARTLY_SHIPPED
    assert (await level(stocked, "LAMP", "EAST"), await level(stocked, "LAMP", "WEST")) == ((0, 3), (2, 0))
    with pytest.raises(Conflict) as refusal:
        await orders.shipped(call("parcel 2"), order_id, [ShippedLine("LAMP", 1, "WEST")])
    assert (refusal.value.code, refusal.value.path) == (Code.MORE_THAN_HELD, ("lines", "0", "quantity"))
    assert (await orders.shipped(call("parcel 2"), order_id)).view.state is OrderState.SHIPPED
    assert await level(stocked, "LAMP", "EAST") == (0, 0)
    with pytest.raises(Conflict) as refusal:
        await orders.cancelled(call("cancel"), order_id)
    assert refusal.value.code is Code.ALREADY_FULFILLED


async def test_a_cancelled_order_gives_back_what_was_not_shipped(stocked: Gateway) -> None:
    order_id = await paid(stocked, LAMP=6)
    orders = stocked.orders.orders
    await orders.shipped(call("parcel"), order_id, [ShippedLine("LAMP", 2)])
    assert (await orders.cancelled(call("fraud"), order_id)).view.state is OrderState.CANCELLED
    assert (await level(stocked, "LAMP", "EAST"), await level(stocked, "LAMP", "WEST")) == ((3, 0), (3, 0))
    for late in (orders.start_payment, orders.payment_succeeded, orders.shipped, orders.cancelled):
        with pytest.raises(Conflict) as refusal:
            await late(call("late"), order_id)
        assert refusal.value.code is Code.ORDER_CANCELLED


async def test_an_unpaid_order_can_be_cancelled(stocked: Gateway) -> None:
    order_id = (await checkout(stocked, DESK=2)).order.id
    await stocked.orders.orders.cancelled(call("never mind"), order_id)
    with pytest.raises(Conflict):
        await stocked.orders.orders.start_payment(call("pay"), order_id)


async def test_a_payment_that_comes_after_its_hold_has_expired_is_refused_and_can_be_started_again(
    stocked: Gateway, clock: StoppedClock
) -> None:
    orders = stocked.orders.orders
    order_id = (await checkout(stocked, DESK=2)).order.id
    await orders.start_payment(call("start"), order_id, 30)
    clock.advance(30)
    assert (await orders.get(order_id)).state is OrderState.UNPAID
    for late in (orders.payment_succeeded, orders.payment_failed):
        with pytest.raises(Conflict) as refusal:
            await late(call("late"), order_id)
        assert refusal.value.code is Code.EXPIRED
    again = await orders.start_payment(call("again"), order_id)
    assert again.view.state is OrderState.PAYING
    assert await level(stocked, "DESK", "EAST") == (0, 2)
    await orders.payment_succeeded(call("late"), order_id)


async def test_starting_a_payment_again_keeps_the_hold_and_only_makes_it_last_longer(
    stocked: Gateway, clock: StoppedClock
) -> None:
    orders = stocked.orders.orders
    order_id = (await checkout(stocked, DESK=2)).order.id
    first = await orders.start_payment(call("start"), order_id, 60)
    clock.advance(50)
    second = await orders.start_payment(call("again"), order_id, 60)
    assert held_by(first) == held_by(second)
    clock.advance(50)
    await orders.payment_succeeded(call("paid"), order_id)


async def test_a_checkout_may_hold_the_units_until_the_payment(stocked: Gateway, clock: StoppedClock) -> None:
    orders = stocked.orders.orders
    outcome = await orders.checkout(call("order"), lines(DESK=2), hold_for_seconds=300)
    assert outcome.view.state is OrderState.UNPAID
    assert await level(stocked, "DESK", "EAST") == (0, 2)
    started = await orders.start_payment(call("start"), outcome.view.order.id)
    assert held_by(started) == held_by(outcome)
    await orders.payment_succeeded(call("paid"), outcome.view.order.id)
    assert await level(stocked, "DESK", "EAST") == (0, 2)


async def test_the_carts_own_hold_counts_for_it_and_becomes_the_payments(stocked: Gateway) -> None:
    services = stocked.orders
    cart = await services.reservations.create(call("cart"), lines(DESK=2), owner="cart-1")
    assert (await services.carts.check(lines(DESK=2), owner="cart-1")).ok
    assert not (await services.carts.check(lines(DESK=1), owner="cart-2")).ok
    with pytest.raises(InsufficientStock):
        await checkout(stocked, "other", "cart-2", DESK=1)
    order_id = (await checkout(stocked, owner="cart-1", DESK=2)).order.id
    assert (await services.reservations.get(cart.reservation.id)).state is ReservationState.HELD
    await services.orders.start_payment(call("start"), order_id)
    assert (await services.reservations.get(cart.reservation.id)).state is ReservationState.RELEASED
    assert await level(stocked, "DESK", "EAST") == (0, 2)


async def test_a_hold_that_is_being_paid_for_is_not_taken_over_by_its_owners_next_order(stocked: Gateway) -> None:
    first = (await checkout(stocked, "first", "ann", DESK=2)).order.id
    second = (await checkout(stocked, "second", "ann", DESK=2)).order.id
    await stocked.orders.orders.start_payment(call("start"), first)
    with pytest.raises(InsufficientStock):
        await stocked.orders.orders.start_payment(call("start too"), second)
    with pytest.raises(InsufficientStock):
        await stocked.orders.reservations.create(call("r"), lines(DESK=1), owner="ann")
    # Her cart is not short: she has the units.
    assert (await stocked.orders.carts.check(lines(DESK=2), owner="ann")).ok
    assert not (await stocked.orders.carts.check(lines(DESK=1), owner="bob")).ok
    await stocked.orders.orders.payment_succeeded(call("paid"), first)


async def test_an_order_whose_item_was_renamed_can_still_be_paid_and_shipped_under_either_name(
    stocked: Gateway,
) -> None:
    orders = stocked.orders.orders
    order_id = (await checkout(stocked, DESK=2)).order.id
    await stocked.catalog.change_item("DESK", ItemChange(sku="TABLE"))
    await orders.start_payment(call("start"), order_id)
    await orders.payment_succeeded(call("paid"), order_id)
    assert await level(stocked, "TABLE", "EAST") == (0, 2)
    await orders.shipped(call("parcel 1"), order_id, [ShippedLine("DESK", 1)])
    await orders.shipped(call("parcel 2"), order_id, [ShippedLine("TABLE", 1)])
    assert await level(stocked, "TABLE", "EAST") == (0, 0)


async def test_an_order_follows_its_reservation_when_that_is_acted_on_directly(stocked: Gateway) -> None:
    order_id = await paid(stocked, DESK=2)
    held = (await stocked.orders.orders.get(order_id)).reservation
    assert held is not None
    await stocked.orders.reservations.reassign(call("fraud"), held.id, "honest customer", None)
    assert (await stocked.orders.orders.get(order_id)).state is OrderState.CANCELLED


async def test_every_step_can_be_repeated_and_reaches_the_same_order(stocked: Gateway) -> None:
    orders = stocked.orders.orders

    async def flow() -> list[OrderOutcome]:
        made = await orders.checkout(call("order", reference="42"), lines(DESK=1))
        steps = (orders.start_payment, orders.payment_succeeded, orders.shipped)
        return [made, *[await step(call(step.__name__), made.view.order.id) for step in steps]]

    first, second = await flow(), await flow()
    assert [outcome.replayed for outcome in first] == [False] * 4
    assert [outcome.replayed for outcome in second] == [True] * 4
    assert second[0].view.state is OrderState.SHIPPED
    assert await level(stocked, "DESK", "EAST") == (1, 0)


async def test_the_ledger_tells_what_an_order_did(stocked: Gateway) -> None:
    order_id = await paid(stocked, DESK=1)
    await stocked.orders.orders.shipped(call("ship"), order_id)
    entries = await stocked.database["ledger"].find({"reference": order_id}).sort("seq", 1).to_list(10)
    assert [entry["kind"] for entry in entries] == ["checkout", "payment_start", "payment_success", "ship"]


async def test_a_step_before_its_time_says_what_is_missing(stocked: Gateway) -> None:
    orders = stocked.orders.orders
    order_id = (await checkout(stocked, DESK=1)).order.id
    for early in (orders.payment_succeeded, orders.payment_failed, orders.shipped):
        with pytest.raises(Conflict) as refusal:
            await early(call("early"), order_id)
        assert refusal.value.code is Code.PAYMENT_NOT_STARTED
    await orders.start_payment(call("start"), order_id)
    with pytest.raises(Conflict) as refusal:
        await orders.shipped(call("early"), order_id)
    assert refusal.value.code is Code.NOT_COMMITTED
    with pytest.raises(NotFound) as missing:
        await orders.shipped(call("early"), "nowhere")
    assert missing.value.code is Code.ORDER_NOT_FOUND


async def test_a_checked_cart_tells_line_by_line_what_can_be_had(stocked: Gateway, clock: StoppedClock) -> None:
    carts = stocked.orders.carts
    cart = await carts.check([LineRequest("DESK", 1), LineRequest("DESK", 3), LineRequest("SOFA", 1)])
    assert [(line.obtainable, line.code) for line in cart.lines] == [
        (1, None),
        (1, Code.INSUFFICIENT_STOCK),
        (0, Code.ITEM_NOT_FOUND),
    ]
    await stocked.orders.reservations.create(call("r"), lines(DESK=2), expires_in_seconds=10)
    assert not (await carts.check(lines(DESK=1))).ok
    clock.advance(10)
    assert (await carts.check(lines(DESK=2))).ok


def held_by(outcome: OrderOutcome) -> str:
    assert outcome.view.reservation is not None
    return outcome.view.reservation.id
