"""Connector and simulated shop over real HTTP: every direction, every misbehaviour."""

import itertools
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLEnumType, build_schema, parse, validate

from connectors import CONNECTORS
from connectors.client import ChannelClient
from connectors.config import read_config
from connectors.errors import AuthExpired, ConnectorError, Retriable, Throttled
from connectors.messages import OrderEvent, OrderReference, StockEcho
from connectors.platforms.shopify import documents
from connectors.simulated import SimulatedShopify, SimulatedWooCommerce
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.simulated.platform import SimulatedPlatform
from connectors.updates import Confirmed, Deferred, Rejected, Stale, StockUpdate, UpdateOutcome
from tests.connectors.conftest import MakeClient
from tests.connectors.receiver import Receiver

SPEC = Path(__file__).parents[3] / "shared" / "specs" / "shopify.graphql"
STOCK = {"MUG": 10, "SHIRT-RED-M": 5, "CAP": 0}
SHOPS = ("shopify", "woocommerce")
keys = itertools.count()

Validator = Callable[[str], list[str]]


@pytest.fixture(scope="module")
def validate_document() -> Validator | None:
    """Checks documents against the vendor's own schema where it stands beside the checkout."""
    if not SPEC.exists():
        return None
    schema = build_schema(SPEC.read_text())
    return lambda document: [error.message for error in validate(schema, parse(document))]


class Connected:
    """A shop, our client for it, and short words for what the tests do with both."""

    def __init__(self, name: str, shop: SimulatedPlatform, client: ChannelClient[Any], receiver: Receiver) -> None:
        self.shop, self.client, self.receiver = shop, client, receiver
        self.connector = CONNECTORS[name]
        self.config = read_config(self.connector.config_type, shop.config())
        self.ids: dict[str, dict[str, str]] = {}

    async def learn(self) -> None:
        cursor, more = None, True
        while more:
            page = await self.client.run(self.connector.read_catalog(self.config, cursor))
            self.ids |= {entry.sku: dict(entry.platform_ids) for entry in page.entries if entry.sku}
            cursor, more = page.cursor, page.more

    def update(self, sku: str, quantity: int, change_from: int | None = None) -> StockUpdate:
        return StockUpdate(
            platform_ids=self.ids[sku],
            sku=sku,
            location_id=self.shop.home(),
            quantity=quantity,
            change_from=change_from,
            idempotency_key=f"key-{next(keys)}",
        )

    async def write(self, *updates: StockUpdate) -> list[UpdateOutcome]:
        outcomes: list[UpdateOutcome] = await self.client.run(self.connector.write_stock(self.config, updates))
        return outcomes

    async def stock(self) -> dict[str | None, int | None]:
        found: dict[str | None, int | None] = {}
        cursor, more = None, True
        while more:
            page = await self.client.run(self.connector.read_stock(self.config, cursor))
            found |= {entry.sku: entry.quantity for entry in page.entries}
            cursor, more = page.cursor, page.more
        return found

    async def order(self, order_id: str) -> OrderEvent:
        event = await self.client.run(self.connector.read_order(self.config, order_id))
        assert event is not None
        return event

    async def received(self) -> list[OrderEvent | StockEcho]:
        """Everything the shop told us so far; references are followed."""
        await self.shop.webhooks.settled()
        events: list[OrderEvent | StockEcho] = []
        for notification in self.receiver.notifications:
            for message in self.connector.receive(self.config, notification):
                events.append(await self.order(message.order_id) if isinstance(message, OrderReference) else message)
        self.receiver.notifications.clear()
        return events


@pytest.fixture
async def shopify(make_client: MakeClient, validate_document: Validator | None) -> AsyncIterator[Connected]:
    names = ("Main", "Outlet")
    shop = SimulatedShopify(STOCK, location_names=names, validate_document=validate_document)
    async with Receiver() as receiver, shop:
        shop.webhooks.address = receiver.url
        connected = Connected("shopify", shop, make_client("shopify", shop), receiver)
        await connected.learn()
        yield connected
        assert shop.violations == []


@pytest.fixture
async def woocommerce(make_client: MakeClient) -> AsyncIterator[Connected]:
    shop = SimulatedWooCommerce(STOCK)
    shop.add_variations("SHOE", {"SHOE-41": 4, "SHOE-42": 2})
    async with Receiver() as receiver, shop:
        shop.webhooks.address = receiver.url
        connected = Connected("woocommerce", shop, make_client("woocommerce", shop), receiver)
        await connected.learn()
        yield connected


@pytest.fixture(params=SHOPS)
def connected(request: pytest.FixtureRequest, shopify: Connected, woocommerce: Connected) -> Connected:
    return shopify if request.param == "shopify" else woocommerce


