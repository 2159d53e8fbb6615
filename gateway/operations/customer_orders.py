"""The order flow: checkout, payment, shipment, cancellation. Whoever pays first has the units."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.inventory.allocation import StrategyName
from gateway.inventory.checkout import Checkout, OrderOutdated, StartPayment
from gateway.inventory.commands import Command
from gateway.inventory.customer_orders import CustomerOrder, OrderState
from gateway.inventory.decision import Outcome
from gateway.inventory.errors import Code, NotFound
from gateway.inventory.geography import Whereabouts
from gateway.inventory.identifiers import check_optional_text, check_slug
from gateway.inventory.ledger import Cause
from gateway.inventory.order_steps import (
    OnOrder,
    OrderCancelled,
    OrderShipped,
    PaymentFailed,
    PaymentSucceeded,
    ShippedLine,
)
from gateway.inventory.ports import Loaded, Wanted
from gateway.inventory.requested_lines import RequestedLine
from gateway.inventory.reservations import Reservation
from gateway.inventory.reserving import Reserve
from gateway.operations.calls import Call
from gateway.operations.clock import Clock
from gateway.operations.reclaiming import OWN_HOLDS_MAX
from gateway.operations.routing import Routing
from gateway.operations.sourcing import LineRequest, Sourcing, channel_of_all
from gateway.operations.stock import StockOperations

OUTDATED_TRIES = 5

_Step = tuple[str, str, Cause, CustomerOrder, tuple[str, ...]]


class OrderRepository(Protocol):
    async def get(self, order_id: str) -> CustomerOrder | None: ...


class HoldRepository(Protocol):
    async def get(self, reservation_id: str) -> Reservation | None: ...

    async def held_by(self, owner: str, item_ids: Collection[str], limit: int) -> list[Reservation]: ...


class ItemLookup(Protocol):
    async def load(self, wanted: Wanted) -> Loaded: ...


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with the reservation that holds its units, both as they stand now."""

    order: CustomerOrder
    reservation: Reservation | None
    state: OrderState

    @classmethod
    def at(cls, now: datetime, order: CustomerOrder, reservation: Reservation | None) -> OrderView:
        return cls(order, reservation.at(now) if reservation else None, order.state(reservation, now))


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """An order after a request; after a replay, as it stands by now."""

    view: OrderView
    replayed: bool


