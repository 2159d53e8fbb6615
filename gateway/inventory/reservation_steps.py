"""The steps of a reservation's life after it was made. Each changes it and the stock in one movement, or is refused."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from gateway.inventory.commands import LINES_MAX, Command, Plan, StockView
from gateway.inventory.errors import Code, NotFound
from gateway.inventory.identifiers import check_count, check_optional_text, check_slug
from gateway.inventory.ledger import Kind
from gateway.inventory.quantities import Bucket, check_range
from gateway.inventory.records import RecordKey
from gateway.inventory.reservations import HeldLine, Reservation, ReservationState, reservation_key
from gateway.inventory.reserving import EXPIRES_IN_SECONDS_MAX
from gateway.inventory.stock import Posting


@dataclass(eq=False, slots=True)
class OnReservation(Command):
    """Acts on a reservation that exists. `held_items` are the ids of its items, which never change."""

    reservation_id: str
    held_items: tuple[str, ...]

    @property
    def item_ids(self) -> tuple[str, ...]:
        return self.held_items

    @property
    def record_keys(self) -> tuple[RecordKey, ...]:
        return (reservation_key(self.reservation_id),)

    def check(self) -> None:
        check_slug(self.reservation_id, ("reservationId",))

    def canonical(self) -> dict[str, object]:
        return {"reservationId": self.reservation_id}

    def plan(self, stock: StockView) -> Plan:
        reservation = stock.record(reservation_key(self.reservation_id))
        if not isinstance(reservation, Reservation):
            message = f"There is no reservation '{self.reservation_id}'."
            raise NotFound(Code.RESERVATION_NOT_FOUND, message, ("reservationId",))
        for item_id in reservation.item_ids:
            stock.item_by_id(item_id)
        return self.change(reservation, stock)

    @abstractmethod
    def change(self, reservation: Reservation, stock: StockView) -> Plan:
        """The postings and the reservation as it stands afterwards, or a typed refusal."""


@dataclass(eq=False, slots=True)
class CommitReservation(OnReservation):
    """The payment succeeded: the units stay allocated, without expiry."""

    kind: ClassVar[Kind] = Kind.COMMIT

    def change(self, reservation: Reservation, stock: StockView) -> Plan:
        return Plan((), {reservation.key: reservation.committed(stock.now)})


@dataclass(eq=False, slots=True)
class ExtendReservation(OnReservation):
    """Hold on for `expires_in_seconds` from now."""

    expires_in_seconds: int

    kind: ClassVar[Kind] = Kind.EXTEND

    def check(self) -> None:
        OnReservation.check(self)  # a bare super() does not work in a slotted dataclass
        check_range(self.expires_in_seconds, ("expiresInSeconds",), minimum=1, maximum=EXPIRES_IN_SECONDS_MAX)

    def canonical(self) -> dict[str, object]:
        return {**OnReservation.canonical(self), "expiresInSeconds": self.expires_in_seconds}

    def change(self, reservation: Reservation, stock: StockView) -> Plan:
        extended = reservation.extended(stock.now, stock.now + timedelta(seconds=self.expires_in_seconds))
        return Plan((), {reservation.key: extended})


@dataclass(eq=False, slots=True)
class ReleaseReservation(OnReservation):
    """Give back every unit still held, exactly where it is held."""

    kind: ClassVar[Kind] = Kind.RELEASE

    def change(self, reservation: Reservation, stock: StockView) -> Plan:
        reservation.require(stock.now, ReservationState.HELD, ReservationState.COMMITTED)
        return Plan(reservation.returns(), {reservation.key: reservation.resolved(stock.now)})


@dataclass(eq=False, slots=True)
class ExpireReservation(OnReservation):
    """Give back a hold whose time has passed; refused while it has not, or once it is resolved."""

    kind: ClassVar[Kind] = Kind.EXPIRE

    def change(self, reservation: Reservation, stock: StockView) -> Plan:
        if reservation.state is ReservationState.EXPIRED:
            reservation.require(stock.now, ReservationState.HELD)
        reservation.require(stock.now, ReservationState.EXPIRED)
        return Plan(reservation.returns(), {reservation.key: reservation.resolved(stock.now)})


@dataclass(frozen=True, slots=True)
class FulfilledLine:
    """Ship `quantity` units of the reservation's line number `line`, counted from 0."""

    line: int
    quantity: int


@dataclass(eq=False, slots=True)
class FulfilReservation(OnReservation):
    """Ship all that is still held (no lines given) or some of it: allocated, and so the total, go down."""

    lines: tuple[FulfilledLine, ...] = ()
    shipment_id: str | None = None

    kind: ClassVar[Kind] = Kind.FULFIL

    def check(self) -> None:
        OnReservation.check(self)
        check_optional_text(self.shipment_id, ("shipmentId",))
        if self.lines:
            check_count(self.lines, ("lines",), LINES_MAX)
        for index, line in enumerate(self.lines):
            check_range(line.quantity, ("lines", str(index), "quantity"), minimum=1)

    def canonical(self) -> dict[str, object]:
        content = {**OnReservation.canonical(self), "lines": {str(n): units for n, units in self._quantities().items()}}
        return content if self.shipment_id is None else {**content, "shipmentId": self.shipment_id}

    def change(self, reservation: Reservation, stock: StockView) -> Plan:
        reservation.require_new(self.shipment_id)
        reservation.require(stock.now, ReservationState.COMMITTED)
        quantities = self._quantities() or {n: line.open for n, line in enumerate(reservation.lines) if line.open}
        postings = []
        for number, quantity in quantities.items():
            index = next((i for i, line in enumerate(self.lines) if line.line == number), 0)
            path = ("lines", str(index))
            line = reservation.open_at(number, quantity, path)
            postings.append(Posting(line.item_id, line.location_id, Bucket.ALLOCATED, -quantity, path))
        return Plan(postings, {reservation.key: reservation.fulfilled(stock.now, quantities, self.shipment_id)})

    def _quantities(self) -> dict[int, int]:
        quantities: dict[int, int] = defaultdict(int)
        for line in self.lines:
            quantities[line.line] += line.quantity
        return dict(quantities)


@dataclass(eq=False, slots=True)
class ReassignReservation(OnReservation):
    """Give the units still held to a new reservation of another owner, in one movement; no unit becomes available."""

    new_reservation_id: str
    new_owner: str | None
    new_reference: str | None

    kind: ClassVar[Kind] = Kind.REASSIGN

    def check(self) -> None:
        OnReservation.check(self)
        check_optional_text(self.new_owner, ("owner",))
        check_optional_text(self.new_reference, ("newReference",))

    def canonical(self) -> dict[str, object]:
        return {
            **OnReservation.canonical(self),
            "owner": self.new_owner,
            "newReference": self.new_reference,
        }

    def change(self, reservation: Reservation, stock: StockView) -> Plan:
        reservation.require(stock.now, ReservationState.HELD, ReservationState.COMMITTED)
        lines = tuple(
            HeldLine(
                line.request_line,
                line.item_id,
                line.sku,
                line.location_id,
                line.open,
                why="reassigned",
                draws=line.open_draws,
            )
            for line in reservation.lines
            if line.open
        )
        heir = Reservation(
            id=self.new_reservation_id,
            owner=self.new_owner,
            state=reservation.state,
            lines=lines,
            expires_at=reservation.expires_at,
            reference=self.new_reference or self.new_reservation_id,
            channel_id=reservation.channel_id,
            created_at=stock.now,
            updated_at=stock.now,
            committed_at=reservation.committed_at,
        )
        given = reservation.given_to(heir.id, stock.now)
        return Plan((), {reservation.key: given, heir.key: heir})
