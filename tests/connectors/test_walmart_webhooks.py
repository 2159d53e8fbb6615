"""What Walmart tells by itself, and how it is asked to."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from connectors.errors import Untrusted
from connectors.exchange import Notification, headers_of
from connectors.messages import OrderReference, OrderStage, StockEcho
from connectors.simulated import SimulatedWalmart
from connectors.updates import Confirmed
from tests.connectors.case import NOW, answer, drive
from tests.connectors.cases.walmart_marketplace import (
    CASE,
    MAIN,
    TOLD,
)
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime
from tests.connectors.walmart_seller import seller_of, told

CONFIG = CASE.config()
ADDRESS = "https://gateway.example/webhooks/1"


@pytest.fixture
def shop() -> SimulatedWalmart:
    return SimulatedWalmart(STOCK, node_names=("Main", "Outlet"))


@pytest.fixture
def quick() -> QuickTime:
    return QuickTime()


@pytest.fixture
async def seller(shop: SimulatedWalmart, make_client: MakeClient, quick: QuickTime) -> AsyncIterator[Connected]:
    async with seller_of(make_client, shop, quick) as seller:
        yield seller


@pytest.mark.parametrize(
    "text",
    [
        "2d24198e8645dc7814772b80dc399db71c357c9ee2960c3f289e1112f8b338e8",
        "LSQZjoZF3HgUdyuA3Dmdtxw1fJ7ilgw/KJ4REvizOOg=",
    ],
)
def test_the_signature_is_what_openssl_computes(text: str) -> None:
    """printf '%s' <body> | openssl dgst -sha256 -hmac s3cr3t, and the same with -binary | base64."""
    order = b'{"purchaseOrderId":"108990000000042"}'
    body = b'{"source":{"eventType":"ORDER_UPDATES","eventId":"e-1"},"payload":{"order":' + order + b"}}"
    genuine = Notification(body=body, headers=headers_of({"x-wm-signature": text}), received_at=NOW)
    CASE.connector.verify(CONFIG, genuine)
    assert CASE.connector.delivery_key(genuine) == "e-1"
    for forged in (replace(genuine, body=body + b" "), replace(genuine, headers=headers_of({"X-WM-Signature": "e8"}))):
        with pytest.raises(Untrusted):
            CASE.connector.verify(CONFIG, forged)


@pytest.mark.parametrize("kind", ["PO_CREATED", "PO_LINE_AUTOCANCELLED", "INTENT_TO_CANCEL"])
def test_the_order_events_that_end_this_year_are_still_understood(kind: str) -> None:
    payload = {"partnerId": "10001", "purchaseOrderId": "108990000000042", "orderLines": []}
    body = orjson.dumps({"source": {**TOLD["source"], "eventType": kind}, "payload": payload})
    (message,) = CASE.connector.receive(CONFIG, CASE.notification(body=body))
    assert isinstance(message, OrderReference)
    assert (message.order_id, message.kind) == ("108990000000042", CASE.connector.topics[kind])


@pytest.mark.parametrize("digest", ["hex", "base64"])
async def test_what_the_seller_tells_of_is_read(seller: Connected, shop: SimulatedWalmart, digest: Any) -> None:
    shop.digest = digest
    sold = await shop.sell_many({"MUG": 2, "CAP": 1})
    assert await told(seller) == [(OrderStage.OPEN, [(2, 2, 0), (1, 1, 0)])]
    await shop.cancel(sold)
    assert await told(seller) == [(OrderStage.CANCELLED, [(2, 0, 2), (1, 0, 1)])]


async def test_an_item_that_is_set_to_zero_because_of_a_cancelled_order_is_told(
    seller: Connected, shop: SimulatedWalmart
) -> None:
    await shop.cancel_for_lack(await shop.sell("MUG", 2))
    echo = (await seller.received())[-1]
    assert isinstance(echo, StockEcho)
    assert (echo.platform_ids, echo.location_id, echo.quantity) == ({"sku": "MUG"}, MAIN, 0)
    assert await seller.write(seller.update("MUG", 10, 0)) == [Confirmed(10)]


async def test_webhooks_are_registered_once_and_kept_right(seller: Connected, shop: SimulatedWalmart) -> None:
    for changed in ({}, {"status": "INACTIVE"}, {"authDetails": None}):
        for subscription in shop.subscriptions.values():
            subscription |= changed
        assert await seller.client.run(seller.connector.subscribe(seller.config, ADDRESS)) == ()
        there = [(one["eventType"], one["status"], one["authDetails"]) for one in shop.subscriptions.values()]
        proof = {
            "authMethod": "HMAC",
            "authHeaderName": "X-WM-Signature",
            "clientSecret": "simulated walmart hush",
        }
        assert there == [("ORDER_UPDATES", "ACTIVE", proof), ("INVENTORY_OOS", "ACTIVE", proof)]
    before = len(shop.requests)
    await seller.client.run(seller.connector.subscribe(seller.config, ADDRESS))
    assert len(shop.requests) == before + 1, "nothing but a look"


def test_subscriptions_are_understood_as_described_and_as_shown() -> None:
    secret = {"clientSecret": CASE.secret}
    ours = [
        {"eventType": kind, "eventUrl": ADDRESS, "status": "ACTIVE", "authDetails": secret}
        for kind in ("ORDER_UPDATES", "INVENTORY_OOS")
    ]
    for listed in (ours, [{"event": ours}]):
        requests, by_hand = drive(CASE.connector.subscribe(CONFIG, ADDRESS), [answer({"events": listed})])
        assert (len(requests), by_hand) == (1, ())


def test_without_a_secret_nothing_is_registered() -> None:
    config = CONFIG.model_copy(update={"webhook_secret": None})
    _, (by_hand,) = drive(CASE.connector.subscribe(config, ADDRESS), [])
    assert "webhook_secret" in by_hand
