"""A worker process is killed at every step of a push: in the end all is exact, and nothing old follows the newer."""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import Process
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from connectors.simulated.misbehaviour import Handler
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.bootstrap import Gateway
from tests.cli.processes import finish, working
from tests.dispatch.trading import HOME, SECRET_KEY, change, connect, trading, until, until_confirmed

SKU = "MUG-WHT"
Kill = Callable[[], None]


class Watched:
    """Kills at one step of the next stock write that a shop serves; a write that is only "intended" never arrives."""

    def __init__(self, step: str) -> None:
        self.step = step
        self.kill: Kill | None = None
        self.killed = asyncio.Event()

    def reached(self, step: str) -> None:
        if step == self.step and self.kill is not None:
            kill, self.kill = self.kill, None
            kill()
            self.killed.set()


def watched(shop: SimulatedPlatform, watch: Watched) -> None:
    """Make the shop tell when a write has arrived, when it is applied, and when its answer is sent."""
    serve = shop._middleware

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not shop.is_stock_write(request.path, await request.read()):
            return await serve(request, handler)
        if watch.step == "intended" and watch.kill is not None:
            await watch.killed.wait()
            raise web.HTTPServiceUnavailable
        watch.reached("arrived")
        response = await serve(request, handler)
        watch.reached("applied")
        await response.prepare(request)
        await response.write_eof()
        watch.reached("answered")
        return response

    shop._middleware = middleware  # type: ignore[method-assign]


async def _kill_at_intent(gateway: Gateway, watch: Watched) -> None:
    """Before the request: what is to be sent has been stored."""

    async def stored() -> bool:
        return bool(await gateway.database["listings"].count_documents({"intents": {"$exists": True}}))

    await until(gateway, "listings", stored)
    watch.reached("intended")


@pytest.mark.parametrize(
    ("step", "platform"),
    [("intended", "woocommerce"), ("arrived", "shopify"), ("applied", "shopify"), ("answered", "woocommerce")],
)
async def test_a_push_survives_the_death_of_its_worker(
    mongo_uri: str, database_name: str, tmp_path: Path, step: str, platform: str
) -> None:
    shop: SimulatedPlatform = (SimulatedShopify if platform == "shopify" else SimulatedWooCommerce)({SKU: 10})
    watch = Watched(step)
    watched(shop, watch)
    settings = {
        "mongodb_uri": mongo_uri,
        "mongodb_database": database_name,
        "data_dir": str(tmp_path),
        "secret_key": SECRET_KEY,
        "allow_private_addresses": "true",
    }
    async with shop, trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway:
        await connect(gateway, "shop", shop, [SKU])
        async with working(**settings) as first:
            await until_confirmed(gateway, "shop", SKU)
            shop.shelf.changes.clear()
            await _change_and_kill(gateway, first, watch, step)
        await _let_the_lease_run_out(gateway)
        # What the dead worker had in hand is no longer the newest.
        await change(gateway, "c2", SKU, -2)
        async with working(**settings) as second:
            await until_confirmed(gateway, "shop", SKU)
            assert second.returncode is None
            assert shop.shelf.quantity(SKU, shop.home()) == 5
            shown = [some.quantity for some in shop.shelf.changes]
            assert shown == sorted(shown, reverse=True), "an older quantity came after a newer one"
            second.send_signal(signal.SIGTERM)
            assert (await finish(second)).code == 0


async def _let_the_lease_run_out(gateway: Gateway) -> None:
    """As time does, only at once: the dead worker has released nothing."""
    lease = await gateway.database["leases"].find_one({"_id": "channel/shop"})
    assert lease is not None and lease["owner"] is not None and lease["expiresAt"] > datetime.now(UTC)
    await gateway.database["leases"].update_many({}, {"$set": {"expiresAt": datetime.now(UTC)}})


async def _change_and_kill(gateway: Gateway, process: Process, watch: Watched, step: str) -> None:
    watch.kill = process.kill
    await change(gateway, "c1", SKU, -3)
    if step == "intended":
        await _kill_at_intent(gateway, watch)
    assert (await finish(process)).code == -signal.SIGKILL
