"""What is particular to Zoho Inventory: adjustments, its signature, its limits, orders newest first."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors import CONNECTORS
from connectors.errors import Permanent, Throttled, Untrusted
from connectors.exchange import Notification, headers_of
from connectors.messages import OrderEvent, OrderStage
from connectors.simulated import SimulatedZohoInventory
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Rejected
from tests.connectors.case import NOW, answer, drive
from tests.connectors.cases.zoho_inventory import CASE, details
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.receiver import Receiver
from tests.connectors.vendor_description import VendorDescription

DESCRIPTION = VendorDescription(
    "zoho-inventory",
    base="/inventory/v1",
    wanted=lambda request: not request.path.startswith("/oauth"),
    # Described for items alone, see the connector.
    undescribed={"sort_column", "sort_order"},
)
CONFIG = CASE.config()


@pytest.fixture
async def zoho(make_client: MakeClient) -> AsyncIterator[Connected]:
    shop = SimulatedZohoInventory(STOCK)
    async with Receiver() as receiver, shop:
        connected = Connected("zoho-inventory", shop, make_client("zoho-inventory", shop), receiver)
        await connected.learn()
        yield connected


@pytest.fixture
def shop(zoho: Connected) -> SimulatedZohoInventory:
    assert isinstance(zoho.shop, SimulatedZohoInventory)
    return zoho.shop


def listed(*ages_minutes: int, more: bool) -> dict[str, Any]:
    orders = [
        {"salesorder_id": str(age), "last_modified_time": (NOW - timedelta(minutes=age)).isoformat()}
        for age in ages_minutes
    ]
    return {"code": 0, "message": "success", "salesorders": orders, "page_context": {"has_more_page": more}}


def polled(*ages_minutes: int) -> tuple[Sequence[str], bool]:
    """What a poll of the last hour finds on a page, and whether it goes on."""
    flow = CASE.connector.read_orders(CONFIG, None, NOW - timedelta(hours=1))
    _, page = drive(flow, [answer(listed(*ages_minutes, more=True))])
    return [entry.order_id for entry in page.entries], page.more


def test_a_poll_ends_at_the_first_order_that_is_too_old() -> None:
    assert polled(10, 20, 30) == (["10", "20", "30"], True)
    assert polled(10, 20, 90) == (["10", "20"], False)


def test_where_the_order_was_not_heeded_all_pages_are_read() -> None:
    assert polled(90, 10, 300) == (["10"], True)


def test_a_signature_is_the_one_that_openssl_makes() -> None:
    """The query's names and values are signed before the body, in the order of the names; the example is Zoho's."""
    body = b'{"event_id":"5675"}'
    url = "https://gw.example/webhooks/z?subscription_id=90343&name=basic"
    config = CONFIG.model_copy(update={"webhook_secret": type(CONFIG.webhook_secret)("simulated123456")})
    digest = "89459890b09cc7bd887f52fa508d4c51f3fc378c963f3f4b373f55ff2067695e"
    for text, right in ((digest, True), (digest.replace("8", "7"), False)):
        headers = headers_of({"X-Zoho-Webhook-Signature": text})
        told = Notification(body=body, headers=headers, received_at=NOW, url=url)
        if right:
            CASE.connector.verify(config, told)
        else:
            with pytest.raises(Untrusted):
                CASE.connector.verify(config, told)


def test_the_limit_of_the_day_is_waited_for_longer() -> None:
    waits = []
    for code in (44, 45):
        error = CASE.connector.classify(answer({"code": code, "message": "too many"}, 429))
        assert isinstance(error, Throttled)
        waits.append(error.after_seconds)
    assert waits == [60, 3600]


@pytest.mark.parametrize(
    ("status", "stage"),
    [
        ("draft", OrderStage.PENDING),
        ("confirmed", OrderStage.OPEN),
        ("partially_shipped", OrderStage.OPEN),
        ("fulfilled", OrderStage.FULFILLED),
        ("void", OrderStage.CANCELLED),
    ],
)
def test_a_status_says_how_far_an_order_is(status: str, stage: OrderStage) -> None:
    line = {"line_item_id": "1", "item_id": "38080", "quantity": 3.0, "quantity_shipped": 1.0}
    order = {"salesorder_id": "7", "status": status, "last_modified_time": NOW.isoformat(), "line_items": [line]}
    answers = [answer({"code": 0, "message": "success", "salesorder": order})]
    answers += [answer(details(i38080=12))] if stage is not OrderStage.PENDING else []
    _, event = drive(CASE.connector.read_order(CONFIG, "7"), answers)
    assert event is not None and event.stage is stage and isinstance(event.occurred_at, datetime)
    if status == "partially_shipped":
        assert [(one.ordered, one.allocated, one.fulfilled) for one in event.lines or ()] == [(3, 2, 1)]


def test_figures_may_be_numbers_too() -> None:
    body = details(i38080=12)
    body["items"][0]["locations"][0]["location_actual_available_stock"] = 12.0
    _, outcomes = drive(CASE.connector.write_stock(CONFIG, CASE.updates[:1]), [answer(body)])
    assert outcomes == [Confirmed(12)]


async def test_goods_counted_by_serial_number_are_not_written(zoho: Connected, shop: SimulatedZohoInventory) -> None:
    shop.by_serial.add("MUG")
    mug, cap = await zoho.write(zoho.update("MUG", 1), zoho.update("CAP", 4))
    assert isinstance(mug, Rejected) and cap == Confirmed(4)


@pytest.mark.parametrize("kind", [{"product_type": "service", "item_type": "sales"}, {"item_type": "sales"}])
async def test_what_zoho_keeps_no_stock_of_is_told_as_such(
    zoho: Connected, shop: SimulatedZohoInventory, kind: dict[str, str]
) -> None:
    shop.kinds["CAP"] = kind
    shop.shelf.put("CAP", shop.home(), 5)
    order = await shop.sell_many({"MUG": 2, "CAP": 1})
    event = await zoho.order(str(order.order_id))
    assert [(line.allocated, line.tracked) for line in event.lines or ()] == [(2, True), (1, False)]


async def test_an_order_with_an_item_that_is_gone_is_still_read(zoho: Connected, shop: SimulatedZohoInventory) -> None:
    order = await shop.sell_many({"MUG": 2, "SHIRT-RED-M": 1})
    shop.gone.add("MUG")
    assert len((await zoho.order(str(order.order_id))).lines or ()) == 2


async def test_a_deleted_order_gives_back_what_it_held(zoho: Connected, shop: SimulatedZohoInventory) -> None:
    order = await shop.sell("MUG", 2)
    shop.webhooks.address = zoho.receiver.url
    await shop.delete(order)
    (event,) = await zoho.received()
    assert isinstance(event, OrderEvent) and (event.stage, event.lines) == (OrderStage.DELETED, ())


async def test_who_has_no_webhook_is_told_what_that_means(zoho: Connected) -> None:
    problems = []
    for config in (zoho.config, zoho.config.model_copy(update={"webhook_secret": None})):
        problems.append((await zoho.client.run(zoho.connector.check(config))).problems)
    with_secret, (without,) = problems
    assert with_secret == () and "asking every 5 minutes, and deleted ones never" in without


@pytest.mark.parametrize(("name", "calls_a_day"), [("zoho-inventory", 1_000), ("cin7-omni", 5_000)])
def test_polling_leaves_two_thirds_of_a_small_daily_allowance(name: str, calls_a_day: int) -> None:
    """https://www.zoho.com/inventory/api/v1/introduction/ (free plan); of Omni third parties tell."""
    assert 86_400 / CONNECTORS[name].poll_seconds_min <= calls_a_day / 3