@pytest.mark.parametrize("name", [name for name in dir(documents) if name.isupper()])
def test_our_documents_are_valid_in_the_vendors_own_schema(name: str, validate_document: Validator | None) -> None:
    if validate_document is None:
        pytest.skip("the vendor's schema is not beside the checkout")
    assert validate_document(getattr(documents, name)) == []


def test_every_topic_exists_in_the_vendors_own_schema() -> None:
    if not SPEC.exists():
        pytest.skip("the vendor's schema is not beside the checkout")
    topics = build_schema(SPEC.read_text()).get_type("WebhookSubscriptionTopic")
    assert isinstance(topics, GraphQLEnumType)
    ours = {topic.upper().replace("/", "_") for topic in CONNECTORS["shopify"].topics}
    assert ours <= topics.values.keys()


async def test_a_written_quantity_arrives_and_reads_back(connected: Connected) -> None:
    outcomes = await connected.write(connected.update("MUG", 7, 10), connected.update("CAP", 3, 0))
    assert outcomes == [Confirmed(7), Confirmed(3)]
    await connected.shop.shelf.until("MUG", 7, connected.shop.home())
    assert {"MUG": 7, "CAP": 3, "SHIRT-RED-M": 5}.items() <= (await connected.stock()).items()


async def test_writing_what_is_there_already_is_confirmed(connected: Connected) -> None:
    assert await connected.write(connected.update("MUG", 10, 10)) == [Confirmed(10)]


async def test_a_listing_that_is_gone_does_not_harm_its_neighbours(connected: Connected) -> None:
    gone = StockUpdate(
        platform_ids={"inventory_item_id": "gid://shopify/InventoryItem/1", "product_id": "1"},
        sku="GONE",
        location_id=connected.shop.home(),
        quantity=1,
        idempotency_key="gone",
    )
    before, after = connected.update("MUG", 9), connected.update("CAP", 1)
    first, middle, last = await connected.write(before, gone, after)
    assert (first, last) == (Confirmed(9), Confirmed(1))
    assert isinstance(middle, Rejected)


async def test_a_sale_and_all_that_follows_is_told(connected: Connected) -> None:
    shop = connected.shop
    order = await shop.sell("MUG", 3)
    states = []
    for happens in (shop.refund(order, "MUG", 1), shop.fulfil(order), None):
        event = (await connected.received())[-1]
        assert isinstance(event, OrderEvent) and event.lines is not None
        states.append([(line.sku, line.ordered, line.allocated, line.released) for line in event.lines])
        if happens is not None:
            await happens
    assert states == [[("MUG", 3, 3, 0)], [("MUG", 3, 2, 1)], [("MUG", 3, 0, 1)]]
    assert set(shop.webhooks.statuses) == {202}


async def test_a_cancelled_order_releases_everything(connected: Connected) -> None:
    order = await connected.shop.sell_many({"MUG": 2, "SHIRT-RED-M": 1})
    await connected.shop.cancel(order)
    *_, event = await connected.received()
    assert isinstance(event, OrderEvent) and event.lines is not None
    assert [(line.released, line.allocated) for line in event.lines] == [(2, 0), (1, 0)]


async def test_events_late_twice_and_reversed_have_one_winner(connected: Connected) -> None:
    connected.shop.webhooks.hold()
    order = await connected.shop.sell("MUG", 2)
    await connected.shop.cancel(order)
    await connected.shop.webhooks.release(reverse=True, copies=2)
    events = [event for event in await connected.received() if isinstance(event, OrderEvent)]
    winner = max(events, key=lambda event: event.precedence)
    assert winner.lines is not None and [line.released for line in winner.lines] == [2]


async def test_our_own_write_comes_back_as_an_echo(connected: Connected) -> None:
    await connected.write(connected.update("MUG", 8, 10))
    echo, *others = await connected.received()
    assert isinstance(echo, StockEcho) and not others
    assert (echo.quantity, echo.location_id) == (8, connected.shop.home())
    assert echo.platform_ids.items() <= connected.ids["MUG"].items()


async def test_orders_nobody_told_us_of_are_found_by_asking(connected: Connected) -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    connected.shop.webhooks.hold()
    sold = [await connected.shop.sell("MUG", 1) for _ in range(3)]
    page = await connected.client.run(connected.connector.read_orders(connected.config, None, since))
    assert not page.more
    assert {entry.order_id.rpartition("/")[2] for entry in page.entries} == {str(order.order_id) for order in sold}
    again = await connected.client.run(connected.connector.read_orders(connected.config, page.cursor, since))
    assert len(again.entries) == 3, "polls overlap rather than leave a gap"


