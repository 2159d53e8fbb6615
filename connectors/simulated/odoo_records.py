"""A simulated Odoo's records, made from the shop's own state each time they are asked for.

The shelf holds what can be promised; on hand is that and what is promised to orders that have not left.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.simulated.sales import SoldLine, SoldOrder
from connectors.simulated.shelf import Shelf

Record = dict[str, Any]


@dataclass(slots=True)
class Product:
    product_id: int
    sku: str
    storable: bool = True
    tracking: str = "none"


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


class OdooRecords:
    def __init__(
        self,
        shelf: Shelf,
        products: Mapping[str, Product],
        locations: Mapping[int, str],
        orders: Mapping[int, SoldOrder],
        version: int,
    ) -> None:
        self._shelf = shelf
        self._products = products
        self._locations = locations
        self._orders = orders
        self._version = version
        self.within: dict[tuple[str, int], int] = {}
        """Units on hand in sub-locations, by SKU and location."""

    def of(self, model: str, location_id: int) -> list[Record]:
        """All records of a model; raises `KeyError` for a model there is not."""
        match model:
            case "product.product":
                return [self.product(product, location_id) for product in self._products.values()]
            case "stock.quant":
                return list(self._quants())
            case "stock.warehouse":
                return self._warehouses()
            case "sale.order":
                return [self.order(order) for order in self._orders.values()]
            case "stock.move":
                return [move for order in self._orders.values() for move in self._moves(order)]
        raise KeyError(model)

    def product(self, product: Product, location_id: int) -> Record:
        promised = self.promised(product.sku, location_id)
        storable: Record = {"is_storable": product.storable}
        if self._version < 18:
            storable = {"type": "product" if product.storable else "consu"}
        return {
            "id": product.product_id,
            "default_code": product.sku,
            "barcode": f"40{product.product_id}",
            "display_name": f"[{product.sku}] {product.sku.title()}",
            "tracking": product.tracking,
            "qty_available": float(self._available(product.sku, location_id) + promised),
            "outgoing_qty": float(promised),
            **storable,
        }

    def promised(self, sku: str, location_id: int) -> int:
        lines = (
            line for order in self._orders.values() if order.taken_from == str(location_id) for line in order.lines
        )
        return sum(line.unshipped for line in lines if line.sku == sku)

    def quant_id(self, product: Product, location_id: int) -> int:
        return product.product_id * 100 + location_id

    def set_on_hand(self, product: Product, location_id: int, units: float) -> None:
        """Of the plain quant: what lies within sub-locations stays."""
        whole = int(units) + self.within.get((product.sku, location_id), 0)
        self._shelf.put(product.sku, str(location_id), whole - self.promised(product.sku, location_id))

    def order(self, order: SoldOrder) -> Record:
        """A delivery changes its picking; the order itself stays as it was written last."""
        return {
            "id": order.order_id,
            "name": f"S{order.order_id:05}",
            "state": "cancel" if order.cancelled_at else "sale",
            "write_date": stamp(order.cancelled_at or order.created_at),
            "picking_ids.write_date": stamp(order.updated_at),
            "warehouse_id": [int(order.taken_from or 0) * 10, "Warehouse"],
            "order_line": [line.line_id for line in order.lines],
        }

    def _available(self, sku: str, location_id: int) -> int:
        place = str(location_id)
        return self._shelf.quantity(sku, place) if self._shelf.has(sku, place) else 0

    def _quants(self) -> Iterable[Record]:
        for product in self._products.values():
            for location_id, name in self._locations.items():
                if not self._shelf.has(product.sku, str(location_id)):
                    continue
                on_hand = self._available(product.sku, location_id) + self.promised(product.sku, location_id)
                within = self.within.get((product.sku, location_id), 0)
                yield {
                    "id": self.quant_id(product, location_id),
                    "product_id": [product.product_id, product.sku],
                    "location_id": [location_id, name],
                    "lot_id": False,
                    "package_id": False,
                    "owner_id": False,
                    "quantity": float(on_hand - within),
                }

    def _warehouses(self) -> list[Record]:
        return [
            {"id": number * 10, "name": name, "lot_stock_id": [number, f"{name}/Stock"]}
            for number, name in self._locations.items()
        ]

    def _moves(self, order: SoldOrder) -> Iterable[Record]:
        for line in order.lines:
            parts = (
                ("outgoing", "assigned", line.unshipped),
                ("outgoing", "done", line.fulfilled),
                ("outgoing", "cancel", sum(part.units for part in line.returned if not part.shipped)),
                ("incoming", "done", sum(part.units for part in line.returned if part.shipped and part.restocked)),
            )
            for number, (code, state, units) in enumerate(parts):
                if units:
                    yield self._move(order, line, line.line_id * 10 + number, code, state, units)

    def _move(self, order: SoldOrder, line: SoldLine, number: int, code: str, state: str, units: int) -> Record:
        product = self._products[line.sku]
        return {
            "id": number,
            "product_id": [product.product_id, product.sku],
            "product_qty": float(units),
            "state": state,
            "picking_code": code,
            "sale_line_id": [line.line_id, product.sku],
            "write_date": stamp(order.updated_at),
        }
