"""The steps of a transfer's life after it was planned. Each changes it and the stock in one movement, or is refused."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from gateway.inventory.arrivals import Arrival, Condition, canonical_arrivals, check_arrivals
from gateway.inventory.commands import Command, Plan, StockView
from gateway.inventory.errors import Code, NotFound
from gateway.inventory.identifiers import check_slug
from gateway.inventory.ledger import Kind
from gateway.inventory.quantities import Bucket, check_range
from gateway.inventory.records import RecordKey
from gateway.inventory.stock import Posting
from gateway.inventory.transfers import Resolution, StockTransfer, transfer_key


@dataclass(eq=False, slots=True)
class OnTransfer(Command):
    """Acts on a transfer that exists. `moved_items` are the ids of its items, which never change."""

    transfer_id: str
    moved_items: tuple[str, ...]

    @property
    def item_ids(self) -> tuple[str, ...]:
        return self.moved_items

    @property
    def record_keys(self) -> tuple[RecordKey, ...]:
        return (transfer_key(self.transfer_id),)

    def check(self) -> None:
        check_slug(self.transfer_id, ("transferId",))

    def canonical(self) -> dict[str, object]:
        return {"transferId": self.transfer_id}

    def plan(self, stock: StockView) -> Plan:
        transfer = stock.record(transfer_key(self.transfer_id))
        if not isinstance(transfer, StockTransfer):
            raise NotFound(Code.TRANSFER_NOT_FOUND, f"There is no transfer '{self.transfer_id}'.", ("transferId",))
        for item_id in transfer.item_ids:
            stock.item_by_id(item_id)
        return self.change(transfer, stock)

    @abstractmethod
    def change(self, transfer: StockTransfer, stock: StockView) -> Plan:
        """The postings and the transfer as it stands afterwards, or a typed refusal."""


@dataclass(eq=False, slots=True)
class ShipTransfer(OnTransfer):
    """The units leave the origin and are on their way to the destination."""

    kind: ClassVar[Kind] = Kind.TRANSFER_SHIP

    def change(self, transfer: StockTransfer, stock: StockView) -> Plan:
        shipped = transfer.ship(stock.now)
        postings = []
        for number, line in shipped.lines_in_transit:
            path = ("lines", str(number))
            postings.append(Posting(line.item_id, transfer.origin_id, Bucket.AVAILABLE, -line.shipped, path))
            postings.append(Posting(line.item_id, transfer.destination_id, Bucket.INCOMING, line.shipped, path))
        return Plan(postings, {transfer.key: shipped})


@dataclass(eq=False, slots=True)
class ReceiveTransfer(OnTransfer):
    """Take in all that is in transit, sellable (no arrivals given), or some of it."""

    arrivals: tuple[Arrival, ...] = ()

    kind: ClassVar[Kind] = Kind.TRANSFER_RECEIVE

    def check(self) -> None:
        OnTransfer.check(self)
        check_arrivals(self.arrivals)

    def canonical(self) -> dict[str, object]:
        return {**OnTransfer.canonical(self), "lines": canonical_arrivals(self.arrivals)}

    def change(self, transfer: StockTransfer, stock: StockView) -> Plan:
        everything = [Arrival(number, line.in_transit) for number, line in transfer.lines_in_transit]
        arrivals = self.arrivals or everything
        received = transfer.receive(stock.now, arrivals)
        return Plan(list(_arrivals(transfer, arrivals)), {transfer.key: received})


@dataclass(eq=False, slots=True)
class CloseTransfer(OnTransfer):
    """Expect nothing more; what has not arrived becomes a discrepancy. No stock moves until that is resolved."""

    kind: ClassVar[Kind] = Kind.TRANSFER_CLOSE

    def change(self, transfer: StockTransfer, stock: StockView) -> Plan:
        return Plan((), {transfer.key: transfer.close(stock.now, self.cause.reason)})


@dataclass(eq=False, slots=True)
class ResolveDiscrepancy(OnTransfer):
    """Explain `quantity` missing units of a line, or all of them: found units arrive, lost ones are written off."""

    line: int
    resolution: Resolution
    quantity: int | None = None
    condition: Condition = Condition.SELLABLE

    kind: ClassVar[Kind] = Kind.TRANSFER_RESOLVE

    def check(self) -> None:
        OnTransfer.check(self)
        if self.quantity is not None:
            check_range(self.quantity, ("quantity",), minimum=1)

    def canonical(self) -> dict[str, object]:
        content = {**OnTransfer.canonical(self), "line": self.line, "resolution": self.resolution.value}
        if self.resolution is Resolution.FOUND:
            content["condition"] = self.condition.value
        if self.quantity is not None:
            content["quantity"] = self.quantity
        return content

    def change(self, transfer: StockTransfer, stock: StockView) -> Plan:
        quantity = self.quantity or transfer.discrepancy(self.line).open
        resolved = transfer.resolve(stock.now, self.line, quantity, self.resolution, self.condition)
        if self.resolution is Resolution.FOUND:
            postings = list(_arrivals(transfer, [Arrival(self.line, quantity, self.condition)]))
        else:
            item_id = transfer.lines[self.line].item_id
            postings = [Posting(item_id, transfer.destination_id, Bucket.INCOMING, -quantity)]
        return Plan(postings, {transfer.key: resolved})


@dataclass(eq=False, slots=True)
class CancelTransfer(OnTransfer):
    """Drop a draft, or send the units in transit back to the origin."""

    kind: ClassVar[Kind] = Kind.TRANSFER_CANCEL

    def change(self, transfer: StockTransfer, stock: StockView) -> Plan:
        cancelled = transfer.cancel(stock.now)
        postings = []
        for _, line in transfer.lines_in_transit:
            postings.append(Posting(line.item_id, transfer.destination_id, Bucket.INCOMING, -line.in_transit))
            postings.append(Posting(line.item_id, transfer.origin_id, Bucket.AVAILABLE, line.in_transit))
        return Plan(postings, {transfer.key: cancelled})


def _arrivals(transfer: StockTransfer, arrivals: Sequence[Arrival]) -> Iterator[Posting]:
    for index, arrival in enumerate(arrivals):
        path, item_id = ("lines", str(index)), transfer.lines[arrival.line].item_id
        yield Posting(item_id, transfer.destination_id, Bucket.INCOMING, -arrival.quantity, path)
        yield Posting(item_id, transfer.destination_id, arrival.condition.bucket, arrival.quantity, path)
