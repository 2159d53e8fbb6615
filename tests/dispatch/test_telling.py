"""Webhooks that go out: signed, told once, tried again, and given up, over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import pytest
from aiohttp import web
from cryptography.fernet import Fernet
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.dispatch.telling import signed
from gateway.inventory.access import Scope
from gateway.inventory.deliveries import Delivery, DeliveryState
from gateway.inventory.orders import Precedence
from gateway.inventory.webhook_endpoints import EventType
from gateway.operations.clock import utc_now
from gateway.operations.sales import ChannelLine, ChannelOrder, SalesOperations
from gateway.store.listings import ListingStore
from gateway.store.orders import OrderStore
from tests.clock import StoppedClock
from tests.dispatch.trading import SECRET_KEY
from tests.schema.shop import Client, Shop, open_shop
from tests.selling import channel

CREATE = """mutation($input: WebhookEndpointCreateInput!) { it: webhookEndpointCreate(input: $input) {
  endpoint { id url enabled eventTypes } secret userErrors { code field message } } }"""
UPDATE = """mutation($input: WebhookEndpointUpdateInput!) { it: webhookEndpointUpdate(input: $input) {
  endpoint { enabled disabledBecause failingSince url } userErrors { code } } }"""
ROTATE = "mutation($id: ID!) { it: webhookEndpointRotate(id: $id) { secret userErrors { code } } }"
DELETE = "mutation($id: ID!) { it: webhookEndpointDelete(id: $id) { userErrors { code } } }"
PING = "mutation($id: ID!) { it: webhookEndpointPing(id: $id) { delivery { id } userErrors { code } } }"
RESEND = "mutation($id: ID!) { it: webhookDeliveryResend(id: $id) { delivery { state } userErrors { code } } }"
ENDPOINTS = "{ it: webhookEndpoints { id enabled disabledBecause failingSince } }"
DELIVERIES = """{ it: webhookDeliveries { nodes {
  id messageId endpointId eventType state body nextAt attempts { status error } } } }"""
ACKNOWLEDGE = """mutation($id: ID!) { alertAcknowledge(input: {id: $id, owner: "mira"}) { userErrors { code } } }"""


@dataclass
class Hook:
    """An address that keeps what it is told, and answers as it is told to."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    received: list[tuple[dict[str, str], str]] = field(default_factory=list)
    arrivals: asyncio.Queue[None] = field(default_factory=asyncio.Queue)
    hold: asyncio.Event | None = None
    url: str = ""

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.add_routes([web.post("/hook", self._receive)])
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        self.received.append((dict(request.headers), (await request.read()).decode()))
        self.arrivals.put_nowait(None)
        if self.hold is not None:
            await self.hold.wait()
        return web.Response(status=self.status, headers=self.headers)

    def verified(self, secret: str, number: int = -1) -> dict[str, Any]:
        """A message, checked by the specification's own library as a receiver does it."""
        headers, body = self.received[number]
        payload: dict[str, Any] = Webhook(secret).verify(body, headers)
        return payload


@dataclass(slots=True)
class Office:
    """A shop of one lamp, whose operator has things told to others. Its clock begins now: receivers look at theirs."""

    shop: Shop
    clock: StoppedClock
    operator: Client

    async def endpoint(self, url: str, *event_types: str) -> tuple[str, str]:
        """Id and secret."""
        payload = (await self.operator.ask(CREATE, input={"url": url, "eventTypes": list(event_types)}))["it"]
        assert payload["userErrors"] == []
        return payload["endpoint"]["id"], payload["secret"]

    async def oversell(self, order_id: str = "o-1") -> None:
        gateway = self.shop.gateway
        sales = SalesOperations(
            gateway.stock, gateway.stock_store, OrderStore(gateway.database), ListingStore(gateway.database)
        )
        sold = (ChannelLine("1", "LAMP", {}, 3, 3, 0),)
        await sales.report(channel("web"), ChannelOrder(order_id, None, "", Precedence(self.clock.now, 1, 0), sold))

    async def look(self) -> None:
        """One round of telling, to its end."""
        telling = self.shop.gateway.webhooks.telling
        await telling.look()
        await telling.idle()

    async def deliveries(self) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = (await self.operator.ask(DELIVERIES))["it"]["nodes"]
        return nodes


