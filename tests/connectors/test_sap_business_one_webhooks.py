"""The webhooks of SAP Business One: subscribed to once, and again when they have stopped or the key is another."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import orjson
import pytest

from connectors.exchange import Notification, headers_of
from connectors.messages import OrderEvent
from connectors.platforms.sap_business_one.service_layer import SapBusinessOneConfig
from connectors.signatures import HmacSignature
from connectors.simulated import SimulatedSapBusinessOne
from tests.connectors.case import NOW
from tests.connectors.cases.sap_business_one import CASE
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.receiver import Receiver
from tests.connectors.test_sap_business_one import DESCRIPTION

OURS = "https://gateway.example/webhooks/1"


@dataclass
class Subscriber:
    sap: Connected
    shop: SimulatedSapBusinessOne

    async def subscribe(self, url: str = OURS) -> tuple[str, ...]:
        by_hand: tuple[str, ...] = await self.sap.client.run(self.sap.connector.subscribe(self.sap.config, url))
        return by_hand

    async def problems(self) -> tuple[str, ...]:
        return (await self.sap.client.run(self.sap.connector.check(self.sap.config))).problems

    def made(self) -> int:
        return sum(one.method == "POST" and one.path.endswith("/EventSubscriptions") for one in self.shop.requests)

    async def hears_a_sale(self) -> bool:
        await self.shop.sell("MUG")
        return any(isinstance(event, OrderEvent) for event in await self.sap.received())


@pytest.fixture
async def subscriber(make_client: MakeClient) -> AsyncIterator[Subscriber]:
    async with SimulatedSapBusinessOne(STOCK) as shop, Receiver() as receiver:
        shop.webhooks.address = receiver.url
        yield Subscriber(Connected("sap-business-one", shop, make_client("sap-business-one", shop), receiver), shop)
        assert DESCRIPTION.violations(shop.requests) == []


async def test_the_webhook_is_registered_once(subscriber: Subscriber) -> None:
    for _ in range(2):
        assert await subscriber.subscribe() == ()
    assert subscriber.made() == 1 and await subscriber.hears_a_sale()


@pytest.mark.parametrize("state", ["Inactive", "Exceptional"])
async def test_a_subscription_that_has_stopped_is_made_anew(subscriber: Subscriber, state: str) -> None:
    await subscriber.subscribe()
    for one in subscriber.shop.subscriptions.known.values():
        one["State"] = state
    assert not await subscriber.hears_a_sale()
    await subscriber.subscribe()
    assert subscriber.made() == 2 and await subscriber.hears_a_sale()


async def test_a_changed_key_reaches_sap(subscriber: Subscriber) -> None:
    await subscriber.subscribe()
    subscriber.shop.webhook_key = "another key"
    changed = SapBusinessOneConfig.model_validate(subscriber.shop.config())
    subscriber.sap.config = changed
    await subscriber.subscribe()
    assert subscriber.made() == 2 and await subscriber.hears_a_sale(), "signed with the new key alone"


async def test_another_address_takes_the_place_of_the_former(subscriber: Subscriber) -> None:
    await subscriber.subscribe("https://former.example/webhooks/1")
    await subscriber.subscribe()
    assert [one["WebhookURL"] for one in subscriber.shop.subscriptions.known.values()] == [OURS]


async def test_what_others_subscribe_to_is_left_alone(subscriber: Subscriber) -> None:
    others = {"WebhookID": "theirs", "WebhookURL": "https://other.example", "State": "Inactive"}
    subscriber.shop.subscriptions.known["theirs"] = others
    await subscriber.subscribe()
    assert subscriber.shop.subscriptions.known["theirs"] == others


async def test_a_company_with_webhooks_switched_off_is_told_of(subscriber: Subscriber) -> None:
    subscriber.shop.subscriptions.enabled = False
    (by_hand,), (problem,) = await subscriber.subscribe(), await subscriber.problems()
    assert "EnableWebhook" in by_hand and by_hand == problem
    subscriber.shop.subscriptions.readable = False
    assert await subscriber.problems() == await subscriber.subscribe() == (), "nor is it claimed where it is not shown"


async def test_without_a_key_webhooks_are_not_asked_for(subscriber: Subscriber) -> None:
    entered = subscriber.shop.config() | {"webhook_key": None}
    subscriber.sap.config = SapBusinessOneConfig.model_validate(entered)
    subscriber.shop.subscriptions.enabled = False
    assert await subscriber.problems() == ()
    (by_hand,) = await subscriber.subscribe()
    assert "webhook_key" in by_hand and subscriber.made() == 0


def test_the_challenge_is_answered() -> None:
    token = "0b5c1b36-6f0c-4b87-8d9a-0f4f0c7b2f6e"
    headers = headers_of({"X-B1-Webhook-Token": token})
    reply = CASE.connector.handshake(CASE.config(), Notification(body=b"", headers=headers, received_at=NOW))
    assert reply is not None and orjson.loads(reply.body) == {"Challenge": token}
    strange = headers_of({"X-B1-Webhook-Token": "<script>"})
    assert CASE.connector.handshake(CASE.config(), Notification(body=b"", headers=strange, received_at=NOW)) is None


def test_the_signature_is_what_openssl_computes() -> None:
    """printf '[{"id":"1"}]' | openssl dgst -sha256 -hmac s3cret -binary | base64"""
    signature = CASE.connector.signature
    assert isinstance(signature, HmacSignature)
    headers = headers_of({"X-B1-Webhook-Signature": "yVtkFMtPTJxroIkaJf7z8/pWIi0qkAsj97Odk1A9Gew="})
    signature.verify(Notification(body=b'[{"id":"1"}]', headers=headers, received_at=NOW), ["s3cret"])
