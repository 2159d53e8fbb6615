"""What is particular to Lightspeed Retail (X-Series), against its simulated store over real HTTP; every request is held
against the vendor's descriptions."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.config import read_config
from connectors.errors import AuthExpired, Permanent, Untrusted
from connectors.exchange import Notification, headers_of
from connectors.messages import OrderEvent, OrderReference, OrderStage
from connectors.platforms.lightspeed_xseries.sales import PRODUCTS_MAX, SEARCH_PAGE, SEARCHED_MAX, read_untracked
from connectors.simulated import SimulatedLightspeedXSeries
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Deferred, Stale
from tests.connectors.case import NOW, answer, drive
from tests.connectors.cases.lightspeed_xseries import CASE
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.receiver import Receiver
from tests.connectors.vendor_description import VendorDescription

SINCE = datetime.now(UTC) - timedelta(hours=1)
NEW = VendorDescription("lightspeed-xseries", base="/api/2026-07", wanted=lambda asked: "/2026-07/" in asked.path)
OLD = VendorDescription("lightspeed-xseries-2.0", base="/api/2.0", wanted=lambda asked: "/2.0/" in asked.path)

# printf %s "$BODY" | openssl dgst -sha256 -hmac "$KEY"; the same with -binary | base64
BODY, KEY = b"payload=%7B%22id%22%3A%221%22%7D&domain_prefix=shop1", "s3cr3t-of-the-app"
HEX = "72624c27fb6433b0b740ecf6ed7cf4ab509494074c75ce28ac400fe4dd701d7c"


@pytest.fixture
async def shop() -> AsyncIterator[SimulatedLightspeedXSeries]:
    async with SimulatedLightspeedXSeries(STOCK, outlet_names=("Main", "Outlet")) as shop:
        yield shop
        assert NEW.violations(shop.requests) == [] and OLD.violations(shop.requests) == []


@pytest.fixture
async def xseries(shop: SimulatedLightspeedXSeries, make_client: MakeClient) -> AsyncIterator[Connected]:
    async with Receiver() as receiver:
        shop.webhooks.address = receiver.url
        connected = Connected("lightspeed-xseries", shop, make_client("lightspeed-xseries", shop), receiver)
        await connected.learn()
        yield connected


async def told(xseries: Connected) -> list[tuple[OrderStage, list[tuple[int, int, int]]]]:
    events = [event for event in await xseries.received() if isinstance(event, OrderEvent)]
    return [
        (event.stage, [(line.ordered, line.allocated, line.released) for line in event.lines or ()])
        for event in events
        if event.lines
    ]


@pytest.mark.parametrize("signature", [HEX, base64.b64encode(bytes.fromhex(HEX)).decode()])
def test_the_signature_is_openssls_in_either_encoding(signature: str) -> None:
    headers = headers_of({"X-Signature": f"signature={signature},algorithm=HMAC-SHA256"})
    config = read_config(CASE.connector.config_type, {**CASE.entered, "client_secret": KEY})
    CASE.connector.verify(config, Notification(body=BODY, headers=headers, received_at=NOW))
    with pytest.raises(Untrusted):
        CASE.connector.verify(config, Notification(body=BODY + b" ", headers=headers, received_at=NOW))


def test_a_webhook_of_a_personal_token_is_proven_by_its_address() -> None:
    entered = {"domain_prefix": "shop1", "access_token": "lsxs_pt_1", "webhook_token": "long & secret"}
    config = read_config(CASE.connector.config_type, entered)
    address = "https://gateway.example/webhooks/1?token=long%20%26%20secret"
    notification = Notification(body=CASE.body, headers=headers_of({}), received_at=NOW, url=address)
    assert CASE.connector.receive(config, notification) == list(CASE.messages)
    signed = headers_of({"X-Signature": f"signature={HEX},algorithm=HMAC-SHA256"})
    assert CASE.connector.receive(config, replace(notification, headers=signed)) == list(CASE.messages)
    for wrong in ("https://gateway.example/webhooks/1", address + "x"):
        with pytest.raises(Untrusted):
            CASE.connector.receive(config, replace(notification, url=wrong))


async def test_quantities_are_confirmed_by_a_second_look(xseries: Connected, shop: SimulatedLightspeedXSeries) -> None:
    assert await xseries.write(xseries.update("MUG", 7, 10), xseries.update("CAP", 0, 0)) == [
        Confirmed(7),
        Confirmed(0),
    ]
    assert (shop.shelf.quantity("MUG", shop.home()), len(shop.stock_writes())) == (7, 1)
    page = await xseries.client.run(xseries.connector.read_stock(xseries.config, None))
    assert {entry.platform_ids["product_id"]: entry.quantity for entry in page.entries}[shop.products["MUG"]] == 7


async def test_an_outlet_without_a_count_gets_its_first_one(
    xseries: Connected, shop: SimulatedLightspeedXSeries
) -> None:
    outlet = list(shop.outlets)[1]
    assert await xseries.write(replace(xseries.update("MUG", 4), location_id=outlet)) == [Confirmed(4)]


async def test_a_sale_that_nobody_told_of_is_not_trampled(xseries: Connected, shop: SimulatedLightspeedXSeries) -> None:
    await shop.sell("MUG", 1)
    assert await xseries.write(xseries.update("MUG", 8, 10)) == [Stale(9)]
    assert await xseries.write(xseries.update("MUG", 7, 9)) == [Confirmed(7)]


async def test_a_bad_line_does_not_harm_its_neighbours(xseries: Connected, shop: SimulatedLightspeedXSeries) -> None:
    shop.untracked.add("CAP")
    gone = replace(xseries.update("MUG", 1), platform_ids=dict(CASE.updates[2].platform_ids))
    outcomes = await xseries.write(xseries.update("CAP", 1), gone, xseries.update("SHIRT-RED-M", 2))
    assert [getattr(outcome, "code", outcome) for outcome in outcomes] == ["not_tracked", "404", Confirmed(2)]


async def test_a_claimed_success_that_changed_nothing_is_seen(
    xseries: Connected, shop: SimulatedLightspeedXSeries
) -> None:
    shop.misbehave(Misbehaviour.NOTHING_CHANGED)
    (outcome,) = await xseries.write(xseries.update("MUG", 7, 10))
    assert isinstance(outcome, Deferred)


async def test_a_sale_and_a_void_are_told(xseries: Connected, shop: SimulatedLightspeedXSeries) -> None:
    order = await shop.sell_many({"MUG": 2, "SHIRT-RED-M": 1})
    assert await told(xseries) == [(OrderStage.FULFILLED, [(2, 0, 0), (1, 0, 0)])]
    await shop.cancel(order)
    assert await told(xseries) == [(OrderStage.CANCELLED, [(2, 0, 2), (1, 0, 1)])]


async def test_returns_are_found_at_the_sale_they_take_back(
    xseries: Connected, shop: SimulatedLightspeedXSeries
) -> None:
    order = await shop.sell("MUG", 3)
    await told(xseries)
    await shop.refund(order, "MUG", 1)
    await shop.refund(order, "MUG", 1)
    assert await told(xseries) == [(OrderStage.FULFILLED, [(3, 0, 2)])] * 2


def test_where_there_is_a_key_a_signature_has_to_be_right() -> None:
    config = read_config(CASE.connector.config_type, {**CASE.entered, "webhook_token": "long"})
    address = "https://gateway.example/webhooks/1?token=long"
    signed = headers_of({"X-Signature": f"signature={HEX},algorithm=HMAC-SHA256"})
    with pytest.raises(Untrusted):
        CASE.connector.verify(config, Notification(body=CASE.body, headers=signed, received_at=NOW, url=address))


async def test_what_is_not_counted_is_told_as_such(xseries: Connected, shop: SimulatedLightspeedXSeries) -> None:
    shop.untracked.add("CAP")
    shop.shelf.put("CAP", shop.home(), 5)
    order = await shop.sell_many({"MUG": 2, "CAP": 1})
    event = await xseries.order(shop.sale_of(order)["id"])
    assert [(line.ordered, line.tracked) for line in event.lines or ()] == [(2, True), (1, False)]


def test_a_sale_of_many_products_is_not_looked_up() -> None:
    sale = {"line_items": [{"product_id": str(number)} for number in range(PRODUCTS_MAX + 1)]}
    assert drive(read_untracked(CASE.config(), sale), []) == ([], frozenset())


async def test_a_search_that_never_ends_is_given_up(xseries: Connected, shop: SimulatedLightspeedXSeries) -> None:
    order = await shop.sell("MUG")
    shop.search_loops = True
    with pytest.raises(Permanent, match="20,000"):
        await xseries.order(shop.sale_of(order)["id"])
    searches = [request for request in shop.requests if request.path.endswith("/search")]
    assert len(searches) == SEARCHED_MAX // SEARCH_PAGE


async def test_what_is_taken_back_in_another_outlet_is_there(
    xseries: Connected, shop: SimulatedLightspeedXSeries
) -> None:
    home, other = shop.outlets
    shop.shelf.put("MUG", other, 0)
    order = await shop.sell("MUG", 3)
    shop.returns_to = other
    await shop.refund(order, "MUG", 1)
    (line,) = (await xseries.order(shop.sale_of(order)["id"])).lines or ()
    assert (line.location_id, line.released, line.return_location_id) == (home, 1, other)


@pytest.mark.parametrize(
    ("status", "stage", "units"),
    [
        ("SAVED", OrderStage.PENDING, (2, 0, 2)),
        ("LAYBY", OrderStage.OPEN, (2, 2, 0)),
        ("AWAITING_PICKUP", OrderStage.OPEN, (2, 2, 0)),
        ("SOMETHING_NEW", OrderStage.OPEN, (2, 2, 0)),
        ("PICKED_UP_CLOSED", OrderStage.FULFILLED, (2, 0, 0)),
    ],
)
async def test_the_status_decides_what_a_sale_holds(
    xseries: Connected, shop: SimulatedLightspeedXSeries, status: str, stage: OrderStage, units: tuple[int, int, int]
) -> None:
    order = await shop.sell("MUG", 2)
    shop.statuses[order.order_id] = status
    assert await told(xseries) == [(stage, [units])]


async def test_a_poll_begins_with_a_time_and_goes_on_by_version(
    xseries: Connected, shop: SimulatedLightspeedXSeries
) -> None:
    connector, config = xseries.connector, xseries.config
    empty = await xseries.client.run(connector.read_orders(config, None, SINCE))
    assert empty.entries == () and empty.cursor is not None
    first = await shop.sell("MUG")
    page = await xseries.client.run(connector.read_orders(config, empty.cursor, SINCE))
    assert [entry.order_id for entry in page.entries] == [shop.sale_of(first)["id"]] and not page.more
    second = await shop.sell("MUG")
    page = await xseries.client.run(connector.read_orders(config, page.cursor, SINCE))
    assert [entry.order_id for entry in page.entries] == [shop.sale_of(second)["id"]] and page.more
    last = await xseries.client.run(connector.read_orders(config, page.cursor, SINCE))
    assert (last.entries, last.cursor, last.more) == ((), page.cursor, False)
    await shop.refund(first, "MUG", 1)
    page = await xseries.client.run(connector.read_orders(config, last.cursor, SINCE))
    references = [entry for entry in page.entries if isinstance(entry, OrderReference)]
    assert references[-1].order_id == shop.sale_of(first)["id"], "the return points at what it takes back"


async def test_an_order_that_is_not_there_is_none(xseries: Connected) -> None:
    missing = CASE.updates[2].platform_ids["product_id"]
    assert await xseries.client.run(xseries.connector.read_order(xseries.config, missing)) is None


async def test_the_webhook_is_registered_once_and_woken_up(
    xseries: Connected, shop: SimulatedLightspeedXSeries
) -> None:
    address = "https://gateway.example/webhooks/1"
    for _ in range(2):
        assert await xseries.client.run(xseries.connector.subscribe(xseries.config, address)) == ()
        (hook,) = shop.hooks.values()
        assert (hook["url"], hook["active"]) == (address, True)
        hook["active"] = False
    entered = {"domain_prefix": "shop1", "access_token": "lsxs_pt_1", "webhook_token": "a b", "api_url": shop.url}
    config = read_config(CASE.connector.config_type, entered)
    await xseries.client.run(xseries.connector.subscribe(config, address))
    assert [hook["url"] for hook in shop.hooks.values()] == [address, address + "?token=a%20b"]


async def test_the_check_names_the_outlets(xseries: Connected) -> None:
    check = await xseries.client.run(xseries.connector.check(xseries.config))
    assert [place.name for place in check.locations] == ["Main", "Outlet"] and check.problems == ()


async def test_a_refused_token_is_renewed_once(xseries: Connected, shop: SimulatedLightspeedXSeries) -> None:
    shop.tokens.expire()
    assert await xseries.write(xseries.update("MUG", 6, 10)) == [Confirmed(6)]
    assert shop.tokens.granted == 2


async def test_a_wrong_secret_is_an_expired_authorisation(
    shop: SimulatedLightspeedXSeries, make_client: MakeClient
) -> None:
    shop.tokens.client_secret = "another"
    client = make_client("lightspeed-xseries", shop)
    shop.tokens.client_secret = "first hush"
    with pytest.raises(AuthExpired):
        await client.run(CASE.connector.check(read_config(CASE.connector.config_type, shop.config())))


def test_the_window_is_believed() -> None:
    allowance = CASE.connector.allowance(answer({}, X_RateLimit_Limit="650", X_RateLimit_Remaining="12"))
    assert allowance is not None
    assert (allowance.remaining, allowance.burst) == (12, 650)
    assert allowance.per_second == pytest.approx(650 / 300)
