"""The webhook endpoint: nothing is believed, written or lost without reason."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from cryptography.fernet import Fernet
from structlog.testing import capture_logs

from connectors.simulated.magento import SimulatedMagento
from connectors.simulated.sap_business_one import SimulatedSapBusinessOne
from connectors.simulated.shopify import SimulatedShopify
from connectors.simulated.webhooks import Delivery
from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.bootstrap import Gateway
from gateway.inventory.events import EventState
from tests.dispatch.trading import HOME, connect, trading, webhook_server

SKU = "MUG-WHT"


@dataclass(frozen=True, slots=True)
class Door:
    """The endpoint of a gateway whose background work is not running: what comes in stays in the inbox."""

    gateway: Gateway
    shop: SimulatedShopify
    client: httpx.AsyncClient

    async def knock(self, delivery: Delivery, channel_id: str = "shopify-uk") -> httpx.Response:
        return await self.client.post(f"/webhooks/{channel_id}", content=delivery.body, headers=dict(delivery.headers))

    async def stored(self) -> int:
        stored: int = await self.gateway.database["inbox"].count_documents({})
        return stored


@asynccontextmanager
async def open_door(uri: str, database: str) -> AsyncIterator[Door]:
    async with (
        trading(uri, database, {SKU: {HOME: 10}}, webhook_bytes_max=100_000) as gateway,
        SimulatedShopify({SKU: 10}) as shop,
        webhook_server(gateway) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        await connect(gateway, "shopify-uk", shop)
        yield Door(gateway, shop, client)


@pytest.fixture
async def door(mongo_uri: str, database_name: str) -> AsyncIterator[Door]:
    async with open_door(mongo_uri, database_name) as door:
        yield door


def order(shop: SimulatedShopify, **extra: object) -> Delivery:
    return shop.delivery("orders/create", {"id": 1, **extra})


async def test_a_genuine_webhook_is_stored_and_answered(door: Door) -> None:
    assert (await door.knock(order(door.shop))).status_code == 200
    assert await door.stored() == 1


async def test_the_same_delivery_is_stored_once(door: Door) -> None:
    delivery = order(door.shop)
    answers = [(await door.knock(delivery)).status_code for _ in range(3)]
    assert answers == [200, 200, 200]
    assert await door.stored() == 1


@pytest.mark.parametrize("forgery", ["no signature", "wrong signature", "changed body", "truncated body"])
async def test_a_forgery_is_refused_and_leaves_no_trace(door: Door, forgery: str) -> None:
    before = await door.gateway.database.handle.command("dbStats")
    delivery = _forged(order(door.shop), forgery)
    answer = await door.knock(delivery)
    after = await door.gateway.database.handle.command("dbStats")
    assert answer.status_code == 401
    assert (after["objects"], after["collections"]) == (before["objects"], before["collections"])


async def test_an_unknown_channel_answers_like_a_forgery(door: Door) -> None:
    forged = _forged(order(door.shop), "wrong signature")
    known, unknown = await door.knock(forged), await door.knock(forged, "nobody")
    assert (unknown.status_code, unknown.content) == (known.status_code, known.content)
    assert [name for name, _ in unknown.headers.items()] == [name for name, _ in known.headers.items()]
    assert await door.stored() == 0


async def test_a_webhook_of_another_channel_is_a_forgery(door: Door) -> None:
    async with SimulatedShopify({SKU: 10}, secret="another-secret") as other:
        await connect(door.gateway, "shopify-fr", other)
        assert (await door.knock(order(door.shop), "shopify-fr")).status_code == 401
        assert await door.stored() == 0


async def test_what_cannot_be_verified_for_want_of_the_secret_is_to_be_sent_again(door: Door) -> None:
    lost = Fernet(Fernet.generate_key()).encrypt(b"{}")
    await door.gateway.database["channels"].update_one({"_id": "shopify-uk"}, {"$set": {"sealed": lost}})
    door.gateway.channels.dispatch.channels_changed()
    with capture_logs() as logs:
        answers = [(await door.knock(order(door.shop))).status_code for _ in range(3)]
    assert (answers, await door.stored()) == ([503, 503, 503], 0), "platforms give up after a 401"
    assert [log["event"] for log in logs] == ["channel_unreadable"], "told once"


async def test_a_topic_that_nobody_acts_on_is_accepted_and_not_kept(door: Door) -> None:
    assert (await door.knock(door.shop.delivery("themes/publish", {"id": 1}))).status_code == 200
    assert await door.stored() == 0


async def test_a_body_over_the_limit_is_refused(door: Door) -> None:
    assert (await door.knock(order(door.shop, note="x" * 200_000))).status_code == 413
    assert await door.stored() == 0


async def test_a_handshake_is_answered_and_not_kept(door: Door) -> None:
    async with SimulatedWooCommerce({SKU: 10}) as woo:
        await connect(door.gateway, "woo-de", woo)
        assert (await door.knock(woo.ping(), "woo-de")).status_code == 200
        assert await door.stored() == 0


async def test_a_challenge_by_get_is_answered_and_nothing_else_is(door: Door) -> None:
    async with SimulatedSapBusinessOne({SKU: 10}) as sap:
        config = sap.config()
        await door.gateway.channels.channels.create("sap", "sap-business-one", "SAP", config, {HOME: sap.home()}, 0)
        token = {"X-B1-Webhook-Token": "0b5c1b36-6f0c-4b87-8d9a-0f4f0c7b2f6e"}
        answer = await door.client.get("/webhooks/sap", headers=token)
        assert (answer.status_code, answer.json()) == (200, {"Challenge": token["X-B1-Webhook-Token"]})
        for channel_id, headers in (("sap", {}), ("shopify-uk", token), ("nobody", token)):
            refused = await door.client.get(f"/webhooks/{channel_id}", headers=headers)
            assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")
        assert await door.stored() == 0


async def test_a_signature_with_a_published_key_is_checked_with_it(door: Door) -> None:
    async with SimulatedMagento({SKU: 10}, signs_events=True) as shop:
        await door.gateway.channels.channels.create("adobe", "magento", "Adobe", shop.config(), {HOME: shop.home()}, 0)
        [event] = shop.order_deliveries(await shop.sell(SKU), "created")
        shop.keys_missing = True
        assert (await door.knock(event, "adobe")).status_code == 503, "Adobe sends nothing again after a 401"
        shop.keys_missing = False
        changed = Delivery(event.headers, event.body.replace(b"1", b"2", 1))
        answers = [(await door.knock(one, "adobe")).status_code for one in (changed, event, event)]
        assert (answers, await door.stored()) == ([401, 200, 200], 1)
        challenge = await door.client.get("/webhooks/adobe?challenge=8ec8d794")
        assert (challenge.status_code, challenge.text) == (200, "8ec8d794")


async def test_credentials_that_come_along_are_not_kept(door: Door) -> None:
    delivery = order(door.shop)
    await door.knock(Delivery({**delivery.headers, "Authorization": "Bearer secret", "Cookie": "a=b"}, delivery.body))
    [event] = await door.gateway.database["inbox"].find({}).to_list(2)
    names = {name.lower() for name, _ in event["headers"]}
    assert "x-shopify-topic" in names
    assert names.isdisjoint({"authorization", "cookie"})
    assert event["state"] == EventState.RECEIVED.value


def _forged(delivery: Delivery, forgery: str) -> Delivery:
    headers: Mapping[str, str] = delivery.headers
    match forgery:
        case "no signature":
            return Delivery({k: v for k, v in headers.items() if k != "X-Shopify-Hmac-Sha256"}, delivery.body)
        case "wrong signature":
            return Delivery({**headers, "X-Shopify-Hmac-Sha256": "QUJD"}, delivery.body)
        case "changed body":
            return Delivery(headers, delivery.body.replace(b"1", b"2", 1))
        case _:
            return Delivery(headers, delivery.body[:-1])
