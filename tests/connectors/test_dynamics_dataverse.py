"""Dynamics 365 in its mode for Dataverse, against a simulated environment over real HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest

from connectors.config import InvalidConfig, read_config
from connectors.errors import Permanent
from connectors.exchange import Notification, headers_of
from connectors.messages import MessageKind, OrderEvent, OrderReference, OrderStage
from connectors.platforms.dynamics_365 import Dynamics365, dataverse_orders
from connectors.platforms.dynamics_365.services import Dynamics365Config
from connectors.simulated import SimulatedDataverse
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Deferred, Rejected, Stale, StockUpdate
from tests.connectors.case import NOW, answer, drive
from tests.connectors.cases.dynamics_365 import CASE
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.receiver import Receiver

SINCE = datetime.now(UTC) - timedelta(hours=1)
ENTERED = {
    "mode": "dataverse",
    "tenant_id": "6d81597f",
    "client_id": "b374239d",
    "client_secret": "hush hush",
    "dataverse_url": "https://mycompany.crm4.dynamics.com",
    "webhook_token": "newest token",
}
CONFIG = read_config(Dynamics365Config, ENTERED)
API = "https://mycompany.crm4.dynamics.com/api/data/v9.2"
GUID = "6d81597f-0f9f-e711-8122-000d3aa2331c"


@pytest.fixture
async def shop() -> AsyncIterator[SimulatedDataverse]:
    async with SimulatedDataverse(STOCK) as shop:
        yield shop


@pytest.fixture
async def dynamics(shop: SimulatedDataverse, make_client: MakeClient) -> AsyncIterator[Connected]:
    async with Receiver() as receiver:
        shop.webhooks.address = f"{receiver.url}?token=webhook%20token"
        connected = Connected("dynamics-365", shop, make_client("dynamics-365", shop), receiver)
        await connected.learn()
        yield connected


def update(quantity: int, change_from: int | None = None, place: str = "dataverse") -> StockUpdate:
    return StockUpdate(
        platform_ids={"item_number": "TSHIRT-RED-M"},
        sku="TSHIRT-RED-M",
        location_id=place,
        quantity=quantity,
        change_from=change_from,
        idempotency_key=f"key-{quantity}-{place}",
    )


def shown(units: float, version: int) -> dict[str, object]:
    return {
        "@odata.etag": f'W/"{version}"',
        "productid": GUID,
        "productnumber": "TSHIRT-RED-M",
        "quantityonhand": units,
    }


def notification(**told: object) -> Notification:
    body = orjson.dumps({"MessageName": "Create", "PrimaryEntityName": "salesorder", "PrimaryEntityId": GUID} | told)
    url = "https://gateway.example/webhooks/d365?token=newest%20token"
    return Notification(body=body, headers=headers_of(), received_at=NOW, url=url)


def test_a_count_is_patched_on_the_version_that_was_looked_at() -> None:
    flow = Dynamics365().write_stock(CONFIG, [update(42, 45)])
    requests, outcomes = drive(flow, [answer({"value": [shown(45, 7)]}), answer(shown(42, 8))])
    patch = requests[1]
    assert (patch.method, patch.url) == ("PATCH", f"{API}/products({GUID})")
    assert (patch.headers["If-Match"], orjson.loads(patch.body)) == ('W/"7"', {"quantityonhand": 42})
    assert not patch.repeatable and outcomes == [Confirmed(42)]


def test_a_count_that_changed_in_between_is_not_overwritten() -> None:
    flow = Dynamics365().write_stock(CONFIG, [update(42, 45)])
    looks = [answer({"value": [shown(units, version)]}) for units, version in ((45, 7), (44, 8))]
    _, outcomes = drive(flow, [looks[0], answer(b"", 412), looks[1]])
    assert outcomes == [Stale(44)]


async def test_a_record_that_somebody_else_changed_is_looked_at_again(
    dynamics: Connected, shop: SimulatedDataverse
) -> None:
    shop.meddled = 2
    assert await dynamics.write(dynamics.update("MUG", 7, 10)) == [Confirmed(7)]
    assert len(shop.stock_writes()) == 3
    shop.meddled = 3
    (outcome,) = await dynamics.write(dynamics.update("MUG", 6, 7))
    assert isinstance(outcome, Deferred) and shop.shelf.quantity("MUG", "dataverse") == 7


async def test_an_unknown_product_is_refused_and_none_is_made(dynamics: Connected, shop: SimulatedDataverse) -> None:
    gone = replace(dynamics.update("MUG", 1), platform_ids={"item_number": "GONE"})
    missing, written = await dynamics.write(gone, dynamics.update("MUG", 4))
    assert isinstance(missing, Rejected) and written == Confirmed(4)
    assert len(shop.stock_writes()) == 1


async def test_a_place_of_the_other_mode_is_refused(dynamics: Connected, shop: SimulatedDataverse) -> None:
    (outcome,) = await dynamics.write(replace(dynamics.update("MUG", 1), location_id="1/11"))
    assert isinstance(outcome, Rejected) and not shop.stock_writes()
    _, outcomes = drive(CASE.connector.write_stock(CASE.config(), [update(1)]), [])
    assert [type(one) for one in outcomes] == [Rejected]


async def test_a_claimed_success_that_changed_nothing_is_seen(dynamics: Connected, shop: SimulatedDataverse) -> None:
    shop.misbehave(Misbehaviour.NOTHING_CHANGED)
    (outcome,) = await dynamics.write(dynamics.update("MUG", 7))
    assert isinstance(outcome, Deferred)


async def test_its_own_orders_leave_the_count_alone(dynamics: Connected, shop: SimulatedDataverse) -> None:
    await shop.sell("MUG", 1)
    assert await dynamics.stock() == {"MUG": 10, "SHIRT-RED-M": 5, "CAP": 0}


async def test_what_there_is_is_read_page_by_page(dynamics: Connected, shop: SimulatedDataverse) -> None:
    shop.page_max = 2
    assert await dynamics.stock() == {"MUG": 10, "SHIRT-RED-M": 5, "CAP": 0}


async def test_an_order_is_told_and_read(dynamics: Connected, shop: SimulatedDataverse) -> None:
    order = await shop.sell_many({"MUG": 2, "CAP": 1})
    order.lines[1].sku = ""
    (event,) = await dynamics.received()
    assert isinstance(event, OrderEvent) and (event.stage, event.status) == (OrderStage.OPEN, "active")
    assert event.name == f"ORD-{order.order_id}"
    assert [(line.sku, line.allocated, line.location_id) for line in event.lines or ()] == [("MUG", 2, None)]


async def test_a_deleted_order_lets_everything_go(dynamics: Connected, shop: SimulatedDataverse) -> None:
    order = await shop.sell("MUG", 2)
    await dynamics.received()
    await shop.delete(order)
    (event,) = await dynamics.received()
    assert isinstance(event, OrderEvent) and (event.stage, event.lines) == (OrderStage.DELETED, ())


async def test_polls_find_what_has_changed_page_by_page(dynamics: Connected, shop: SimulatedDataverse) -> None:
    shop.page_max = 2
    orders = [await shop.sell("MUG", 2), await shop.sell("CAP"), await shop.sell_many({"MUG": 1, "CAP": 1})]
    await shop.fulfil(orders[0])
    await shop.cancel(orders[1])
    found: dict[str, OrderEvent] = {}
    cursor, pages, more = None, 0, True
    while more:
        page = await dynamics.client.run(dynamics.connector.read_orders(dynamics.config, cursor, SINCE))
        found |= {entry.order_id: entry for entry in page.entries if isinstance(entry, OrderEvent)}
        cursor, more, pages = page.cursor, page.more, pages + 1
    assert pages == 2
    assert sorted((event.stage, len(event.lines or ())) for event in found.values()) == [
        (OrderStage.OPEN, 2),
        (OrderStage.FULFILLED, 1),
        (OrderStage.CANCELLED, 1),
    ]


async def test_a_poll_finds_that_an_open_order_was_deleted(dynamics: Connected, shop: SimulatedDataverse) -> None:
    kept, deleted = await shop.sell("CAP"), await shop.sell("MUG", 2)
    page = await dynamics.client.run(dynamics.connector.read_orders(dynamics.config, None, SINCE))
    # Dataverse tells once, and nobody was there to hear it.
    del shop.orders[deleted.order_id]
    page = await dynamics.client.run(dynamics.connector.read_orders(dynamics.config, page.cursor, SINCE))
    stages = [entry.stage for entry in page.entries if isinstance(entry, OrderEvent)]
    assert stages == [OrderStage.OPEN, OrderStage.DELETED] and list(shop.orders) == [kept.order_id]
    page = await dynamics.client.run(dynamics.connector.read_orders(dynamics.config, page.cursor, SINCE))
    assert len(page.entries) == 1


async def test_orders_of_more_lines_than_we_read_are_not_taken_for_less(
    dynamics: Connected, shop: SimulatedDataverse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataverse_orders, "PAGES_MAX", 1)
    shop.page_max = 1
    await shop.sell_many({"MUG": 1, "CAP": 1})
    with pytest.raises(Permanent, match="salesorderdetails"):
        await dynamics.received()


def test_a_notification_only_makes_us_read_the_order() -> None:
    reference = OrderReference(order_id=GUID, kind=MessageKind.ORDER_UPDATED, occurred_at=NOW)
    assert Dynamics365().receive(CONFIG, notification()) == [reference]


def test_what_is_about_no_order_is_ignored() -> None:
    assert Dynamics365().receive(CONFIG, notification(PrimaryEntityName="account")) == []
    assert Dynamics365().receive(CONFIG, notification(PrimaryEntityId=str(UUID(int=0)))) == []


def test_each_mode_names_the_settings_it_needs() -> None:
    for entered, missing in (({}, "dataverse_url"), ({"mode": "inventory_visibility"}, "iv_endpoint")):
        without = {name: value for name, value in ENTERED.items() if name != "dataverse_url"} | entered
        with pytest.raises(InvalidConfig, match=missing):
            read_config(Dynamics365Config, without)


async def test_the_check_names_the_one_place(dynamics: Connected) -> None:
    check = await dynamics.client.run(dynamics.connector.check(dynamics.config))
    assert check.problems == () and [place.location_id for place in check.locations] == ["dataverse"]
