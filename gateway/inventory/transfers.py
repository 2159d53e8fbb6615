"""A transfer of stock between two locations: draft, then shipped, partly received and received; or cancelled.

Units in transit are `incoming` at the destination, so a unit is in exactly one bucket at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gateway.inventory.arrivals import Arrival, Condition, line_at, require_expected
from gateway.inventory.errors import Code, Conflict
from gateway.inventory.records import RecordKey

TRANSFERS = "transfers"


class TransferState(StrEnum):
    DRAFT = "draft"
    SHIPPED = "shipped"
    PARTLY_RECEIVED = "partly_received"
    RECEIVED = "received"
    """Everything arrived, or what did not is a discrepancy."""
    CANCELLED = "cancelled"

    @property
    def in_transit(self) -> bool:
        return self in (TransferState.SHIPPED, TransferState.PARTLY_RECEIVED)


_STATE_CODES = {
    TransferState.DRAFT: Code.NOT_SHIPPED,
    TransferState.SHIPPED: Code.ALREADY_SHIPPED,
    TransferState.PARTLY_RECEIVED: Code.ALREADY_SHIPPED,
    TransferState.RECEIVED: Code.ALREADY_RECEIVED,
    TransferState.CANCELLED: Code.ALREADY_CANCELLED,
}


class Resolution(StrEnum):
    """How missing units were explained."""

    FOUND = "found"
    """They have arrived after all."""
    LOST = "lost"
    """They never will."""


@dataclass(frozen=True, slots=True)
class TransferLine:
    """Units of one item: of `quantity` planned, what was `shipped` and what became of it."""

    item_id: str
    sku: str
    quantity: int
    shipped: int = 0
    sellable: int = 0
    unsellable: int = 0
    returned: int = 0
    lost: int = 0

    @property
    def in_transit(self) -> int:
        """Units that left the origin and are not accounted for yet: `incoming` at the destination."""
        return self.shipped - self.sellable - self.unsellable - self.returned - self.lost


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Units of line number `line` that had not arrived when the transfer was closed; open until each is explained."""

    line: int
    quantity: int
    reason: str | None
    found: int = 0
    lost: int = 0

    @property
    def open(self) -> int:
        """Units that nobody has explained yet."""
        return self.quantity - self.found - self.lost


@dataclass(frozen=True, slots=True)
class StockTransfer:
    """A record of the kernel: it changes in the same transaction as the stock."""

    id: str
    origin_id: str
    destination_id: str
    state: TransferState
    lines: tuple[TransferLine, ...]
    reference: str | None
    expected_at: datetime | None
    created_at: datetime
    updated_at: datetime
    discrepancies: tuple[Discrepancy, ...] = ()
    revision: int = 0

    @property
    def key(self) -> RecordKey:
        return transfer_key(self.id)

    @property
    def item_ids(self) -> tuple[str, ...]:
        return tuple(line.item_id for line in self.lines)

    @property
    def lines_in_transit(self) -> Iterator[tuple[int, TransferLine]]:
        """Every line with units in transit, with its number."""
        return ((number, line) for number, line in enumerate(self.lines) if line.in_transit)

    def require(self, *allowed: TransferState) -> None:
        """Refuse with what happened instead, unless the state is one of those allowed."""
        if self.state not in allowed:
            message = f"The transfer is {self.state.value}, not {' or '.join(state.value for state in allowed)}."
            raise Conflict(_STATE_CODES[self.state], message, ("transferId",))

    def ship(self, now: datetime) -> StockTransfer:
        self.require(TransferState.DRAFT)
        lines = tuple(replace(line, shipped=line.quantity) for line in self.lines)
        return replace(self, state=TransferState.SHIPPED, lines=lines, updated_at=now)

    def receive(self, now: datetime, arrivals: Sequence[Arrival]) -> StockTransfer:
        """Take in units; received as a whole once none is in transit any more."""
        self.require(TransferState.SHIPPED, TransferState.PARTLY_RECEIVED)
        lines = list(self.lines)
        for index, arrival in enumerate(arrivals):
            path = ("lines", str(index))
            line = line_at(lines, arrival.line, path)
            require_expected(arrival.quantity, line.in_transit, path)
            lines[arrival.line] = _arrived(line, arrival)
        done = not any(line.in_transit for line in lines)
        state = TransferState.RECEIVED if done else TransferState.PARTLY_RECEIVED
        return replace(self, state=state, lines=tuple(lines), updated_at=now)

    def close(self, now: datetime, reason: str | None) -> StockTransfer:
        """Expect nothing more: what is still in transit becomes a discrepancy, and stays incoming until explained."""
        self.require(TransferState.SHIPPED, TransferState.PARTLY_RECEIVED)
        missing = tuple(Discrepancy(number, line.in_transit, reason) for number, line in self.lines_in_transit)
        return replace(self, state=TransferState.RECEIVED, discrepancies=missing, updated_at=now)

    def resolve(
        self, now: datetime, line: int, quantity: int, resolution: Resolution, condition: Condition
    ) -> StockTransfer:
        """Explain units of a discrepancy."""
        discrepancy = self.discrepancy(line)
        require_expected(quantity, discrepancy.open, ())
        lines = list(self.lines)
        if resolution is Resolution.FOUND:
            explained = replace(discrepancy, found=discrepancy.found + quantity)
            lines[line] = _arrived(lines[line], Arrival(line, quantity, condition))
        else:
            explained = replace(discrepancy, lost=discrepancy.lost + quantity)
            lines[line] = replace(lines[line], lost=lines[line].lost + quantity)
        discrepancies = tuple(explained if known is discrepancy else known for known in self.discrepancies)
        return replace(self, lines=tuple(lines), discrepancies=discrepancies, updated_at=now)

    def discrepancy(self, line: int) -> Discrepancy:
        """The open discrepancy of a line, or a refusal."""
        found = next((known for known in self.discrepancies if known.line == line and known.open), None)
        if found is None:
            raise Conflict(Code.NO_DISCREPANCY, f"Line {line} of this transfer has no open discrepancy.", ("line",))
        return found

    def cancel(self, now: datetime) -> StockTransfer:
        """A draft is dropped; units in transit go back to the origin."""
        self.require(TransferState.DRAFT, TransferState.SHIPPED, TransferState.PARTLY_RECEIVED)
        lines = tuple(replace(line, returned=line.returned + line.in_transit) for line in self.lines)
        return replace(self, state=TransferState.CANCELLED, lines=lines, updated_at=now)


def transfer_key(transfer_id: str) -> RecordKey:
    return RecordKey(TRANSFERS, transfer_id)


def _arrived(line: TransferLine, arrival: Arrival) -> TransferLine:
    if arrival.condition is Condition.SELLABLE:
        return replace(line, sellable=line.sellable + arrival.quantity)
    return replace(line, unsellable=line.unsellable + arrival.quantity)
