"""A process with many simulated shops. Prints how to connect them; then, for a line on stdin, what has reached them."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack

from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.woocommerce import SimulatedWooCommerce

SKU = "MUG-WHT"


async def serve(shops: int, units: int) -> None:
    """Half of them compare and set, half of them overwrite. Until stdin is closed."""
    async with AsyncExitStack() as stack:
        running: list[SimulatedPlatform] = []
        for number in range(shops):
            running.append(await stack.enter_async_context(_shop(number, units)))
        print(json.dumps([_introduced(shop) for shop in running]), flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps([_reached(shop) for shop in running]), flush=True)
            for shop in running:
                shop.requests.clear()
                shop.shelf.changes.clear()


def _shop(number: int, units: int) -> SimulatedPlatform:
    return SimulatedWooCommerce({SKU: units}) if number % 2 else SimulatedShopify({SKU: units})


def _introduced(shop: SimulatedPlatform) -> dict[str, object]:
    if isinstance(shop, SimulatedWooCommerce):
        ids = {"product_id": str(shop.products[SKU].product_id)}
        return {"platform": "woocommerce", "config": shop.config(), "home": None, "ids": ids}
    return {"platform": "shopify", "config": shop.config(), "home": shop.home(), "ids": None}


def _reached(shop: SimulatedPlatform) -> dict[str, object]:
    changes = [(change.at, change.quantity) for change in shop.shelf.changes]
    return {"writes": len(shop.stock_writes()), "changes": changes, "quantity": shop.shelf.quantity(SKU, shop.home())}


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
