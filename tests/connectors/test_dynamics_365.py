"""What is particular to Dynamics 365, against its simulated environment over real HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.abilities import StockWrites
from connectors.errors import Permanent, Untrusted
from connectors.exchange import Notification, headers_of
from connectors.messages import OrderEvent, OrderStage
from connectors.platforms.dynamics_365 import orders
from connectors.simulated import SimulatedDynamics365
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Deferred, Rejected
from tests.connectors.case import NOW
from tests.connectors.cases.dynamics_365 import CASE, event
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.receiver import Receiver
from tests.connectors.vendor_description import VendorDescription

SINCE = datetime.now(UTC) - timedelta(hours=1)
DESCRIPTION = VendorDescription("dynamics-365", wanted=lambda request: request.path.startswith("/api/environment/"))


async def no_pause(seconds: float) -> None:
    return


@pytest.fixture
async def shop() -> AsyncIterator[SimulatedDynamics365]:
    async with SimulatedDynamics365(STOCK) as shop:
        yield shop
    assert DESCRIPTION.violations(shop.requests) == []


@pytest.fixture
async def dynamics(shop: SimulatedDynamics365, make_client: MakeClient) -> AsyncIterator[Connected]:
    async with Receiver() as receiver:
        client = make_client("dynamics-365", shop, sleep=no_pause)
        shop.webhooks.address = f"{receiver.url}?token=webhook%20token"
        connected = Connected("dynamics-365", shop, client, receiver)
        await connected.learn()
        yield connected


async def polled(dynamics: Connected, cursor: str | None) -> tuple[list[tuple[str, OrderStage]], str | None]:
    page = await dynamics.client.run(dynamics.connector.read_orders(dynamics.config, cursor, SINCE))
    assert not page.more
    events = [entry for entry in page.entries if isinstance(entry, OrderEvent)]
    return [(event.order_id, event.stage) for event in events], page.cursor


async def test_a_count_is_confirmed_once_it_is_shown(dynamics: Connected, shop: SimulatedDynamics365) -> None:
    shop.late = 2
    assert await dynamics.write(dynamics.update("MUG", 7), dynamics.update("CAP", 0)) == [Confirmed(7), Confirmed(0)]
    assert shop.late == 0 and len(shop.stock_writes()) == 1
    assert await dynamics.stock() == {"MUG": 7, "SHIRT-RED-M": 5, "CAP": 0}


async def test_its_own_orders_leave_our_count_alone_so_it_is_overwritten(
    dynamics: Connected, shop: SimulatedDynamics365
) -> None:
    assert dynamics.connector.abilities(dynamics.config).writes is StockWrites.ABSOLUTE
    await shop.sell("MUG", 1)
    assert shop.shelf.quantity("MUG", "1/11") == 10
    assert await dynamics.write(dynamics.update("MUG", 9)) == [Confirmed(9)]


async def test_an_unknown_product_is_refused_although_the_add_in_would_take_it(
    dynamics: Connected, shop: SimulatedDynamics365
) -> None:
    gone = replace(dynamics.update("MUG", 1), platform_ids={"item_number": "GONE"})
    missing, written = await dynamics.write(gone, dynamics.update("MUG", 4))
    assert isinstance(missing, Rejected) and written == Confirmed(4)


async def test_a_claimed_success_that_changed_nothing_is_seen(dynamics: Connected, shop: SimulatedDynamics365) -> None:
    shop.misbehave(Misbehaviour.NOTHING_CHANGED)
    (outcome,) = await dynamics.write(dynamics.update("MUG", 7))
    assert isinstance(outcome, Deferred)


async def test_a_confirmed_order_is_told_and_read(dynamics: Connected, shop: SimulatedDynamics365) -> None:
    await shop.sell_many({"MUG": 2, "CAP": 1})
    (notification,) = dynamics.receiver.notifications
    (message,) = dynamics.connector.parse(dynamics.config, notification)
    order = await dynamics.order(f"{next(iter(shop.orders)):06}")
    assert not isinstance(message, OrderEvent) and order.stage is OrderStage.OPEN
    assert [(line.sku, line.allocated, line.location_id) for line in order.lines or ()] == [
        ("MUG", 2, "1/11"),
        ("CAP", 1, "1/11"),
    ]


async def test_polls_find_what_is_new_and_what_became_of_the_open(
    dynamics: Connected, shop: SimulatedDynamics365
) -> None:
    await shop.sell("MUG")
    found, cursor = await polled(dynamics, None)
    assert found == [], "the first poll begins after the newest order"
    first, second = await shop.sell("MUG", 2), await shop.sell("CAP")
    names = [f"{order.order_id:06}" for order in (first, second)]
    found, cursor = await polled(dynamics, cursor)
    assert found == [(name, OrderStage.OPEN) for name in names]
    found, cursor = await polled(dynamics, cursor)
    assert found == [], "what did not change is not told again"
    await shop.fulfil(first)
    await shop.cancel(second)
    found, cursor = await polled(dynamics, cursor)
    assert found == [(names[0], OrderStage.FULFILLED), (names[1], OrderStage.CANCELLED)]
    found, _ = await polled(dynamics, cursor)
    assert found == []


async def test_an_order_whose_lines_are_typed_later_is_told_then(
    dynamics: Connected, shop: SimulatedDynamics365
) -> None:
    before = await shop.sell("CAP")
    shop.untyped.add(before.order_id)
    _, cursor = await polled(dynamics, None)
    order = await shop.sell("MUG", 2)
    shop.untyped.add(order.order_id)
    found, cursor = await polled(dynamics, cursor)
    assert found == []
    shop.untyped.clear()
    found, cursor = await polled(dynamics, cursor)
    assert found == [(f"{before.order_id:06}", OrderStage.OPEN), (f"{order.order_id:06}", OrderStage.OPEN)]


async def test_an_open_order_that_is_deleted_lets_everything_go(
    dynamics: Connected, shop: SimulatedDynamics365
) -> None:
    _, cursor = await polled(dynamics, None)
    order = await shop.sell("MUG", 2)
    _, cursor = await polled(dynamics, cursor)
    del shop.orders[order.order_id]
    found, cursor = await polled(dynamics, cursor)
    assert found == [(f"{order.order_id:06}", OrderStage.DELETED)]
    assert (await dynamics.order(f"{order.order_id:06}")).lines == ()
    found, _ = await polled(dynamics, cursor)
    assert found == []


async def test_an_order_that_lost_its_last_line_lets_everything_go(
    dynamics: Connected, shop: SimulatedDynamics365
) -> None:
    _, cursor = await polled(dynamics, None)
    order = await shop.sell("MUG", 2)
    _, cursor = await polled(dynamics, cursor)
    lines, order.lines = order.lines, []
    found, cursor = await polled(dynamics, cursor)
    assert found == [(f"{order.order_id:06}", OrderStage.OPEN)]
    assert (await dynamics.order(f"{order.order_id:06}")).lines == ()
    order.lines = lines
    found, cursor = await polled(dynamics, cursor)
    assert len(found) == 1


async def test_orders_that_we_may_no_longer_see_are_not_deleted(
    dynamics: Connected, shop: SimulatedDynamics365
) -> None:
    _, cursor = await polled(dynamics, None)
    await shop.sell("MUG", 2)
    _, cursor = await polled(dynamics, cursor)
    shop.visible = False
    with pytest.raises(Permanent, match="check the app's user"):
        await polled(dynamics, cursor)


async def test_an_order_that_shows_after_one_of_a_higher_number_is_found(
    dynamics: Connected, shop: SimulatedDynamics365
) -> None:
    for _ in range(3):
        await shop.sell("CAP")
    late = await shop.sell("MUG", 2)
    shop.unseen.add(late.order_id)
    _, cursor = await polled(dynamics, None)
    higher = await shop.sell("CAP")
    found, cursor = await polled(dynamics, cursor)
    assert found == [(f"{higher.order_id:06}", OrderStage.OPEN)]
    shop.unseen.clear()
    found, cursor = await polled(dynamics, cursor)
    assert found == [(f"{late.order_id:06}", OrderStage.OPEN)]
    found, _ = await polled(dynamics, cursor)
    assert found == []


async def test_more_orders_than_a_page_holds_are_told_once_each_in_any_order(
    dynamics: Connected, shop: SimulatedDynamics365, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "PER_PAGE", 2)
    monkeypatch.setattr(orders, "RECENT", 4)
    names = [f"{(await shop.sell('CAP')).order_id:06}" for _ in range(12)]
    # Every other number shows late, when higher ones have been met.
    shop.unseen = {int(name) for name in names[1::2]}
    _, cursor = await polled(dynamics, None)
    shop.unseen.clear()
    told: list[str] = []
    more, pages = True, 0
    while more:
        page = await dynamics.client.run(dynamics.connector.read_orders(dynamics.config, cursor, SINCE))
        told += [entry.order_id for entry in page.entries]
        cursor, more, pages = page.cursor, page.more, pages + 1
    assert (told, pages) == (names[3::2], 3), "those that follow the fifth last number met at first"


async def test_where_a_line_is_taken_from_is_told_again_when_it_moves(
    dynamics: Connected, shop: SimulatedDynamics365
) -> None:
    _, cursor = await polled(dynamics, None)
    order = await shop.sell("MUG", 2)
    _, cursor = await polled(dynamics, cursor)
    order.taken_from = "1/12"
    found, cursor = await polled(dynamics, cursor)
    assert found == [(f"{order.order_id:06}", OrderStage.OPEN)]
    (line,) = (await dynamics.order(f"{order.order_id:06}")).lines or ()
    assert line.location_id == "1/12"


async def test_a_change_to_the_last_of_many_lines_is_told(dynamics: Connected, shop: SimulatedDynamics365) -> None:
    _, cursor = await polled(dynamics, None)
    order = await shop.sell_many({"MUG": 2})
    order.lines += [replace(order.lines[0], line_id=order.lines[0].line_id + 10_000 + n) for n in range(300)]
    _, cursor = await polled(dynamics, cursor)
    order.lines[-1].ordered = 3
    found, cursor = await polled(dynamics, cursor)
    assert found == [(f"{order.order_id:06}", OrderStage.OPEN)]
    order.lines[-1].sku = "CAP"
    found, _ = await polled(dynamics, cursor)
    assert found == [(f"{order.order_id:06}", OrderStage.OPEN)]


async def test_orders_of_too_many_lines_are_read_apart(
    dynamics: Connected, shop: SimulatedDynamics365, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "LINES_MAX", 3)
    _, cursor = await polled(dynamics, None)
    names = [f"{(await shop.sell_many({'MUG': 1, 'CAP': 1})).order_id:06}" for _ in range(3)]
    found, cursor = await polled(dynamics, cursor)
    assert found == [(name, OrderStage.OPEN) for name in names]
    await shop.sell_many({"MUG": 1, "CAP": 1, "SHIRT-RED-M": 1})
    with pytest.raises(Permanent, match="more lines"):
        await polled(dynamics, cursor)


async def test_as_many_warehouses_are_asked_for_at_once_as_may_be(
    dynamics: Connected, shop: SimulatedDynamics365
) -> None:
    places = tuple(f"{site}/{site}1" for site in range(1, 12))
    for place in places:
        shop.shelf.put("MUG", place, 3)
    config = dynamics.config.model_copy(update={"warehouses": places})
    page = await dynamics.client.run(dynamics.connector.read_stock(config, None))
    assert [(level.location_id, level.quantity) for level in page.entries if level.sku == "MUG"] == [
        (place, 3) for place in places
    ]
    updates = [replace(dynamics.update("MUG", 7), location_id=place) for place in places]
    assert await dynamics.write(*updates) == [Confirmed(7)] * 11


async def test_each_service_gets_a_token_of_its_own(dynamics: Connected, shop: SimulatedDynamics365) -> None:
    await dynamics.stock()
    assert shop.granted == 3, "the ERP's, and in two steps the add-in's"
    shop.tokens.clear()
    assert await dynamics.write(dynamics.update("MUG", 3)) == [Confirmed(3)]


def test_another_legal_entity_is_none_of_ours() -> None:
    notification = CASE.notification(body=event(BusinessEventLegalEntity="DEMF"))
    assert CASE.connector.receive(CASE.config(), notification) == []


def test_a_wrong_token_in_the_address_is_not_trusted() -> None:
    url = "https://gateway.example/webhooks/d365?token=stranger"
    with pytest.raises(Untrusted):
        CASE.connector.verify(CASE.config(), Notification(body=event(), headers=headers_of(), received_at=NOW, url=url))


async def test_the_check_names_the_warehouses(dynamics: Connected) -> None:
    check = await dynamics.client.run(dynamics.connector.check(dynamics.config))
    assert check.problems == () and [place.location_id for place in check.locations] == ["1/11"]
