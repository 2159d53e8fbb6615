"""From the cart to the payment: the final check that makes an unpaid order, and the hold just before it is paid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from gateway.inventory.commands import Command, Plan, StockView
from gateway.inventory.customer_orders import CustomerOrder, OrderedLine, OrderState, order_key
from gateway.inventory.errors import Code, InventoryError, NotFound, Unavailable
from gateway.inventory.identifiers import check_slug
from gateway.inventory.ledger import Kind
from gateway.inventory.records import RecordKey
from gateway.inventory.reservations import Reservation, ReservationState, reservation_key
from gateway.inventory.reserving import Reserve
from gateway.inventory.stock import Floor


@dataclass(eq=False, slots=True)
class OfReserve(Command):
    """What can be done about an order depends on what `reserve` could hold at this moment."""

    reserve: Reserve

    @property
    def floor(self) -> Floor:
        return self.reserve.floor

    @property
    def skus(self) -> tuple[str, ...]:
        return self.reserve.skus

    @property
    def item_ids(self) -> tuple[str, ...]:
        return self.reserve.item_ids

    @property
    def record_keys(self) -> tuple[RecordKey, ...]:
        return self.reserve.record_keys


@dataclass(eq=False, slots=True)
class Checkout(OfReserve):
    """Make an unpaid order of what `reserve` could hold at this moment, and hold it only where that is asked for.

    The holds that `reserve` replaces count as available; where nothing is held they stay as they are.
    """

    order_id: str
    hold: bool

    kind: ClassVar[Kind] = Kind.CHECKOUT

    def check(self) -> None:
        check_slug(self.order_id, ("orderId",))

    def canonical(self) -> dict[str, object]:
        return self.reserve.canonical()

    def plan(self, stock: StockView) -> Plan:
        plan = self.reserve.plan(stock)
        reserve = self.reserve
        order = CustomerOrder(
            id=self.order_id,
            owner=reserve.owner,
            reference=self.cause.reference,
            lines=tuple(self._ordered(stock)),
            strategy=reserve.strategy,
            allow_backorder=reserve.allow_backorder,
            reservation_id=reserve.reservation_id if self.hold else None,
            cancelled_at=None,
            created_at=stock.now,
            updated_at=stock.now,
            channel_id=self.cause.channel_id,
            destination=reserve.destination,
        )
        return Plan(plan.postings, {**plan.records, order.key: order}) if self.hold else Plan((), {order.key: order})

    def _ordered(self, stock: StockView) -> Iterable[OrderedLine]:
        for line in self.reserve.lines:
            item = stock.item(line.sku, ())
            yield OrderedLine(item.id, line.sku, line.quantity, line.location_ids, line.channel_id)


@dataclass(eq=False, slots=True)
class StartPayment(OfReserve):
    """Hold an order's units just before its payment is taken; a hold that it still has is kept, and lasts longer.

    `order` is the order as last read, and `reserve` what to hold for it; it replaces the order's last reservation.
    """

    order: CustomerOrder

    kind: ClassVar[Kind] = Kind.PAYMENT_START

    @property
    def record_keys(self) -> tuple[RecordKey, ...]:
        return (self.order.key, *self.reserve.record_keys)

    def check(self) -> None:
        """The order and the reservation have been checked where they were made."""

    def canonical(self) -> dict[str, object]:
        return {"orderId": self.order.id, "expiresInSeconds": self.reserve.expires_in_seconds}

    def plan(self, stock: StockView) -> Plan:
        order = order_of(stock, self.order.id)
        last = reservation_of(stock, order)
        order.require(last, stock.now, OrderState.UNPAID, OrderState.PAYING)
        if last is not None and last.state_at(stock.now) is ReservationState.HELD:
            held = last.taken_to_payment(stock.now, stock.now + self.reserve.lasts)
            return Plan((), {held.key: held, order.key: order.held_by(held, stock.now)})
        try:
            plan = self.reserve.plan(stock)
        except InventoryError as error:
            error.path = ("orderId",)  # the request has no lines of its own
            raise
        after = replace(order, reservation_id=self.reserve.reservation_id, updated_at=stock.now)
        return Plan(plan.postings, {**plan.records, order.key: after})


class OrderOutdated(Unavailable):
    """The order's reservation is another one by now: the command is to be made anew."""

    def __init__(self) -> None:
        super().__init__(Code.CONTENTION, "The order has just changed. Send the request again.", ("orderId",))


def order_of(stock: StockView, order_id: str) -> CustomerOrder:
    """Raises NotFound."""
    order = stock.record(order_key(order_id))
    if not isinstance(order, CustomerOrder):
        raise NotFound(Code.ORDER_NOT_FOUND, f"There is no order '{order_id}'.", ("orderId",))
    return order


def reservation_of(stock: StockView, order: CustomerOrder) -> Reservation | None:
    """The order's newest reservation, which the command must have named in `record_keys`."""
    if order.reservation_id is None:
        return None
    reservation = stock.record(reservation_key(order.reservation_id))
    if not isinstance(reservation, Reservation):
        raise OrderOutdated()
    return reservation
