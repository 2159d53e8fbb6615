"""What becomes of a customer's order: its payment succeeds or fails, it is shipped or cancelled."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from gateway.inventory.checkout import order_of, reservation_of
from gateway.inventory.commands import LINES_MAX, Command, Plan, StockView
from gateway.inventory.customer_orders import CustomerOrder, OrderState
from gateway.inventory.errors import Code, Conflict
from gateway.inventory.identifiers import check_count, check_optional_text, check_sku, check_slug
from gateway.inventory.ledger import Kind
from gateway.inventory.quantities import Bucket, check_range
from gateway.inventory.records import RecordKey
from gateway.inventory.reservations import Reservation, ReservationState, reservation_key
from gateway.inventory.stock import Posting


@dataclass(eq=False, slots=True)
class OnOrder(Command):
    """Acts on a customer's order; `order` is the order as last read, `held_items` are the items of its reservation."""

    order: CustomerOrder
    held_items: tuple[str, ...]

    @property
    def item_ids(self) -> tuple[str, ...]:
        return self.held_items

    @property
    def record_keys(self) -> tuple[RecordKey, ...]:
        held_by = self.order.reservation_id
        return (self.order.key,) if held_by is None else (self.order.key, reservation_key(held_by))

    def check(self) -> None:
        """An order that exists needs no check."""

    def canonical(self) -> dict[str, object]:
        return {"orderId": self.order.id}

    def plan(self, stock: StockView) -> Plan:
        order = order_of(stock, self.order.id)
        reservation = reservation_of(stock, order)
        for item_id in reservation.item_ids if reservation else ():
            stock.item_by_id(item_id)
        return self.change(order, reservation, stock)

    @abstractmethod
    def change(self, order: CustomerOrder, reservation: Reservation | None, stock: StockView) -> Plan:
        """What to post and store, or a typed refusal."""


@dataclass(eq=False, slots=True)
class PaymentSucceeded(OnOrder):
    """The units are the customer's: they stay allocated, without expiry."""

    kind: ClassVar[Kind] = Kind.PAYMENT_SUCCESS

    def change(self, order: CustomerOrder, reservation: Reservation | None, stock: StockView) -> Plan:
        held = _held(order, reservation, stock)
        return Plan((), {held.key: held.committed(stock.now)})


@dataclass(eq=False, slots=True)
class PaymentFailed(OnOrder):
    """The units are available to everybody again; the order stays, and its payment may be started anew."""

    kind: ClassVar[Kind] = Kind.PAYMENT_FAILURE

    def change(self, order: CustomerOrder, reservation: Reservation | None, stock: StockView) -> Plan:
        held = _held(order, reservation, stock)
        return Plan(held.returns(), {held.key: held.resolved(stock.now)})


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """Ship `quantity` units of a SKU, as it was at the checkout or is now, from one location or any that holds some."""

    sku: str
    quantity: int
    location_id: str | None = None


@dataclass(eq=False, slots=True)
class OrderShipped(OnOrder):
    """All that is left of the order (no lines given), or some of it, leaves: allocated and so the total go down."""

    lines: tuple[ShippedLine, ...] = ()
    shipment_id: str | None = None

    kind: ClassVar[Kind] = Kind.SHIP

    def check(self) -> None:
        check_optional_text(self.shipment_id, ("shipmentId",))
        if self.lines:
            check_count(self.lines, ("lines",), LINES_MAX)
        for index, line in enumerate(self.lines):
            path = ("lines", str(index))
            check_sku(line.sku, (*path, "sku"))
            check_range(line.quantity, (*path, "quantity"), minimum=1)
            if line.location_id is not None:
                check_slug(line.location_id, (*path, "locationId"))

    def canonical(self) -> dict[str, object]:
        shipped: dict[tuple[str, str], int] = defaultdict(int)
        for line in self.lines:
            shipped[line.sku, line.location_id or ""] += line.quantity
        lines = [{"of": sku, "from": at, "quantity": units} for (sku, at), units in sorted(shipped.items())]
        content = {**OnOrder.canonical(self), "lines": lines}
        return content if self.shipment_id is None else {**content, "shipmentId": self.shipment_id}

    def change(self, order: CustomerOrder, reservation: Reservation | None, stock: StockView) -> Plan:
        if reservation is not None:
            reservation.require_new(self.shipment_id)
        order.require(reservation, stock.now, OrderState.PAID, OrderState.PARTLY_SHIPPED)
        assert reservation is not None, "a paid order has a reservation"
        present = {stock.item_by_id(line.item_id).sku: line.item_id for line in reservation.lines}
        quantities = self._picked(reservation, {**present, **{line.sku: line.item_id for line in order.lines}})
        postings = [
            Posting(line.item_id, line.location_id, Bucket.ALLOCATED, -quantities[number])
            for number, line in enumerate(reservation.lines)
            if number in quantities
        ]
        return Plan(postings, {reservation.key: reservation.fulfilled(stock.now, quantities, self.shipment_id)})

    def _picked(self, reservation: Reservation, item_ids: Mapping[str, str]) -> dict[int, int]:
        """Units to ship by number of the reservation's line; `item_ids` by every SKU that an item may be named by."""
        left = {number: line.open for number, line in enumerate(reservation.lines) if line.open}
        if not self.lines:
            return left
        picked: dict[int, int] = defaultdict(int)
        for index, line in enumerate(self.lines):
            missing = line.quantity
            for number, held in enumerate(reservation.lines):
                if held.item_id == item_ids.get(line.sku) and line.location_id in (None, held.location_id):
                    units = min(missing, left.get(number, 0) - picked[number])
                    picked[number] += units
                    missing -= units
            if missing:
                message = (
                    f"Only {line.quantity - missing} of '{line.sku}' are left to ship; {line.quantity} were named."
                )
                raise Conflict(Code.MORE_THAN_HELD, message, ("lines", str(index), "quantity"))
        return {number: units for number, units in picked.items() if units}


@dataclass(eq=False, slots=True)
class OrderCancelled(OnOrder):
    """Cancelled by the customer, or found fraudulent: every unit that has not been shipped is available again."""

    kind: ClassVar[Kind] = Kind.CANCEL

    def change(self, order: CustomerOrder, reservation: Reservation | None, stock: StockView) -> Plan:
        cancellable = set(OrderState) - {OrderState.SHIPPED, OrderState.CANCELLED}
        order.require(reservation, stock.now, *cancellable)
        cancelled = order.cancelled(stock.now)
        if reservation is None or not reservation.state.is_open:
            return Plan((), {order.key: cancelled})
        released = reservation.resolved(stock.now)
        return Plan(reservation.returns(), {order.key: cancelled, reservation.key: released})


def _held(order: CustomerOrder, reservation: Reservation | None, stock: StockView) -> Reservation:
    """The order's live hold, started by its payment or at its checkout; else what happened instead."""
    live = reservation is not None and reservation.state_at(stock.now) is ReservationState.HELD
    order.require(reservation, stock.now, OrderState.PAYING, *([OrderState.UNPAID] if live else []))
    assert reservation is not None
    return reservation
