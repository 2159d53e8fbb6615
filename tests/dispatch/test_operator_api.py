"""What an operator does with channels through GraphQL: look, stop, go on, find listings, and see to dead ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from cryptography.fernet import Fernet

from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.woocommerce import SimulatedWooCommerce
from connectors.simulated.woocommerce_products import Product
from gateway.inventory.access import Scope
from gateway.inventory.channels import ChannelState
from gateway.inventory.discoveries import RunState
from tests.dispatch.surveying import until_paused, until_reconciled
from tests.dispatch.trading import HOME, change, connect, until, until_confirmed
from tests.schema.shop import Client, Shop, open_shop

TEST = """
mutation($id: String!) {
  channelTest(channelId: $id) { ok summary problems locations { id name active } userErrors { code } }
}
"""
PAUSE = 'mutation($id: String!) { channelPause(input: {id: $id, reason: "stock-taking"}) { userErrors { code } } }'
RESUME = "mutation($id: String!) { channelResume(input: {id: $id}) { channel { state reason } userErrors { code } } }"
HEALTH = "query($id: String!) { channel(id: $id) { state health { backlog } } }"
DISCOVER = 'mutation { listingDiscover(channelId: "shop") { discovery { state } userErrors { code } } }'
DISCOVERY = """
{ discovery(channelId: "shop") {
    state pages entries matched created known twice unmatched withoutSku untracked unmatchedSkus finishedAt
    matchedTwice { sku reason platformIds { name value } }
} }
"""
DEAD = """
query($channel: String, $after: String) {
  listings(channelId: $channel, first: 1, after: $after, filter: {state: DEAD}) {
    nodes { channelId sku error } pageInfo { hasNextPage endCursor }
  }
}
"""
RETRY = """
mutation($skus: [String!]!) {
  listingRetry(channelId: "shop", skus: $skus) { listings { sku error } userErrors { field code } }
}
"""
RESYNC = """
mutation($sku: String!) {
  listingResync(input: {channelId: "shop", sku: $sku}) { listing { sku error syncedVersion } userErrors { code } }
}
"""
RECONCILE = """
mutation($mode: ReconcileMode!) {
  channelReconcile(channelId: "shop", mode: $mode) { reconciliation { state mode } userErrors { code } }
}
"""
RECONCILED = """
{ reconciliation(channelId: "shop") { state mode looks compared agreed drifts repaired nextAt }
  drifts(channelId: "shop") { nodes { sku ours theirs cause state ageSeconds } }
  safetyStop(channelId: "shop") { state reason changes listings approvedBy lines { sku before after } } }
