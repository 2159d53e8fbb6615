"""What is particular to TradeGecko's protocol, against a simulated account over real HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.config import InvalidConfig, read_config
from connectors.errors import Throttled
from connectors.exchange import Notification, headers_of
from connectors.messages import OrderEvent, OrderStage
from connectors.signatures import HmacSignature
from connectors.simulated import SimulatedTradeGecko
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Rejected
from tests.connectors.case import NOW, answer, drive
from tests.connectors.cases.tradegecko import CASE
from tests.connectors.cases.tradegecko import told as body_of
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.receiver import Receiver

SINCE = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
async def shop() -> AsyncIterator[SimulatedTradeGecko]:
    async with SimulatedTradeGecko(STOCK) as shop:
        yield shop


@pytest.fixture
async def gecko(shop: SimulatedTradeGecko, make_client: MakeClient) -> AsyncIterator[Connected]:
    async with Receiver() as receiver:
        shop.webhooks.address = receiver.url
        connected = Connected("tradegecko", shop, make_client("tradegecko", shop), receiver)
        await connected.learn()
        yield connected


async def told(gecko: Connected) -> list[tuple[OrderStage, list[tuple[int, int, int]]]]:
    return [
        (event.stage, [(line.ordered, line.allocated, line.released) for line in event.lines or ()])
        for event in await gecko.received()
        if isinstance(event, OrderEvent)
    ]


async def test_what_its_orders_commit_is_kept(gecko: Connected, shop: SimulatedTradeGecko) -> None:
    await shop.sell("MUG", 3)
    assert await gecko.write(gecko.update("MUG", 5)) == [Confirmed(5)]
    assert shop.shelf.quantity("MUG", "17003") == 5
    assert (await gecko.stock())["MUG"] == 8, "on hand: 5 to offer and 3 committed"


async def test_a_change_is_applied_once_whatever_is_lost(gecko: Connected, shop: SimulatedTradeGecko) -> None:
    shop.misbehave(Misbehaviour.DROPPED_AFTER_APPLYING)
    update = replace(gecko.update("MUG", 7), delta=-3)
    assert await gecko.write(update) == [Confirmed(7)]
    assert await gecko.write(update) == [Confirmed(7)]
    assert shop.shelf.quantity("MUG", "17003") == 7


async def test_a_bad_line_does_not_harm_its_neighbours(gecko: Connected, shop: SimulatedTradeGecko) -> None:
    gone = replace(gecko.update("MUG", 1), platform_ids={"variant_id": "5"}, delta=1)
    good = replace(gecko.update("MUG", 9), delta=-1)
    written, bad = await gecko.write(good, gone)
    assert written == Confirmed(9) and isinstance(bad, Rejected) and "variant_id" in bad.reason
    assert isinstance((await gecko.write(replace(gone, delta=None)))[0], Rejected)


async def test_an_order_is_told_and_shipped(gecko: Connected, shop: SimulatedTradeGecko) -> None:
    order = await shop.sell("MUG", 2)
    assert await told(gecko) == [(OrderStage.OPEN, [(2, 2, 0)])]
    await shop.fulfil(order)
    assert await told(gecko) == [(OrderStage.FULFILLED, [(2, 0, 0)])]


async def test_a_void_order_is_found_by_asking(gecko: Connected, shop: SimulatedTradeGecko) -> None:
    order = await shop.sell("MUG", 2)
    await gecko.received()
    await shop.cancel(order)
    assert await gecko.received() == []
    page = await gecko.client.run(gecko.connector.read_orders(gecko.config, None, SINCE))
    (found,) = page.entries
    event = await gecko.order(found.order_id)
    assert event.stage is OrderStage.CANCELLED and event.lines is not None and event.lines[0].released == 2
    again = await gecko.client.run(gecko.connector.read_orders(gecko.config, page.cursor, SINCE))
    assert again.entries == page.entries, "polls overlap rather than leave a gap"


def test_a_draft_holds_nothing() -> None:
    order = {"id": 1, "status": "draft", "updated_at": "2026-11-20T14:14:04.002Z"}
    lines = [{"id": 2, "variant_id": 3, "quantity": "2.0"}, {"id": 4, "variant_id": None, "quantity": "1.0"}]
    found = answer({"order": order, "order_line_items": lines})
    _, event = drive(CASE.connector.read_order(CASE.config(), "1"), [found])
    assert event is not None and event.stage is OrderStage.PENDING
    assert [(line.ordered, line.released) for line in event.lines or ()] == [(2, 2)]


def test_the_plural_of_one_example_is_understood() -> None:
    notification = CASE.notification(body=body_of("orders.create"))
    assert len(CASE.connector.receive(CASE.config(), notification)) == 1


async def test_the_refresh_token_rotates(gecko: Connected, shop: SimulatedTradeGecko) -> None:
    shop.tokens.expire()
    assert await gecko.write(replace(gecko.update("MUG", 9), delta=-1)) == [Confirmed(9)]
    assert shop.tokens.granted == 2


def test_credentials_of_one_kind_are_needed() -> None:
    with pytest.raises(InvalidConfig, match="either access_token"):
        read_config(CASE.connector.config_type, {"base_url": "https://gecko.example", "client_id": "client"})


def test_the_limit_is_believed_and_its_end_is_a_time() -> None:
    allowance = CASE.connector.allowance(answer({}, X_Rate_Limit_Limit="300", X_Rate_Limit_Remaining="12"))
    assert allowance is not None and (allowance.remaining, allowance.per_second) == (12, 1)
    full = answer({}, 429, X_Rate_Limit_Reset="1795184043", Date="Fri, 20 Nov 2026 14:13:03 GMT")
    error = CASE.connector.classify(full)
    assert isinstance(error, Throttled) and error.after_seconds == 60


async def test_webhooks_are_registered_once(gecko: Connected, shop: SimulatedTradeGecko) -> None:
    for _ in range(2):
        assert await gecko.client.run(gecko.connector.subscribe(gecko.config, "https://gateway.example/1")) == ()
    assert {hook["event"] for hook in shop.hooks} == gecko.connector.topics.keys() and len(shop.hooks) == 3


async def test_the_check_names_the_locations(gecko: Connected) -> None:
    check = await gecko.client.run(gecko.connector.check(gecko.config))
    assert check.problems == () and [place.location_id for place in check.locations] == ["17003"]


def test_the_signature_is_what_openssl_computes() -> None:
    """printf '{"object_id":1}' | openssl dgst -sha256 -hmac secret -binary | base64"""
    signature = CASE.connector.signature
    assert isinstance(signature, HmacSignature)
    headers = headers_of({"X-Gecko-Signature": "lQHPAguYHpTTMf1OJCwN8xTcRe33g7i9i85eNK7zZ8U="})
    signature.verify(Notification(body=b'{"object_id":1}', headers=headers, received_at=NOW), ["secret"])
