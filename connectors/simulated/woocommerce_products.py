"""A simulated WooCommerce's products and variations."""

from dataclasses import dataclass
from typing import Any

from connectors.simulated.shelf import Shelf


@dataclass(slots=True)
class Product:
    product_id: int
    sku: str
    parent_id: int = 0
    managed: bool | str = True
    """"parent" for a variation whose stock is the parent's."""
    variable: bool = False

    def body(self, shelf: Shelf, modified: str) -> dict[str, Any]:
        counted = self.managed is True
        kind = "variation" if self.parent_id else "variable" if self.variable else "simple"
        return {
            "id": self.product_id,
            "type": kind,
            "parent_id": self.parent_id,
            "name": self.sku.title(),
            "sku": self.sku,
            "manage_stock": self.managed,
            "stock_quantity": shelf.quantity(self.sku) if counted else None,
            "date_modified_gmt": modified,
        }
