"""Reconciliation: drift is believed after two looks, explained, and repaired only where that cannot oversell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.messages import StockEcho
from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.inventory.discoveries import RunState
from gateway.inventory.drifts import DriftCause, DriftState, ReconcileMode
from gateway.inventory.ledger import Cause
from gateway.inventory.stock_changes import Adjust, Adjustment
from tests.dispatch.surveying import reconciled, until_reconciled
from tests.dispatch.trading import HOME, change, connect, trading, until, until_confirmed

SKUS = ["HIGH", "LOW", "SAME", "GONE", "FREE"]
QUICK = {"reconcile_settle_seconds": 0.0}


async def test_drift_is_reported_with_its_likely_cause(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {sku: {HOME: 9} for sku in [*SKUS, "NEW"]}, **QUICK) as gateway,
        SimulatedWooCommerce(dict.fromkeys([*SKUS, "NEW"], 9)) as woo,
        gateway.channels.running(),
    ):
        await connect(gateway, "woo-de", woo, SKUS)
        for sku in SKUS:
            await until_confirmed(gateway, "woo-de", sku)
        woo.shelf.put("HIGH", None, 12)
        woo.shelf.put("LOW", None, 4)
        woo.products["FREE"].managed = False
        del woo.products["GONE"]
        run = await reconciled(gateway, "woo-de", ReconcileMode.REPORT)
        assert (run.state, run.looks, run.drifts, run.repaired) == (RunState.DONE, 2, 5, 0)
        drifts = {
            drift.sku: drift for drift in await gateway.channels.surveys.operations.drifts("woo-de", None, None, 9)
        }
        assert {sku: (drift.cause, drift.ours, drift.theirs) for sku, drift in drifts.items()} == {
            "HIGH": (DriftCause.WRITE_NOT_SHOWN, 9, 12),
            "LOW": (DriftCause.UNREPORTED_ORDER, 9, 4),
            "FREE": (DriftCause.UNTRACKED, 9, None),
            "GONE": (DriftCause.NOT_FOUND, 9, None),
            "NEW": (DriftCause.NOT_LISTED, None, 9),
        }
        assert woo.shelf.quantity("HIGH") == 12, "a report changes nothing"
        woo.shelf.put("HIGH", None, 9)
        again = await reconciled(gateway, "woo-de", ReconcileMode.REPORT)
        assert (again.looks, again.drifts) == (1, 4), "what is known needs no second look"
        gone = await gateway.channels.surveys.operations.drifts("woo-de", DriftState.GONE, None, 9)
        assert [drift.sku for drift in gone] == ["HIGH"]


async def test_a_repair_takes_a_count_down_and_leaves_an_unreported_order_alone(
    mongo_uri: str, database_name: str
) -> None:
    async with (
        trading(mongo_uri, database_name, {sku: {HOME: 9} for sku in ("HIGH", "LOW")}, **QUICK) as gateway,
        SimulatedShopify({"HIGH": 9, "LOW": 9}) as shop,
        gateway.channels.running(),
    ):
        await connect(gateway, "shopify-uk", shop, ["HIGH", "LOW"])
        for sku in ("HIGH", "LOW"):
            await until_confirmed(gateway, "shopify-uk", sku)
        shop.shelf.put("HIGH", shop.home(), 12)
        shop.shelf.put("LOW", shop.home(), 7)
        run = await reconciled(gateway, "shopify-uk", ReconcileMode.REPAIR)
        assert (run.state, run.drifts, run.repaired) == (RunState.DONE, 2, 1)
        await shop.shelf.until("HIGH", 9, shop.home())
        assert shop.shelf.quantity("LOW", shop.home()) == 7
        [repaired] = await gateway.channels.surveys.operations.drifts("shopify-uk", DriftState.REPAIRED, None, 9)
        assert (repaired.sku, repaired.ours, repaired.theirs) == ("HIGH", 9, 12)
        assert repaired.resolved_at is not None


async def test_a_lower_count_is_raised_once_an_order_would_have_been_reported(
    mongo_uri: str, database_name: str
) -> None:
    late = {**QUICK, "reconcile_report_seconds": 0.0}
    async with (
        trading(mongo_uri, database_name, {"LOW": {HOME: 9}}, **late) as gateway,
        SimulatedShopify({"LOW": 9}) as shop,
        gateway.channels.running(),
    ):
        await connect(gateway, "shopify-uk", shop, ["LOW"])
        await until_confirmed(gateway, "shopify-uk", "LOW")
        shop.shelf.put("LOW", shop.home(), 7)
        assert (await reconciled(gateway, "shopify-uk", ReconcileMode.REPAIR)).repaired == 1
        await shop.shelf.until("LOW", 9, shop.home())
        await change(gateway, "c1", "LOW", -1)
        await shop.shelf.until("LOW", 8, shop.home())


async def test_a_shop_that_shows_nothing_has_given_no_answer(mongo_uri: str, database_name: str) -> None:
    async with (
        trading(mongo_uri, database_name, {"MUG": {HOME: 9}}, **QUICK) as gateway,
        SimulatedWooCommerce({"MUG": 9}) as woo,
        gateway.channels.running(),
    ):
        await connect(gateway, "woo-de", woo, ["MUG"])
        await until_confirmed(gateway, "woo-de", "MUG")
        woo.products.clear()
        run = await reconciled(gateway, "woo-de", ReconcileMode.REPAIR)
        assert (run.state, run.drifts) == (RunState.FAILED, 0)


async def test_a_platform_that_tells_of_a_strange_count_is_compared_out_of_turn(
    mongo_uri: str, database_name: str
) -> None:
    soon = {**QUICK, "reconcile_hint_seconds": 0.0, "reconcile_mode": "repair"}
    async with (
        trading(mongo_uri, database_name, {"MUG": {HOME: 9}}, **soon) as gateway,
        SimulatedWooCommerce({"MUG": 9}) as woo,
        gateway.channels.running(),
    ):
        channel = await connect(gateway, "woo-de", woo, ["MUG"])
        listing = await until_confirmed(gateway, "woo-de", "MUG")
        woo.shelf.put("MUG", None, 12)
        echo = StockEcho(
            platform_ids=dict(listing.ids),
            sku="MUG",
            location_id=None,
            quantity=12,
            occurred_at=datetime.now(UTC) + timedelta(seconds=5),
        )
        await gateway.channels.reception.echoes.hear(channel, echo)
        await woo.shelf.until("MUG", 9)
        run = await until_reconciled(gateway, "woo-de")
        assert (run.mode, run.repaired) == (ReconcileMode.REPAIR, 1)

        async def looked_at() -> bool:
            return not await gateway.database["listings"].count_documents({"hint": {"$exists": True}})

        await until(gateway, "listings", looked_at)


async def test_a_strange_count_that_an_order_explains_makes_no_comparison(mongo_uri: str, database_name: str) -> None:
    soon = {**QUICK, "reconcile_hint_seconds": 0.0}
    async with (
        trading(mongo_uri, database_name, {"MUG": {HOME: 9}}, **soon) as gateway,
        SimulatedWooCommerce({"MUG": 9}) as woo,
    ):
        channel = await connect(gateway, "woo-de", woo, ["MUG"])
        async with gateway.channels.running():
            listing = await until_confirmed(gateway, "woo-de", "MUG")
        told_at = datetime.now(UTC) + timedelta(seconds=5)
        echo = StockEcho(platform_ids=dict(listing.ids), sku="MUG", location_id=None, quantity=7, occurred_at=told_at)
        await gateway.channels.reception.echoes.hear(channel, echo)
        await gateway.stock.apply(
            Adjust("tests", "order", Cause("tests", channel_id="woo-de"), "MUG", (Adjustment(HOME, -2),))
        )

        async def explained() -> bool:
            return not await gateway.database["listings"].count_documents({"hint": {"$exists": True}})

        async with gateway.channels.running():
            await until(gateway, "listings", explained)
        assert await gateway.channels.surveys.operations.reconciliation("woo-de") is None
