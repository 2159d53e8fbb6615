"""A customer's order from checkout to shipment. Its state follows from the reservation that holds its units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gateway.inventory.allocation import StrategyName
from gateway.inventory.errors import Code, Conflict
from gateway.inventory.geography import Whereabouts
from gateway.inventory.records import RecordKey
from gateway.inventory.reservations import Reservation, ReservationState

CUSTOMER_ORDERS = "customer_orders"


class OrderState(StrEnum):
    UNPAID = "unpaid"
    """Checked out; nobody's units unless it was checked out with a hold."""
    PAYING = "paying"
    """Its units are held while the payment is taken."""
    PAID = "paid"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


_INSTEAD = {
    OrderState.UNPAID: (Code.PAYMENT_NOT_STARTED, "No payment has been started for this order."),
    OrderState.PAYING: (Code.NOT_COMMITTED, "This order is not paid yet."),
    OrderState.PAID: (Code.ALREADY_COMMITTED, "This order is paid."),
    OrderState.PARTLY_SHIPPED: (Code.ALREADY_COMMITTED, "This order is paid, and shipped in part."),
    OrderState.SHIPPED: (Code.ALREADY_FULFILLED, "This order is shipped."),
    OrderState.CANCELLED: (Code.ORDER_CANCELLED, "This order is cancelled."),
}
_LOST = {
    ReservationState.EXPIRED: (Code.EXPIRED, "The hold on this order's units has expired. Start the payment again."),
    ReservationState.RELEASED: (
        Code.ALREADY_RELEASED,
        "The order's units have been given back. Start the payment again.",
    ),
}


@dataclass(frozen=True, slots=True)
class OrderedLine:
    """`quantity` units of an item, from the locations named, or those of a channel, or any."""

    item_id: str
    sku: str
    quantity: int
    location_ids: tuple[str, ...] = ()
    channel_id: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerOrder:
    """A record of the kernel. `reservation_id` names the newest reservation made for it."""

    id: str
    owner: str | None
    reference: str | None
    lines: tuple[OrderedLine, ...]
    strategy: StrategyName
    allow_backorder: bool
    reservation_id: str | None
    cancelled_at: datetime | None
    created_at: datetime
    updated_at: datetime
    channel_id: str | None = None
    destination: Whereabouts | None = None
    revision: int = 0

    @property
    def key(self) -> RecordKey:
        return order_key(self.id)

    @property
    def item_ids(self) -> tuple[str, ...]:
        return tuple({line.item_id for line in self.lines})

    def state(self, reservation: Reservation | None, now: datetime) -> OrderState:
        """`reservation` is the one that `reservation_id` names."""
        if self.cancelled_at is not None:
            return OrderState.CANCELLED
        if reservation is None:
            return OrderState.UNPAID
        match reservation.state_at(now):
            case ReservationState.HELD:
                return OrderState.PAYING if reservation.paying else OrderState.UNPAID
            case ReservationState.COMMITTED:
                shipped = any(line.fulfilled for line in reservation.lines)
                return OrderState.PARTLY_SHIPPED if shipped else OrderState.PAID
            case ReservationState.FULFILLED:
                return OrderState.SHIPPED
            case ReservationState.RELEASED if reservation.committed_at or reservation.reassigned_to:
                # Its units were taken from it by way of the reservation itself.
                return OrderState.CANCELLED
            case _:
                return OrderState.UNPAID

    def require(self, reservation: Reservation | None, now: datetime, *allowed: OrderState) -> None:
        """Refuse with what happened instead, unless the state is one of those allowed."""
        state = self.state(reservation, now)
        if state in allowed:
            return
        code, message = _INSTEAD[state]
        if state is OrderState.UNPAID and reservation is not None:
            code, message = _LOST.get(reservation.state_at(now), (code, message))
        raise Conflict(code, message, ("orderId",))

    def held_by(self, reservation: Reservation, now: datetime) -> CustomerOrder:
        return replace(self, reservation_id=reservation.id, updated_at=now)

    def cancelled(self, now: datetime) -> CustomerOrder:
        return replace(self, cancelled_at=now, updated_at=now)


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders to list; None means any."""

    owner: str | None = None
    reference: str | None = None
    item_id: str | None = None


def order_key(order_id: str) -> RecordKey:
    return RecordKey(CUSTOMER_ORDERS, order_id)