class OrderOperations:
    """Each raises an InventoryError that names what happened instead, or returns the order."""

    def __init__(
        self,
        stock: StockOperations,
        orders: OrderRepository,
        reservations: HoldRepository,
        items: ItemLookup,
        sourcing: Sourcing,
        routing: Routing,
        clock: Clock,
        *,
        payment_seconds: int,
    ) -> None:
        """`payment_seconds`: how long a payment may take before its units are available again."""
        self._stock = stock
        self._orders = orders
        self._reservations = reservations
        self._items = items
        self._sourcing = sourcing
        self._routing = routing
        self._clock = clock
        self._payment_seconds = payment_seconds

    async def checkout(
        self,
        call: Call,
        lines: Sequence[LineRequest],
        *,
        owner: str | None = None,
        hold_for_seconds: int | None = None,
        allow_backorder: bool = False,
        strategy: StrategyName = StrategyName.PRIORITY,
        channel_id: str | None = None,
        destination: Whereabouts | None = None,
    ) -> OrderOutcome:
        """The final check of a cart; makes an unpaid order, and holds its units only where a time is given.

        What the owner, the cart, holds already counts as available; a hold of the order takes its place. It is sold
        through the channel named, or the one that all lines name.
        """
        requested = await self._sourcing.requested(lines)
        check_optional_text(owner, ("owner",))
        found = await self._items.load(Wanted(skus={line.sku for line in requested}))
        reserve = Reserve(
            scope=call.client,
            idempotency_key=call.idempotency_key,
            cause=await self._sourcing.cause(call, call.new_id, requested, channel_id),
            reservation_id=call.new_id,
            lines=requested,
            owner=owner,
            expires_in_seconds=hold_for_seconds,
            default_seconds=self._payment_seconds,
            allow_backorder=allow_backorder,
            strategy=strategy,
            destination=destination,
            routes=await self._routing.wanted_by(strategy, destination),
            replaces=await self._own_holds(owner, found.items),
        )
        checkout = Checkout(
            call.client, call.idempotency_key, reserve.cause, reserve, call.new_id, hold=hold_for_seconds is not None
        )
        return await self._outcome(call.new_id, await self._stock.apply(checkout))

    async def start_payment(self, call: Call, order_id: str, expires_in_seconds: int | None = None) -> OrderOutcome:
        """Hold the order's units just before the payment is taken; InsufficientStock where others were faster."""

        async def command(order: CustomerOrder, last: Reservation | None) -> StartPayment:
            reserve = await self._reserve(call, order, last, expires_in_seconds)
            return StartPayment(call.client, call.idempotency_key, reserve.cause, reserve, order)

        return await self._apply(order_id, command)

    async def payment_succeeded(self, call: Call, order_id: str) -> OrderOutcome:
        """The units are the customer's until they are shipped or the order is cancelled."""
        return await self._step(call, order_id, lambda step: PaymentSucceeded(*step))

    async def payment_failed(self, call: Call, order_id: str) -> OrderOutcome:
        """The units are available to everybody again; the payment may be started anew."""
        return await self._step(call, order_id, lambda step: PaymentFailed(*step))

    async def shipped(
        self, call: Call, order_id: str, lines: Sequence[ShippedLine] = (), shipment_id: str | None = None
    ) -> OrderOutcome:
        """The lines named, or all that is left, have left: allocated, and so the total, go down.

        A shipment with an id is entered once.
        """
        return await self._step(call, order_id, lambda step: OrderShipped(*step, tuple(lines), shipment_id))

    async def cancelled(self, call: Call, order_id: str) -> OrderOutcome:
        """Every unit of the order that has not been shipped is available again."""
        return await self._step(call, order_id, lambda step: OrderCancelled(*step))

    async def get(self, order_id: str) -> OrderView:
        """The order as it stands now. Raises NotFound."""
        order = await self._order(order_id)
        return OrderView.at(self._clock(), order, await self._last(order))

    async def _step(self, call: Call, order_id: str, build: Callable[[_Step], OnOrder]) -> OrderOutcome:
        async def command(order: CustomerOrder, last: Reservation | None) -> OnOrder:
            held_items = last.item_ids if last else ()
            cause = call.cause(order.reference, _channel_of(order))
            return build((call.client, call.idempotency_key, cause, order, held_items))

        return await self._apply(order_id, command)

    async def _apply(
        self, order_id: str, build: Callable[[CustomerOrder, Reservation | None], Awaitable[Command]]
    ) -> OrderOutcome:
        for tries_left in reversed(range(OUTDATED_TRIES)):
            order = await self._order(order_id)
            last = await self._last(order)
            try:
                outcome = await self._stock.apply(await build(order, last))
            except OrderOutdated:
                if tries_left == 0:
                    raise
            else:
                return await self._outcome(order_id, outcome, order, last)
        raise AssertionError("the last try returns or raises")

    async def _reserve(
        self, call: Call, order: CustomerOrder, last: Reservation | None, seconds: int | None
    ) -> Reserve:
        """What to hold for the payment: the order's lines under the SKUs that their items have by now."""
        loaded = await self._items.load(Wanted(item_ids=set(order.item_ids)))
        lines = [
            RequestedLine(loaded.items[line.item_id].sku, line.quantity, line.location_ids, line.channel_id)
            for line in order.lines
        ]
        own = await self._own_holds(order.owner, order.item_ids)
        replaces = {hold.id: hold for hold in (*own, *((last,) if last else ()))}
        return Reserve(
            scope=call.client,
            idempotency_key=call.idempotency_key,
            cause=call.cause(order.reference, _channel_of(order)),
            reservation_id=call.new_id,
            lines=await self._sourcing.resolved(lines),
            owner=order.owner,
            expires_in_seconds=seconds,
            default_seconds=self._payment_seconds,
            allow_backorder=order.allow_backorder,
            strategy=order.strategy,
            destination=order.destination,
            routes=await self._routing.wanted_by(order.strategy, order.destination),
            replaces=tuple(replaces.values()),
            paying=True,
        )

    async def _own_holds(self, owner: str | None, item_ids: Collection[str]) -> tuple[Reservation, ...]:
        return () if owner is None else tuple(await self._reservations.held_by(owner, item_ids, OWN_HOLDS_MAX))

    async def _order(self, order_id: str) -> CustomerOrder:
        check_slug(order_id, ("orderId",))
        order = await self._orders.get(order_id)
        if order is None:
            raise NotFound(Code.ORDER_NOT_FOUND, f"There is no order '{order_id}'.", ("orderId",))
        return order

    async def _last(self, order: CustomerOrder) -> Reservation | None:
        return None if order.reservation_id is None else await self._reservations.get(order.reservation_id)

    async def _outcome(
        self,
        order_id: str,
        outcome: Outcome,
        order: CustomerOrder | None = None,
        reservation: Reservation | None = None,
    ) -> OrderOutcome:
        """`order` and `reservation` as they were read; what the request stored goes before them."""
        if not outcome.records:
            # A repetition, or applied by a try whose answer was lost: what was read before it is outdated.
            return OrderOutcome(await self.get(order_id), outcome.replayed)
        for record in outcome.records.values():
            if isinstance(record, CustomerOrder):
                order = record
        for record in outcome.records.values():
            if isinstance(record, Reservation) and order is not None and record.id == order.reservation_id:
                reservation = record
        assert order is not None, "it was read, or has just been stored"
        return OrderOutcome(OrderView.at(self._clock(), order, reservation), replayed=False)


def _channel_of(order: CustomerOrder) -> str | None:
    """The channel that an order is sold through; those from before it was stored tell it by their lines."""
    return order.channel_id or channel_of_all(order.lines)