@pytest.fixture
async def office(mongo_uri: str, database_name: str) -> AsyncIterator[Office]:
    clock = StoppedClock(utc_now())
    settings = {"clock": clock, "allow_private_addresses": True, "secret_key": SECRET_KEY}
    async with open_shop(mongo_uri, database_name, **settings) as shop:
        await shop.stock_up({"LAMP": {"EAST": 1}})
        yield Office(shop, clock, await shop.client(Scope.ADMIN, name="operator"))


async def test_an_alert_is_told_from_its_opening_to_its_end(office: Office) -> None:
    async with Hook() as hook:
        _, secret = await office.endpoint(hook.url)
        await office.oversell()
        await office.look()
        opened = hook.verified(secret)
        assert (opened["type"], opened["data"]["kind"], opened["data"]["state"]) == ("alert.opened", "OVERSOLD", "OPEN")
        [line] = opened["data"]["lines"]
        assert (line["sku"], line["locationId"], line["missing"]) == ("LAMP", "EAST", 2)
        await office.shop.owner.ask(ACKNOWLEDGE, id=opened["data"]["alertId"])
        await office.look()
        assert (hook.verified(secret)["type"], hook.verified(secret)["data"]["owner"]) == ("alert.acknowledged", "mira")
        await office.shop.owner.adjust("more", "LAMP", {"EAST": 5})
        assert await office.shop.gateway.channels.reception.alerts.resolve_recovered() == 1
        await office.look()
        await office.look()
        assert [hook.verified(secret, n)["type"] for n in range(len(hook.received))] == [
            "alert.opened",
            "alert.acknowledged",
            "alert.resolved",
        ]


async def test_what_was_owed_before_a_crash_is_owed_once(office: Office) -> None:
    async with Hook() as hook:
        await office.endpoint(hook.url)
        await office.oversell()
        # The crash: the message was stored, and the alert not marked.
        assert await office.shop.gateway.webhooks.telling.teller.tell() == 1
        await office.shop.gateway.database["alerts"].update_many({}, {"$set": {"told": False}})
        await office.look()
    assert len(hook.received) == 1


async def test_what_is_refused_is_tried_again_with_the_same_id(office: Office) -> None:
    async with Hook(status=503, headers={"Retry-After": "60"}) as hook:
        endpoint_id, secret = await office.endpoint(hook.url)
        await office.oversell()
        await office.look()
        [owed] = await office.deliveries()
        assert (owed["state"], owed["attempts"]) == ("PENDING", [{"status": 503, "error": "It answered 503."}])
        hook.status = 200
        office.clock.advance(59)
        await office.look()
        assert len(hook.received) == 1
        office.clock.advance(1)
        await office.look()
        [owed] = await office.deliveries()
        assert (owed["state"], owed["nextAt"], len(owed["attempts"])) == ("DELIVERED", None, 2)
        first, second = hook.received
        assert first[0]["webhook-id"] == second[0]["webhook-id"] == owed["messageId"]
        assert hook.verified(secret)["type"] == "alert.opened"
        [known] = (await office.operator.ask(ENDPOINTS))["it"]
        assert (known["id"], known["failingSince"]) == (endpoint_id, None)


async def test_a_slow_address_keeps_nobody_else_waiting(office: Office) -> None:
    async with Hook(hold=asyncio.Event()) as slow, Hook() as quick:
        await office.endpoint(slow.url)
        await office.endpoint(quick.url)
        await office.oversell("o-1")
        telling = office.shop.gateway.webhooks.telling
        await telling.look()
        async with asyncio.timeout(30):
            await slow.arrivals.get()
            await quick.arrivals.get()
            await office.oversell("o-2")
            while quick.arrivals.empty():
                await telling.look()
        assert len(slow.received) == 1
        assert slow.hold is not None
        slow.hold.set()
        await telling.idle()


async def test_an_address_that_is_gone_is_told_nothing_more_until_it_is_switched_on(office: Office) -> None:
    async with Hook(status=410) as hook:
        endpoint_id, _ = await office.endpoint(hook.url)
        for order_id in ("o-1", "o-2"):
            await office.oversell(order_id)
        await office.look()
        [known] = (await office.operator.ask(ENDPOINTS))["it"]
        assert (known["enabled"], known["disabledBecause"]) == (False, "It answered 410 Gone.")
        await office.look()
        assert len(hook.received) == 1
        hook.status = 200
        switched = await office.operator.ask(UPDATE, input={"id": endpoint_id, "enabled": True})
        assert switched["it"]["endpoint"]["failingSince"] is None
        office.clock.advance(10)
        await office.look()
        assert [each["state"] for each in await office.deliveries()] == ["DELIVERED", "DELIVERED"]


