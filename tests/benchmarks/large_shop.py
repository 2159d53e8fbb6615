"""A process with one simulated shop of any size. Prints how to connect it; then, for a line on stdin, what it shows."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from connectors.simulated.misbehaviour import Misbehaviour
from connectors.simulated.woocommerce import SimulatedWooCommerce
from connectors.simulated.woocommerce_models import ProductChange
from connectors.simulated.woocommerce_products import Product

UNITS_BEFORE = 5


def sku_of(number: int) -> str:
    return f"SKU-{number}"


class LargeShop(SimulatedWooCommerce):
    """Finds a product without looking through all of them."""

    def __init__(self, products: int) -> None:
        super().__init__({sku_of(number): UNITS_BEFORE for number in range(products)})
        self.by_id: dict[int, Product] = {product.product_id: product for product in self.products.values()}

    def _change(self, change: ProductChange, parent: int, kind: Misbehaviour | None) -> dict[str, Any]:
        product = self.by_id[change.id]
        everything, self.products = self.products, {product.sku: product}
        try:
            return super()._change(change, parent, kind)
        finally:
            self.products = everything


async def serve(products: int) -> None:
    """Until stdin is closed."""
    shop = LargeShop(products)
    async with shop:
        ids = [str(shop.products[sku_of(number)].product_id) for number in range(products)]
        print(json.dumps({"config": shop.config(), "ids": ids}), flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            quantities = [shop.shelf.quantity(sku_of(number)) for number in range(products)]
            print(json.dumps({"writes": len(shop.stock_writes()), "quantities": quantities}), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
