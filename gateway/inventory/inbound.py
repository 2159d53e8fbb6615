"""A purchase that is on its way from a supplier: open, then partly received and received; or cancelled.

What is outstanding of each line is `incoming` at the line's location.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gateway.inventory.arrivals import Arrival, Condition, line_at, require_expected
from gateway.inventory.bindings import Binding, Bindings, serve, unbind, units_bound
from gateway.inventory.errors import Code, Conflict, InvalidInput, Path
from gateway.inventory.ledger import OwedLine
from gateway.inventory.records import RecordKey

INBOUND = "inbound"
BINDINGS_MAX = 1_000
"""Promises to backorders that wait for one purchase."""


class InboundState(StrEnum):
    OPEN = "open"
    PARTLY_RECEIVED = "partly_received"
    RECEIVED = "received"
    CANCELLED = "cancelled"
    """Nothing more is expected; what had been received before stays."""


_STATE_CODES = {
    InboundState.RECEIVED: Code.ALREADY_RECEIVED,
    InboundState.CANCELLED: Code.ALREADY_CANCELLED,
}


@dataclass(frozen=True, slots=True)
class InboundLine:
    """Units of one item that one location expects, at first at `first_expected_at`; the last came at `arrived_at`."""

    item_id: str
    sku: str
    location_id: str
    quantity: int
    expected_at: datetime | None = None
    sellable: int = 0
    unsellable: int = 0
    cancelled: int = 0
    first_expected_at: datetime | None = None
    arrived_at: datetime | None = None
    bindings: Bindings = ()

    @property
    def received(self) -> int:
        return self.sellable + self.unsellable

    @property
    def outstanding(self) -> int:
        """Units still expected: `incoming` at the location. Zero where more came than was ordered."""
        return max(self.quantity - self.received - self.cancelled, 0)

    @property
    def bound(self) -> int:
        """Units that backorders wait for; more than outstanding where units were damaged or cancelled."""
        return units_bound(self.bindings)


@dataclass(frozen=True, slots=True)
class InboundOrder:
    """A record of the kernel: it changes in the same transaction as the stock."""

    id: str
    supplier: str
    state: InboundState
    lines: tuple[InboundLine, ...]
    reference: str | None
    created_at: datetime
    updated_at: datetime
    revision: int = 0
    cancelled_at: datetime | None = None

    @property
    def key(self) -> RecordKey:
        return inbound_key(self.id)

    @property
    def item_ids(self) -> tuple[str, ...]:
        return tuple({line.item_id for line in self.lines})

    @property
    def settled_at(self) -> datetime | None:
        """When it last changed what has come and is complete: by an arrival, or as the rest of it was cancelled.

        None before the first units came.
        """
        arrivals = [line.arrived_at for line in self.lines if line.arrived_at is not None]
        if not arrivals:
            return None
        return max(arrivals if self.cancelled_at is None else [*arrivals, self.cancelled_at])

    @property
    def outstanding(self) -> Iterator[tuple[int, InboundLine]]:
        """Every line of which units are still expected, with its number."""
        return ((number, line) for number, line in enumerate(self.lines) if line.outstanding)

    def require(self, *allowed: InboundState) -> None:
        """Refuse with what happened instead, unless the state is one of those allowed."""
        if self.state not in allowed:
            raise Conflict(_STATE_CODES[self.state], f"The purchase is {self.state.value}.", ("inboundId",))

    def receive(self, now: datetime, arrivals: Sequence[Arrival], allow_more: bool) -> InboundOrder:
        """Take in units, where `allow_more` also beyond what was ordered."""
        late = (InboundState.RECEIVED,) if allow_more and arrivals else ()
        self.require(InboundState.OPEN, InboundState.PARTLY_RECEIVED, *late)
        lines = list(self.lines)
        for index, arrival in enumerate(arrivals):
            path = ("lines", str(index))
            line = line_at(lines, arrival.line, path)
            if not allow_more:
                require_expected(arrival.quantity, line.outstanding, path)
            lines[arrival.line] = _arrived(line, arrival, now)
        done = not any(line.outstanding for line in lines)
        state = InboundState.RECEIVED if done else InboundState.PARTLY_RECEIVED
        return replace(self, state=state, lines=tuple(lines), updated_at=now)

    def serve(self, arrivals: Sequence[Arrival]) -> tuple[InboundOrder, Mapping[int, Bindings]]:
        """Give sellable units that have just arrived to those who wait; by line number, what was given to whom."""
        units: dict[int, int] = defaultdict(int)
        for arrival in arrivals:
            if arrival.condition is Condition.SELLABLE:
                units[arrival.line] += arrival.quantity
        lines, given = list(self.lines), {}
        for number, quantity in units.items():
            served, waiting = serve(lines[number].bindings, quantity)
            if served:
                given[number] = served
                lines[number] = replace(lines[number], bindings=waiting)
        return replace(self, lines=tuple(lines)), given

    def bind(self, now: datetime, number: int, binding: Binding, path: Path) -> InboundOrder:
        """Promise units that are outstanding and promised to nobody yet."""
        self.require(InboundState.OPEN, InboundState.PARTLY_RECEIVED)
        line = line_at(self.lines, number, path)
        free = max(line.outstanding - line.bound, 0)
        if binding.quantity > free:
            message = f"Only {free} units of this line are expected and not promised; {binding.quantity} were given."
            raise Conflict(Code.MORE_THAN_EXPECTED, message, (*path, "quantity"))
        if sum(len(other.bindings) for other in self.lines) >= BINDINGS_MAX:
            raise InvalidInput(Code.TOO_MANY, f"At most {BINDINGS_MAX} promises wait for one purchase.", path)
        return self._with_bindings(now, number, (*line.bindings, binding))

    def unbind(self, now: datetime, number: int, backorder_id: str, backorder_line: int, units: int) -> InboundOrder:
        """A backorder's line waits for so many units less."""
        return self._with_bindings(
            now, number, unbind(self.lines[number].bindings, backorder_id, backorder_line, units)
        )

    def _with_bindings(self, now: datetime, number: int, bindings: Bindings) -> InboundOrder:
        lines = list(self.lines)
        lines[number] = replace(lines[number], bindings=bindings)
        return replace(self, lines=tuple(lines), updated_at=now)

    def expect(self, now: datetime, dates: Mapping[int, datetime | None]) -> InboundOrder:
        """Change the expected dates of lines, by their numbers; None is unknown."""
        self.require(InboundState.OPEN, InboundState.PARTLY_RECEIVED)
        lines = list(self.lines)
        for index, (number, expected_at) in enumerate(dates.items()):
            line = line_at(lines, number, ("lines", str(index)))
            # Whether what is complete came in time does not change any more.
            first = line.first_expected_at or (expected_at if line.outstanding else None)
            lines[number] = replace(line, expected_at=expected_at, first_expected_at=first)
        return replace(self, lines=tuple(lines), updated_at=now)

    def cancel(self, now: datetime) -> InboundOrder:
        """Expect nothing more."""
        self.require(InboundState.OPEN, InboundState.PARTLY_RECEIVED)
        lines = tuple(replace(line, cancelled=line.cancelled + line.outstanding) for line in self.lines)
        return replace(self, state=InboundState.CANCELLED, lines=lines, updated_at=now, cancelled_at=now)


def owed_lines(changes: Iterable[tuple[InboundOrder, InboundOrder]]) -> list[OwedLine]:
    """What backorders wait for more, or less, by item and location, from purchases before and after a change."""
    deltas: dict[tuple[str, str], int] = defaultdict(int)
    for before, after in changes:
        for was, line in zip(before.lines, after.lines, strict=True):
            deltas[line.item_id, line.location_id] += line.bound - was.bound
    return [OwedLine(*place, delta) for place, delta in deltas.items() if delta]


def inbound_key(inbound_id: str) -> RecordKey:
    return RecordKey(INBOUND, inbound_id)


def supplier_key(supplier: str) -> str:
    """By which a supplier is known again: its name as it was entered, however it is spaced around and capitalised."""
    return supplier.strip().casefold()


def _arrived(line: InboundLine, arrival: Arrival, now: datetime) -> InboundLine:
    if arrival.condition is Condition.SELLABLE:
        return replace(line, sellable=line.sellable + arrival.quantity, arrived_at=now)
    return replace(line, unsellable=line.unsellable + arrival.quantity, arrived_at=now)
