"""A gateway that trades with simulated shops over real HTTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from unittest.mock import patch

import uvicorn
from cryptography.fernet import Fernet
from starlette.applications import Starlette
from starlette.routing import Route

from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.square import SimulatedSquare
from connectors.simulated.walmart_marketplace import SimulatedWalmart
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.bootstrap import Gateway
from gateway.inventory.channels import Channel, Listing
from gateway.inventory.decision import Outcome
from gateway.inventory.events import EventState
from gateway.inventory.ledger import Cause
from gateway.inventory.stock import Item, Level
from gateway.inventory.stock_changes import Adjust, Adjustment
from gateway.store.listings import ListingStore
from tests.kernel import kernel, stock_up

HOME = "WH"
PLATFORMS: Mapping[type[SimulatedPlatform], str] = {
    SimulatedShopify: "shopify",
    SimulatedSquare: "square",
    SimulatedWalmart: "walmart-marketplace",
    SimulatedWooCommerce: "woocommerce",
}
SECRET_KEY = Fernet.generate_key().decode()
SECONDS_MAX = 30.0


@asynccontextmanager
async def trading(
    uri: str, database: str, stock: Mapping[str, Mapping[str, int]] | None = None, **settings: object
) -> AsyncIterator[Gateway]:
    """An open gateway, stocked when `stock` is given; its background work is started by `gateway.channels.running`."""
    opened = kernel(uri, database, secret_key=SECRET_KEY, allow_private_addresses=True, **settings)  # type: ignore[arg-type]
    async with opened as gateway:
        if stock is not None:
            await stock_up(gateway, stock)
        yield gateway


@asynccontextmanager
async def webhook_server(gateway: Gateway) -> AsyncIterator[str]:
    """The webhook endpoint on a free port; its address. It takes its time: who sends here may not try again."""
    path, intake = "/webhooks/{channel_id}", gateway.channels.intake
    routes = [Route(path, intake.receive, methods=["POST"]), Route(path, intake.challenge, methods=["GET"])]
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        Starlette(routes=routes),
        lifespan="off",
        log_level="warning",
        timeout_graceful_shutdown=1,
        # An idle connection must not be closed in the moment in which a shop sends on it.
        timeout_keep_alive=300,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        with patch("gateway.intake.STORE_SECONDS_MAX", SECONDS_MAX):
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listening.close()


async def connect(
    gateway: Gateway,
    channel_id: str,
    shop: SimulatedPlatform,
    skus: Collection[str] = (),
    *,
    locations: Mapping[str, str | None] | None = None,
    buffer: int = 0,
) -> Channel:
    """Make the shop a channel of ours, with listings for those SKUs; its home is our warehouse."""
    platform = next(name for kind, name in PLATFORMS.items() if isinstance(shop, kind))
    if locations is None and shop.home() is not None:
        locations = {HOME: shop.home()}
    channel = await gateway.channels.channels.create(channel_id, platform, channel_id, shop.config(), locations, buffer)
    # One look: every look costs some of the channel's allowance.
    ids = await catalogue(gateway, channel) if skus else {}
    for sku in skus:
        await gateway.channels.listings.create(channel.id, sku, ids[sku])
    return channel


async def list_item(gateway: Gateway, channel: Channel, sku: str) -> Listing:
    """List one of our items under the ids that the shop itself has for the SKU."""
    ids = (await catalogue(gateway, channel))[sku]
    return await gateway.channels.listings.create(channel.id, sku, ids)


async def catalogue(gateway: Gateway, channel: Channel) -> dict[str, Mapping[str, str]]:
    """The shop's own ids by SKU."""
    connection = gateway.channels.connections.of(channel)
    found: dict[str, Mapping[str, str]] = {}
    cursor, more = None, True
    while more:
        page = await connection.client.run(connection.connector.read_catalog(connection.config, cursor))
        found |= {entry.sku: entry.platform_ids for entry in page.entries if entry.sku is not None}
        cursor, more = page.cursor, page.more
    return found


async def change(gateway: Gateway, key: str, sku: str, delta: int, at: str = HOME) -> Outcome:
    """What another channel does to the stock."""
    return await gateway.stock.apply(Adjust("tests", key, Cause("tests"), sku, (Adjustment(at, delta),)))


async def item_of(gateway: Gateway, sku: str) -> Item:
    return (await gateway.stock_store.items([sku]))[sku]


async def level_of(gateway: Gateway, sku: str, at: str = HOME) -> Level:
    return (await item_of(gateway, sku)).level(at)


async def until_settled(gateway: Gateway) -> None:
    """Return once nothing in the inbox is still to be worked on, apart from what waits for somebody."""

    async def settled() -> bool:
        return not await gateway.database["inbox"].count_documents({"state": EventState.RECEIVED.value})

    await until(gateway, "inbox", settled)


async def until_confirmed(gateway: Gateway, channel_id: str, sku: str, version: int | None = None) -> Listing:
    """Return the listing once the channel has acknowledged the item's version, by default the present one."""
    item = await item_of(gateway, sku)
    wanted = item.version if version is None else version

    async def listing() -> Listing:
        return next(iter(await ListingStore(gateway.database).of_channel(channel_id, [item.id])))

    async def confirmed() -> bool:
        return (await listing()).synced_version >= wanted

    await until(gateway, "listings", confirmed)
    return await listing()


async def until(gateway: Gateway, collection: str, reached: Callable[[], Awaitable[bool]]) -> None:
    """Return once the condition holds; it is looked at again after every change of the collection."""
    # A change stream costs more than most waits.
    if await reached():
        return
    async with asyncio.timeout(SECONDS_MAX), gateway.database.watch(collection, [], max_await_time_ms=50) as changes:
        while not await reached():
            await changes.try_next()
