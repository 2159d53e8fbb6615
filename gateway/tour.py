"""What the demo shows: sample stock, orders at two shops, and the numbers as they move."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.bootstrap import Gateway
from gateway.inventory.channels import Place
from gateway.inventory.ledger import Cause
from gateway.inventory.stock_changes import Adjust, Adjustment

EAST, CENTRAL = "WH-US-EAST", "WH-EU-CENTRAL"
SAMPLE: Mapping[str, tuple[str, int, int]] = {
    "B2B-SERV-001X": ("Rack server", 40, 25),
    "MUG-WHT": ("White mug", 120, 80),
    "TSHIRT-RED-M": ("Red T-shirt, M", 12, 0),
}
BURST = 200
CLIENT = "demo"
SECONDS_MAX = 30.0


@dataclass(slots=True)
class Tour:
    """The running parts of the demo."""

    console: Console
    gateway: Gateway
    shopify: SimulatedShopify
    woo: SimulatedWooCommerce
    changes: int = 0

    async def set_up(self, url: str) -> None:
        """Locations, items with stock, and both shops connected with everything listed."""
        catalog, stock = self.gateway.catalog, self.gateway.stock
        for priority, location_id in enumerate((EAST, CENTRAL)):
            await catalog.create_location(location_id, None, priority)
        for sku, (name, east, central) in SAMPLE.items():
            await catalog.create_item(sku, name, 0)
            lines = tuple(Adjustment(at, units) for at, units in ((EAST, east), (CENTRAL, central)) if units)
            await stock.apply(Adjust(CLIENT, f"stock-{sku}", Cause(CLIENT, "sample stock"), sku, lines))
        places: dict[str, Place] = dict(zip((EAST, CENTRAL), self.shopify.locations, strict=True))
        await self._connect("shopify-demo", "shopify", self.shopify, places, url)
        await self._connect("woo-demo", "woocommerce", self.woo, None, url)
        for sku in SAMPLE:
            await self.until_shown(sku)

    async def sell(self, title: str, shop: SimulatedPlatform, other: SimulatedPlatform, sku: str, units: int) -> None:
        """A buyer at one shop: how long until the other one has been told."""
        seen = len(other.stock_writes())
        started = time.monotonic()
        await shop.sell(sku, units)
        await self.until_shown(sku)
        told = _milliseconds(other, seen, started)
        self.show(f"{title}: {units} x {sku}", f"order placed -> other shop told: {told}")

    async def adjust(self, sku: str, deltas: Mapping[str, int]) -> None:
        """A change in the warehouse, at several places at once."""
        seen = len(self.shopify.stock_writes()), len(self.woo.stock_writes())
        committed = await self._apply(sku, deltas)
        await self.until_shown(sku)
        shopify = _milliseconds(self.shopify, seen[0], committed)
        woo = _milliseconds(self.woo, seen[1], committed)
        said = ", ".join(f"{units:+d} at {at}" for at, units in deltas.items())
        self.show(f"Warehouse: {sku} {said}", f"commit -> request: Shopify {shopify}, WooCommerce {woo}")

    async def burst(self, sku: str) -> None:
        """Many sales in an instant: each is in the ledger, the shops hear the result."""
        seen = len(self.shopify.stock_writes()) + len(self.woo.stock_writes())
        started = time.monotonic()
        await asyncio.gather(*(self._apply(sku, {random.choice((EAST, CENTRAL)): -1}) for _ in range(BURST // 2)))
        await asyncio.gather(*(self._apply(sku, {random.choice((EAST, CENTRAL)): +1}) for _ in range(BURST // 2)))
        seconds = time.monotonic() - started
        await self.until_shown(sku)
        requests = len(self.shopify.stock_writes()) + len(self.woo.stock_writes()) - seen
        self.show(
            f"Flash sale: {BURST} changes of {sku} at once",
            f"committed in {seconds * 1000:.0f} ms, told to both shops with {requests} requests",
        )

    async def until_shown(self, sku: str) -> None:
        """Return once both shops show what the gateway has."""
        async with asyncio.timeout(SECONDS_MAX):
            while True:
                level = (await self.gateway.stock_store.items([sku]))[sku]
                wanted = {at: level.level(at).available for at in (EAST, CENTRAL)}
                try:
                    for place, at in zip(self.shopify.locations, wanted, strict=True):
                        await self.shopify.shelf.until(sku, wanted[at], place, seconds_max=1)
                    await self.woo.shelf.until(sku, sum(wanted.values()), seconds_max=1)
                except TimeoutError:
                    continue
                return

    def show(self, title: str, note: str = "") -> None:
        self.console.print(f"\n[bold]{title}[/bold]" + (f"\n[dim]{note}[/dim]" if note else ""))

    async def numbers(self) -> None:
        """What everybody counts."""
        table = Table("SKU", "available", "allocated", "Shopify shows", "WooCommerce shows", header_style="dim")
        items = await self.gateway.stock_store.items(list(SAMPLE))
        for sku in SAMPLE:
            levels = items[sku].levels.values()
            table.add_row(
                sku,
                str(sum(level.available for level in levels)),
                str(sum(level.allocated for level in levels)),
                str(sum(self.shopify.shelf.quantity(sku, place) for place in self.shopify.locations)),
                str(self.woo.shelf.quantity(sku)),
            )
        self.console.print(table)

    async def _apply(self, sku: str, deltas: Mapping[str, int]) -> float:
        self.changes += 1
        lines = tuple(Adjustment(at, delta) for at, delta in deltas.items())
        await self.gateway.stock.apply(Adjust(CLIENT, f"demo-{self.changes}", Cause(CLIENT), sku, lines))
        return time.monotonic()

    async def _connect(
        self, channel_id: str, platform: str, shop: SimulatedPlatform, places: Mapping[str, Place] | None, url: str
    ) -> None:
        services = self.gateway.channels
        channel = await services.channels.create(channel_id, platform, channel_id, shop.config(), places)
        shop.webhooks.address = f"{url}/webhooks/{channel_id}"
        connection = services.connections.of(channel)
        page = await connection.client.run(connection.connector.read_catalog(connection.config, None))
        for entry in page.entries:
            if entry.sku is not None:
                await services.listings.create(channel_id, entry.sku, entry.platform_ids)


def _milliseconds(shop: SimulatedPlatform, seen: int, since: float) -> str:
    """From a moment to the first request that reached the shop after the first `seen` ones."""
    arrived = [request.arrived_at for request in shop.stock_writes()[seen:]]
    return f"{(arrived[0] - since) * 1000:.0f} ms" if arrived else "nothing to say"
