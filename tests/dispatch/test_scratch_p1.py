from __future__ import annotations
from contextlib import AsyncExitStack
import asyncio, random
from connectors.simulated import (
    SimulatedBigCommerce,
    SimulatedClover,
    SimulatedLightspeedRetail,
    SimulatedLightspeedXSeries,
)
from tests.dispatch import trading as t
from tests.dispatch.trading import HOME, connect, level_of, trading, webhook_server, change

SKU = "MUG"
KINDS = {
    "bigcommerce": SimulatedBigCommerce,
    "clover": SimulatedClover,
    "lightspeed-retail": SimulatedLightspeedRetail,
    "lightspeed-xseries": SimulatedLightspeedXSeries,
}


async def test_all(mongo_uri: str, database_name: str, monkeypatch) -> None:
    monkeypatch.setattr(t, "PLATFORMS", {**{k: n for n, k in KINDS.items()}, **t.PLATFORMS})
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(
            trading(mongo_uri, database_name, {SKU: {HOME: 100}}, order_poll_seconds=1)
        )
        shops = {n: await stack.enter_async_context(k({SKU: 100})) for n, k in KINDS.items()}
        url = await stack.enter_async_context(webhook_server(gateway))
        await stack.enter_async_context(gateway.channels.running())
        for n, shop in shops.items():
            await connect(gateway, n, shop, [SKU])
            if n != "lightspeed-retail":
                shop.webhooks.address = f"{url}/webhooks/{n}"
        n = 100
        for name, shop in shops.items():
            await shop.sell(SKU, 3)
            n -= 3
            try:
                for other, s in shops.items():
                    await s.shelf.until(SKU, n, s.home())
            except TimeoutError:
                print(shop.webhooks.statuses)
                docs = await gateway.database["inbox"].find({"state": {"$nin": ["done"]}}).to_list(10)
                print(docs)
                print([(r.method, r.path, dict(r.query)) for r in shop.requests][-12:])
                raise
            print(name, "reached all", n)
        orders = []
        for i in range(12):
            name = random.choice(list(shops))
            orders.append((name, await shops[name].sell(SKU, 1)))
            n -= 1
        for name, order in orders[:3]:
            await shops[name].cancel(order)
            n += 1
        await change(gateway, "k1", SKU, -5)
        n -= 5
        for other, s in shops.items():
            await s.shelf.until(SKU, n, s.home(), seconds_max=20)
        level = await level_of(gateway, SKU)
        print(level, n)
        assert level.available == n
        for name, shop in shops.items():
            print(name, len(shop.requests), len(shop.stock_writes()), set(shop.webhooks.statuses))
        docs = await gateway.database["inbox"].find({"state": {"$nin": ["done"]}}).to_list(10)
        print([(d.get("state"), d.get("error") or d.get("reason")) for d in docs])
