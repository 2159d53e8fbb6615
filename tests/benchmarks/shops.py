"""A process with many simulated shops. Prints how to connect them; then, for a line on stdin, what has reached them."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack

from aiohttp import web

from connectors.simulated.misbehaviour import Handler
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.woocommerce import SimulatedWooCommerce

SKU = "MUG-WHT"


async def serve(shops: int, units: int) -> None:
    """Half of them compare and set, half of them overwrite. Until stdin is closed."""
    async with AsyncExitStack() as stack:
        running: list[Stamped] = []
        for number in range(shops):
            running.append(await stack.enter_async_context(_shop(number, units)))
        print(json.dumps([_introduced(shop) for shop in running]), flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps([_reached(shop) for shop in running]), flush=True)
            for shop in running:
                shop.requests.clear()
                shop.shelf.changes.clear()
                shop.arrivals.clear()


class Stamped(SimulatedPlatform):
    """Knows when each quantity arrived: before anything was done about it, and about what came to other shops."""

    def __init__(self, stock: Mapping[str, int]) -> None:
        super().__init__(stock)  # type: ignore[call-arg]
        self.arrivals: list[tuple[float, int]] = []

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        arrived_at = time.monotonic()
        # The other shops of this process have their turn to say the same, before any of them works.
        await asyncio.sleep(0)
        known = len(self.shelf.changes)
        response = await super()._middleware(request, handler)
        if len(self.shelf.changes) > known:
            self.arrivals.append((arrived_at, self.shelf.changes[-1].quantity))
        return response


class StampedShopify(Stamped, SimulatedShopify):
    pass


class StampedWooCommerce(Stamped, SimulatedWooCommerce):
    pass


def _shop(number: int, units: int) -> Stamped:
    return StampedWooCommerce({SKU: units}) if number % 2 else StampedShopify({SKU: units})


def _introduced(shop: SimulatedPlatform) -> dict[str, object]:
    if isinstance(shop, SimulatedWooCommerce):
        ids = {"product_id": str(shop.products[SKU].product_id)}
        return {"platform": "woocommerce", "config": shop.config(), "home": None, "ids": ids}
    return {"platform": "shopify", "config": shop.config(), "home": shop.home(), "ids": None}


def _reached(shop: Stamped) -> dict[str, object]:
    quantity = shop.shelf.quantity(SKU, shop.home())
    return {"writes": len(shop.stock_writes()), "changes": shop.arrivals, "quantity": quantity}


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
