"""Odoo's connector and its simulated platform over real HTTP, through both remote APIs."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import AuthExpired, ConnectorError, Permanent, Retriable, Throttled
from connectors.exchange import Flow, Request, Response
from connectors.messages import OrderEvent, OrderReference
from connectors.simulated import SimulatedOdoo
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Deferred, Rejected, Stale
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime
from tests.connectors.receiver import Receiver


@pytest.fixture(params=[19, 17], ids=["json2", "jsonrpc"])
async def odoo(make_client: MakeClient, request: pytest.FixtureRequest) -> AsyncIterator[Connected]:
    shop = SimulatedOdoo(STOCK, warehouse_names=("Main", "Outlet"), version=request.param)
    async with Receiver() as receiver, shop:
        shop.webhooks.address = f"{receiver.url}?token=simulated-webhook-token"
        time = QuickTime()
        client = make_client("odoo", shop, clock=time.clock, sleep=time.sleep)
        connected = Connected("odoo", shop, client, receiver)
        await connected.learn()
        yield connected


@pytest.fixture
def shop(odoo: Connected) -> SimulatedOdoo:
    assert isinstance(odoo.shop, SimulatedOdoo)
    return odoo.shop


def alone(request: Request) -> Flow[Response]:
    return (yield request)


async def latest(odoo: Connected) -> list[tuple[int, int, int]]:
    events = [event for event in await odoo.received() if isinstance(event, OrderEvent)]
    assert events[-1].lines is not None
    return [(line.ordered, line.allocated, line.released) for line in events[-1].lines]


async def test_a_written_quantity_arrives_and_reads_back(odoo: Connected, shop: SimulatedOdoo) -> None:
    outcomes = await odoo.write(odoo.update("MUG", 7, 10), odoo.update("CAP", 3, 0))
    assert outcomes == [Confirmed(7), Confirmed(3)]
    assert (shop.shelf.quantity("MUG", shop.home()), shop.shelf.quantity("CAP", shop.home())) == (7, 3)


async def test_what_is_promised_stays_on_hand(odoo: Connected, shop: SimulatedOdoo) -> None:
    await shop.sell("MUG", 4)
    assert await odoo.write(odoo.update("MUG", 2, 6)) == [Confirmed(2)]
    page = await odoo.client.run(odoo.connector.read_stock(odoo.config, None))
    (mug,) = [entry for entry in page.entries if entry.sku == "MUG"]
    assert (mug.quantity, mug.committed, mug.location_id) == (6, 4, shop.home())


async def test_units_in_sub_locations_are_counted_and_left_where_they_are(odoo: Connected, shop: SimulatedOdoo) -> None:
    shop.records.within["MUG", 8] = 4
    assert await odoo.write(odoo.update("MUG", 6, 10)) == [Confirmed(6)]
    (outcome,) = await odoo.write(odoo.update("MUG", 3, 6))
    assert isinstance(outcome, Rejected) and outcome.code == "elsewhere"
    assert shop.shelf.quantity("MUG", shop.home()) == 6


async def test_a_sale_in_flight_makes_the_comparison_fail_and_says_what_is_there(
    odoo: Connected, shop: SimulatedOdoo
) -> None:
    await shop.sell("MUG", 2)
    assert await odoo.write(odoo.update("MUG", 9, 10), odoo.update("CAP", 4, 0)) == [Stale(8), Confirmed(4)]
    assert shop.shelf.quantity("MUG", shop.home()) == 8


async def test_a_sale_between_the_look_and_the_write_is_kept(odoo: Connected, shop: SimulatedOdoo) -> None:
    flow = odoo.connector.write_stock(odoo.config, [odoo.update("MUG", 20, 10)])
    step = next(flow)
    while True:
        assert isinstance(step, Request)
        if shop.is_stock_write(step.url.removeprefix(shop.url), step.body):
            await shop.sell("MUG", 2)
        try:
            step = flow.send(await odoo.client.run(alone(step)))
        except StopIteration as finished:
            assert finished.value == [Confirmed(20)]
            break
    assert shop.shelf.quantity("MUG", shop.home()) == 18


async def test_goods_counted_by_lot_and_goods_without_stock_are_rejected(odoo: Connected, shop: SimulatedOdoo) -> None:
    shop.products["MUG"].tracking, shop.products["CAP"].storable = "lot", False
    mug, cap, shirt = await odoo.write(odoo.update("MUG", 1), odoo.update("CAP", 1), odoo.update("SHIRT-RED-M", 1))
    assert isinstance(mug, Rejected) and isinstance(cap, Rejected) and shirt == Confirmed(1)
    page = await odoo.client.run(odoo.connector.read_catalog(odoo.config, None))
    assert {entry.sku: entry.tracked for entry in page.entries} == {"MUG": False, "CAP": False, "SHIRT-RED-M": True}


async def test_what_odoo_does_not_count_is_no_line_of_an_order(odoo: Connected, shop: SimulatedOdoo) -> None:
    shop.products["CAP"].storable = False
    order = await shop.sell_many({"MUG": 1, "CAP": 1})
    event = await odoo.order(str(order.order_id))
    assert [line.sku for line in event.lines or ()] == ["MUG"]


async def test_a_listing_that_is_gone_does_not_harm_its_neighbours(odoo: Connected) -> None:
    gone = replace(odoo.update("MUG", 1), platform_ids={"product_id": "999"})
    first, middle, last = await odoo.write(odoo.update("MUG", 9), gone, odoo.update("CAP", 1))
    assert (first, last) == (Confirmed(9), Confirmed(1)) and isinstance(middle, Rejected)


async def test_a_location_that_is_gone_is_found_by_halves(odoo: Connected) -> None:
    elsewhere = [replace(odoo.update(sku, 3), location_id="77") for sku in ("MUG", "CAP")]
    *lost, kept = await odoo.write(*elsewhere, odoo.update("SHIRT-RED-M", 1))
    assert [outcome.code for outcome in lost if isinstance(outcome, Rejected)] == ["UserError", "UserError"]
    assert kept == Confirmed(1)


async def test_a_sale_and_all_that_follows_is_told(odoo: Connected, shop: SimulatedOdoo) -> None:
    order = await shop.sell("MUG", 3)
    states = [await latest(odoo)]
    await shop.fulfil(order)
    states.append(await latest(odoo))
    await shop.refund(order, "MUG", 1)
    states.append(await latest(odoo))
    assert states == [[(3, 3, 0)], [(3, 0, 0)], [(3, 0, 1)]]


async def test_a_cancelled_order_releases_everything(odoo: Connected, shop: SimulatedOdoo) -> None:
    await shop.cancel(await shop.sell_many({"MUG": 2, "SHIRT-RED-M": 1}))
    assert await latest(odoo) == [(2, 0, 2), (1, 0, 1)]


async def test_orders_and_deliveries_nobody_told_us_of_are_found_by_asking(
    odoo: Connected, shop: SimulatedOdoo
) -> None:
    shop.webhooks.address = None
    sold = [await shop.sell("MUG") for _ in range(3)]
    for order in sold:
        order.created_at -= timedelta(days=2)
        order.updated_at -= timedelta(days=2)
    await shop.fulfil(sold[1])
    since = datetime.now(UTC) - timedelta(hours=1)
    page = await odoo.client.run(odoo.connector.read_orders(odoo.config, None, since))
    assert [entry.order_id for entry in page.entries] == [str(sold[1].order_id)]
    again = await odoo.client.run(odoo.connector.read_orders(odoo.config, page.cursor, since))
    assert len(again.entries) == 1, "polls overlap rather than leave a gap"
    assert not any(isinstance(entry, OrderReference) for entry in page.entries)


async def test_an_order_odoo_does_not_have_is_none(odoo: Connected) -> None:
    assert await odoo.client.run(odoo.connector.read_order(odoo.config, "1")) is None


async def test_the_check_shows_the_warehouses_and_changes_nothing(odoo: Connected, shop: SimulatedOdoo) -> None:
    check = await odoo.client.run(odoo.connector.check(odoo.config))
    assert check.summary.startswith("Connected to simulated")
    assert [(location.location_id, location.name) for location in check.locations] == [("8", "Main"), ("9", "Outlet")]
    assert shop.stock_writes() == []


async def test_a_wrong_key_is_an_expired_authorisation(
    odoo: Connected, shop: SimulatedOdoo, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = shop.config() | {"api_key": "wrong"}
    monkeypatch.setattr(shop, "config", lambda: entered)
    with pytest.raises(AuthExpired):
        await make_client("odoo", shop).run(odoo.connector.check(odoo.config))


async def test_an_unknown_database_needs_a_person(
    odoo: Connected, shop: SimulatedOdoo, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = shop.config() | {"database": "other"}
    monkeypatch.setattr(shop, "config", lambda: entered)
    stranger = Connected("odoo", shop, make_client("odoo", shop), odoo.receiver)
    with pytest.raises(Permanent):
        await stranger.client.run(stranger.connector.check(stranger.config))


RECOVERS = [
    Misbehaviour.SERVER_ERROR,
    Misbehaviour.HANG,
    Misbehaviour.SLOW_BODY,
    Misbehaviour.TRUNCATED_BODY,
    Misbehaviour.DROPPED_AFTER_APPLYING,
    Misbehaviour.ERROR_INSIDE_SUCCESS,
]


@pytest.mark.parametrize("kind", RECOVERS)
async def test_one_lost_answer_is_made_good_at_once(odoo: Connected, shop: SimulatedOdoo, kind: Misbehaviour) -> None:
    shop.misbehave(kind)
    assert await odoo.write(odoo.update("MUG", 6, 10)) == [Confirmed(6)]
    assert shop.shelf.quantity("MUG", shop.home()) == 6
    assert len(shop.stock_writes()) == 2


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Misbehaviour.THROTTLED, Throttled),
        (Misbehaviour.THROTTLED_SILENTLY, Throttled),
        (Misbehaviour.BROKEN_JSON, Retriable),
        (Misbehaviour.HTML_PAGE, Retriable),
    ],
)
async def test_a_useless_answer_is_typed_and_the_write_may_be_repeated(
    odoo: Connected, shop: SimulatedOdoo, kind: Misbehaviour, expected: type[ConnectorError]
) -> None:
    shop.misbehave(kind)
    update = odoo.update("MUG", 6, 10)
    with pytest.raises(expected) as failed:
        await odoo.write(update)
    assert type(failed.value) is expected
    if expected is Retriable:
        # It was applied: the comparison then finds our own number.
        (outcome,) = await odoo.write(update)
        assert outcome in (Confirmed(6), Stale(6))
        assert shop.shelf.quantity("MUG", shop.home()) == 6


async def test_a_claimed_success_that_changed_nothing_is_seen(odoo: Connected, shop: SimulatedOdoo) -> None:
    shop.misbehave(Misbehaviour.NOTHING_CHANGED)
    (outcome,) = await odoo.write(odoo.update("MUG", 6, 10))
    assert isinstance(outcome, Deferred)
