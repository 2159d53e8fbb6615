"""Square's connector and its simulated platform over real HTTP, every request held against the vendor's description."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from jsonschema import Draft7Validator

from connectors.config import read_config
from connectors.errors import AuthExpired, ConnectorError, Retriable, Throttled
from connectors.messages import OrderEvent, StockEcho
from connectors.simulated import SimulatedSquare
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Deferred, Rejected, StockUpdate
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.receiver import Receiver
from tests.connectors.vendor_description import SPECS, VendorDescription

EVENTS = {
    "order.created": "OrderCreatedEvent",
    "order.updated": "OrderUpdatedEvent",
    "order.fulfillment.updated": "OrderFulfillmentUpdatedEvent",
    "payment.updated": "PaymentUpdatedEvent",
    "inventory.count.updated": "InventoryCountUpdatedEvent",
}


CATALOG = VendorDescription("square-catalog", wanted=lambda request: request.path.startswith("/v2/catalog"))
# The saved description leaves out payments and refunds.
REST = VendorDescription(
    "square", wanted=lambda request: not request.path.startswith(("/v2/catalog", "/v2/payments/", "/v2/refunds/"))
)


@pytest.fixture
async def square(make_client: MakeClient) -> AsyncIterator[Connected]:
    shop = SimulatedSquare(STOCK, location_names=("Main", "Outlet"))
    async with Receiver() as receiver, shop:
        shop.webhooks.address = receiver.url
        connected = Connected("square", shop, make_client("square", shop), receiver)
        await connected.learn()
        yield connected
        assert CATALOG.violations(shop.requests) + REST.violations(shop.requests) == []


@pytest.fixture
def shop(square: Connected) -> SimulatedSquare:
    assert isinstance(square.shop, SimulatedSquare)
    return square.shop


async def test_what_square_does_not_count_is_said_to_be_so(square: Connected, shop: SimulatedSquare) -> None:
    shop.untracked.add("CAP")
    order = await shop.sell_many({"MUG": 1, "CAP": 1})
    (event, *_) = [event for event in await square.received() if isinstance(event, OrderEvent)]
    assert len(order.lines) == 2 and [line.tracked for line in event.lines or ()] == [True, False]


def change(square: Connected, sku: str, delta: int, quantity: int) -> StockUpdate:
    return replace(square.update(sku, quantity), delta=delta)


async def lines_of(square: Connected) -> list[tuple[int, int, int]]:
    events = [event for event in await square.received() if isinstance(event, OrderEvent)]
    latest = max(events, key=lambda event: event.precedence)
    assert latest.lines is not None
    return [(line.ordered, line.allocated, line.released) for line in latest.lines]


async def test_the_simulated_notifications_have_the_vendors_shape(square: Connected, shop: SimulatedSquare) -> None:
    path = SPECS / "square.json"
    if not path.exists():
        pytest.skip("the vendor's description is not beside the checkout")
    components = orjson.loads(path.read_bytes())["components"]
    for schema in components["schemas"].values():
        # Open for further fields, which would hide a misspelt one.
        schema.setdefault("additionalProperties", "properties" not in schema)
    order = await shop.sell("MUG")
    await shop.fulfil(order)
    await square.write(square.update("MUG", 5))
    await shop.webhooks.settled()
    bodies = [orjson.loads(notification.body) for notification in square.receiver.notifications]
    assert {body["type"] for body in bodies} == EVENTS.keys()
    for body in bodies:
        schema = {"allOf": [{"$ref": f"#/components/schemas/{EVENTS[body['type']]}"}], "components": components}
        assert [f"{error.json_path} {error.message}" for error in Draft7Validator(schema).iter_errors(body)] == []


async def test_a_count_and_an_adjustment_go_in_one_call(square: Connected, shop: SimulatedSquare) -> None:
    assert await square.write(square.update("MUG", 7), change(square, "CAP", 3, 3)) == [Confirmed(7), Confirmed(3)]
    assert (shop.shelf.quantity("MUG", shop.home()), shop.shelf.quantity("CAP", shop.home())) == (7, 3)
    assert len(shop.stock_writes()) == 1


async def test_a_sale_in_flight_survives_an_adjustment(square: Connected, shop: SimulatedSquare) -> None:
    shop.webhooks.hold()
    await shop.sell("MUG", 2)
    assert await square.write(change(square, "MUG", -1, 9)) == [Confirmed(9)]
    assert shop.shelf.quantity("MUG", shop.home()) == 7


async def test_a_sale_after_the_counts_own_time_survives_the_count(square: Connected, shop: SimulatedSquare) -> None:
    counted = replace(square.update("MUG", 20), as_of=datetime.now(UTC) - timedelta(minutes=1))
    await shop.sell("MUG", 2)
    assert await square.write(counted) == [Confirmed(20)]
    assert shop.shelf.quantity("MUG", shop.home()) == 18


async def test_an_adjustment_whose_answer_was_lost_is_made_once(square: Connected, shop: SimulatedSquare) -> None:
    update = change(square, "MUG", -3, 7)
    shop.misbehave(Misbehaviour.DROPPED_AFTER_APPLYING, times=2)
    with pytest.raises(Retriable):
        await square.write(update)
    assert await square.write(update) == [Confirmed(7)]
    assert await square.write(replace(update, as_of=datetime.now(UTC))) == [Confirmed(7)]
    assert shop.shelf.quantity("MUG", shop.home()) == 7


async def test_a_listing_that_is_gone_does_not_harm_its_neighbours(square: Connected, shop: SimulatedSquare) -> None:
    gone = replace(square.update("MUG", 1), platform_ids={"catalog_object_id": "GONE"})
    updates = [change(square, "MUG", -1, 9), gone, change(square, "CAP", 1, 1)]
    first, middle, last = await square.write(*updates)
    assert (first, last) == (Confirmed(9), Confirmed(1)) and isinstance(middle, Rejected)
    assert len(shop.stock_writes()) == 2


async def test_a_change_older_than_a_day_is_refused_by_name(square: Connected) -> None:
    old = replace(square.update("MUG", 1), as_of=datetime.now(UTC) - timedelta(hours=25))
    (outcome,) = await square.write(old)
    assert isinstance(outcome, Rejected) and outcome.code == "INVALID_TIME"


async def test_locations_are_written_and_read_apart(square: Connected, shop: SimulatedSquare) -> None:
    outlet = list(shop.locations)[1]
    assert await square.write(replace(square.update("MUG", 4), location_id=outlet)) == [Confirmed(4)]
    page = await square.client.run(square.connector.read_stock(square.config, None))
    shown = {(entry.platform_ids["catalog_object_id"], entry.location_id): entry.quantity for entry in page.entries}
    mug = square.ids["MUG"]["catalog_object_id"]
    assert (shown[mug, shop.home()], shown[mug, outlet]) == (10, 4)
    assert (square.ids["CAP"]["catalog_object_id"], outlet) not in shown, "never counted is not zero"


async def test_a_sale_and_all_that_follows_is_told(square: Connected, shop: SimulatedSquare) -> None:
    order = await shop.sell("MUG", 3)
    states = [await lines_of(square)]
    await shop.refund(order, "MUG", 1)
    states.append(await lines_of(square))
    await shop.fulfil(order)
    states.append(await lines_of(square))
    assert states == [[(3, 3, 0)], [(3, 2, 1)], [(3, 0, 1)]]
    assert set(shop.webhooks.statuses) == {202}


async def test_a_till_sale_has_left_and_may_come_back(square: Connected, shop: SimulatedSquare) -> None:
    order = await shop.sell("MUG", 2, location_id=shop.home())
    assert await lines_of(square) == [(2, 0, 0)]
    await shop.refund(order, "MUG", 2)
    assert await lines_of(square) == [(2, 0, 2)]


async def test_events_late_twice_and_reversed_have_one_winner(square: Connected, shop: SimulatedSquare) -> None:
    shop.webhooks.hold()
    order = await shop.sell("MUG", 2)
    await shop.cancel(order)
    await shop.webhooks.release(reverse=True, copies=2)
    keys = {square.connector.delivery_key(arrived) for arrived in square.receiver.notifications}
    assert len(keys) == len(square.receiver.notifications) / 2
    assert await lines_of(square) == [(2, 0, 2)]


async def test_our_own_write_comes_back_as_an_echo(square: Connected, shop: SimulatedSquare) -> None:
    await square.write(square.update("MUG", 8))
    (echo,) = await square.received()
    assert isinstance(echo, StockEcho) and (echo.quantity, echo.location_id) == (8, shop.home())


async def test_orders_nobody_told_us_of_are_found_by_asking(square: Connected, shop: SimulatedSquare) -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    shop.webhooks.hold()
    sold = {f"SALE{(await shop.sell('MUG')).order_id}" for _ in range(3)}
    page = await square.client.run(square.connector.read_orders(square.config, None, since))
    assert {entry.order_id for entry in page.entries} == sold and not page.more
    again = await square.client.run(square.connector.read_orders(square.config, page.cursor, since))
    assert len(again.entries) == 3, "polls overlap rather than leave a gap"


async def test_an_order_square_does_not_have_is_none(square: Connected) -> None:
    assert await square.client.run(square.connector.read_order(square.config, "SALE1")) is None


async def test_the_check_names_a_location_that_is_not_there(square: Connected, shop: SimulatedSquare) -> None:
    check = await square.client.run(square.connector.check(square.config))
    assert check.summary.startswith("Connected to") and check.problems == ()
    assert [location.name for location in check.locations] == ["Main", "Outlet"]
    config = read_config(type(square.config), {**shop.config(), "location_ids": ["NOWHERE"]})
    assert len((await square.client.run(square.connector.check(config))).problems) == 1


async def test_subscribing_needs_the_accounts_own_token_and_is_done_once(
    square: Connected, shop: SimulatedSquare
) -> None:
    address = "https://gateway.example/webhooks/1"
    (by_hand,) = await square.client.run(square.connector.subscribe(square.config, address))
    assert address in by_hand and not shop.subscriptions
    config = read_config(type(square.config), {**shop.config(), "access_token": "EAAA-personal"})
    told = [await square.client.run(square.connector.subscribe(config, address)) for _ in range(2)]
    assert "signature key" in told[0][0] and told[1] == ()
    (made,) = shop.subscriptions.values()
    assert set(made["event_types"]) == square.connector.topics.keys()


async def test_a_refused_token_is_renewed_once(square: Connected, shop: SimulatedSquare) -> None:
    shop.expire_tokens()
    assert await square.write(square.update("MUG", 6)) == [Confirmed(6)]
    assert sum(request.path == "/oauth2/token" for request in shop.requests) == 2


async def test_wrong_credentials_are_an_expired_authorisation(
    square: Connected, shop: SimulatedSquare, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wrong in ({"refresh_token": "EQAA-wrong"}, {"access_token": "EAAA-wrong"}):
        entered = shop.config() | wrong
        with monkeypatch.context() as patch:
            patch.setattr(shop, "config", lambda entered=entered: entered)
            client = make_client("square", shop)
        with pytest.raises(AuthExpired):
            await client.run(square.connector.check(square.config))


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
async def test_one_lost_answer_is_made_good_at_once(
    square: Connected, shop: SimulatedSquare, kind: Misbehaviour
) -> None:
    shop.misbehave(kind)
    assert await square.write(change(square, "MUG", -4, 6)) == [Confirmed(6)]
    assert shop.shelf.quantity("MUG", shop.home()) == 6
    assert len(shop.stock_writes()) == 2


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
async def test_a_useless_answer_is_typed_and_the_write_may_be_repeated(
    square: Connected, shop: SimulatedSquare, kind: Misbehaviour, expected: type[ConnectorError]
) -> None:
    shop.misbehave(kind)
    update = change(square, "MUG", -4, 6)
    with pytest.raises(expected) as failed:
        await square.write(update)
    assert type(failed.value) is expected
    if expected is Retriable:
        assert await square.write(update) == [Confirmed(6)]
        assert shop.shelf.quantity("MUG", shop.home()) == 6


async def test_an_error_inside_success_is_not_success(square: Connected, shop: SimulatedSquare) -> None:
    shop.misbehave(Misbehaviour.ERROR_INSIDE_SUCCESS, times=2)
    with pytest.raises(Retriable):
        await square.write(square.update("MUG", 6))


async def test_a_claimed_success_that_changed_nothing_is_seen(square: Connected, shop: SimulatedSquare) -> None:
    shop.misbehave(Misbehaviour.NOTHING_CHANGED)
    (outcome,) = await square.write(square.update("MUG", 6))
    assert isinstance(outcome, Deferred)
