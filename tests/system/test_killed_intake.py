"""A gateway is killed while orders come in: none is lost, and none counts twice.

It dies once it has stored the first of a rush, or applied the first. Between an order and its stock there is nothing to
die at: they are one transaction."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.bootstrap import Gateway
from gateway.inventory.events import EventState
from tests.cli.processes import Serving, serving
from tests.dispatch.trading import HOME, SECRET_KEY, connect, level_of, trading, until
from tests.invariants import assert_the_ledger_explains_the_stock

SKU = "MUG-WHT"
UNITS, ORDERS = 100, 20


async def sell_and_kill(gateway: Gateway, woo: SimulatedWooCommerce, first: Serving, moment: str) -> None:
    """Kill the gateway as soon as it has written the first document there, in the middle of a rush."""
    woo.webhooks.address = f"{first.url}/webhooks/woo-de"
    inserted = [{"$match": {"operationType": "insert"}}]
    async with gateway.database.watch(moment, inserted, max_await_time_ms=50) as changes:
        await changes.try_next()
        rush = asyncio.gather(*(woo.sell(SKU) for _ in range(ORDERS - 1)))
        async with asyncio.timeout(30):
            while await changes.try_next() is None:
                continue
        # However far it has come meanwhile: this one comes to its door as it dies.
        last = asyncio.create_task(woo.sell(SKU))
        for process in first.descendants():
            process.kill()
        first.process.kill()
        await first.process.wait()
        await rush
        await last
    woo.webhooks.address = None


async def let_time_pass(gateway: Gateway) -> None:
    """The dead process gave nothing back: its claims and leases run out, and the next poll falls due."""
    past = datetime.now(UTC) - timedelta(hours=1)
    await gateway.database["leases"].update_many({}, {"$set": {"expiresAt": past}})
    await gateway.database["cursors"].update_many({}, {"$set": {"dueAt": past}})
    await gateway.database["inbox"].update_many({"state": EventState.RECEIVED.value}, {"$set": {"dueAt": past}})


@pytest.mark.parametrize("moment", ["inbox", "orders"])
async def test_no_order_is_lost_or_counted_twice_by_a_gateway_that_is_killed(
    mongo_uri: str, database_name: str, tmp_path: Path, moment: str
) -> None:
    settings = {
        "mongodb_uri": mongo_uri,
        "mongodb_database": database_name,
        "data_dir": str(tmp_path),
        "secret_key": SECRET_KEY,
        "allow_private_addresses": "true",
    }
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: UNITS}}) as gateway,
        SimulatedWooCommerce({SKU: UNITS}) as woo,
    ):
        await connect(gateway, "woo-de", woo, [SKU])
        async with serving(**settings) as first:
            await sell_and_kill(gateway, woo, first, moment)
        applied = await gateway.database["orders"].count_documents({})
        assert applied < ORDERS, "the kill came too late to prove anything"
        await let_time_pass(gateway)

        async def all_applied() -> bool:
            done = await gateway.database["orders"].count_documents({}) == ORDERS
            return done and not await gateway.database["inbox"].count_documents({"state": EventState.RECEIVED.value})

        async with serving(**settings):
            await until(gateway, "inbox", all_applied)
        level = await level_of(gateway, SKU)
        assert (level.available, level.allocated) == (UNITS - ORDERS, ORDERS)
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)
