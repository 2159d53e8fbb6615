"""The safety valve: a wipe stops and asks, selling out does not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.bootstrap import Gateway
from gateway.inventory.channels import ChannelState
from gateway.inventory.decision import Submission
from gateway.inventory.discoveries import RunState
from gateway.inventory.drifts import ReconcileMode
from gateway.inventory.safety import StopState
from tests.builders import adjust, set_available
from tests.dispatch.surveying import reconciled, until_paused
from tests.dispatch.trading import HOME, connect, trading, until_confirmed

SKUS = [f"SKU-{n}" for n in range(24)]


async def settled(gateway: Gateway) -> None:
    for sku in SKUS:
        await until_confirmed(gateway, "woo-de", sku)


async def wipe(gateway: Gateway, skus: Sequence[str] = SKUS) -> None:
    commands = [set_available(f"wipe-{sku}", sku, HOME, 0) for sku in skus]
    await gateway.committer.submit(Submission(tuple(commands)))


async def test_a_wipe_stops_the_channel_and_goes_on_once_approved(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {sku: {HOME: 30} for sku in SKUS}) as gateway,
        SimulatedWooCommerce(dict.fromkeys(SKUS, 30)) as woo,
        gateway.channels.running(),
    ):
        await connect(gateway, "woo-de", woo, SKUS)
        await settled(gateway)
        await wipe(gateway)
        await until_paused(gateway, "woo-de")
        stop = await gateway.channels.surveys.operations.safety_stop("woo-de")
        assert stop is not None and stop.state is StopState.STOPPED
        assert (stop.zeros, stop.listings, len(stop.lines)) == (24, 24, 24)
        assert sum(woo.shelf.quantity(sku) == 0 for sku in SKUS) <= 10
        await gateway.channels.surveys.operations.approve("woo-de", "anna")
        await asyncio.gather(*(woo.shelf.until(sku, 0) for sku in SKUS))


async def test_a_channel_that_is_merely_resumed_stops_again(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {sku: {HOME: 30} for sku in SKUS}) as gateway,
        SimulatedWooCommerce(dict.fromkeys(SKUS, 30)) as woo,
        gateway.channels.running(),
    ):
        await connect(gateway, "woo-de", woo, SKUS)
        await settled(gateway)
        await wipe(gateway)
        await until_paused(gateway, "woo-de")
        zeros = sum(woo.shelf.quantity(sku) == 0 for sku in SKUS)
        await gateway.channels.channels.resume("woo-de")
        await until_paused(gateway, "woo-de")
        assert sum(woo.shelf.quantity(sku) == 0 for sku in SKUS) == zeros


async def test_a_small_channel_that_sells_out_is_not_stopped_but_a_wipe_right_after_it_is(
    mongo_uri: str, database_name: str
) -> None:
    sold, left = SKUS[:12], SKUS[12:]
    async with (
        trading(mongo_uri, database_name, {sku: {HOME: 2} for sku in SKUS}) as gateway,
        SimulatedWooCommerce(dict.fromkeys(SKUS, 2)) as woo,
        gateway.channels.running(),
    ):
        channel = await connect(gateway, "woo-de", woo, SKUS)
        await settled(gateway)
        sales = [adjust(f"sold-{sku}", sku, {HOME: -2}) for sku in sold]
        await gateway.committer.submit(Submission(tuple(sales)))
        await asyncio.gather(*(woo.shelf.until(sku, 0) for sku in sold))
        assert (await gateway.channels.channels.get(channel.id)).state is ChannelState.ACTIVE
        await wipe(gateway, left)
        await until_paused(gateway, "woo-de")
        assert sum(woo.shelf.quantity(sku) == 0 for sku in left) <= 10


async def test_a_new_channel_is_not_emptied_because_we_have_no_stock_yet(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {"TEA": {HOME: 1}, **{sku: {HOME: 0} for sku in SKUS}}) as gateway,
        SimulatedWooCommerce(dict.fromkeys(SKUS, 7)) as woo,
    ):
        await connect(gateway, "woo-de", woo, SKUS)
        async with gateway.channels.running():
            await until_paused(gateway, "woo-de")
        assert all(woo.shelf.quantity(sku) == 7 for sku in SKUS)


async def test_a_repair_of_much_of_a_channel_asks_first(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {sku: {HOME: 5} for sku in SKUS}, reconcile_settle_seconds=0.0) as gateway,
        SimulatedWooCommerce(dict.fromkeys(SKUS, 5)) as woo,
        gateway.channels.running(),
    ):
        await connect(gateway, "woo-de", woo, SKUS)
        await settled(gateway)
        for sku in SKUS:
            woo.shelf.put(sku, None, 50)
        run = await reconciled(gateway, "woo-de", ReconcileMode.REPAIR)
        assert (run.state, run.repaired) == (RunState.STOPPED, 0)
        assert all(woo.shelf.quantity(sku) == 50 for sku in SKUS)
        stop = await gateway.channels.surveys.operations.safety_stop("woo-de")
        assert stop is not None and (stop.during, stop.changes) == ("reconcile", 24)
        await gateway.channels.surveys.operations.approve("woo-de", "anna")
        await asyncio.gather(*(woo.shelf.until(sku, 5) for sku in SKUS))
