"""The sales documents of a simulated SAP Business One company, each line with the one that it was made from."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from connectors.simulated.sales import ReturnedUnits, SoldLine, SoldOrder
from connectors.simulated.sap_business_one_query import Record

ORDER, DELIVERY, INVOICE = 17, 15, 13


@dataclass(slots=True)
class _Delivered:
    entry: int
    line_number: int
    units: int
    """That have not come back."""


class SalesDocuments:
    """`at_once` are the orders that are invoices without a delivery."""

    def __init__(self, warehouse: str, new_id: Callable[[], int]) -> None:
        self.at_once: set[int] = set()
        self._warehouse = warehouse
        self._new_id = new_id
        self._later: dict[str, list[Record]] = defaultdict(list)
        self._delivered: dict[int, list[_Delivered]] = defaultdict(list)
        self._booked: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
        """Units delivered and times taken back, by line."""

    def kind(self, order: SoldOrder) -> str:
        return "Invoices" if order.order_id in self.at_once else "Orders"

    def book(self, order: SoldOrder) -> int | None:
        """Write down what has left the house and what came back since. The number of the delivery, if there is one."""
        sent = [
            (number, line, line.fulfilled - self._booked[line.line_id][0])
            for number, line in enumerate(order.lines)
            if line.fulfilled > self._booked[line.line_id][0] and order.order_id not in self.at_once
        ]
        delivery = None
        if sent:
            lines = [self._line(line.sku, units, ORDER, order.order_id, number) for number, line, units in sent]
            delivery = self._add("DeliveryNotes", order.updated_at, lines)
            for at, (_, line, units) in enumerate(sent):
                self._delivered[line.line_id].append(_Delivered(delivery, at, units))
        for number, line in enumerate(order.lines):
            for part in line.returned[self._booked[line.line_id][1] :]:
                if order.order_id in self.at_once:
                    self._credit(order, number, line.sku, part.units, order.order_id, part.restocked)
                elif part.shipped:
                    self._take_back(order, line, part)
            self._booked[line.line_id] = line.fulfilled, len(line.returned)
        return delivery

    def all(self, name: str, orders: Iterable[SoldOrder]) -> list[Record]:
        return [self._sale(order) for order in orders if self.kind(order) == name] + self._later[name]

    def _take_back(self, order: SoldOrder, line: SoldLine, part: ReturnedUnits) -> None:
        """By a return; what is broken stays out of the count, by a credit note on an invoice for the delivery."""
        left = part.units
        for delivered in self._delivered[line.line_id]:
            units = min(left, delivered.units)
            if not units:
                continue
            left, delivered.units = left - units, delivered.units - units
            made = self._line(line.sku, units, DELIVERY, delivered.entry, delivered.line_number)
            if part.restocked:
                self._add("Returns", order.updated_at, [made])
            else:
                invoice = self._add("Invoices", order.updated_at, [made])
                self._credit(order, 0, line.sku, units, invoice, restocked=False)

    def _credit(self, order: SoldOrder, number: int, sku: str, units: int, invoice: int, restocked: bool) -> None:
        line = self._line(sku, units, INVOICE, invoice, number)
        line["WithoutInventoryMovement"] = "tNO" if restocked else "tYES"
        self._add("CreditNotes", order.updated_at, [line])

    def _add(self, name: str, at: datetime, lines: list[Record]) -> int:
        numbered = [{"LineNum": number, **line} for number, line in enumerate(lines)]
        entry = self._new_id()
        self._later[name].append(_document(entry, at, numbered))
        return entry

    def _sale(self, order: SoldOrder) -> Record:
        """Whoever cancels an order of which something was delivered, closes it by hand."""
        started = any(line.fulfilled for line in order.lines)
        done = order.cancelled_at is not None or not any(line.unshipped for line in order.lines)
        stays = order.cancelled_at is not None or order.order_id in self.at_once
        lines = []
        for number, line in enumerate(order.lines):
            units = line.ordered if stays else line.fulfilled + line.unshipped
            record = {"LineNum": number, **self._line(line.sku, units)}
            record["RemainingOpenInventoryQuantity"] = float(units - line.fulfilled)
            record["LineStatus"] = "bost_Close" if done else "bost_Open"
            lines.append(record)
        cancelled = order.cancelled_at is not None and not started
        return _document(order.order_id, order.updated_at, lines, done=done, cancelled=cancelled)

    def _line(
        self, sku: str, units: int, base_type: int = -1, entry: int | None = None, line: int | None = None
    ) -> Record:
        return {
            "ItemCode": sku,
            "Quantity": float(units),
            "InventoryQuantity": float(units),
            "WarehouseCode": self._warehouse,
            "BaseType": base_type,
            "BaseEntry": entry,
            "BaseLine": line,
        }


def _document(entry: int, at: datetime, lines: list[Record], *, done: bool = False, cancelled: bool = False) -> Record:
    return {
        "DocEntry": entry,
        "DocNum": entry - 1000,
        "DocumentStatus": "bost_Close" if done else "bost_Open",
        "Cancelled": "tYES" if cancelled else "tNO",
        "CancelStatus": "csYes" if cancelled else "csNo",
        "ReserveInvoice": "tNO",
        "UpdateDate": at.date().isoformat(),
        "UpdateTime": at.time().isoformat(),
        "DocumentLines": lines,
    }
