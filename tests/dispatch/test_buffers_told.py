"""A change of what is withheld reaches the shop like any other change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from connectors.simulated.square import SimulatedSquare
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.bootstrap import Gateway
from gateway.dispatch.delay_watch import DelayWatch
from gateway.inventory.buffer_rules import BufferValues, DynamicBuffer
from gateway.inventory.catalog import ItemChange
from gateway.inventory.channels import Learned
from gateway.inventory.ledger import Kind
from gateway.operations.buffers import RuleTarget
from gateway.operations.offer_preview import RuleChange
from gateway.planning.velocity import ItemVelocity
from gateway.store.delays import DelayStore, Measurements
from gateway.store.listings import ListingStore
from gateway.store.velocity import VelocityStore
from tests.clock import StoppedClock
from tests.dispatch.trading import (
    HOME,
    change,
    connect,
    item_of,
    trading,
    until,
    until_confirmed,
    until_settled,
    webhook_server,
)
from tests.planning.ledgers import START, Act, Ledger

SKU, OTHER = "MUG-WHT", "MUG-BLK"


async def test_rules_tags_and_sales_change_what_the_shop_shows(mongo_uri: str, database_name: str) -> None:
    async with (
        # So long a lease that nothing is found by looking after the leases.
        trading(mongo_uri, database_name, {SKU: {HOME: 40}, OTHER: {HOME: 40}}, channel_lease_seconds=300.0) as gateway,
        SimulatedWooCommerce({SKU: 1, OTHER: 1}) as woo,
        gateway.channels.running(),
    ):
        await connect(gateway, "woo-de", woo, [SKU, OTHER], buffer=2)
        await woo.shelf.until(SKU, 38)
        buffers, rare = gateway.buffers.operations, RuleTarget(channel_id="woo-de", tag="rare")

        await buffers.set(rare, BufferValues(percent=25, list_at_most=20))
        await gateway.catalog.change_item(SKU, ItemChange(tags=("rare",)))
        await woo.shelf.until(SKU, 20)
        await change(gateway, "sold", SKU, -20)
        await woo.shelf.until(SKU, 15)
        await buffers.set(RuleTarget(sku=SKU), BufferValues(stop_at=20))
        await woo.shelf.until(SKU, 0)
        await buffers.delete(RuleTarget(sku=SKU))
        await woo.shelf.until(SKU, 15)
        await buffers.delete(rare)
        await woo.shelf.until(SKU, 18)
        assert [some.quantity for some in woo.shelf.changes if some.sku == OTHER] == [1, 38], (
            "no rule was for the other"
        )


async def test_a_rule_of_another_process_reaches_the_shop(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}, channel_lease_seconds=300.0) as gateway,
        trading(mongo_uri, database_name) as other,
        SimulatedWooCommerce({SKU: 1}) as woo,
        gateway.channels.running(),
    ):
        await connect(gateway, "woo-de", woo, [SKU])
        await woo.shelf.until(SKU, 10)
        await other.buffers.operations.set(RuleTarget(location_id=HOME), BufferValues(fixed=3))
        await woo.shelf.until(SKU, 7)
        await other.buffers.operations.delete(RuleTarget(location_id=HOME))
        await woo.shelf.until(SKU, 10)


async def test_a_rule_that_was_set_while_nobody_worked_is_found_at_the_start(
    mongo_uri: str, database_name: str
) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedWooCommerce({SKU: 1}) as woo,
    ):
        await connect(gateway, "woo-de", woo, [SKU])
        async with gateway.channels.running():
            await until_confirmed(gateway, "woo-de", SKU)
        await gateway.buffers.operations.set(RuleTarget(), BufferValues(fixed=3))
        async with gateway.channels.running():
            await woo.shelf.until(SKU, 7)


async def sold_daily(gateway: Gateway, sku: str, units: int) -> None:
    """Remember twenty days of exactly such demand, through no channel."""
    item = await item_of(gateway, sku)
    acts = [Act(0, Kind.ADJUST, 100 * units, HOME)]
    acts += [Act(min(day, 1), Kind.SALE, -units, HOME) for day in range(20)]
    velocity = ItemVelocity(item.id, 28, 0)
    for movement in Ledger().write(acts).movements:
        velocity.take_in(movement)
    await VelocityStore(gateway.database).put_many([velocity])


async def learned(gateway: Gateway, channel_id: str) -> dict[Any, Learned]:
    [listing] = await ListingStore(gateway.database).of_channel(channel_id, [(await item_of(gateway, SKU)).id])
    return dict(listing.learned)


async def test_a_slow_channel_withholds_what_may_sell_meanwhile_and_a_fast_one_less(
    mongo_uri: str, database_name: str
) -> None:
    async with (
        trading(
            mongo_uri, database_name, {SKU: {HOME: 100}}, clock=StoppedClock(START + timedelta(days=20))
        ) as gateway,
        SimulatedWooCommerce({SKU: 1}) as woo,
        SimulatedSquare({SKU: 1}) as square,
        gateway.channels.running(),
    ):
        await connect(gateway, "slow", woo, [SKU])
        await connect(gateway, "fast", square, [SKU])
        await woo.shelf.until(SKU, 100)
        await square.shelf.until(SKU, 100, square.home())
        await sold_daily(gateway, SKU, 96)
        delays = DelayStore(gateway.database)
        await delays.fold("slow", Measurements([3_600.0] * 20))
        await delays.fold("fast", Measurements([10.0] * 20))
        await gateway.buffers.operations.set(RuleTarget(), BufferValues(dynamic=DynamicBuffer(0.95, 50)))

        assert await gateway.buffers.dynamic.refresh() == 2
        # Four units an hour: Poisson's 0.95 quantile is 8, and within ten seconds none.
        await woo.shelf.until(SKU, 92)
        assert (await learned(gateway, "slow"), await learned(gateway, "fast")) == (
            {None: Learned(8, 0.95)},
            {square.home(): Learned(0, 0.95)},
        )

        told = len(woo.shelf.changes)
        for hours in (0.9, 1.1, 0.9, 1.1):
            await delays.fold("slow", Measurements([3_600.0 * hours] * 200))
            assert await gateway.buffers.dynamic.refresh() == 0
        assert len(woo.shelf.changes) == told, "it does not flap"
        await delays.fold("slow", Measurements([10.0] * 500))
        assert await gateway.buffers.dynamic.refresh() == 1
        await woo.shelf.until(SKU, 100)


async def test_the_background_learns_what_the_preview_foretold_when_the_rules_have_changed(
    mongo_uri: str, database_name: str
) -> None:
    async with (
        trading(
            mongo_uri, database_name, {SKU: {HOME: 100}}, clock=StoppedClock(START + timedelta(days=20))
        ) as gateway,
        SimulatedWooCommerce({SKU: 1}) as woo,
    ):
        await connect(gateway, "slow", woo, [SKU])
        await sold_daily(gateway, SKU, 96)
        await DelayStore(gateway.database).fold("slow", Measurements([3_600.0] * 20))
        await gateway.buffers.look()
        careful, previews = BufferValues(dynamic=DynamicBuffer(0.95, 50)), gateway.buffers.previews
        totals = await previews.totals(await previews.of([RuleChange(RuleTarget(), careful)], "slow"))
        assert (totals.units_now, totals.units_then) == (100, 92)
        await gateway.buffers.operations.set(RuleTarget(), careful)
        await gateway.buffers.look()
        assert await learned(gateway, "slow") == {None: Learned(8, 0.95)}
        await gateway.buffers.operations.set(RuleTarget(), BufferValues(dynamic=DynamicBuffer(0.5, 50)))
        await gateway.buffers.look()
        assert await learned(gateway, "slow") == {None: Learned(4, 0.5)}


async def test_delays_are_measured_from_what_happens(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {SKU: {HOME: 10}}) as gateway,
        SimulatedWooCommerce({SKU: 1}) as woo,
        webhook_server(gateway) as url,
        gateway.channels.running(),
    ):
        await connect(gateway, "woo-de", woo, [SKU])
        woo.webhooks.address = f"{url}/webhooks/woo-de"
        await until_confirmed(gateway, "woo-de", SKU)
        delays = DelayStore(gateway.database)
        await gateway.channels.delays.fold()
        assert await delays.of("woo-de") is None, "the first push tells of no change"

        await change(gateway, "sold", SKU, -1)
        await until_confirmed(gateway, "woo-de", SKU)
        order = await woo.sell(SKU)
        await woo.fulfil(order)
        await until_settled(gateway)

        async def measured() -> bool:
            await gateway.channels.delays.fold()
            known = await delays.of("woo-de")
            return known is not None and known.propagation.samples >= 1 and known.reports.samples == 1

        await until(gateway, "delays", measured)
        known = await delays.of("woo-de")
        assert known is not None and known.overwrites
        assert 0 < known.propagation.mean < 30 and 0 <= known.reports.mean < 30


async def test_measurements_of_two_processes_all_count(mongo_uri: str, database_name: str) -> None:
    async with trading(mongo_uri, database_name) as gateway:
        store = DelayStore(gateway.database)
        assert await store.fold("web", Measurements([1.0], (), True))

        class Overtaken(DelayStore):
            """Somebody else is faster, once."""

            overtaken = False

            async def fold(self, channel_id: str, measured: Measurements) -> bool:
                if self.overtaken:
                    return await super().fold(channel_id, measured)
                self.overtaken = True
                await store.fold(channel_id, Measurements((), [5.0]))
                return False

        watch = DelayWatch(Overtaken(gateway.database))
        watch.propagated("web", 3.0, False)
        await watch.fold()
        watch.reported("web", 7.0)
        await watch.fold()
        known = await store.of("web")
        assert known is not None and not known.overwrites
        assert (known.propagation.mean, known.reports.mean) == (2.0, 6.0)
