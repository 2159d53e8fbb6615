"""A backorder: units of purchases that are promised to an owner before they arrive, and are allocated as they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gateway.inventory.bindings import Bindings
from gateway.inventory.errors import Code, Conflict, Path
from gateway.inventory.inbound import InboundOrder
from gateway.inventory.records import RecordKey
from gateway.inventory.reservations import HeldLine, Reservation, ReservationState

BACKORDERS = "backorders"


class BackorderState(StrEnum):
    WAITING = "waiting"
    """Units of it have yet to arrive."""
    ALLOCATED = "allocated"
    """Whatever was not cancelled has arrived, and is held by reservations."""
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class BackorderLine:
    """Units of one line of a purchase: `quantity` promised, of which some were allocated or cancelled."""

    inbound_id: str
    inbound_line: int
    item_id: str
    sku: str
    location_id: str
    quantity: int
    promised_for: datetime | None
    allocated: int = 0
    cancelled: int = 0

    @property
    def waiting(self) -> int:
        """Units that have yet to arrive."""
        return self.quantity - self.allocated - self.cancelled


@dataclass(frozen=True, slots=True)
class Backorder:
    """A record of the kernel: it changes in the same transaction as the purchases that it waits for.

    Each of its `allocations` is a committed reservation of its own.
    """

    id: str
    owner: str | None
    reference: str | None
    channel_id: str | None
    lines: tuple[BackorderLine, ...]
    created_at: datetime
    updated_at: datetime
    allocations: int = 0
    revision: int = 0

    @property
    def key(self) -> RecordKey:
        return backorder_key(self.id)

    @property
    def state(self) -> BackorderState:
        if any(line.waiting for line in self.lines):
            return BackorderState.WAITING
        allocated = any(line.allocated for line in self.lines)
        return BackorderState.ALLOCATED if allocated else BackorderState.CANCELLED

    @property
    def item_ids(self) -> tuple[str, ...]:
        return tuple({line.item_id for line in self.lines})

    @property
    def inbound_ids(self) -> tuple[str, ...]:
        """The purchases that it waits for, or did."""
        return tuple(dict.fromkeys(line.inbound_id for line in self.lines))

    def reservation_id(self, allocation: int) -> str:
        """Of the allocation of that number, from 1."""
        return f"{self.id}-{allocation}"

    def allocate(
        self, now: datetime, inbound: InboundOrder, given: Mapping[int, Bindings]
    ) -> tuple[Backorder, Reservation]:
        """Hold what has arrived for it, by the purchase's line numbers, without expiry."""
        lines, held = list(self.lines), []
        for bindings in given.values():
            for binding in bindings:
                line = lines[binding.backorder_line]
                lines[binding.backorder_line] = replace(line, allocated=line.allocated + binding.quantity)
                why = f"arrived with the purchase {inbound.id}"
                held.append(
                    HeldLine(
                        binding.backorder_line, line.item_id, line.sku, line.location_id, binding.quantity, why=why
                    )
                )
        after = replace(self, lines=tuple(lines), allocations=self.allocations + 1, updated_at=now)
        reservation = Reservation(
            id=self.reservation_id(after.allocations),
            owner=self.owner,
            state=ReservationState.COMMITTED,
            lines=tuple(held),
            expires_at=None,
            reference=self.reference,
            channel_id=self.channel_id,
            created_at=now,
            updated_at=now,
            committed_at=now,
        )
        return after, reservation

    def cancel(self, now: datetime, quantities: Mapping[int, int]) -> Backorder:
        """Wait for so many units less, by line number; no more than are waited for."""
        lines = tuple(
            replace(line, cancelled=line.cancelled + quantities.get(number, 0))
            for number, line in enumerate(self.lines)
        )
        return replace(self, lines=lines, updated_at=now)

    def with_line(self, now: datetime, line: BackorderLine) -> Backorder:
        return replace(self, lines=(*self.lines, line), updated_at=now)

    def waiting_at(self, number: int, quantity: int, path: Path) -> BackorderLine:
        """The line, of which so many units are waited for; or a refusal naming `path`."""
        line = self.lines[number] if 0 <= number < len(self.lines) else None
        waiting = line.waiting if line is not None else 0
        if line is None or quantity > waiting:
            message = f"Only {waiting} units of this line are waited for; {quantity} were given."
            raise Conflict(Code.MORE_THAN_EXPECTED, message, (*path, "quantity"))
        return line


def backorder_key(backorder_id: str) -> RecordKey:
    return RecordKey(BACKORDERS, backorder_id)