"""
APPROVE = 'mutation { channelApprove(channelId: "shop") { channel { state } userErrors { code } } }'
SKUS = [f"SKU-{number}" for number in range(12)]


@dataclass(frozen=True, slots=True)
class Operator:
    shop: Shop
    client: Client


@asynccontextmanager
async def operating(uri: str, database: str, **stock: int) -> AsyncIterator[Operator]:
    key = Fernet.generate_key().decode()
    settings = {"secret_key": key, "allow_private_addresses": True, "reconcile_settle_seconds": 0.0}
    async with open_shop(uri, database, **settings) as shop, shop.gateway.channels.running():
        await shop.stock_up({sku: {HOME: units} for sku, units in stock.items()})
        client = await shop.client(Scope.ADMIN, Scope.INVENTORY_READ, Scope.INVENTORY_WRITE, name="anna")
        yield Operator(shop, client)


@asynccontextmanager
async def answering(status: int, body: str = "", **headers: str) -> AsyncIterator[str]:
    """The address of a shop that answers everything in one way."""

    async def answer(_request: web.Request) -> web.Response:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return web.Response(status=status, text=body, headers=named)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_look_at_a_connection_says_what_it_found(mongo_uri: str, database_name: str) -> None:
    async with operating(mongo_uri, database_name) as operator, SimulatedShopify({"MUG": 1}) as shop:
        await operator.shop.stock_up({"MUG": {HOME: 1}})
        await connect(operator.shop.gateway, "shop", shop)
        found = (await operator.client.ask(TEST, id="shop"))["channelTest"]
        assert (found["ok"], found["problems"], found["userErrors"]) == (True, [], [])
        assert found["summary"].startswith("Connected to")
        assert [place["id"] for place in found["locations"]] == [shop.home()]
        assert (await operator.client.ask(TEST, id="nobody"))["channelTest"]["userErrors"] == [
            {"code": "CHANNEL_NOT_FOUND"}
        ]
        refused = (await operator.shop.owner.ask(TEST, id="shop"))["channelTest"]
        assert refused["userErrors"] == [{"code": "FORBIDDEN"}]


ANSWERS = [
    (401, "", "WooCommerce does not accept the credentials (401)"),
    (403, "", "WooCommerce refuses this to our credentials (403): check their permissions"),
    (404, "", "WooCommerce has nothing there (404): check the address"),
    (301, "", "WooCommerce redirects elsewhere (301): check the address"),
    (429, "", "WooCommerce asks us to slow down (429)"),
    (500, "", "WooCommerce has a problem (500)"),
    (200, "<html>soon</html>", "something that is not JSON"),
]


async def test_every_kind_of_answer_is_told_in_an_operators_words(mongo_uri: str, database_name: str) -> None:
    async with operating(mongo_uri, database_name) as operator:
        channels = operator.shop.gateway.channels.channels
        config = {"consumer_key": "ck", "consumer_secret": "cs", "webhook_secret": "ws"}
        for number, (status, body, said) in enumerate(ANSWERS):
            async with answering(status, body, Retry_After="1") as url:
                await channels.create(f"shop-{number}", "woocommerce", "Shop", {**config, "store_url": url})
                found = (await operator.client.ask(TEST, id=f"shop-{number}"))["channelTest"]
            assert (found["ok"], said in found["summary"]) == (False, True), found
        await channels.create("away", "woocommerce", "Shop", {**config, "store_url": url})
        found = (await operator.client.ask(TEST, id="away"))["channelTest"]
        assert (found["ok"], "127.0.0.1 cannot be reached" in found["summary"]) == (False, True)


async def test_a_paused_channel_is_told_nothing_and_catches_up_when_it_is_resumed(
    mongo_uri: str, database_name: str
) -> None:
    async with operating(mongo_uri, database_name, MUG=10) as operator, SimulatedWooCommerce({"MUG": 10}) as woo:
        gateway = operator.shop.gateway
        await connect(gateway, "shop", woo, ["MUG"])
        await until_confirmed(gateway, "shop", "MUG")
        assert (await operator.client.ask(PAUSE, id="shop"))["channelPause"]["userErrors"] == []

        async def no_worker() -> bool:
            return not list(gateway.channels.dispatch.workers)

        await until(gateway, "leases", no_worker)
        for number in range(3):
            await change(gateway, f"c{number}", "MUG", -1)
        assert (await operator.client.ask(HEALTH, id="shop"))["channel"]["state"] == "PAUSED"
        assert woo.shelf.quantity("MUG") == 10
        before = len(woo.stock_writes())
        resumed = (await operator.client.ask(RESUME, id="shop"))["channelResume"]
        assert resumed == {"channel": {"state": "ACTIVE", "reason": None}, "userErrors": []}
        await woo.shelf.until("MUG", 7)
        await until_confirmed(gateway, "shop", "MUG")
        assert len(woo.stock_writes()) == before + 1, "three changes, one request"


async def test_discovery_reports_what_matched_nothing_and_what_matched_twice(
    mongo_uri: str, database_name: str
) -> None:
    async with (
        operating(mongo_uri, database_name, MUG=5, CUP=2) as operator,
        SimulatedWooCommerce({"MUG": 5, "CUP": 2, "ALIEN": 1}) as woo,
    ):
        again = Product(woo.new_id(), "MUG")
        woo.products["MUG again"] = again
        await connect(operator.shop.gateway, "shop", woo)
        asked = (await operator.client.ask(DISCOVER))["listingDiscover"]
        assert asked == {"discovery": {"state": "REQUESTED"}, "userErrors": []}

        async def ended() -> bool:
            found = await operator.shop.gateway.channels.surveys.operations.discovery("shop")
            return found is not None and found.state is RunState.DONE

        await until(operator.shop.gateway, "discoveries", ended)
        found = (await operator.client.ask(DISCOVERY))["discovery"]
        assert found.pop("finishedAt") is not None
        [twice] = found.pop("matchedTwice")
        assert found == {
            **{"state": "DONE", "pages": 1, "entries": 4, "matched": 3, "created": 2, "known": 0, "twice": 1},
            **{"unmatched": 1, "withoutSku": 0, "untracked": 0, "unmatchedSkus": ["ALIEN"]},
        }
        assert (twice["sku"], "under other ids" in twice["reason"]) == ("MUG", True)
        assert {"name": "product_id", "value": str(again.product_id)} in twice["platformIds"]


async def dead(operator: Operator, channel_id: str | None = None) -> list[dict[str, Any]]:
    """All dead listings, page by page."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await operator.client.ask(DEAD, channel=channel_id, after=after))["listings"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def test_dead_listings_of_all_channels_are_told_with_their_reasons_and_tried_again(
    mongo_uri: str, database_name: str
) -> None:
    async with (
        operating(mongo_uri, database_name, MUG=5, CUP=2) as operator,
        SimulatedWooCommerce({"MUG": 0, "CUP": 0}) as woo,
        SimulatedWooCommerce({"MUG": 0}) as other,
    ):
        gateway = operator.shop.gateway
        gone, elsewhere = woo.products.pop("MUG"), other.products.pop("MUG")
        for channel_id, shop, product in (("shop", woo, gone), ("other", other, elsewhere)):
            await connect(gateway, channel_id, shop)
            ids = {"product_id": str(product.product_id)}
            await gateway.channels.listings.create(channel_id, "MUG", ids)

        async def both() -> bool:
            return bool(await gateway.database["listings"].count_documents({"error": {"$exists": True}}) == 2)

        await until(gateway, "listings", both)
        found = await dead(operator)
        assert {some["channelId"] for some in found} == {"shop", "other"}
        assert all("invalid id" in some["error"] for some in found)
        assert [some["channelId"] for some in await dead(operator, "other")] == ["other"]
        woo.products["MUG"] = gone
        tried = (await operator.client.ask(RETRY, skus=["MUG", "CUP"]))["listingRetry"]
        assert tried == {"listings": [{"sku": "MUG", "error": None}], "userErrors": []}
        await woo.shelf.until("MUG", 5)
        unknown = (await operator.client.ask(RETRY, skus=["MUG", "TEA"]))["listingRetry"]
        assert unknown["userErrors"] == [{"field": ["skus", "1"], "code": "ITEM_NOT_FOUND"}]


