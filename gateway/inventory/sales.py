"""An order that a channel reports is a fact: bring the stock to the state that the platform says the order is in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from gateway.inventory.alerts import Alert, AlertLine, after_report, oversold_key
from gateway.inventory.commands import LINES_MAX, Command, Plan, StockView
from gateway.inventory.errors import Code, InvalidInput, Path, Unavailable
from gateway.inventory.identifiers import check_text
from gateway.inventory.ledger import Kind
from gateway.inventory.orders import Order, OrderLine, Precedence, order_key
from gateway.inventory.quantities import Bucket, check_range
from gateway.inventory.quota_drawing import Drawing
from gateway.inventory.quotas import difference
from gateway.inventory.records import Record, RecordKey
from gateway.inventory.stock import Floor, Item, Posting


@dataclass(frozen=True, slots=True)
class ReportedLine:
    """The absolute state of one line, in units, and the places that its units may come from, best first.

    `place_stated`: the platform itself said where, so units already taken elsewhere change over.
    `return_location_id`: where units that come back go, when that is another place; then all that is neither
    allocated nor shipped came back.
    """

    line_id: str
    item_id: str
    ordered: int
    allocated: int
    shipped: int
    candidates: tuple[str, ...]
    place_stated: bool = False
    return_location_id: str | None = None


@dataclass(eq=False, slots=True)
class ReportOrder(Command):
    """Move an order of a channel to its reported state; applied even when stock is short.

    A report that is older than what was applied changes nothing. Lines of the order that are not named are let go,
    unless `lines` is None: then the platform did not say, and what was applied stands, or is still to come. The key
    must carry a digest of the whole report, so that one key is always one report.
    """

    channel_id: str
    order_id: str
    name: str | None
    status: str
    precedence: Precedence
    lines: tuple[ReportedLine, ...] | None
    held_item_ids: frozenset[str]
    """Items of the lines that earlier reports have applied."""

    kind: ClassVar[Kind] = Kind.SALE

    @property
    def floor(self) -> Floor:
        return Floor.FACT

    @property
    def item_ids(self) -> tuple[str, ...]:
        return tuple(self.held_item_ids | {line.item_id for line in self.lines or ()})

    @property
    def record_keys(self) -> tuple[RecordKey, ...]:
        return order_key(self.channel_id, self.order_id), oversold_key(self.channel_id, self.order_id)

    def check(self) -> None:
        check_text(self.order_id, ("orderId",))
        lines = self.lines or ()
        if len(lines) > LINES_MAX:
            message = f"The order has {len(lines)} lines; at most {LINES_MAX} are allowed."
            raise InvalidInput(Code.TOO_MANY, message, ("lines",))
        for index, line in enumerate(lines):
            path = ("lines", str(index))
            for quantity in (line.allocated, line.shipped, line.ordered - line.allocated - line.shipped):
                check_range(quantity, path, minimum=0)
            if not line.candidates:
                raise InvalidInput(Code.LOCATION_NOT_FOUND, "The channel has no location to take units from.", path)

    def canonical(self) -> dict[str, object]:
        return {"orderId": self.order_id, "occurredAt": self.precedence.occurred_at.isoformat()}

    def plan(self, stock: StockView) -> Plan:
        key, alert_key = self.record_keys
        known = stock.record(key)
        order = known if isinstance(known, Order) else None
        if order is not None and not order.takes(self.precedence, lines_told=self.lines is not None):
            return Plan(())
        before = order.lines if order else {}
        if not {line.item_id for line in before.values()} <= self.held_item_ids:
            raise Unavailable(Code.CONTENTION, "The order has just changed. Send the report again.")
        drawing = Drawing(stock, self.channel_id)
        after, postings = self._targets(stock, before, drawing)
        missing = _missing(stock, postings)
        new = self._reported(order, after, oversold=bool(missing), took_kept=drawing.took_kept)
        alert = stock.record(alert_key)
        alerts = after_report(alert if isinstance(alert, Alert) else None, alert_key, new, missing, stock.now)
        records: dict[RecordKey, Record] = {key: new, **alerts}
        return Plan(postings, records)

    def _reported(
        self, known: Order | None, lines: Mapping[str, OrderLine], *, oversold: bool, took_kept: bool
    ) -> Order:
        order = Order(
            self.channel_id,
            self.order_id,
            self.name,
            self.status,
            self.precedence,
            lines,
            oversold,
            revision=1,
            counted=None if self.lines is None else self.precedence,
            took_kept=took_kept,
        )
        if known is None:
            return order
        # Told of no lines, a later report has said how the order is by now, but not what this one says.
        newest = order if self.precedence >= known.precedence else known
        return replace(
            order,
            name=order.name or known.name,
            status=newest.status,
            precedence=newest.precedence,
            oversold=oversold or known.oversold,
            revision=known.revision + 1,
            counted=order.counted or known.counted,
            took_kept=took_kept or known.took_kept,
        )

    def _targets(
        self, stock: StockView, before: Mapping[str, OrderLine], drawing: Drawing
    ) -> tuple[dict[str, OrderLine], list[Posting]]:
        if self.lines is None:
            return dict(before), []
        for held in before.values():
            stock.item_by_id(held.item_id)
        after = {line_id: replace(held, ordered=0, allocated=0, shipped=0) for line_id, held in before.items()}
        returned_to: dict[str, str | None] = {}
        for line in self.lines:
            after[line.line_id] = _target(stock, line, before.get(line.line_id))
            returned_to[line.line_id] = line.return_location_id
        after = {line_id: drawing.drawn(before.get(line_id), target) for line_id, target in after.items()}
        postings = [
            posting
            for index, (line_id, target) in enumerate(after.items())
            for posting in _postings(before.get(line_id), target, returned_to.get(line_id), ("lines", str(index)))
        ]
        return after, postings


def _target(stock: StockView, line: ReportedLine, held: OrderLine | None) -> OrderLine:
    item = stock.item_by_id(line.item_id)
    stays = held is not None and (not line.place_stated or held.location_id in line.candidates)
    at = held.location_id if held is not None and stays else _place(stock, item, line)
    return OrderLine(item.id, item.sku, at, line.ordered, line.allocated, line.shipped)


def _place(stock: StockView, item: Item, line: ReportedLine) -> str:
    """The first active candidate that has enough, else the one that has most, else (none is active) the first."""
    available = {at: stock.quantity(item, at, Bucket.AVAILABLE) for at in line.candidates if stock.is_active(at)}
    needed = line.allocated + line.shipped if line.return_location_id is None else line.ordered
    enough = (at for at, units in available.items() if units >= needed)
    return next(enough, max(available, key=available.__getitem__, default=line.candidates[0]))


def _postings(held: OrderLine | None, target: OrderLine, returned_to: str | None, path: Path) -> Iterator[Posting]:
    elsewhere = None if returned_to == target.location_id else returned_to
    # What is first heard of together with its return had been taken, too.
    known = target.ordered if held is None else held.taken
    back = 0 if elsewhere is None else max(0, known - target.taken)
    if held is not None and (held.location_id, held.item_id) != (target.location_id, target.item_id):
        yield from _postings(held, replace(held, allocated=0, shipped=0, draws=()), None, path)
        held = None
    allocated = target.allocated - (held.allocated if held else 0)
    taken = target.taken + back - (held.taken if held else 0)
    draws = difference(target.draws, held.draws if held else ())
    if taken:
        yield Posting(target.item_id, target.location_id, Bucket.AVAILABLE, -taken, path, draws)
    if elsewhere is not None and back:
        yield Posting(target.item_id, elsewhere, Bucket.AVAILABLE, back, path, () if taken else draws)
    if allocated:
        yield Posting(target.item_id, target.location_id, Bucket.ALLOCATED, allocated, path)


def _missing(stock: StockView, postings: Iterable[Posting]) -> list[AlertLine]:
    """Units that are taken from places where they are not available."""
    taken: dict[tuple[str, str], int] = defaultdict(int)
    for posting in postings:
        if posting.bucket is Bucket.AVAILABLE:
            taken[posting.item_id, posting.location_id] -= posting.delta
    lines = []
    for (item_id, at), units in taken.items():
        item = stock.item_by_id(item_id)
        missing = min(units, units - stock.quantity(item, at, Bucket.AVAILABLE))
        if missing > 0:
            lines.append(AlertLine(item_id, item.sku, at, missing))
    return lines
