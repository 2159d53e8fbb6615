"""A process with one simulated shop that misbehaves as it is told.

For a line on stdin it behaves that way from then on, well when the line is empty; it prints how many stock writes have
reached it since the last line.
"""

from __future__ import annotations

import asyncio
import json
import sys

from connectors.simulated.misbehaviour import Misbehaviour
from connectors.simulated.woocommerce import SimulatedWooCommerce
from tests.benchmarks.shops import SKU

FOR_EVER = 100_000


async def serve(units: int) -> None:
    """Until stdin is closed."""
    async with SimulatedWooCommerce({SKU: units}) as shop:
        print(json.dumps({"config": shop.config(), "id": str(shop.products[SKU].product_id)}), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(len(shop.stock_writes()), flush=True)
            shop.requests.clear()
            shop.behave()
            if line.strip():
                shop.misbehave(Misbehaviour(line.strip()), FOR_EVER)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
