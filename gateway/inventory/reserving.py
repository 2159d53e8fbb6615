"""The commands of a reservation's life. Each changes the reservation and the stock in one movement, or is refused."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from gateway.inventory.allocation import STRATEGIES, Candidate, Share, StrategyName, allocate
from gateway.inventory.commands import LINES_MAX, Command, Plan, StockView
from gateway.inventory.errors import Code, InsufficientStock, NotFound, Path
from gateway.inventory.identifiers import check_count, check_optional_text, check_sku, check_slug
from gateway.inventory.ledger import Kind
from gateway.inventory.quantities import Bucket, check_range
from gateway.inventory.records import RecordKey
from gateway.inventory.reservations import HeldLine, Reservation, ReservationState, reservation_key
from gateway.inventory.stock import Floor, Item, Posting

EXPIRES_IN_SECONDS_MAX = 31 * 24 * 3600


@dataclass(frozen=True, slots=True)
class RequestedLine:
    """`quantity` units of a SKU from any of the candidate locations, which come in order of priority."""

    sku: str
    quantity: int
    candidates: tuple[str, ...]


@dataclass(eq=False, slots=True)
class Reserve(Command):
    """Hold units for an owner until they expire; all lines or, where partial is allowed, what there is."""

    reservation_id: str
    lines: tuple[RequestedLine, ...]
    owner: str | None
    expires_in_seconds: int
    allow_partial: bool = False
    allow_backorder: bool = False
    strategy: StrategyName = StrategyName.PRIORITY

    kind: ClassVar[Kind] = Kind.RESERVE

    @property
    def floor(self) -> Floor:
        return Floor.BACKORDER if self.allow_backorder else Floor.ZERO

    @property
    def skus(self) -> tuple[str, ...]:
        return tuple({line.sku for line in self.lines})

    def check(self) -> None:
        check_optional_text(self.owner, ("owner",))
        check_range(self.expires_in_seconds, ("expiresInSeconds",), minimum=1, maximum=EXPIRES_IN_SECONDS_MAX)
        check_count(self.lines, ("lines",), LINES_MAX)
        for index, line in enumerate(self.lines):
            path = ("lines", str(index))
            check_sku(line.sku, (*path, "sku"))
            check_range(line.quantity, (*path, "quantity"), minimum=1)
            for location_id in line.candidates:
                check_slug(location_id, (*path, "locationId"))

    def canonical(self) -> dict[str, object]:
        wanted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for line in self.lines:
            wanted[f"sku {line.sku}"][" ".join(line.candidates) or "any location"] += line.quantity
        content: dict[str, object] = {
            "lines": [{"of": sku, "from": dict(sorted(wanted[sku].items()))} for sku in sorted(wanted)],
            "expiresInSeconds": self.expires_in_seconds,
            "strategy": self.strategy.value,
        }
        optional = {"owner": self.owner, "partial": self.allow_partial, "backorder": self.allow_backorder}
        content.update((name, value) for name, value in optional.items() if value)
        return content

    def plan(self, stock: StockView) -> Plan:
        held: list[HeldLine] = []
        taken: dict[tuple[str, str], int] = defaultdict(int)
        for index, line in enumerate(self.lines):
            path = ("lines", str(index))
            item = stock.item(line.sku, (*path, "sku"))
            for share in self._shares(stock, item, line, taken, path):
                taken[item.id, share.location_id] += share.quantity
                held.append(HeldLine(index, item.id, item.sku, share.location_id, share.quantity, why=share.why))
        if not held:
            raise InsufficientStock("Nothing of what was asked for is available.", ("lines",), 0)
        reservation = Reservation(
            id=self.reservation_id,
            owner=self.owner,
            state=ReservationState.HELD,
            lines=tuple(held),
            expires_at=stock.now + timedelta(seconds=self.expires_in_seconds),
            reference=self.cause.reference,
            channel_id=self.cause.channel_id,
            created_at=stock.now,
            updated_at=stock.now,
        )
        return Plan([posting for line in held for posting in _taking(line)], {reservation.key: reservation})

    def _shares(
        self, stock: StockView, item: Item, line: RequestedLine, taken: dict[tuple[str, str], int], path: Path
    ) -> list[Share]:
        active = [at for at in line.candidates if stock.is_active(at, (*path, "locationId"))]
        left = {at: stock.quantity(item, at, Bucket.AVAILABLE) - taken[item.id, at] for at in active}
        candidates = [Candidate(at, max(units, 0)) for at, units in left.items()]
        shares = allocate(STRATEGIES[self.strategy], candidates, line.quantity)
        granted = sum(share.quantity for share in shares)
        if granted < line.quantity and self.allow_backorder and active:
            return [*shares, Share(active[0], line.quantity - granted, "backorder at the first location")]
        if granted < line.quantity and not self.allow_partial:
            message = f"Only {granted} of '{line.sku}' can be reserved; {line.quantity} were asked for."
            raise InsufficientStock(message, (*path, "quantity"), granted)
        return shares


def _taking(line: HeldLine) -> tuple[Posting, Posting]:
    path = ("lines", str(line.request_line))
    return (
        Posting(line.item_id, line.location_id, Bucket.AVAILABLE, -line.quantity, path),
        Posting(line.item_id, line.location_id, Bucket.ALLOCATED, line.quantity, path),
    )


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
        released = reservation.resolved(stock.now, ReservationState.RELEASED)
        return Plan(reservation.returns(), {reservation.key: released})


@dataclass(eq=False, slots=True)
class ExpireReservation(OnReservation):
    """Give back a hold whose time has passed; refused while it has not, or once it is resolved."""

    kind: ClassVar[Kind] = Kind.EXPIRE

    def change(self, reservation: Reservation, stock: StockView) -> Plan:
        if reservation.state is ReservationState.EXPIRED:
            reservation.require(stock.now, ReservationState.HELD)
        reservation.require(stock.now, ReservationState.EXPIRED)
        expired = reservation.resolved(stock.now, ReservationState.EXPIRED)
        return Plan(reservation.returns(), {reservation.key: expired})


@dataclass(frozen=True, slots=True)
class FulfilledLine:
    """Ship `quantity` units of the reservation's line number `line`, counted from 0."""

    line: int
    quantity: int


