"""Connector and simulated Amazon over real HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.config import read_config
from connectors.errors import AuthExpired, Permanent, Retriable, Throttled, Unreachable
from connectors.exchange import Flow, Wait
from connectors.messages import OrderEvent, StockEcho
from connectors.simulated.amazon_seller_central import SimulatedAmazon
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Rejected
from tests.connectors.conftest import MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime
from tests.connectors.receiver import Receiver
from tests.connectors.vendor_description import VendorDescription

NAME = "amazon-seller-central"
STOCK = {"MUG": 10, "SHIRT/RED M+": 5, "CAP": 0}
# The description at hand leaves out the search for feeds.
DESCRIPTION = VendorDescription(
    NAME,
    wanted=lambda request: (
        not request.path.startswith(("/auth/", "/storage/"))
        and (request.method, request.path) != ("GET", "/feeds/2021-06-30/feeds")
    ),
)
QUEUE = {
    "queue_arn": "arn:aws:sqs:us-east-1:123456789012:orders",
    "aws_access_key_id": "AKIASIMULATED",
    "aws_secret_access_key": "simulated aws",
}


@pytest.fixture
def quick() -> QuickTime:
    return QuickTime()


@pytest.fixture
async def amazon(make_client: MakeClient, quick: QuickTime) -> AsyncIterator[Connected]:
    shop = SimulatedAmazon(STOCK)
    async with Receiver() as receiver, shop:
        shop.webhooks.address = receiver.url
        connected = Connected(NAME, shop, make_client(NAME, shop, clock=quick.clock, sleep=quick.sleep), receiver)
        await connected.learn()
        yield connected
        assert DESCRIPTION.violations(shop.requests) == []


def shop_of(connected: Connected) -> SimulatedAmazon:
    assert isinstance(connected.shop, SimulatedAmazon)
    return connected.shop


def configured(connected: Connected, **changed: Any) -> Any:
    return read_config(connected.connector.config_type, connected.shop.config() | changed)


async def test_a_written_quantity_arrives_and_reads_back(amazon: Connected) -> None:
    assert await amazon.write(amazon.update("MUG", 7), amazon.update("SHIRT/RED M+", 0)) == [Confirmed(7), Confirmed(0)]
    assert await amazon.stock() == {"MUG": 7, "SHIRT/RED M+": 0, "CAP": 0}


async def test_a_sku_that_is_not_listed_does_not_harm_its_neighbours(amazon: Connected) -> None:
    gone = replace(amazon.update("MUG", 1), platform_ids={"seller_sku": "GONE"}, idempotency_key="gone")
    first, middle, last = await amazon.write(amazon.update("MUG", 9), gone, amazon.update("CAP", 1))
    assert (first, last) == (Confirmed(9), Confirmed(1))
    assert isinstance(middle, Rejected) and middle.code == "NOT_FOUND"


async def test_a_success_that_says_invalid_is_a_refusal(amazon: Connected) -> None:
    amazon.shop.misbehave(Misbehaviour.ERROR_INSIDE_SUCCESS)
    assert await amazon.write(amazon.update("MUG", 9)) == [Rejected("90220", "'quantity' is required")]


@pytest.mark.parametrize(
    "kind",
    [
        Misbehaviour.SERVER_ERROR,
        Misbehaviour.HANG,
        Misbehaviour.SLOW_BODY,
        Misbehaviour.TRUNCATED_BODY,
        Misbehaviour.DROPPED_AFTER_APPLYING,
    ],
)
async def test_one_lost_answer_is_made_good_at_once(amazon: Connected, kind: Misbehaviour) -> None:
    amazon.shop.misbehave(kind)
    assert await amazon.write(amazon.update("MUG", 6)) == [Confirmed(6)]
    assert amazon.shop.shelf.quantity("MUG") == 6


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Misbehaviour.THROTTLED, Throttled),
        (Misbehaviour.THROTTLED_SILENTLY, Throttled),
        (Misbehaviour.BROKEN_JSON, Retriable),
        (Misbehaviour.WRONG_JSON, Retriable),
        (Misbehaviour.HTML_PAGE, Retriable),
    ],
)
async def test_a_useless_answer_is_typed(amazon: Connected, kind: Misbehaviour, expected: type[Exception]) -> None:
    amazon.shop.misbehave(kind)
    with pytest.raises(expected) as failed:
        await amazon.write(amazon.update("MUG", 6))
    assert type(failed.value) is expected


async def test_a_sale_and_all_that_follows_is_told(amazon: Connected) -> None:
    order = await amazon.shop.sell("MUG", 3)
    states = []
    for happens in (amazon.shop.refund(order, "MUG", 1), amazon.shop.fulfil(order), None):
        event = (await amazon.received())[-1]
        assert isinstance(event, OrderEvent) and event.lines is not None
        states.append([(line.sku, line.ordered, line.allocated, line.released) for line in event.lines])
        if happens is not None:
            await happens
    # A unit that is cancelled before it is shipped is not ordered any more.
    assert states == [[("MUG", 3, 3, 0)], [("MUG", 2, 2, 0)], [("MUG", 2, 0, 0)]]


async def test_a_cancelled_order_releases_everything(amazon: Connected) -> None:
    await amazon.shop.cancel(await amazon.shop.sell_many({"MUG": 2, "CAP": 1}))
    *_, event = await amazon.received()
    assert isinstance(event, OrderEvent) and event.lines is not None
    assert [(line.released, line.allocated) for line in event.lines] == [(2, 0), (1, 0)]


async def test_our_own_write_comes_back_as_an_echo(amazon: Connected) -> None:
    await amazon.write(amazon.update("MUG", 8))
    (echo,) = await amazon.received()
    assert isinstance(echo, StockEcho)
    assert (echo.quantity, echo.platform_ids) == (8, {"seller_sku": "MUG"})


async def test_the_order_that_is_read_is_the_order_that_was_told(amazon: Connected) -> None:
    order = await amazon.shop.sell_many({"MUG": 2, "CAP": 1})
    (told,) = await amazon.received()
    assert isinstance(told, OrderEvent)
    read = await amazon.order(told.order_id)
    assert read.lines == told.lines and read.precedence == told.precedence
    await amazon.shop.cancel(order)
    (told,) = await amazon.received()
    assert isinstance(told, OrderEvent) and (await amazon.order(told.order_id)).lines == told.lines
    assert await amazon.client.run(amazon.connector.read_order(amazon.config, "../1")) is None


async def test_orders_nobody_told_us_of_are_found_by_asking(amazon: Connected) -> None:
    amazon.shop.webhooks.hold()
    sold = [await amazon.shop.sell("MUG", 1) for _ in range(3)]
    since = datetime.now(UTC) - timedelta(hours=1)
    page = await amazon.client.run(amazon.connector.read_orders(amazon.config, None, since))
    assert not page.more and len(page.entries) == len(sold)
    again = await amazon.client.run(amazon.connector.read_orders(amazon.config, page.cursor, since))
    assert len(again.entries) == 3, "polls overlap rather than leave a gap"


async def test_catalogues_beyond_what_one_search_leads_to_are_read_whole_and_once(amazon: Connected) -> None:
    shop = shop_of(amazon)
    for number in range(2_040):
        shop.add_listing(f"BULK-{number}", number)
    shop.created |= dict.fromkeys(("BULK-996", "BULK-997", "BULK-998"), shop.created["BULK-996"])
    seen: list[str | None] = []
    cursor, more = None, True
    while more:
        page = await amazon.client.run(amazon.connector.read_stock(amazon.config, cursor))
        seen += [entry.sku for entry in page.entries]
        cursor, more = page.cursor, page.more
    assert sorted(filter(None, seen)) == sorted(shop.created)


async def test_a_refused_token_is_renewed_once(amazon: Connected) -> None:
    shop_of(amazon).expire_tokens()
    assert await amazon.write(amazon.update("MUG", 6)) == [Confirmed(6)]
    assert len([request for request in amazon.shop.requests if request.path == "/auth/o2/token"]) == 2


async def test_wrong_credentials_are_an_expired_authorisation(
    amazon: Connected, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = amazon.shop.config() | {"client_secret": "wrong"}
    monkeypatch.setattr(amazon.shop, "config", lambda: entered)
    client = make_client(NAME, amazon.shop)
    with pytest.raises(AuthExpired):
        await client.run(amazon.connector.check(amazon.config))


async def test_the_check_says_in_words_that_all_is_well_or_what_is_missing(amazon: Connected) -> None:
    check = await amazon.client.run(amazon.connector.check(amazon.config))
    assert check.summary == "Connected to the seller A3EXAMPLE1 with 3 listing(s)" and check.problems == ()
    check = await amazon.client.run(amazon.connector.check(configured(amazon, **QUEUE)))
    assert check.problems == ("Amazon sends no order changes yet: subscribe the channel.",)


async def test_subscribing_twice_makes_one_destination_and_one_subscription(amazon: Connected) -> None:
    config, shop = configured(amazon, **QUEUE), shop_of(amazon)
    for _ in range(2):
        assert await amazon.client.run(amazon.connector.subscribe(config, "https://gateway.example/hook")) == ()
    (destination,) = shop.destinations
    assert shop.subscription is not None and shop.subscription["destinationId"] == destination["destinationId"]
    assert destination["resource"] == {"sqs": {"arn": QUEUE["queue_arn"]}}


async def test_a_subscription_that_leads_elsewhere_is_left_to_a_person(amazon: Connected) -> None:
    shop_of(amazon).subscription = {"subscriptionId": "1", "destinationId": "other", "payloadVersion": "1.0"}
    (left,) = await amazon.client.run(
        amazon.connector.subscribe(configured(amazon, **QUEUE), "https://gateway.example/hook")
    )
    assert "other" in left


async def test_without_a_queue_a_person_is_told_what_to_set_up(amazon: Connected) -> None:
    (left,) = await amazon.client.run(amazon.connector.subscribe(amazon.config, "https://gateway.example/hook"))
    assert "https://gateway.example/hook" in left


async def test_a_backlog_goes_as_one_feed_that_is_waited_for(amazon: Connected, quick: QuickTime) -> None:
    shop, config = shop_of(amazon), configured(amazon, feeds=True)
    for number in range(60):
        shop.add_listing(f"BULK-{number}", 0)
    updates = [
        replace(amazon.update("MUG", number), platform_ids={"seller_sku": sku}, sku=sku)
        for number, sku in enumerate([*(f"BULK-{number}" for number in range(59)), "GONE", "BULK-59"])
    ]
    outcomes = await amazon.client.run(amazon.connector.write_stock(config, updates))
    assert outcomes[:59] == [Confirmed(number) for number in range(59)] and outcomes[60] == Confirmed(60)
    assert outcomes[59] == Rejected("8541", "The SKU does not match any ASIN.")
    assert [shop.shelf.quantity(f"BULK-{number}") for number in (0, 7, 59)] == [0, 7, 60]
    assert quick.pauses == [2, 5, 10] and shop.stock_writes() == []


async def test_a_feed_that_amazon_gives_up_is_a_failure_of_the_channel(amazon: Connected) -> None:
    shop_of(amazon).feeds.ends_as = "FATAL"
    updates = [replace(amazon.update("MUG", 1), idempotency_key=str(number)) for number in range(26)]
    with pytest.raises(Permanent, match="FATAL"):
        await amazon.client.run(amazon.connector.write_stock(configured(amazon, feeds=True), updates))


async def test_a_feed_that_was_not_waited_for_is_known_until_it_is_worked_off(amazon: Connected) -> None:
    config, connector = configured(amazon, feeds=True), amazon.connector
    updates = [replace(amazon.update("MUG", 1), idempotency_key=str(number)) for number in range(26)]
    flow = connector.write_stock(config, updates)
    with pytest.raises(Unreachable):
        await amazon.client.run(_until_it_waits(flow))
    found = []
    while (question := connector.unfinished(config)) is not None and await amazon.client.run(question):
        found.append(amazon.shop.shelf.quantity("MUG"))
    assert set(found) == {STOCK["MUG"]} and amazon.shop.shelf.quantity("MUG") == 1
    assert connector.unfinished(amazon.config) is None


def _until_it_waits(flow: Flow[Any]) -> Flow[None]:
    """The flow of a process that dies once it has nothing to do but wait."""
    step = next(flow)
    while not isinstance(step, Wait):
        step = flow.send((yield step))
    flow.close()
    raise Unreachable("died")


async def test_a_few_changes_are_written_one_by_one_also_with_feeds(amazon: Connected) -> None:
    config = configured(amazon, feeds=True)
    outcomes = await amazon.client.run(amazon.connector.write_stock(config, [amazon.update("MUG", 4)]))
    assert outcomes == [Confirmed(4)] and len(amazon.shop.stock_writes()) == 1
    assert (amazon.connector.abilities(config).updates_max, amazon.connector.abilities(amazon.config).updates_max) == (
        1000,
        25,
    )
