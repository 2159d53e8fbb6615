"""A channel that was subscribed once stays subscribed, whatever its platform does with our webhook."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.inventory.access import Scope
from gateway.operations.channels import ChannelChange
from tests.dispatch.trading import SECRET_KEY, connect, trading
from tests.schema.shop import Client, Shop, open_shop

SUBSCRIBE = """mutation($id: String!) { it: channelSubscribe(channelId: $id) { byHand userErrors { code field } } }"""
REGISTRATION = """query($id: String!) { it: channelRegistration(channelId: $id) { renewedAt byHand error } }"""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A shop that tells one gateway of its orders."""

    shop: Shop
    woo: SimulatedWooCommerce
    operator: Client

    async def ask(self, document: str, channel_id: str = "woo-de") -> Any:
        return (await self.operator.ask(document, id=channel_id))["it"]

    async def enter_key(self, consumer_key: str) -> None:
        change = ChannelChange(config={"consumer_key": consumer_key})
        await self.shop.gateway.channels.channels.update("woo-de", change)

    def active(self) -> int:
        return sum(hook["status"] == "active" for hook in self.woo.hooks.values())

    async def make_due(self) -> None:
        """As if an hour had passed."""
        await self.shop.gateway.database["registrations"].update_many({}, {"$set": {"dueAt": datetime.now(UTC)}})


@pytest.fixture
async def subscribed(mongo_uri: str, database_name: str) -> AsyncIterator[Subscribed]:
    settings = {"secret_key": SECRET_KEY, "allow_private_addresses": True, "public_url": "https://gateway.example/"}
    async with open_shop(mongo_uri, database_name, **settings) as shop, SimulatedWooCommerce({}) as woo:
        await connect(shop.gateway, "woo-de", woo)
        known = Subscribed(shop, woo, await shop.client(Scope.ADMIN, name="operator"))
        assert await known.ask(REGISTRATION) is None
        assert await known.ask(SUBSCRIBE) == {"byHand": [], "userErrors": []}
        yield known


async def test_a_webhook_that_the_platform_has_switched_off_is_switched_on_again(subscribed: Subscribed) -> None:
    urls = {hook["delivery_url"] for hook in subscribed.woo.hooks.values()}
    assert urls == {"https://gateway.example/webhooks/woo-de"}
    registered = subscribed.active()
    first = await subscribed.ask(REGISTRATION)
    for hook in subscribed.woo.hooks.values():
        hook["status"] = "disabled"
    renewals = subscribed.shop.gateway.channels.reception.renewals

    await renewals.renew_due()
    assert subscribed.active() == 0  # its time has not come

    await subscribed.make_due()
    await renewals.renew_due()
    assert subscribed.active() == registered == len(subscribed.woo.hooks)
    renewed = await subscribed.ask(REGISTRATION)
    assert renewed["renewedAt"] > first["renewedAt"] and renewed["error"] is None


async def test_a_renewal_that_fails_says_why_and_is_tried_again(subscribed: Subscribed) -> None:
    renewals = subscribed.shop.gateway.channels.reception.renewals
    await subscribed.make_due()
    await subscribed.enter_key("ck_of_somebody_else")
    await renewals.renew_due()
    failed = await subscribed.ask(REGISTRATION)
    assert "refuses" in failed["error"]

    await subscribed.enter_key(subscribed.woo.config()["consumer_key"])
    await subscribed.make_due()
    await renewals.renew_due()
    assert (await subscribed.ask(REGISTRATION))["error"] is None


async def test_two_processes_renew_a_webhook_once(subscribed: Subscribed, mongo_uri: str, database_name: str) -> None:
    async with trading(mongo_uri, database_name, public_url="https://gateway.example") as other:
        await subscribed.make_due()
        subscribed.woo.requests.clear()
        both = (subscribed.shop.gateway, other)
        await asyncio.gather(*(gateway.channels.reception.renewals.renew_due() for gateway in both))
        lists = [request for request in subscribed.woo.requests if request.method == "GET"]
        assert len(lists) == 1


async def test_what_cannot_be_subscribed_is_refused_by_name(subscribed: Subscribed) -> None:
    assert (await subscribed.ask(SUBSCRIBE, "nowhere"))["userErrors"] == [
        {"code": "CHANNEL_NOT_FOUND", "field": ["channelId"]}
    ]
    await subscribed.enter_key("ck_of_somebody_else")
    assert (await subscribed.ask(SUBSCRIBE))["userErrors"] == [{"code": "INVALID_INPUT", "field": ["channelId"]}]
    answer = await subscribed.shop.owner.ask(SUBSCRIBE, id="woo-de")
    assert answer["it"]["userErrors"] == [{"code": "FORBIDDEN", "field": []}]
    assert (await subscribed.shop.owner.refused(REGISTRATION, id="woo-de"))["code"] == "FORBIDDEN"


async def test_without_an_address_of_our_own_nothing_is_subscribed(mongo_uri: str, database_name: str) -> None:
    async with trading(mongo_uri, database_name) as gateway, SimulatedWooCommerce({}) as woo:
        await connect(gateway, "woo-de", woo)
        with pytest.raises(Exception, match="GATEWAY_PUBLIC_URL"):
            await gateway.channels.reception.subscriber.subscribe("woo-de")
        assert not woo.hooks
