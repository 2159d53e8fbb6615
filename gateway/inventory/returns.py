"""A buyer brings units back: they can be sold again, or they cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gateway.inventory.arrivals import Condition
from gateway.inventory.commands import Command, Plan, StockView
from gateway.inventory.identifiers import check_sku, check_slug
from gateway.inventory.ledger import Kind
from gateway.inventory.quantities import check_range
from gateway.inventory.stock import Posting


@dataclass(eq=False, slots=True)
class Return(Command):
    """Put returned units of one SKU into stock, in the bucket of their condition."""

    sku: str
    location_id: str
    quantity: int
    condition: Condition

    kind: ClassVar[Kind] = Kind.RETURN

    @property
    def skus(self) -> tuple[str, ...]:
        return (self.sku,)

    def check(self) -> None:
        check_sku(self.sku, ("sku",))
        check_slug(self.location_id, ("locationId",))
        check_range(self.quantity, ("quantity",), minimum=1)

    def canonical(self) -> dict[str, object]:
        return {
            "sku": self.sku,
            "locationId": self.location_id,
            "quantity": self.quantity,
            "condition": self.condition.value,
        }

    def plan(self, stock: StockView) -> Plan:
        item = stock.item(self.sku, ("sku",))
        return Plan([Posting(item.id, self.location_id, self.condition.bucket, self.quantity)])
