"""The commands of a purchase's life. Each changes the purchase and the stock in one movement, or is refused."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from gateway.inventory.arrival_effects import allocations, arrival_postings
from gateway.inventory.arrivals import Arrival, canonical_arrivals, check_arrivals
from gateway.inventory.backorders import backorder_key
from gateway.inventory.commands import LINES_MAX, Command, Plan, StockView
from gateway.inventory.errors import Code, InvalidInput, NotFound
from gateway.inventory.identifiers import check_count, check_sku, check_slug, check_text
from gateway.inventory.inbound import InboundLine, InboundOrder, InboundState, inbound_key, owed_lines
from gateway.inventory.ledger import Kind
from gateway.inventory.moments import as_kept, check_aware
from gateway.inventory.quantities import Bucket, check_range
from gateway.inventory.records import RecordKey
from gateway.inventory.stock import Posting


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """`quantity` units of a SKU that a location will receive."""

    sku: str
    location_id: str
    quantity: int
    expected_at: datetime | None = None


@dataclass(eq=False, slots=True)
class CreateInbound(Command):
    """Units are on their way from a supplier: incoming goes up."""

    inbound_id: str
    supplier: str
    lines: tuple[ExpectedLine, ...]

    kind: ClassVar[Kind] = Kind.INBOUND_CREATE

    @property
    def skus(self) -> tuple[str, ...]:
        return tuple({line.sku for line in self.lines})

    def check(self) -> None:
        check_text(self.supplier, ("supplier",))
        check_count(self.lines, ("lines",), LINES_MAX)
        for index, line in enumerate(self.lines):
            path = ("lines", str(index))
            check_sku(line.sku, (*path, "sku"))
            check_slug(line.location_id, (*path, "locationId"))
            check_range(line.quantity, (*path, "quantity"), minimum=1)
            check_aware(line.expected_at, (*path, "expectedAt"))

    def canonical(self) -> dict[str, object]:
        # The order of the lines counts: later steps name them by number.
        lines = {
            str(number): {
                "sku": line.sku,
                "locationId": line.location_id,
                "quantity": line.quantity,
                "expectedAt": _text(line.expected_at),
            }
            for number, line in enumerate(self.lines)
        }
        return {"supplier": self.supplier, "lines": lines}

    def plan(self, stock: StockView) -> Plan:
        lines, postings = [], []
        for index, line in enumerate(self.lines):
            path = ("lines", str(index))
            item = stock.item(line.sku, (*path, "sku"))
            expected_at = as_kept(line.expected_at)
            lines.append(
                InboundLine(
                    item.id, item.sku, line.location_id, line.quantity, expected_at, first_expected_at=expected_at
                )
            )
            postings.append(Posting(item.id, line.location_id, Bucket.INCOMING, line.quantity, path))
        inbound = InboundOrder(
            id=self.inbound_id,
            supplier=self.supplier,
            state=InboundState.OPEN,
            lines=tuple(lines),
            reference=self.cause.reference,
            created_at=stock.now,
            updated_at=stock.now,
        )
        return Plan(postings, {inbound.key: inbound})


@dataclass(eq=False, slots=True)
class OnInbound(Command):
    """Acts on a purchase that exists. `ordered_items` are the ids of its items, which never change."""

    inbound_id: str
    ordered_items: tuple[str, ...]

    @property
    def item_ids(self) -> tuple[str, ...]:
        return self.ordered_items

    @property
    def record_keys(self) -> tuple[RecordKey, ...]:
        return (inbound_key(self.inbound_id),)

    def check(self) -> None:
        check_slug(self.inbound_id, ("inboundId",))

    def canonical(self) -> dict[str, object]:
        return {"inboundId": self.inbound_id}

    def plan(self, stock: StockView) -> Plan:
        inbound = stock.record(inbound_key(self.inbound_id))
        if not isinstance(inbound, InboundOrder):
            raise NotFound(Code.INBOUND_NOT_FOUND, f"There is no purchase '{self.inbound_id}'.", ("inboundId",))
        for item_id in inbound.item_ids:
            stock.item_by_id(item_id)
        return self.change(inbound, stock)

    @abstractmethod
    def change(self, inbound: InboundOrder, stock: StockView) -> Plan:
        """The postings and the purchase as it stands afterwards, or a typed refusal."""


@dataclass(eq=False, slots=True)
class UpdateInbound(OnInbound):
    """Change the expected date of lines, by their numbers; no stock moves."""

    expected: tuple[tuple[int, datetime | None], ...]

    kind: ClassVar[Kind] = Kind.INBOUND_UPDATE

    def check(self) -> None:
        OnInbound.check(self)
        check_count(self.expected, ("lines",), LINES_MAX)
        for index, (number, expected_at) in enumerate(self.expected):
            check_aware(expected_at, ("lines", str(index), "expectedAt"))
            if number in (earlier for earlier, _ in self.expected[:index]):
                raise InvalidInput(Code.DUPLICATE, "This line is named twice.", ("lines", str(index), "line"))

    def canonical(self) -> dict[str, object]:
        return {**OnInbound.canonical(self), "expected": {str(number): _text(at) for number, at in self.expected}}

    def change(self, inbound: InboundOrder, stock: StockView) -> Plan:
        return Plan((), {inbound.key: inbound.expect(stock.now, {number: as_kept(at) for number, at in self.expected})})


@dataclass(eq=False, slots=True)
class ReceiveInbound(OnInbound):
    """Take in all that is outstanding, sellable (no arrivals given), or some of it; more than ordered if allowed.

    What backorders wait for is allocated to them and never becomes available. `backorder_ids` are those that wait for
    the purchase, as last read.
    """

    arrivals: tuple[Arrival, ...] = ()
    allow_more: bool = False
    backorder_ids: tuple[str, ...] = ()

    kind: ClassVar[Kind] = Kind.INBOUND_RECEIVE

    @property
    def record_keys(self) -> tuple[RecordKey, ...]:
        return (inbound_key(self.inbound_id), *(backorder_key(backorder_id) for backorder_id in self.backorder_ids))

    def check(self) -> None:
        OnInbound.check(self)
        check_arrivals(self.arrivals)

    def canonical(self) -> dict[str, object]:
        content = {**OnInbound.canonical(self), "lines": canonical_arrivals(self.arrivals)}
        if self.allow_more:
            content["allowMore"] = True
        return content

    def change(self, inbound: InboundOrder, stock: StockView) -> Plan:
        arrivals = self.arrivals or [Arrival(number, line.outstanding) for number, line in inbound.outstanding]
        received, given = inbound.receive(stock.now, arrivals, self.allow_more).serve(arrivals)
        expected = [
            Posting(before.item_id, before.location_id, Bucket.INCOMING, after.outstanding - before.outstanding)
            for before, after in zip(inbound.lines, received.lines, strict=True)
            if after.outstanding != before.outstanding
        ]
        postings = [*expected, *arrival_postings(inbound, arrivals, given)]
        records = {inbound.key: received, **allocations(inbound, given, stock)}
        return Plan(postings, records, owed=owed_lines([(inbound, received)]))


@dataclass(eq=False, slots=True)
class CancelInbound(OnInbound):
    """Expect nothing more: what is outstanding is no longer incoming."""

    kind: ClassVar[Kind] = Kind.INBOUND_CANCEL

    def change(self, inbound: InboundOrder, stock: StockView) -> Plan:
        cancelled = inbound.cancel(stock.now)
        postings = [
            Posting(line.item_id, line.location_id, Bucket.INCOMING, -line.outstanding, ("lines", str(number)))
            for number, line in inbound.outstanding
        ]
        return Plan(postings, {inbound.key: cancelled})


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
