"""Walmart's orders, read one by one and polled."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from connectors.errors import Permanent
from connectors.messages import MessageKind, OrderStage
from connectors.simulated import SimulatedWalmart
from tests.connectors.case import NOW, answer, drive
from tests.connectors.cases.walmart_marketplace import (
    CASE,
    fault,
    line,
    order,
    orders,
)
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime
from tests.connectors.walmart_seller import seller_of, told, units

CONFIG = CASE.config()
SINCE = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
def shop() -> SimulatedWalmart:
    return SimulatedWalmart(STOCK, node_names=("Main", "Outlet"))


@pytest.fixture
def quick() -> QuickTime:
    return QuickTime()


@pytest.fixture
async def seller(shop: SimulatedWalmart, make_client: MakeClient, quick: QuickTime) -> AsyncIterator[Connected]:
    async with seller_of(make_client, shop, quick) as seller:
        yield seller


async def polled(seller: Connected, cursor: str | None = None) -> tuple[list[str], str | None]:
    """The ids of the orders of a whole poll, and where the next one starts."""
    found: list[str] = []
    more = True
    while more:
        page = await seller.client.run(seller.connector.read_orders(seller.config, cursor, SINCE))
        found += [entry.order_id for entry in page.entries]
        cursor, more = page.cursor, page.more
    return found, cursor


async def test_an_order_is_followed_from_its_placing_to_its_delivery(seller: Connected, shop: SimulatedWalmart) -> None:
    sold = await shop.sell_many({"MUG": 3, "CAP": 1})
    (key,), cursor = await polled(seller)
    await shop.ship(sold, "MUG", 1)
    assert units(await seller.order(key)) == [(3, 2, 0), (1, 1, 0)]
    await shop.refund(sold, "MUG", 1)
    partly = await seller.order(key)
    assert (partly.stage, partly.status, units(partly)) == (
        OrderStage.OPEN,
        "Cancelled, Created, Shipped",
        [(3, 1, 1), (1, 1, 0)],
    )
    await shop.fulfil(sold)
    shipped = await seller.order(key)
    assert (shipped.stage, units(shipped)) == (OrderStage.FULFILLED, [(3, 0, 1), (1, 0, 0)])
    shop.delivered.add(sold.order_id)
    assert units(await seller.order(key)) == [(3, 0, 1), (1, 0, 0)]
    assert (await polled(seller, cursor))[0] == [key]
    assert [stage for stage, _ in await told(seller)].count(OrderStage.FULFILLED) == 2


@pytest.mark.parametrize(
    ("states", "stage", "allocated"),
    [
        ({"Created": 2}, OrderStage.OPEN, 2),
        ({"Acknowledged": 1, "Cancelled": 1}, OrderStage.OPEN, 1),
        ({"Held": 2}, OrderStage.OPEN, 2),
        ({}, OrderStage.OPEN, 2),
        ({"Shipped": 1, "Cancelled": 1}, OrderStage.FULFILLED, 0),
        ({"Delivered": 2}, OrderStage.FULFILLED, 0),
        ({"Cancelled": 2}, OrderStage.CANCELLED, 0),
    ],
)
@pytest.mark.parametrize("wrapped", [True, False])
def test_the_states_of_its_units_decide_what_an_order_holds(
    states: dict[str, int], stage: OrderStage, allocated: int, wrapped: bool
) -> None:
    body: Any = order(line(1, "MUG", 2, **states))
    # A single order is described with its date as text.
    body["orderDate"] = str(body["orderDate"])
    _, event = drive(CASE.connector.read_order(CONFIG, "1"), [answer({"order": body} if wrapped else body)])
    assert event is not None and event.lines is not None
    assert (event.stage, event.lines[0].allocated) == (stage, allocated)
    assert event.kind is (MessageKind.ORDER_CANCELLED if stage is OrderStage.CANCELLED else MessageKind.ORDER_UPDATED)


async def test_what_walmart_ships_takes_nothing_of_ours(seller: Connected, shop: SimulatedWalmart) -> None:
    theirs, third = await shop.sell("MUG"), await shop.sell("MUG")
    shop.shipped_by_walmart.add(theirs.order_id)
    shop.by_3pl.add(third.order_id)
    assert (await polled(seller))[0] == [str(third.order_id)], "what a third party ships is the seller's own"
    flow = seller.connector.read_order(seller.config, str(theirs.order_id))
    assert await seller.client.run(flow) is None


async def test_a_poll_walks_all_pages_and_misses_nothing_at_its_edge(seller: Connected, shop: SimulatedWalmart) -> None:
    for _ in range(201):
        await shop.sell("MUG")
    found, cursor = await polled(seller)
    assert len(found) == 201 and {int(key) for key in found} == shop.orders.keys()
    old = await shop.sell("CAP")
    old.created_at -= timedelta(days=10)
    again, _ = await polled(seller, cursor)
    assert set(again) == {str(key) for key in shop.orders}, "polls overlap; an order older than a week is found too"


async def test_a_poll_that_finds_nothing_goes_on_from_its_own_time(seller: Connected, shop: SimulatedWalmart) -> None:
    shop.empty_status = 404
    found, cursor = await polled(seller)
    assert found == [] and cursor is not None
    since = datetime.fromisoformat(orjson.loads(cursor)["since"])
    assert abs(datetime.now(UTC) - timedelta(minutes=2) - since) < timedelta(seconds=30)


def test_a_wrong_address_is_not_an_empty_list() -> None:
    for body in (fault(404, "NOT_FOUND.GMP_GATEWAY_API", "no such resource"), answer(b"<html>", 404)):
        with pytest.raises(Permanent, match="api_url"):
            drive(CASE.connector.read_orders(CONFIG, None, NOW), [body])


def test_the_cursor_is_the_whole_next_query() -> None:
    first = answer(orders(order(line(1, "MUG", 1, Created=1)), nextCursor="?limit=200&soIndex=200&poolId=a%2Bb"))
    _, page = drive(CASE.connector.read_orders(CONFIG, None, NOW), [first])
    (request,), page = drive(CASE.connector.read_orders(CONFIG, page.cursor, NOW), [answer(orders())])
    assert request.url.endswith("/v3/orders?limit=200&soIndex=200&poolId=a%2Bb") and not request.query
    (request,), page = drive(CASE.connector.read_orders(CONFIG, page.cursor, NOW), [answer(orders())])
    assert request.query["shipNodeType"] == "3PLFulfilled" and not page.more


async def test_an_order_that_is_not_there_is_none(seller: Connected) -> None:
    assert await seller.client.run(seller.connector.read_order(seller.config, "5")) is None
