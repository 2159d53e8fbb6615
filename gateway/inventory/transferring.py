"""Planning a transfer between two locations."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from gateway.inventory.commands import LINES_MAX, Command, Plan, StockView
from gateway.inventory.errors import Code, InvalidInput
from gateway.inventory.identifiers import check_count, check_sku, check_slug
from gateway.inventory.ledger import Kind
from gateway.inventory.moments import as_kept, check_aware
from gateway.inventory.quantities import check_range
from gateway.inventory.transfers import StockTransfer, TransferLine, TransferState


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """Send `quantity` units of a SKU."""

    sku: str
    quantity: int


@dataclass(eq=False, slots=True)
class CreateTransfer(Command):
    """Plan a transfer; nothing moves yet. Lines for one SKU are added up."""

    transfer_id: str
    origin_id: str
    destination_id: str
    lines: tuple[PlannedLine, ...]
    expected_at: datetime | None = None

    kind: ClassVar[Kind] = Kind.TRANSFER_CREATE

    @property
    def skus(self) -> tuple[str, ...]:
        return tuple(self._quantities())

    def check(self) -> None:
        check_slug(self.origin_id, ("originId",))
        check_slug(self.destination_id, ("destinationId",))
        if self.origin_id == self.destination_id:
            message = "Origin and destination are the same location."
            raise InvalidInput(Code.INVALID_INPUT, message, ("destinationId",))
        check_aware(self.expected_at, ("expectedAt",))
        check_count(self.lines, ("lines",), LINES_MAX)
        for index, line in enumerate(self.lines):
            check_sku(line.sku, ("lines", str(index), "sku"))
            check_range(line.quantity, ("lines", str(index), "quantity"), minimum=1)

    def canonical(self) -> dict[str, object]:
        content: dict[str, object] = {
            "originId": self.origin_id,
            "destinationId": self.destination_id,
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in sorted(self._quantities().items())],
        }
        if self.expected_at is not None:
            content["expectedAt"] = self.expected_at.astimezone(UTC).isoformat()
        return content

    def plan(self, stock: StockView) -> Plan:
        stock.is_active(self.origin_id, ("originId",))
        stock.is_active(self.destination_id, ("destinationId",))
        lines = []
        for sku, quantity in self._quantities().items():
            index = next(index for index, line in enumerate(self.lines) if line.sku == sku)
            item = stock.item(sku, ("lines", str(index), "sku"))
            check_range(quantity, ("lines", str(index), "quantity"), minimum=1)
            lines.append(TransferLine(item.id, item.sku, quantity))
        transfer = StockTransfer(
            id=self.transfer_id,
            origin_id=self.origin_id,
            destination_id=self.destination_id,
            state=TransferState.DRAFT,
            lines=tuple(lines),
            reference=self.cause.reference,
            expected_at=as_kept(self.expected_at),
            created_at=stock.now,
            updated_at=stock.now,
        )
        return Plan((), {transfer.key: transfer})

    def _quantities(self) -> dict[str, int]:
        quantities: dict[str, int] = defaultdict(int)
        for line in self.lines:
            quantities[line.sku] += line.quantity
        return dict(quantities)
