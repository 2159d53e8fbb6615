"""The steps of a backorder's life after it was made. Each changes it together with the purchases that it waits for."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from dataclasses import dataclass
from typing import ClassVar

from gateway.inventory.backordering import InboundShare, bound, purchase_of, rebound
from gateway.inventory.backorders import Backorder, backorder_key
from gateway.inventory.commands import LINES_MAX, Command, Plan, StockView
from gateway.inventory.errors import Code, Conflict, InvalidInput, NotFound, Overtaken, Path
from gateway.inventory.identifiers import check_count, check_slug
from gateway.inventory.inbound import InboundOrder, inbound_key
from gateway.inventory.ledger import Kind
from gateway.inventory.quantities import check_range
from gateway.inventory.records import RecordKey

BACKORDER_LINES_MAX = 1_000
"""Lines of one backorder, with those that moving its units has added."""


@dataclass(eq=False, slots=True)
class OnBackorder(Command):
    """Acts on a backorder that exists.

    `inbound_ids` are the purchases that it waits for, and `waiting_items` its items' ids, as last read.
    """

    backorder_id: str
    inbound_ids: tuple[str, ...]
    waiting_items: tuple[str, ...]

    @property
    def item_ids(self) -> tuple[str, ...]:
        return self.waiting_items

    @property
    def record_keys(self) -> tuple[RecordKey, ...]:
        return (backorder_key(self.backorder_id), *(inbound_key(inbound_id) for inbound_id in self.inbound_ids))

    def check(self) -> None:
        check_slug(self.backorder_id, ("backorderId",))

    def canonical(self) -> dict[str, object]:
        return {"backorderId": self.backorder_id}

    def plan(self, stock: StockView) -> Plan:
        backorder = stock.record(backorder_key(self.backorder_id))
        if not isinstance(backorder, Backorder):
            message = f"There is no backorder '{self.backorder_id}'."
            raise NotFound(Code.BACKORDER_NOT_FOUND, message, ("backorderId",))
        if not set(backorder.inbound_ids) <= set(self.inbound_ids):
            raise Overtaken
        return self.change(backorder, stock)

    @abstractmethod
    def change(self, backorder: Backorder, stock: StockView) -> Plan:
        """The backorder and its purchases as they stand afterwards, or a typed refusal."""


@dataclass(eq=False, slots=True)
class CancelBackorder(OnBackorder):
    """Wait no longer for units, by line number; for none at all unless some are named. What was allocated stays."""

    quantities: tuple[tuple[int, int], ...] = ()

    kind: ClassVar[Kind] = Kind.BACKORDER_CANCEL

    def check(self) -> None:
        OnBackorder.check(self)
        if self.quantities:
            check_count(self.quantities, ("lines",), LINES_MAX)
        for index, (_, quantity) in enumerate(self.quantities):
            check_range(quantity, ("lines", str(index), "quantity"), minimum=1)

    def canonical(self) -> dict[str, object]:
        return {**OnBackorder.canonical(self), "lines": {str(n): units for n, units in self._named().items()}}

    def change(self, backorder: Backorder, stock: StockView) -> Plan:
        waiting = {number: line.waiting for number, line in enumerate(backorder.lines) if line.waiting}
        if not waiting:
            raise Conflict(Code.ALREADY_CANCELLED, "This backorder waits for nothing any more.", ("backorderId",))
        purchases: dict[str, InboundOrder] = {}
        quantities = self._named() or waiting
        for number, quantity in quantities.items():
            index = next((i for i, (named, _) in enumerate(self.quantities) if named == number), 0)
            _unbound(backorder, number, quantity, purchases, stock, ("lines", str(index)))
        return rebound(backorder.cancel(stock.now, quantities), purchases, stock, self.item_ids)

    def _named(self) -> dict[int, int]:
        quantities: dict[int, int] = defaultdict(int)
        for number, quantity in self.quantities:
            quantities[number] += quantity
        return dict(quantities)


@dataclass(eq=False, slots=True)
class MoveBackorder(OnBackorder):
    """Wait for another line of a purchase instead, with so many units of a line; with all unless given.

    They become a new line of the backorder.
    """

    line: int
    to: InboundShare

    kind: ClassVar[Kind] = Kind.BACKORDER_MOVE

    @property
    def record_keys(self) -> tuple[RecordKey, ...]:
        inbound_ids = {*self.inbound_ids, self.to.inbound_id}
        return (backorder_key(self.backorder_id), *(inbound_key(inbound_id) for inbound_id in inbound_ids))

    def check(self) -> None:
        OnBackorder.check(self)
        self.to.check(("to",))

    def canonical(self) -> dict[str, object]:
        return {**OnBackorder.canonical(self), "line": self.line, "to": self.to.canonical()}

    def change(self, backorder: Backorder, stock: StockView) -> Plan:
        if len(backorder.lines) >= BACKORDER_LINES_MAX:
            message = f"A backorder has at most {BACKORDER_LINES_MAX} lines."
            raise InvalidInput(Code.TOO_MANY, message, ("backorderId",))
        purchases: dict[str, InboundOrder] = {}
        _unbound(backorder, self.line, self.to.quantity, purchases, stock, ("to",))
        inbound = purchases.get(self.to.inbound_id) or purchase_of(stock, self.to.inbound_id, ("to",))
        less = backorder.cancel(stock.now, {self.line: self.to.quantity})
        purchases[inbound.id], moved = bound(inbound, less, self.to, stock.now, ("to",))
        if moved.lines[-1].item_id != backorder.lines[self.line].item_id:
            message = "That line of the purchase is of another item."
            raise InvalidInput(Code.INVALID_INPUT, message, ("to", "line"))
        return rebound(moved, purchases, stock, self.item_ids)


def _unbound(
    backorder: Backorder,
    number: int,
    quantity: int,
    purchases: dict[str, InboundOrder],
    stock: StockView,
    path: Path,
) -> None:
    """Take the units off their purchase, as it stands in `purchases` or was read."""
    line = backorder.waiting_at(number, quantity, path)
    inbound = purchases.get(line.inbound_id) or purchase_of(stock, line.inbound_id, path)
    purchases[inbound.id] = inbound.unbind(stock.now, line.inbound_line, backorder.id, number, quantity)