@dataclass(eq=False, slots=True)
class FulfilReservation(OnReservation):
    """Ship all that is still held (no lines given) or some of it: allocated, and so the total, go down."""

    lines: tuple[FulfilledLine, ...] = ()

    kind: ClassVar[Kind] = Kind.FULFIL

    def check(self) -> None:
        OnReservation.check(self)
        if self.lines:
            check_count(self.lines, ("lines",), LINES_MAX)
        for index, line in enumerate(self.lines):
            check_range(line.quantity, ("lines", str(index), "quantity"), minimum=1)

    def canonical(self) -> dict[str, object]:
        return {**OnReservation.canonical(self), "lines": {str(n): units for n, units in self._quantities().items()}}

    def change(self, reservation: Reservation, stock: StockView) -> Plan:
        reservation.require(stock.now, ReservationState.COMMITTED)
        quantities = self._quantities() or {n: line.open for n, line in enumerate(reservation.lines) if line.open}
        postings = []
        for number, quantity in quantities.items():
            index = next((i for i, line in enumerate(self.lines) if line.line == number), 0)
            path = ("lines", str(index))
            line = reservation.open_at(number, quantity, path)
            postings.append(Posting(line.item_id, line.location_id, Bucket.ALLOCATED, -quantity, path))
        return Plan(postings, {reservation.key: reservation.fulfilled(stock.now, quantities)})

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
            HeldLine(line.request_line, line.item_id, line.sku, line.location_id, line.open, why="reassigned")
            for line in reservation.lines
            if line.open
        )
        heir = Reservation(
            id=self.new_reservation_id,
            owner=self.new_owner,
            state=reservation.state,
            lines=lines,
            expires_at=reservation.expires_at,
            reference=self.new_reference,
            channel_id=reservation.channel_id,
            created_at=stock.now,
            updated_at=stock.now,
        )
        given = reservation.given_to(heir.id, stock.now)
        return Plan((), {reservation.key: given, heir.key: heir})
