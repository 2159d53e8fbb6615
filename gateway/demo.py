"""The product at work on sample stock, with two simulated shops that speak their vendors' protocols over HTTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.console import Console

from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.app import create_app
from gateway.bootstrap import open_gateway
from gateway.health import Health
from gateway.inventory.access import Scope
from gateway.serving.listeners import url_of
from gateway.serving.server import run_server
from gateway.settings import Settings
from gateway.store.driver import Database
from gateway.tour import CENTRAL, EAST, SAMPLE, Tour

DATABASE = "inventory_demo"


async def run_demo(
    settings: Settings,
    mongodb_uri: str,
    listener: socket.socket,
    *,
    once: bool,
    console: Console,
    stopping: asyncio.Event,
) -> None:
    """Show the product at work on a database of its own, `inventory_demo`, which is emptied first.

    Ends after the tour when `once`; else the API stays up until `stopping` is set.
    """
    settings = settings.model_copy(update={"mongodb_database": DATABASE, "allow_private_addresses": True})
    await _empty(settings, mongodb_uri)
    url = url_of(listener)
    async with _touring(settings, mongodb_uri, console) as tour, asyncio.TaskGroup() as tasks:
        ready, ended = asyncio.Event(), asyncio.Event()
        health = Health(tour.gateway.database)
        app = create_app(tour.gateway, health)
        served = run_server(app, listener, settings, health, stopping=ended, on_started=ready.set)
        tasks.create_task(served, name="server")
        await ready.wait()
        await _walk(tour, url)
        await _say_farewell(tour, url, once)
        if not once:
            await stopping.wait()
        ended.set()


async def _walk(tour: Tour, url: str) -> None:
    await tour.set_up(url)
    tour.show("Two shops are connected: everything they list shows the gateway's stock.")
    await tour.numbers()
    await tour.sell("A buyer at Shopify", tour.shopify, tour.woo, "MUG-WHT", 2)
    await tour.numbers()
    await tour.sell("A buyer at WooCommerce", tour.woo, tour.shopify, "TSHIRT-RED-M", 3)
    await tour.numbers()
    await tour.adjust("B2B-SERV-001X", {EAST: -5, CENTRAL: -2})
    await tour.numbers()
    await tour.burst("MUG-WHT")
    await tour.numbers()


async def _say_farewell(tour: Tour, url: str, once: bool) -> None:
    entries = await tour.gateway.database["ledger"].count_documents({})
    tour.show(f"Every one of these movements is in the ledger: {entries} entries.")
    if once:
        return
    scopes = [Scope.INVENTORY_READ, Scope.INVENTORY_WRITE, Scope.ADMIN]
    key = await tour.gateway.keys.create("demo-visitor", scopes)
    tour.show("Try it yourself; Ctrl-C ends the demo.")
    tour.console.print(f"  {url}/graphql with the API key {key}\n", soft_wrap=True, highlight=False)
    tour.console.print(
        f"curl {url}/graphql -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' "
        """-d '{"query": "{ inventory { nodes { sku totalAvailableQuantity } } }"}'""",
        soft_wrap=True,
        highlight=False,
    )


@asynccontextmanager
async def _touring(settings: Settings, mongodb_uri: str, console: Console) -> AsyncIterator[Tour]:
    nothing = dict.fromkeys(SAMPLE, 0)
    async with (
        SimulatedShopify(nothing, location_names=(EAST, CENTRAL)) as shopify,
        SimulatedWooCommerce(nothing) as woo,
        open_gateway(settings, mongodb_uri) as gateway,
        gateway.channels.running(),
    ):
        for sku in SAMPLE:
            for place in shopify.locations:
                shopify.shelf.put(sku, place, 0)
        yield Tour(console, gateway, shopify, woo)


async def _empty(settings: Settings, mongodb_uri: str) -> None:
    database = Database(mongodb_uri, DATABASE, driver=settings.mongodb_driver)
    try:
        await database.client.drop_database(DATABASE)
    finally:
        await database.close()
