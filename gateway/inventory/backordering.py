"""Making a backorder: units of purchases are promised to an owner before they arrive."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from gateway.inventory.backorders import Backorder, BackorderLine
from gateway.inventory.bindings import Binding
from gateway.inventory.commands import LINES_MAX, Command, Plan, StockView
from gateway.inventory.errors import Code, NotFound, Overtaken, Path
from gateway.inventory.identifiers import check_count, check_optional_text, check_slug
from gateway.inventory.inbound import InboundOrder, inbound_key, owed_lines
from gateway.inventory.ledger import Kind
from gateway.inventory.moments import as_kept, check_aware
from gateway.inventory.quantities import check_range
from gateway.inventory.records import Record, RecordKey


@dataclass(frozen=True, slots=True)
class InboundShare:
    """`quantity` units of a purchase's line, promised for a time; for when they are expected unless given."""

    inbound_id: str
    line: int
    quantity: int
    promised_for: datetime | None = None

    def check(self, path: Path) -> None:
        check_slug(self.inbound_id, (*path, "inboundId"))
        check_range(self.quantity, (*path, "quantity"), minimum=1)
        check_aware(self.promised_for, (*path, "promisedFor"))

    def canonical(self) -> dict[str, object]:
        promised_for = None if self.promised_for is None else self.promised_for.astimezone(UTC).isoformat()
        return {
            "inboundId": self.inbound_id,
            "line": self.line,
            "quantity": self.quantity,
            "promisedFor": promised_for,
        }


@dataclass(eq=False, slots=True)
class CreateBackorder(Command):
    """Promise units on their way to an owner: never more than the purchases' lines still bring for nobody else."""

    backorder_id: str
    owner: str | None
    lines: tuple[InboundShare, ...]
    expected_items: tuple[str, ...]
    """Ids of the purchases' items, as last read."""

    kind: ClassVar[Kind] = Kind.BACKORDER_CREATE

    @property
    def item_ids(self) -> tuple[str, ...]:
        return self.expected_items

    @property
    def record_keys(self) -> tuple[RecordKey, ...]:
        return tuple({inbound_key(line.inbound_id) for line in self.lines})

    def check(self) -> None:
        check_optional_text(self.owner, ("owner",))
        check_count(self.lines, ("lines",), LINES_MAX)
        for index, line in enumerate(self.lines):
            line.check(("lines", str(index)))

    def canonical(self) -> dict[str, object]:
        # The order of the lines counts: later steps name them by number.
        content: dict[str, object] = {"lines": {str(n): line.canonical() for n, line in enumerate(self.lines)}}
        return content if self.owner is None else {**content, "owner": self.owner}

    def plan(self, stock: StockView) -> Plan:
        backorder = Backorder(
            id=self.backorder_id,
            owner=self.owner,
            reference=self.cause.reference,
            channel_id=self.cause.channel_id,
            lines=(),
            created_at=stock.now,
            updated_at=stock.now,
        )
        purchases: dict[str, InboundOrder] = {}
        for index, share in enumerate(self.lines):
            path = ("lines", str(index))
            inbound = purchases.get(share.inbound_id) or purchase_of(stock, share.inbound_id, path)
            purchases[share.inbound_id], backorder = bound(inbound, backorder, share, stock.now, path)
        return rebound(backorder, purchases, stock, self.item_ids)


def bound(
    inbound: InboundOrder, backorder: Backorder, share: InboundShare, now: datetime, path: Path
) -> tuple[InboundOrder, Backorder]:
    """The purchase and the backorder, which gets one more line."""
    number = len(backorder.lines)
    expected_at = inbound.lines[share.line].expected_at if 0 <= share.line < len(inbound.lines) else None
    promised_for = as_kept(share.promised_for) or expected_at
    binding = Binding(backorder.id, number, share.quantity, promised_for, backorder.reference)
    after = inbound.bind(now, share.line, binding, path)
    source = inbound.lines[share.line]
    line = BackorderLine(
        inbound.id, share.line, source.item_id, source.sku, source.location_id, share.quantity, promised_for
    )
    return after, backorder.with_line(now, line)


def purchase_of(stock: StockView, inbound_id: str, path: Path) -> InboundOrder:
    """The purchase as the batch has it, or a refusal naming `path`."""
    inbound = stock.record(inbound_key(inbound_id))
    if not isinstance(inbound, InboundOrder):
        message = f"There is no purchase '{inbound_id}'."
        raise NotFound(Code.INBOUND_NOT_FOUND, message, (*path, "inboundId"))
    return inbound


def rebound(
    backorder: Backorder, purchases: Mapping[str, InboundOrder], stock: StockView, item_ids: Collection[str]
) -> Plan:
    """Store a backorder with the purchases that it is now bound to, or no longer. `item_ids` are those known of."""
    owed = owed_lines((purchase_of(stock, inbound.id, ()), inbound) for inbound in purchases.values())
    for line in owed:
        if line.item_id not in item_ids:
            raise Overtaken
        stock.item_by_id(line.item_id)
    records: dict[RecordKey, Record] = {backorder.key: backorder}
    records.update((inbound.key, inbound) for inbound in purchases.values())
    return Plan((), records, owed=owed)
