"""What is particular to BigCommerce, against its simulated store over real HTTP; every request is held against the
vendor's descriptions."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.config import read_config
from connectors.errors import AuthExpired, Retriable, Throttled, Untrusted
from connectors.exchange import Notification, headers_of
from connectors.messages import OrderEvent, OrderStage
from connectors.simulated import SimulatedBigCommerce
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Deferred, Rejected, Stale
from tests.connectors.case import answer
from tests.connectors.cases.bigcommerce import CASE
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime
from tests.connectors.receiver import Receiver
from tests.connectors.vendor_description import VendorDescription

SINCE = datetime.now(UTC) - timedelta(hours=1)
# Of the catalogue, the vendor's description of products is not saved.
DESCRIBED = {
    "bigcommerce": ("v3", ("/inventory/adjustments", "/inventory/items")),
    "bigcommerce-locations": ("v3", ("/inventory/locations",)),
    "bigcommerce-settings": ("v3", ("/settings",)),
    "bigcommerce-webhooks": ("v3", ("/hooks",)),
    "bigcommerce-orders": ("v2", ("/orders",)),
}


def description(name: str, version: str, paths: tuple[str, ...]) -> VendorDescription:
    base = f"/stores/abc123/{version}"
    whole = tuple(base + path for path in paths)
    # Its list of values for `sort` lacks the direction that its text asks to add.
    return VendorDescription(
        name, base=base, wanted=lambda request: request.path.startswith(whole), undescribed={"sort"}
    )


DESCRIPTIONS = [description(name, *where) for name, where in DESCRIBED.items()]


@pytest.fixture
async def shop() -> AsyncIterator[SimulatedBigCommerce]:
    async with SimulatedBigCommerce(STOCK, location_names=("Default", "Outlet")) as shop:
        shop.tracking["MUG"] = "product"
        yield shop
        assert [problem for one in DESCRIPTIONS for problem in one.violations(shop.requests)] == []


@pytest.fixture
def time() -> QuickTime:
    return QuickTime()


@pytest.fixture
async def store(shop: SimulatedBigCommerce, make_client: MakeClient, time: QuickTime) -> AsyncIterator[Connected]:
    async with Receiver() as receiver:
        shop.webhooks.address = receiver.url
        client = make_client("bigcommerce", shop, clock=time.clock, sleep=time.sleep)
        connected = Connected("bigcommerce", shop, client, receiver)
        await connected.learn()
        yield connected


async def told(store: Connected) -> list[tuple[OrderStage, list[tuple[int, int, int]]]]:
    events = [event for event in await store.received() if isinstance(event, OrderEvent)]
    return [
        (event.stage, [(line.ordered, line.allocated, line.released) for line in event.lines or ()]) for event in events
    ]


def test_the_signature_is_that_of_the_schemes_own_library() -> None:
    """Made by `standardwebhooks` 1.1.0 from PyPI, which takes its secret in base64."""
    body = b'{"producer":"stores/abc123","scope":"store/order/created","data":{"type":"order","id":250}}'
    at = datetime.fromtimestamp(1795183331, UTC)
    signed = {
        "webhook-id": "msg_2Lh9KRb0pzN4LePd3XiA4v12Axj",
        "webhook-timestamp": "1795183331",
        "webhook-signature": "v1,KWdA8K4R5b3b9wehq1kjtdfrdw2oYDzPnxizSYUJnTY=",
    }
    entered = {**CASE.entered, "client_secret": "bc-client-secret-of-the-api-account"}
    config = read_config(CASE.connector.config_type, entered)
    genuine = Notification(body=body, headers=headers_of(signed), received_at=at)
    CASE.connector.verify(config, genuine)
    # The retries go on for two days, perhaps with the first time.
    CASE.connector.verify(config, replace(genuine, received_at=at + timedelta(hours=49)))
    assert CASE.connector.delivery_key(genuine) == signed["webhook-id"]
    forged = [
        replace(genuine, received_at=at + timedelta(hours=51)),
        *(replace(genuine, headers=headers_of({**signed, name: "1795183332"})) for name in list(signed)[:2]),
    ]
    for notification in forged:
        with pytest.raises(Untrusted):
            CASE.connector.verify(config, notification)


async def test_products_and_variants_are_written_as_what_they_are_counted_by(
    store: Connected, shop: SimulatedBigCommerce
) -> None:
    updates = [store.update("MUG", 7, 10), store.update("SHIRT-RED-M", 4, 5), store.update("CAP", 0, 0)]
    assert await store.write(*updates) == [Confirmed(7), Confirmed(4), Confirmed(0)]
    assert [len(store.ids[sku]) for sku in ("MUG", "SHIRT-RED-M")] == [1, 2]
    assert len(shop.stock_writes()) == 1
    assert await store.stock() == {"MUG": 7, "SHIRT-RED-M": 4, "CAP": 0}


async def test_a_write_is_confirmed_once_it_shows(
    store: Connected, shop: SimulatedBigCommerce, time: QuickTime
) -> None:
    shop.lag_looks = 3
    assert await store.write(store.update("MUG", 7, 10)) == [Confirmed(7)]
    assert time.pauses == [0.5, 1.0]
    shop.lag_looks = 50
    (outcome,) = await store.write(store.update("MUG", 6, 7))
    assert isinstance(outcome, Deferred)


async def test_a_sale_that_nobody_told_of_is_not_trampled(store: Connected, shop: SimulatedBigCommerce) -> None:
    await shop.sell("MUG", 1)
    assert await store.write(store.update("MUG", 8, 10)) == [Stale(9)]
    assert await store.write(store.update("MUG", 7, 9)) == [Confirmed(7)]


async def test_a_safety_stock_is_the_merchants_and_changes_nothing(
    store: Connected, shop: SimulatedBigCommerce
) -> None:
    shop.safety_stock = 2
    assert await store.write(store.update("MUG", 7, 10)) == [Confirmed(7)]
    assert (await store.stock())["MUG"] == 7


async def test_locations_are_written_apart(store: Connected, shop: SimulatedBigCommerce) -> None:
    assert await store.write(replace(store.update("MUG", 4), location_id="2"), store.update("MUG", 9)) == [
        Confirmed(4),
        Confirmed(9),
    ]
    assert (shop.shelf.quantity("MUG", "1"), shop.shelf.quantity("MUG", "2")) == (9, 4)


async def test_a_line_of_the_wrong_kind_is_found_and_the_others_are_written(
    store: Connected, shop: SimulatedBigCommerce
) -> None:
    shop.tracking["CAP"] = "product"
    outcomes = await store.write(store.update("MUG", 7), store.update("CAP", 2), store.update("SHIRT-RED-M", 4))
    assert (outcomes[0], outcomes[2]) == (Confirmed(7), Confirmed(4))
    assert isinstance(outcomes[1], Rejected) and "tracked by product" in outcomes[1].reason
    assert len(shop.stock_writes()) == 2, "the line at fault is named"


async def test_a_claimed_success_that_changed_nothing_is_seen(store: Connected, shop: SimulatedBigCommerce) -> None:
    shop.misbehave(Misbehaviour.NOTHING_CHANGED)
    (outcome,) = await store.write(store.update("MUG", 7, 10))
    assert isinstance(outcome, Deferred)
    shop.misbehave(Misbehaviour.WRONG_JSON)
    with pytest.raises(Retriable):
        await store.write(store.update("MUG", 7, 10))


async def test_an_order_is_told_from_its_placing_to_its_refund(store: Connected, shop: SimulatedBigCommerce) -> None:
    order = await shop.sell_many({"MUG": 3, "CAP": 1})
    assert await told(store) == [(OrderStage.OPEN, [(3, 3, 0), (1, 1, 0)])]
    await shop.ship(order, "MUG", 2)
    assert await told(store) == [(OrderStage.OPEN, [(3, 1, 0), (1, 1, 0)])]
    await shop.refund(order, "MUG", 1)
    assert await told(store) == [(OrderStage.OPEN, [(3, 0, 1), (1, 1, 0)])]
    await shop.fulfil(order)
    assert await told(store) == [(OrderStage.FULFILLED, [(3, 0, 1), (1, 0, 0)])]
    await shop.refund(order, "CAP", 1)
    assert await told(store) == [(OrderStage.FULFILLED, [(3, 0, 1), (1, 0, 1)])]


async def test_a_cancelled_order_releases_everything(store: Connected, shop: SimulatedBigCommerce) -> None:
    await shop.cancel(await shop.sell_many({"MUG": 2, "CAP": 1}))
    assert (await told(store))[-1] == (OrderStage.CANCELLED, [(2, 0, 2), (1, 0, 1)])


async def test_an_archived_order_says_nothing_of_its_lines(store: Connected, shop: SimulatedBigCommerce) -> None:
    order = await shop.sell("MUG", 2)
    shop.archived.add(order.order_id)
    event = await store.order(str(order.order_id))
    assert (event.stage, event.lines) == (OrderStage.DELETED, None)


@pytest.mark.parametrize(("restock", "released"), [(True, 2), (False, 0)])
async def test_refunded_goods_come_back_as_the_operator_says(
    store: Connected, shop: SimulatedBigCommerce, restock: bool, released: int
) -> None:
    order = await shop.sell("MUG", 3)
    await shop.ship(order, "MUG", 1)
    await shop.refund(order, "MUG", 2)
    config = read_config(type(store.config), {**shop.config(), "refunds_restock": restock})
    event = await store.client.run(store.connector.read_order(config, str(order.order_id)))
    assert event is not None and event.lines is not None
    (line,) = event.lines
    assert (line.allocated, line.released, line.fulfilled, line.refunded) == (0, released, 1, 2)


@pytest.mark.parametrize(
    ("status", "stage", "allocated"),
    [
        (0, OrderStage.PENDING, 0),
        (1, OrderStage.OPEN, 2),
        (7, OrderStage.OPEN, 2),
        (6, OrderStage.CANCELLED, 0),
        (10, OrderStage.FULFILLED, 0),
        (13, OrderStage.OPEN, 2),
        (99, OrderStage.OPEN, 2),
    ],
)
async def test_the_status_decides_what_an_order_holds(
    store: Connected, shop: SimulatedBigCommerce, status: int, stage: OrderStage, allocated: int
) -> None:
    order = await shop.sell("MUG", 2)
    shop.statuses[order.order_id] = status
    assert [(found, lines[0][1]) for found, lines in await told(store)] == [(stage, allocated)]


async def test_a_poll_walks_on_from_the_time_it_has_reached(store: Connected, shop: SimulatedBigCommerce) -> None:
    """Had it counted pages, an order that changes meanwhile would push another one out of sight."""
    old = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=50)
    for number in range(251):
        (await shop.sell("MUG")).updated_at = old + timedelta(seconds=number)
    first = await store.client.run(store.connector.read_orders(store.config, None, SINCE))
    shop.orders[min(shop.orders)].updated_at = datetime.now(UTC).replace(microsecond=0)
    second = await store.client.run(store.connector.read_orders(store.config, first.cursor, SINCE))
    assert first.more and not second.more
    assert {int(entry.order_id) for entry in (*first.entries, *second.entries)} == shop.orders.keys()
    for order in shop.orders.values():
        order.updated_at = old
    cursor: str | None = None
    seen: set[str] = set()
    for more in (True, True, False):
        orders = await store.client.run(store.connector.read_orders(store.config, cursor, SINCE))
        assert orders.more is more
        cursor = orders.cursor
        seen |= {entry.order_id for entry in orders.entries}
    assert len(seen) == 251, "also where all of them changed within one second"


async def test_an_order_that_is_not_there_is_none_and_no_orders_are_no_body(store: Connected) -> None:
    assert await store.client.run(store.connector.read_order(store.config, "5")) is None
    page = await store.client.run(store.connector.read_orders(store.config, None, SINCE))
    assert page.entries == () and not page.more


async def test_the_check_says_when_the_store_is_set_otherwise(store: Connected, shop: SimulatedBigCommerce) -> None:
    check = await store.client.run(store.connector.check(store.config))
    assert check.problems == () and [place.name for place in check.locations] == ["Default", "Outlet"]
    shop.settings = {"update_stock_behavior": "order_completed_or_shipped", "refund_order_stock_adjustment": False}
    check = await store.client.run(store.connector.check(store.config))
    assert "when an order is placed" in check.problems[0] and "refunds_restock=False" in check.problems[1]


async def test_webhooks_are_registered_once_and_woken_up(store: Connected, shop: SimulatedBigCommerce) -> None:
    for _ in range(2):
        address = "https://gateway.example/webhooks/1"
        assert await store.client.run(store.connector.subscribe(store.config, address)) == ()
        assert {hook["scope"] for hook in shop.hooks.values() if hook["is_active"]} == store.connector.topics.keys()
        assert len(shop.hooks) == len(store.connector.topics)
        for hook in shop.hooks.values():
            hook["is_active"] = False


async def test_a_wrong_token_is_an_expired_authorisation(
    store: Connected, shop: SimulatedBigCommerce, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered: dict[str, Any] = {**shop.config(), "access_token": "wrong"}
    monkeypatch.setattr(shop, "config", lambda: entered)
    with pytest.raises(AuthExpired):
        await make_client("bigcommerce", shop).run(store.connector.check(store.config))


def test_the_quota_is_believed_and_its_reset_waited_for() -> None:
    allowance = CASE.connector.allowance(answer({}, X_Rate_Limit_Requests_Left="7", X_Rate_Limit_Requests_Quota="450"))
    assert allowance is not None
    assert (allowance.remaining, allowance.burst, allowance.per_second) == (7, 450, 15)
    error = CASE.connector.classify(answer({}, 429, X_Rate_Limit_Time_Reset_Ms="2500"))
    assert isinstance(error, Throttled) and error.after_seconds == 2.5
    overloaded = CASE.connector.classify(answer({}, 429))
    assert isinstance(overloaded, Throttled) and overloaded.after_seconds is None