async def test_while_a_secret_is_rotated_either_verifies_and_later_the_new_one_alone(office: Office) -> None:
    async with Hook() as hook:
        endpoint_id, former = await office.endpoint(hook.url)
        secret = (await office.operator.ask(ROTATE, id=endpoint_id))["it"]["secret"]
        await office.operator.ask(PING, id=endpoint_id)
        await office.look()
        assert hook.verified(former) == hook.verified(secret)
        await office.shop.gateway.database["webhook_endpoints"].update_one(
            {"_id": endpoint_id}, {"$set": {"rotatedUntil": office.clock.now}}
        )
        await office.operator.ask(PING, id=endpoint_id)
        await office.look()
        assert hook.verified(secret)["type"] == "ping"
        with pytest.raises(WebhookVerificationError):
            hook.verified(former)
        # The key that they lie under is lost: a failed attempt, until there is a new secret.
        lost = {"sealed": Fernet(Fernet.generate_key()).encrypt(b"[]")}
        await office.shop.gateway.database["webhook_endpoints"].update_one({}, {"$set": lost})
        await office.operator.ask(PING, id=endpoint_id)
        await office.look()
        assert "another key" in str(await office.deliveries())
        secret = (await office.operator.ask(ROTATE, id=endpoint_id))["it"]["secret"]
        office.clock.advance(60)
        await office.look()
        assert hook.verified(secret)["type"] == "ping"


async def test_a_message_can_be_sent_again_by_hand(office: Office) -> None:
    async with Hook() as hook:
        endpoint_id, _ = await office.endpoint(hook.url, "ALERT_RESOLVED")
        await office.oversell()
        await office.look()
        assert hook.received == []
        delivery_id = (await office.operator.ask(PING, id=endpoint_id))["it"]["delivery"]["id"]
        await office.look()
        assert (await office.operator.ask(RESEND, id=delivery_id))["it"]["delivery"]["state"] == "PENDING"
        await office.look()
        assert hook.received[0][0]["webhook-id"] == hook.received[1][0]["webhook-id"]
        assert (await office.operator.ask(DELETE, id=endpoint_id))["it"]["userErrors"] == []
        assert await office.deliveries() == []
        refused = (await office.operator.ask(PING, id=endpoint_id))["it"]["userErrors"]
        assert [error["code"] for error in refused] == ["ENDPOINT_NOT_FOUND"]


@pytest.mark.parametrize(
    "url", ["ftp://hooks.example", "hooks.example", "https://", "https://a:b@hooks.example", "http://x:99999999", " "]
)
async def test_an_address_that_cannot_be_told_anything_is_refused(office: Office, url: str) -> None:
    [error] = (await office.operator.ask(CREATE, input={"url": url}))["it"]["userErrors"]
    assert error["field"] == ["input", "url"]


async def test_only_an_admin_may_have_things_told(office: Office) -> None:
    [error] = (await office.shop.owner.ask(CREATE, input={"url": "https://hooks.example"}))["it"]["userErrors"]
    assert error["code"] == "FORBIDDEN"
    assert (await office.shop.owner.refused(ENDPOINTS))["code"] == "FORBIDDEN"


async def test_private_networks_are_told_nothing_unless_the_settings_allow_it(
    mongo_uri: str, database_name: str
) -> None:
    async with open_shop(mongo_uri, database_name, secret_key=SECRET_KEY) as shop, Hook() as hook:
        office = Office(shop, StoppedClock(), await shop.client(Scope.ADMIN, name="operator"))
        endpoint_id, _ = await office.endpoint(hook.url)
        await office.operator.ask(PING, id=endpoint_id)
        await office.look()
        [owed] = await office.deliveries()
        assert "private network" in owed["attempts"][0]["error"]
    assert hook.received == []


def test_a_message_is_signed_as_in_the_libraries_of_the_specification() -> None:
    """Their published example; `openssl dgst -sha256 -mac HMAC` over `<id>.<timestamp>.<body>` says the same.

    https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/python/tests/test_webhooks.py
    """
    at = datetime.fromtimestamp(1614265330, UTC)
    body, pending = b'{"test": 2432232314}', DeliveryState.PENDING
    delivery = Delivery("m.e", "msg_p5jXN8AQM9LWM0D4loKWxJek", "e", EventType.PING, body, pending, (), at, at)
    request = signed("https://hooks.example", delivery, at, ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
    assert request.headers["webhook-timestamp"] == "1614265330"
    assert request.headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