async def test_a_listing_is_sent_again_whatever_the_channel_was_told(mongo_uri: str, database_name: str) -> None:
    async with operating(mongo_uri, database_name, MUG=5) as operator, SimulatedWooCommerce({"MUG": 0}) as woo:
        gateway = operator.shop.gateway
        await connect(gateway, "shop", woo, ["MUG"])
        await until_confirmed(gateway, "shop", "MUG")
        woo.shelf.put("MUG", None, 99)
        again = (await operator.client.ask(RESYNC, sku="MUG"))["listingResync"]
        assert again == {"listing": {"sku": "MUG", "error": None, "syncedVersion": -1}, "userErrors": []}
        await woo.shelf.until("MUG", 5)
        missing = (await operator.client.ask(RESYNC, sku="TEA"))["listingResync"]
        assert missing["userErrors"] == [{"code": "ITEM_NOT_FOUND"}]


async def test_a_repair_that_would_change_much_is_shown_and_waits_for_approval(
    mongo_uri: str, database_name: str
) -> None:
    async with (
        operating(mongo_uri, database_name, **dict.fromkeys(SKUS, 5)) as operator,
        SimulatedWooCommerce(dict.fromkeys(SKUS, 5)) as woo,
    ):
        gateway = operator.shop.gateway
        await connect(gateway, "shop", woo, SKUS)
        for sku in SKUS:
            await until_confirmed(gateway, "shop", sku)
            woo.shelf.put(sku, None, 50)
        asked = (await operator.client.ask(RECONCILE, mode="REPORT"))["channelReconcile"]
        assert asked["userErrors"] == []
        await until_reconciled(gateway, "shop")
        told = await operator.client.ask(RECONCILED)
        assert told["reconciliation"] | {"nextAt": None} == {
            **{"state": "DONE", "mode": "REPORT", "looks": 2, "compared": 12, "agreed": 0},
            **{"drifts": 12, "repaired": 0, "nextAt": None},
        }
        assert {(some["ours"], some["theirs"], some["state"]) for some in told["drifts"]["nodes"]} == {(5, 50, "OPEN")}
        await operator.client.ask(RECONCILE, mode="REPAIR")
        await until_paused(gateway, "shop")
        await until_reconciled(gateway, "shop")
        told = await operator.client.ask(RECONCILED)
        assert (told["reconciliation"]["state"], told["safetyStop"]["state"]) == ("STOPPED", "STOPPED")
        assert (told["safetyStop"]["changes"], len(told["safetyStop"]["lines"])) == (12, 12)
        assert woo.shelf.quantity(SKUS[0]) == 50
        refused = (await operator.shop.owner.ask(APPROVE))["channelApprove"]
        assert refused["userErrors"] == [{"code": "FORBIDDEN"}]
        approved = (await operator.client.ask(APPROVE))["channelApprove"]
        assert approved == {"channel": {"state": "ACTIVE"}, "userErrors": []}
        for sku in SKUS:
            await woo.shelf.until(sku, 5)
        assert (await operator.client.ask(RECONCILED))["safetyStop"]["approvedBy"] == "anna"
        assert (await gateway.channels.channels.get("shop")).state is ChannelState.ACTIVE
        assert (await operator.client.ask(APPROVE))["channelApprove"]["userErrors"] == [{"code": "NOT_STOPPED"}]