async def test_an_order_the_shop_does_not_have_is_none(connected: Connected) -> None:
    missing = "gid://shopify/Order/1" if connected.connector.name == "shopify" else "1"
    assert await connected.client.run(connected.connector.read_order(connected.config, missing)) is None


async def test_the_check_says_in_words_that_all_is_well(connected: Connected) -> None:
    check = await connected.client.run(connected.connector.check(connected.config))
    assert check.summary.startswith("Connected to") and check.problems == ()


async def test_subscribing_twice_makes_each_subscription_once(connected: Connected) -> None:
    address = "https://gateway.example/webhooks/1"
    for _ in range(2):
        assert await connected.client.run(connected.connector.subscribe(connected.config, address)) == ()
    shop = connected.shop
    made = len(shop.subscriptions) if isinstance(shop, SimulatedShopify) else len(shop.hooks)  # type: ignore[attr-defined]
    assert made == len(connected.connector.topics)


RECOVERS = [
    Misbehaviour.SERVER_ERROR,
    Misbehaviour.HANG,
    Misbehaviour.SLOW_BODY,
    Misbehaviour.TRUNCATED_BODY,
    Misbehaviour.DROPPED_AFTER_APPLYING,
]
RAISES: dict[Misbehaviour, type[ConnectorError]] = {
    Misbehaviour.THROTTLED: Throttled,
    Misbehaviour.THROTTLED_SILENTLY: Throttled,
    Misbehaviour.BROKEN_JSON: Retriable,
    Misbehaviour.WRONG_JSON: Retriable,
    Misbehaviour.HTML_PAGE: Retriable,
}


@pytest.mark.parametrize("kind", RECOVERS)
async def test_one_lost_answer_is_made_good_at_once(connected: Connected, kind: Misbehaviour) -> None:
    connected.shop.misbehave(kind)
    assert await connected.write(connected.update("MUG", 6, 10)) == [Confirmed(6)]
    assert connected.shop.shelf.quantity("MUG", connected.shop.home()) == 6
    assert len(connected.shop.stock_writes()) == 2


@pytest.mark.parametrize("kind", [Misbehaviour.SERVER_ERROR, Misbehaviour.TRUNCATED_BODY])
async def test_two_lost_answers_are_handed_to_the_caller(connected: Connected, kind: Misbehaviour) -> None:
    connected.shop.misbehave(kind, times=2)
    update = connected.update("MUG", 6, 10)
    with pytest.raises(Retriable):
        await connected.write(update)
    assert await connected.write(update) == [Confirmed(6)]


@pytest.mark.parametrize("kind", RAISES)
async def test_a_useless_answer_is_typed_and_the_write_may_be_repeated(
    shopify: Connected, woocommerce: Connected, kind: Misbehaviour
) -> None:
    for connected in (shopify, woocommerce):
        connected.shop.misbehave(kind)
        update = connected.update("MUG", 6, 10)
        with pytest.raises(RAISES[kind]) as failed:
            await connected.write(update)
        assert type(failed.value) is RAISES[kind]
        assert len(connected.shop.stock_writes()) == 1
        if RAISES[kind] is Retriable:
            assert await connected.write(update) == [Confirmed(6)]


async def test_an_error_inside_success_is_not_success(shopify: Connected, woocommerce: Connected) -> None:
    for connected in (shopify, woocommerce):
        connected.shop.misbehave(Misbehaviour.ERROR_INSIDE_SUCCESS, times=2)
    with pytest.raises(Retriable):
        await shopify.write(shopify.update("MUG", 6, 10))
    assert [type(outcome) for outcome in await woocommerce.write(woocommerce.update("MUG", 6))] == [Deferred]


async def test_a_claimed_success_that_changed_nothing_is_seen_in_the_echo(woocommerce: Connected) -> None:
    woocommerce.shop.misbehave(Misbehaviour.NOTHING_CHANGED)
    (outcome,) = await woocommerce.write(woocommerce.update("MUG", 6))
    assert isinstance(outcome, Deferred)


async def test_a_product_that_is_not_counted_is_reported_and_not_switched_on(woocommerce: Connected) -> None:
    shop = woocommerce.shop
    assert isinstance(shop, SimulatedWooCommerce)
    shop.products["MUG"].managed, shop.products["SHOE-41"].managed = False, "parent"
    outcomes = await woocommerce.write(woocommerce.update("MUG", 6), woocommerce.update("SHOE-41", 1))
    assert [outcome.code for outcome in outcomes if isinstance(outcome, Rejected)] == ["not_tracked", "stock_on_parent"]
    assert (await woocommerce.stock())["MUG"] is None


