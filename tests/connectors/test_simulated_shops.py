"""Connector and simulated shop over real HTTP, what both kinds have in common."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import AuthExpired
from connectors.messages import OrderEvent, StockEcho
from connectors.simulated import SimulatedShopify
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.conftest import MakeClient
from tests.connectors.connected import Connected


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


async def test_wrong_credentials_are_an_expired_authorisation(
    connected: Connected, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = connected.shop.config() | {"client_secret": "wrong", "consumer_secret": "wrong"}
    entered = {name: value for name, value in entered.items() if name in connected.config.__class__.model_fields}
    monkeypatch.setattr(connected.shop, "config", lambda: entered)
    client = make_client(connected.connector.name, connected.shop)
    with pytest.raises(AuthExpired):
        await client.run(connected.connector.check(connected.config))
