"""A purchase that is on its way from a supplier: open, then partly received and received; or cancelled.

What is outstanding of each line is `incoming` at the line's location.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gateway.inventory.arrivals import Arrival, Condition, line_at, require_expected
from gateway.inventory.errors import Code, Conflict
from gateway.inventory.records import RecordKey

INBOUND = "inbound"


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
    """Units of one item that one location expects."""

    item_id: str
    sku: str
    location_id: str
    quantity: int
    expected_at: datetime | None = None
    sellable: int = 0
    unsellable: int = 0
    cancelled: int = 0

    @property
    def received(self) -> int:
        return self.sellable + self.unsellable

    @property
    def outstanding(self) -> int:
        """Units still expected: `incoming` at the location. Zero where more came than was ordered."""
        return max(self.quantity - self.received - self.cancelled, 0)


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

    @property
    def key(self) -> RecordKey:
        return inbound_key(self.id)

    @property
    def item_ids(self) -> tuple[str, ...]:
        return tuple({line.item_id for line in self.lines})

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
            lines[arrival.line] = _arrived(line, arrival)
        done = not any(line.outstanding for line in lines)
        state = InboundState.RECEIVED if done else InboundState.PARTLY_RECEIVED
        return replace(self, state=state, lines=tuple(lines), updated_at=now)

    def expect(self, now: datetime, dates: Mapping[int, datetime | None]) -> InboundOrder:
        """Change the expected dates of lines, by their numbers; None is unknown."""
        self.require(InboundState.OPEN, InboundState.PARTLY_RECEIVED)
        lines = list(self.lines)
        for index, (number, expected_at) in enumerate(dates.items()):
            line = line_at(lines, number, ("lines", str(index)))
            lines[number] = replace(line, expected_at=expected_at)
        return replace(self, lines=tuple(lines), updated_at=now)

    def cancel(self, now: datetime) -> InboundOrder:
        """Expect nothing more."""
        self.require(InboundState.OPEN, InboundState.PARTLY_RECEIVED)
        lines = tuple(replace(line, cancelled=line.cancelled + line.outstanding) for line in self.lines)
        return replace(self, state=InboundState.CANCELLED, lines=lines, updated_at=now)


def inbound_key(inbound_id: str) -> RecordKey:
    return RecordKey(INBOUND, inbound_id)


def _arrived(line: InboundLine, arrival: Arrival) -> InboundLine:
    if arrival.condition is Condition.SELLABLE:
        return replace(line, sellable=line.sellable + arrival.quantity)
    return replace(line, unsellable=line.unsellable + arrival.quantity)
