"""A reservation and its states: held, then committed, then fulfilled; or released; or expired. It resolves once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gateway.inventory.errors import Code, Conflict, InvalidInput, Path
from gateway.inventory.quantities import Bucket
from gateway.inventory.quotas import Draws, difference, first
from gateway.inventory.records import RecordKey
from gateway.inventory.stock import Posting

RESERVATIONS = "reservations"
SHIPMENTS_MAX = 1_000


class ReservationState(StrEnum):
    HELD = "held"
    """Promised until it expires."""
    COMMITTED = "committed"
    """Paid: promised without expiry."""
    FULFILLED = "fulfilled"
    RELEASED = "released"
    EXPIRED = "expired"

    @property
    def is_open(self) -> bool:
        """Whether it still holds units."""
        return self in (ReservationState.HELD, ReservationState.COMMITTED)


_RESOLVED_CODES = {
    ReservationState.HELD: Code.NOT_COMMITTED,
    ReservationState.COMMITTED: Code.ALREADY_COMMITTED,
    ReservationState.FULFILLED: Code.ALREADY_FULFILLED,
    ReservationState.RELEASED: Code.ALREADY_RELEASED,
    ReservationState.EXPIRED: Code.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class HeldLine:
    """Units of one item held at one location for one line of the request. `why` tells why there.

    `draws` are those of its `quantity` units that came out of quotas of the reservation's channel.
    """

    request_line: int
    item_id: str
    sku: str
    location_id: str
    quantity: int
    fulfilled: int = 0
    released: int = 0
    why: str = ""
    draws: Draws = ()

    @property
    def open(self) -> int:
        """Units still held."""
        return self.quantity - self.fulfilled - self.released

    @property
    def open_draws(self) -> Draws:
        """Of the units still held, those out of quotas: what has left was sold out of quotas first."""
        return difference(self.draws, first(self.draws, self.fulfilled)) if self.draws else ()


@dataclass(frozen=True, slots=True)
class Reservation:
    """Units promised to an owner. A record of the kernel: it changes in the same transaction as the stock."""

    id: str
    owner: str | None
    state: ReservationState
    lines: tuple[HeldLine, ...]
    expires_at: datetime | None
    reference: str | None
    channel_id: str | None
    created_at: datetime
    updated_at: datetime
    paying: bool = False
    """A payment is being taken for it, so a newer hold of the same owner does not take its place."""
    committed_at: datetime | None = None
    reassigned_to: str | None = None
    shipments: tuple[str, ...] = ()
    """The callers' own ids of what has left; each is entered once, whoever tells of it under whatever key."""
    revision: int = 0

    @property
    def key(self) -> RecordKey:
        return reservation_key(self.id)

    @property
    def item_ids(self) -> tuple[str, ...]:
        return tuple({line.item_id for line in self.lines})

    def state_at(self, now: datetime) -> ReservationState:
        """The state as buyers must see it: a hold past its time has expired, swept or not."""
        overdue = self.state is ReservationState.HELD and self.expires_at is not None and self.expires_at <= now
        return ReservationState.EXPIRED if overdue else self.state

    def at(self, now: datetime) -> Reservation:
        """The reservation as it must be shown: past its time, it has given everything back, swept or not."""
        return self.resolved(now) if self.state_at(now) is not self.state else self

    def is_replaceable(self, now: datetime) -> bool:
        """Whether a newer request of its owner may take over what it still holds."""
        overdue = self.state_at(now) is ReservationState.EXPIRED
        return self.state is ReservationState.HELD and (overdue or not self.paying)

    def require(self, now: datetime, *allowed: ReservationState) -> None:
        """Refuse with what happened instead, unless the state is one of those allowed."""
        state = self.state_at(now)
        if state not in allowed:
            message = f"The reservation is {state.value}, not {' or '.join(s.value for s in allowed)}."
            if self.reassigned_to is not None:
                message = f"The reservation's units were given to the reservation '{self.reassigned_to}'."
            raise Conflict(_RESOLVED_CODES[state], message, ("reservationId",))

    def committed(self, now: datetime) -> Reservation:
        self.require(now, ReservationState.HELD)
        return replace(self, state=ReservationState.COMMITTED, expires_at=None, committed_at=now, updated_at=now)

    def extended(self, now: datetime, expires_at: datetime) -> Reservation:
        self.require(now, ReservationState.HELD)
        return replace(self, expires_at=expires_at, updated_at=now)

    def taken_to_payment(self, now: datetime, expires_at: datetime) -> Reservation:
        """A payment is being taken: the hold lasts at least until `expires_at`."""
        longer = max(expires_at, self.expires_at or expires_at)
        return replace(self.extended(now, longer), paying=True)

    def resolved(self, now: datetime) -> Reservation:
        """Released, or expired where its time has passed: every unit still held is given back."""
        expired = self.state_at(now) is ReservationState.EXPIRED
        state = ReservationState.EXPIRED if expired else ReservationState.RELEASED
        lines = tuple(replace(line, released=line.released + line.open) for line in self.lines)
        return replace(self, state=state, lines=lines, expires_at=None, updated_at=now)

    def given_to(self, heir: str, now: datetime) -> Reservation:
        """Reassigned: the units now belong to another reservation, so none comes back from this one."""
        return replace(self.resolved(now), reassigned_to=heir)

    def require_new(self, shipment_id: str | None) -> None:
        """Refuse a shipment that was entered before, or more than `SHIPMENTS_MAX`."""
        if shipment_id in self.shipments:
            message = f"The shipment '{shipment_id}' was entered before."
            raise Conflict(Code.ALREADY_SHIPPED, message, ("shipmentId",))
        if shipment_id is not None and len(self.shipments) >= SHIPMENTS_MAX:
            raise InvalidInput(Code.TOO_MANY, f"At most {SHIPMENTS_MAX} shipments have ids.", ("shipmentId",))

    def fulfilled(self, now: datetime, quantities: dict[int, int], shipment_id: str | None) -> Reservation:
        """Ship `quantities` units by index of line; fulfilled as a whole once nothing is held any more."""
        lines = tuple(
            replace(line, fulfilled=line.fulfilled + quantities.get(index, 0)) for index, line in enumerate(self.lines)
        )
        done = all(line.open == 0 for line in lines)
        state = ReservationState.FULFILLED if done else self.state
        shipments = self.shipments if shipment_id is None else (*self.shipments, shipment_id)
        return replace(self, lines=lines, state=state, updated_at=now, shipments=shipments)

    def returns(self) -> list[Posting]:
        """Postings that give back exactly what is still held, at the place where it is held."""
        return [posting for line in self.lines if line.open for posting in _return(line)]

    def open_at(self, index: int, quantity: int, path: Path) -> HeldLine:
        """The line to ship `quantity` units of, or a refusal naming `path`."""
        if not 0 <= index < len(self.lines):
            message = f"The reservation has {len(self.lines)} lines, numbered from 0."
            raise InvalidInput(Code.OUT_OF_RANGE, message, (*path, "line"))
        line = self.lines[index]
        if quantity > line.open:
            message = f"Only {line.open} units of this line are still held; {quantity} were asked for."
            raise Conflict(Code.MORE_THAN_HELD, message, (*path, "quantity"))
        return line


@dataclass(frozen=True, slots=True)
class ReservationFilter:
    """Which reservations to list; None means any."""

    owner: str | None = None
    reference: str | None = None
    item_id: str | None = None
    states: tuple[ReservationState, ...] = ()


def reservation_key(reservation_id: str) -> RecordKey:
    return RecordKey(RESERVATIONS, reservation_id)


def _return(line: HeldLine) -> tuple[Posting, Posting]:
    return (
        Posting(line.item_id, line.location_id, Bucket.ALLOCATED, -line.open),
        Posting(line.item_id, line.location_id, Bucket.AVAILABLE, line.open, draws=difference((), line.open_draws)),
    )
