"""What is particular to Magento: orders of composite products, reservations, Adobe's events, its description."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from connectors.auth import HeaderToken, OAuth2
from connectors.config import InvalidConfig, read_config
from connectors.errors import Retriable
from connectors.messages import OrderEvent, OrderReference, OrderStage
from connectors.oauth1 import OAuth1
from connectors.platforms.magento.orders import event_of
from connectors.simulated import SimulatedMagento
from connectors.updates import Confirmed, Rejected
from tests.connectors.case import answer, drive
from tests.connectors.cases.magento import CASE, event, line, order, page, source_item, update
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.receiver import Receiver
from tests.connectors.vendor_description import VendorDescription

# `fields` may be added to every call: developer.adobe.com/commerce/webapi/rest/use-rest/retrieve-filtered-responses
DESCRIPTION = VendorDescription(
    "magento", base="/rest/all", wanted=lambda request: "/products" not in request.path, undescribed={"fields"}
)
CONFIG = CASE.config()
SINCE = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
async def magento(make_client: MakeClient) -> AsyncIterator[Connected]:
    shop = SimulatedMagento(STOCK)
    async with Receiver() as receiver, shop:
        connected = Connected("magento", shop, make_client("magento", shop), receiver)
        await connected.learn()
        yield connected


@pytest.fixture
def shop(magento: Connected) -> SimulatedMagento:
    assert isinstance(magento.shop, SimulatedMagento)
    return magento.shop


def states(*lines: dict[str, Any], state: str = "processing", **settings: Any) -> list[tuple[int, int, int]]:
    told = event_of(CONFIG.model_copy(update=settings), order(*lines, state=state))
    return [(one.ordered, one.allocated, one.released) for one in told.lines or ()]


def test_a_configurable_product_counts_once_with_what_is_noted_at_the_whole() -> None:
    whole, part = line(1, 3, shipped=1, canceled=1, product_type="configurable"), line(2, 3, whole=1)
    assert states(whole, part) == [(3, 1, 1)]


def test_a_bundle_shipped_together_ships_its_parts() -> None:
    parts = line(2, 2, whole=1), line(3, 6, whole=1)
    assert states(line(1, 2, shipped=1), *parts) == [(2, 1, 0), (6, 3, 0)]


def test_what_is_refunded_before_it_is_shipped_can_be_sold_again() -> None:
    assert states(line(1, 3, refunded=1)) == [(3, 2, 1)]


def test_what_is_refunded_afterwards_comes_back_only_where_the_operator_says_so() -> None:
    refunded = line(1, 3, shipped=3, refunded=2)
    assert states(refunded, state="closed") == [(3, 0, 0)]
    assert states(refunded, state="closed", refunds_restock=True) == [(3, 0, 2)]


def test_what_has_no_weight_leaves_with_the_invoice() -> None:
    assert states(line(1, 2, invoiced=2, is_virtual=1)) == [(2, 0, 0)]


@pytest.mark.parametrize(
    ("state", "stage"),
    [
        ("new", OrderStage.OPEN),
        ("pending_payment", OrderStage.OPEN),
        ("holded", OrderStage.OPEN),
        ("fraud", OrderStage.OPEN),
        ("complete", OrderStage.FULFILLED),
        ("canceled", OrderStage.CANCELLED),
    ],
)
def test_an_unknown_state_counts_as_placed(state: str, stage: OrderStage) -> None:
    assert event_of(CONFIG, order(line(1, 1), state=state)).stage is stage


def test_open_orders_are_held_at_one_source_only() -> None:
    there = replace(update("TEE", 4), location_id="outlet")
    answers = [
        page(order(line(1, 3))),
        page(source_item("TEE", 9, "outlet")),
        [],
        page(source_item("TEE", 4, "outlet")),
    ]
    requests, outcomes = drive(CASE.connector.write_stock(CONFIG, [there]), [answer(body) for body in answers])
    assert outcomes == [Confirmed(4)]
    assert orjson.loads(requests[2].body) == {"sourceItems": [source_item("TEE", 4, "outlet")]}


def test_a_lock_is_tried_again_and_a_refused_line_is_named() -> None:
    looks = page(), page(source_item("TEE", 18), source_item("CAP", 1))
    locked = answer({"message": "Could not save Source Item"}, 400)
    with pytest.raises(Retriable, match="busy"):
        drive(CASE.connector.write_stock(CONFIG, CASE.updates[:1]), [*map(answer, looks), locked])
    wrong = {"message": '"%field" should be numeric.', "parameters": {"field": "quantity"}}
    answers = [*map(answer, looks), answer(wrong, 400)]
    _, outcomes = drive(CASE.connector.write_stock(CONFIG, CASE.updates[:1]), answers)
    assert outcomes == [Rejected("400", '"quantity" should be numeric.')]


def test_shipments_and_refunds_name_their_order() -> None:
    for topic in ("shipment", "creditmemo"):
        body = event(f"observer.sales_order_{topic}_save_after", entity_id=7, order_id=1042)
        (message,) = CASE.connector.receive(CONFIG, CASE.notification(body=body))
        assert isinstance(message, OrderReference) and message.order_id == "1042"


def test_adobes_challenge_is_handed_to_the_operator() -> None:
    asked = CASE.notification(body=b'{"validationUrl": "https://csm.adobe.io/csm/registrations/1/validate?id=2"}')
    reply = CASE.connector.handshake(CONFIG, asked)
    assert reply is not None and "https://csm.adobe.io/csm/registrations/1/validate?id=2" in reply.note
    elsewhere = CASE.notification(body=b'{"validationUrl": "https://adobe.io.evil.example/"}')
    assert CASE.connector.handshake(CONFIG, elsewhere) is None


def test_each_edition_signs_in_its_own_way() -> None:
    model = CASE.connector.config_type
    url = {"base_url": "https://shop.example/rest/all"}
    assert isinstance(CASE.connector.auth(CONFIG), OAuth1)
    assert isinstance(CASE.connector.auth(read_config(model, {**url, "access_token": "t"})), HeaderToken)
    saas = {**url, "client_id": "id", "client_secret": "s"}
    assert isinstance(CASE.connector.auth(read_config(model, saas)), OAuth2)
    for incomplete in (url, {**url, "access_token": "t", "consumer_key": "k"}):
        with pytest.raises(InvalidConfig):
            read_config(model, incomplete)


async def test_what_the_shop_does_not_count_is_said_to_be_so(magento: Connected, shop: SimulatedMagento) -> None:
    shop.uncounted.add("CAP")
    order = await shop.sell_many({"MUG": 1, "CAP": 1})
    event = await magento.order(str(order.order_id))
    assert [line.tracked for line in event.lines or ()] == [True, False]
    plain = await shop.sell("MUG")
    page = await magento.client.run(magento.connector.read_orders(magento.config, None, SINCE))
    assert [(entry.order_id, type(entry)) for entry in page.entries] == [
        (str(order.order_id), OrderReference),
        (str(plain.order_id), OrderEvent),
    ], "what has to be asked for is only referred to"


def test_a_virtual_product_that_is_counted_or_gone_stays_counted() -> None:
    sold = order(line(1, 2, product_type="virtual", sku="E/BOOK"))
    counted = {"extension_attributes": {"stock_item": {"manage_stock": True}}}
    for shown in (answer(counted), answer({"extension_attributes": []}), answer({"message": "gone"}, 404)):
        requests, event = drive(CASE.connector.read_order(CONFIG, "1042"), [answer(sold), shown])
        assert requests[1].url.endswith("/products/E%2FBOOK")
        assert event is not None and [one.tracked for one in event.lines or ()] == [True]


async def test_a_source_that_is_not_there_is_told_to_the_operator(magento: Connected) -> None:
    config = magento.config.model_copy(update={"order_source": "moon"})
    check = await magento.client.run(magento.connector.check(config))
    assert "there is no source moon, only default, outlet" in check.problems[0]


async def test_every_request_is_as_the_vendor_describes_it(magento: Connected) -> None:
    await magento.shop.sell("MUG", 2)
    await magento.write(magento.update("MUG", 5, 8))
    await magento.client.run(magento.connector.check(magento.config))
    assert DESCRIPTION.violations(magento.shop.requests) == []