async def test_an_adjustment_that_awaits_approval_stops_the_channel(
    zoho: Connected, shop: SimulatedZohoInventory
) -> None:
    shop.approves = True
    with pytest.raises(Permanent, match="approval"):
        await zoho.write(zoho.update("MUG", 1))
    assert len(shop.stock_writes()) == 1


async def test_a_refusal_inside_a_success_is_one(zoho: Connected, shop: SimulatedZohoInventory) -> None:
    shop.misbehave(Misbehaviour.ERROR_INSIDE_SUCCESS)
    (outcome,) = await zoho.write(zoho.update("MUG", 1))
    assert isinstance(outcome, Rejected) and "could not be recorded" in outcome.reason


async def test_a_token_that_was_taken_back_is_renewed_once(zoho: Connected, shop: SimulatedZohoInventory) -> None:
    shop.access_token = "somebody else's"
    assert await zoho.write(zoho.update("MUG", 1)) == [Confirmed(1)]
    assert shop.tokens_granted == 2


async def test_every_request_is_as_the_vendor_describes_it(zoho: Connected, shop: SimulatedZohoInventory) -> None:
    await shop.sell("MUG", 2)
    await zoho.write(zoho.update("MUG", 5, 8))
    await zoho.client.run(zoho.connector.read_orders(zoho.config, None, NOW))
    await zoho.client.run(zoho.connector.check(zoho.config))
    assert DESCRIPTION.violations(shop.requests) == []