async def test_variations_are_written_in_one_call_for_each_parent(woocommerce: Connected) -> None:
    updates = [woocommerce.update("SHOE-41", 1), woocommerce.update("MUG", 2), woocommerce.update("SHOE-42", 3)]
    assert await woocommerce.write(*updates) == [Confirmed(1), Confirmed(2), Confirmed(3)]
    assert len(woocommerce.shop.stock_writes()) == 2


async def test_a_parent_that_is_gone_concerns_its_variations_alone(woocommerce: Connected) -> None:
    orphan = StockUpdate(
        platform_ids={"product_id": "1", "variation_id": "2"}, sku="X", quantity=1, idempotency_key="orphan"
    )
    outcomes = await woocommerce.write(orphan, woocommerce.update("MUG", 2))
    assert isinstance(outcomes[0], Rejected) and outcomes[1] == Confirmed(2)


async def test_the_unsigned_ping_is_answered_and_nothing_else_unsigned_is(woocommerce: Connected) -> None:
    shop = woocommerce.shop
    assert isinstance(shop, SimulatedWooCommerce)
    await shop.webhooks.deliver(shop.ping())
    await shop.sell("MUG")
    ping, sale = woocommerce.receiver.notifications
    assert woocommerce.connector.handshake(woocommerce.config, ping) is not None
    assert woocommerce.connector.handshake(woocommerce.config, sale) is None


async def test_a_sale_in_flight_makes_the_comparison_fail_and_says_what_is_there(shopify: Connected) -> None:
    shopify.shop.webhooks.hold()
    await shopify.shop.sell("MUG", 2)
    outcomes = await shopify.write(shopify.update("MUG", 9, 10), shopify.update("CAP", 4, 0))
    assert outcomes == [Stale(8), Confirmed(4)]
    assert shopify.shop.shelf.quantity("MUG", shopify.shop.home()) == 8


async def test_locations_are_written_and_read_apart(shopify: Connected) -> None:
    shop = shopify.shop
    assert isinstance(shop, SimulatedShopify)
    outlet = list(shop.locations)[1]
    update = StockUpdate(
        platform_ids=shopify.ids["MUG"],
        sku="MUG",
        location_id=outlet,
        quantity=4,
        change_from=0,
        idempotency_key="outlet",
    )
    assert await shopify.write(update) == [Confirmed(4)]
    assert (shop.shelf.quantity("MUG", shop.home()), shop.shelf.quantity("MUG", outlet)) == (10, 4)


async def test_a_refused_token_is_renewed_once(shopify: Connected) -> None:
    assert isinstance(shopify.shop, SimulatedShopify)
    shopify.shop.expire_tokens()
    assert await shopify.write(shopify.update("MUG", 6, 10)) == [Confirmed(6)]
    grants = [request for request in shopify.shop.requests if request.path.endswith("access_token")]
    assert len(grants) == 2


async def test_wrong_credentials_are_an_expired_authorisation(
    connected: Connected, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = connected.shop.config() | {"client_secret": "wrong", "consumer_secret": "wrong"}
    entered = {name: value for name, value in entered.items() if name in connected.config.__class__.model_fields}
    monkeypatch.setattr(connected.shop, "config", lambda: entered)
    client = make_client(connected.connector.name, connected.shop)
    with pytest.raises(AuthExpired):
        await client.run(connected.connector.check(connected.config))


async def test_a_used_up_allowance_is_obeyed(shopify: Connected) -> None:
    assert isinstance(shopify.shop, SimulatedShopify)
    shopify.shop.bucket.leave(5)
    with pytest.raises(Throttled) as refused:
        await shopify.write(shopify.update("MUG", 6, 10))
    assert refused.value.after_seconds is not None and 0 < refused.value.after_seconds <= 0.1
    asked_at = time.monotonic()
    assert await shopify.write(shopify.update("MUG", 6, 10)) == [Confirmed(6)]
    assert shopify.shop.stock_writes()[-1].arrived_at - asked_at > refused.value.after_seconds * 0.8


async def test_250_lines_go_in_one_call_and_two_bad_ones_cost_one_more(shopify: Connected) -> None:
    shop = shopify.shop
    assert isinstance(shop, SimulatedShopify)
    for number in range(250):
        sku = f"BULK-{number}"
        shop.variants[sku] = 9000 + number
        shop.shelf.put(sku, shop.home(), 1)
        shopify.ids[sku] = {"inventory_item_id": f"gid://shopify/InventoryItem/{9000 + number}"}
    updates = [shopify.update(f"BULK-{number}", 2, 5 if number in (17, 200) else 1) for number in range(250)]
    outcomes = await shopify.write(*updates)
    assert [number for number, outcome in enumerate(outcomes) if outcome == Stale(1)] == [17, 200]
    assert sum(isinstance(outcome, Confirmed) for outcome in outcomes) == 248
    assert len(shop.stock_writes()) == 2
