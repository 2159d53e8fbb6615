"""The database dies in the middle of the load: everything goes on by itself, and is exact in the end."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.bootstrap import Gateway
from gateway.inventory.errors import InventoryError
from gateway.inventory.ports import StorageError
from gateway.store.private_mongod import PrivateDatabase, private_database
from tests.dispatch.trading import HOME, change, connect, level_of, trading, until_confirmed

SKU = "MUG-WHT"
UNITS = 1_000
SALES = 120
BUYERS = 4
DEATH_AFTER = 40
RETURN_SECONDS_MAX = 60.0
AGAIN_SECONDS = 0.1


async def test_workers_recover_from_a_database_that_dies_in_mid_load(tmp_path: Path) -> None:
    async with (
        private_database(tmp_path) as database,
        trading(database.uri, "load", {SKU: {HOME: UNITS}}) as gateway,
        SimulatedShopify({SKU: UNITS}) as shopify,
        SimulatedWooCommerce({SKU: UNITS}) as woo,
        gateway.channels.running(),
    ):
        shops: dict[str, SimulatedPlatform] = {"shopify-uk": shopify, "woo-de": woo}
        for channel_id, shop in shops.items():
            await connect(gateway, channel_id, shop, [SKU])
            await until_confirmed(gateway, channel_id, SKU)
        await sell_while_it_dies(gateway, database)
        assert (await level_of(gateway, SKU)).available == UNITS - SALES
        for channel_id, shop in shops.items():
            await shop.shelf.until(SKU, UNITS - SALES, shop.home(), seconds_max=RETURN_SECONDS_MAX)
            await until_confirmed(gateway, channel_id, SKU)
            shown = [some.quantity for some in shop.shelf.changes]
            assert shown == sorted(shown, reverse=True), "an older quantity came after a newer one"


async def sell_while_it_dies(gateway: Gateway, database: PrivateDatabase) -> None:
    numbers = iter(range(SALES))
    before = database.pid
    assert before is not None

    async def buyer() -> None:
        for number in numbers:
            if number == DEATH_AFTER:
                os.kill(before, signal.SIGKILL)
            await sell(gateway, f"sale-{number}")

    async with asyncio.timeout(RETURN_SECONDS_MAX):
        await asyncio.gather(*(buyer() for _ in range(BUYERS)))
    assert database.pid not in (None, before)


async def sell(gateway: Gateway, key: str) -> None:
    """What is refused because the database is away is sent again under its key."""
    while True:
        try:
            await change(gateway, key, SKU, -1)
        except (StorageError, InventoryError):
            await asyncio.sleep(AGAIN_SECONDS)
        else:
            return
