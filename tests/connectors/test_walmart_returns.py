"""Units that come back to a Walmart seller, and when they may be sold again."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.errors import Permanent
from connectors.messages import MessageKind, OrderEvent, OrderReference
from connectors.simulated import SimulatedWalmart
from tests.connectors.case import NOW, answer, drive
from tests.connectors.cases.walmart_marketplace import CASE, fault, line, order, orders
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime
from tests.connectors.walmart_seller import seller_of, units

CONFIG = CASE.config().model_copy(update={"returns_restock": True})
SINCE = datetime.now(UTC) - timedelta(hours=1)
ORDER_ID = "108990000000042"
ARRIVED, ARRIVED_LATER = "DELIVERED_AT_RETURN_CENTER", "DELIVERED_AFTER_INVOICE"


@pytest.fixture
def shop() -> SimulatedWalmart:
    return SimulatedWalmart(STOCK)


@pytest.fixture
async def seller(shop: SimulatedWalmart, make_client: MakeClient) -> AsyncIterator[Connected]:
    async with seller_of(make_client, shop, QuickTime()) as seller:
        yield seller


async def polled(seller: Connected, cursor: str | None = None) -> tuple[list[OrderEvent | OrderReference], str | None]:
    """What a whole poll finds, and where the next one starts."""
    found: list[OrderEvent | OrderReference] = []
    more = True
    while more:
        page = await seller.client.run(seller.connector.read_orders(seller.config, cursor, SINCE))
        found += page.entries
        cursor, more = page.cursor, page.more
    return found, cursor


def quantity(number: int) -> dict[str, Any]:
    return {"unitOfMeasure": "EACH", "measurementValue": float(number)}


def returned(
    number: int, *event_tags: str, status: str = "COMPLETED", parts: dict[str, int] | None = None, **other: Any
) -> dict[str, Any]:
    """A line of a return of the first line of the order."""
    apart = [{"status": name, "quantity": quantity(units)} for name, units in (parts or {}).items()]
    return {
        "purchaseOrderId": ORDER_ID,
        "purchaseOrderLineNumber": 1,
        "quantity": quantity(number),
        "status": status,
        "returnTrackingDetail": [{"sequenceNo": at, "eventTag": tag} for at, tag in enumerate(event_tags)],
        **({"currentTrackingStatuses": apart} if apart else {}),
        **other,
    }


def returns(*lines: dict[str, Any], **meta: str) -> dict[str, Any]:
    found = [{"returnOrderId": str(number), "returnOrderLines": [one]} for number, one in enumerate(lines)]
    return {"meta": {"totalCount": len(found), "limit": 200, **meta}, "returnOrders": found}


def read(*lines: dict[str, Any], **states: int) -> OrderEvent:
    """An order of three units of a mug and one of a cap, with these returns."""
    body = order(line(1, "MUG", 3, **(states or {"Shipped": 3})), line(2, "CAP", 1, Shipped=1))
    _, event = drive(CASE.connector.read_order(CONFIG, ORDER_ID), [answer({"order": body}), answer(returns(*lines))])
    assert event is not None
    return event


async def test_a_return_counts_once_a_return_center_has_it(seller: Connected, shop: SimulatedWalmart) -> None:
    sold = await shop.sell("MUG", 3)
    await shop.fulfil(sold)
    key = str(sold.order_id)
    back = shop.begin_return(sold, "MUG", 2)
    for event_tag in ("RETURN_IN_TRANSIT", "REFUND_ISSUED", "INTRANSIT_AFTER_INVOICE"):
        shop.returns.happen(back, event_tag)
        assert units(await seller.order(key)) == [(3, 0, 0)], event_tag
    before = await seller.order(key)
    shop.returns.happen(back, ARRIVED_LATER)
    after = await seller.order(key)
    assert units(after) == [(3, 0, 2)] and after.precedence > before.precedence
    assert await seller.order(key) == after
    await shop.refund(sold, "MUG", 1)
    assert units(await seller.order(key)) == [(3, 0, 3)]


async def test_an_order_is_read_again_whenever_something_of_it_arrived(
    seller: Connected, shop: SimulatedWalmart
) -> None:
    sold = await shop.sell("MUG", 3)
    await shop.fulfil(sold)
    sold.updated_at = datetime.now(UTC) - timedelta(minutes=10)
    _, cursor = await polled(seller)
    back = shop.begin_return(sold, "MUG", 1)
    nothing, cursor = await polled(seller, cursor)
    assert nothing == [], "the parcel is under way"
    shop.returns.happen(back, ARRIVED)
    (news,), cursor = await polled(seller, cursor)
    assert isinstance(news, OrderReference)
    assert (news.order_id, news.kind) == (str(sold.order_id), MessageKind.ORDER_REFUNDED)
    assert (await polled(seller, cursor))[0][0].order_id == news.order_id, "polls overlap"


async def test_an_arrival_is_news_though_the_order_changed_later(seller: Connected, shop: SimulatedWalmart) -> None:
    """What is known of the order from then on is not what the return brings."""
    sold = await shop.sell("MUG", 3)
    await shop.fulfil(sold)
    await shop.refund(sold, "MUG", 1)
    (back,) = shop.returns.all
    back.events = [(tag, at - timedelta(minutes=30)) for tag, at in back.events]
    sold.created_at = sold.updated_at = sold.updated_at - timedelta(minutes=5)
    found, _ = await polled(seller)
    told = await seller.order(str(sold.order_id))
    assert max(one.occurred_at for one in found) > told.occurred_at > back.changed_at


async def test_an_order_of_which_something_left_is_read_with_its_returns(
    seller: Connected, shop: SimulatedWalmart
) -> None:
    sold, fresh = await shop.sell("MUG", 3), await shop.sell("CAP", 1)
    await shop.fulfil(sold, units_max=1)
    found, _ = await polled(seller)
    kinds = {one.order_id: type(one) for one in found}
    assert kinds == {str(sold.order_id): OrderReference, str(fresh.order_id): OrderEvent}


async def test_without_restocking_no_return_is_asked_for(seller: Connected, shop: SimulatedWalmart) -> None:
    seller.config = seller.config.model_copy(update={"returns_restock": False})
    sold = await shop.sell("MUG", 3)
    await shop.fulfil(sold)
    await shop.refund(sold, "MUG", 1)
    (told,), _ = await polled(seller)
    assert isinstance(told, OrderEvent) and told == await seller.order(told.order_id)
    assert units(told) == [(3, 0, 0)]
    await seller.client.run(seller.connector.check(seller.config))
    assert not [request for request in shop.requests if request.path == "/v3/returns"]


async def test_every_page_of_returns_is_walked(seller: Connected, shop: SimulatedWalmart) -> None:
    sold = await shop.sell_many({"MUG": 3})
    await shop.fulfil(sold)
    for _ in range(201):
        shop.returns.happen(shop.begin_return(sold, "MUG", 1), "RETURN_IN_TRANSIT")
    shop.returns.happen(shop.returns.all[0], ARRIVED)
    sold.updated_at -= timedelta(days=1)
    (news,), _ = await polled(seller)
    assert news.order_id == str(sold.order_id)
    pages = [request.query for request in shop.requests if request.path == "/v3/returns"]
    assert ["offset" in query for query in pages] == [False, True]


async def test_where_no_returns_are_the_list_may_be_missing(seller: Connected, shop: SimulatedWalmart) -> None:
    sold = await shop.sell("MUG", 3)
    await shop.fulfil(sold)
    shop.empty_status = 404
    assert units(await seller.order(str(sold.order_id))) == [(3, 0, 0)]
    assert len((await polled(seller))[0]) == 1


def test_a_return_is_asked_for_by_its_change_with_both_ends() -> None:
    cursor: str | None = None
    for _ in range(2):
        _, page = drive(CASE.connector.read_orders(CONFIG, cursor, NOW), [answer(orders())])
        assert page.more
        cursor = page.cursor
    listed = returns(returned(1, ARRIVED), returned(1, ARRIVED), nextCursor="?sellerId=1&limit=200&poolId=a%2Bb")
    (request,), page = drive(CASE.connector.read_orders(CONFIG, cursor, NOW), [answer(listed)])
    assert request.url.endswith("/v3/returns") and request.query["limit"] == "200"
    assert request.query["returnLastModifiedStartDate"] == "2026-11-20T14:05:00Z"
    assert request.query["returnLastModifiedEndDate"] >= "2026-11-20T14:05:00Z"
    assert [entry.order_id for entry in page.entries] == [ORDER_ID], "both returns are of one order"
    (request,), page = drive(CASE.connector.read_orders(CONFIG, page.cursor, NOW), [answer(returns())])
    assert request.url.endswith("/v3/returns?sellerId=1&limit=200&poolId=a%2Bb") and not request.query
    assert not page.more


@pytest.mark.parametrize(
    ("lines", "back"),
    [
        ((returned(2, "RETURN_INITIATED", status="INITIATED"),), 0),
        ((returned(2, ARRIVED, status="DELIVERED"),), 2),
        ((returned(2, status="DELIVERED"),), 2),
        ((returned(2, "REFUND_ISSUED"),), 0),
        ((returned(2, "RETURN_CANCELLED"),), 0),
        ((returned(2, "REFUND_ISSUED", isKeepIt=True, returnExpectedFlag=False),), 0),
        ((returned(2, "REFUND_ISSUED", ARRIVED_LATER),), 2),
        ((returned(3, ARRIVED, parts={"DELIVERED": 1, "COMPLETED": 1, "INITIATED": 1}),), 2),
        ((returned(1, ARRIVED), returned(1, ARRIVED), returned(1, "RETURN_IN_TRANSIT", status="INITIATED")), 2),
        ((returned(2, ARRIVED), returned(2, ARRIVED)), 3),
        ((returned(1, ARRIVED, purchaseOrderId="108990000000043"),), 0),
        ((returned(1, ARRIVED, purchaseOrderLineNumber=None),), 0),
    ],
)
def test_which_units_are_back_follows_from_what_happened_to_them(lines: Any, back: int) -> None:
    assert units(read(*lines)) == [(3, 0, back), (1, 0, 0)]


def test_a_return_is_of_the_line_that_it_names() -> None:
    assert units(read(returned(1, ARRIVED, purchaseOrderLineNumber=2))) == [(3, 0, 0), (1, 0, 1)]


def test_units_that_came_back_and_units_that_never_left_are_free() -> None:
    assert units(read(returned(1, ARRIVED), Created=1, Shipped=1, Cancelled=1)) == [(3, 1, 2), (1, 0, 0)]


def test_the_check_asks_for_returns_only_where_they_count() -> None:
    listed = {"meta": {"totalCount": 0}, "elements": {"inventories": []}}
    answers = [answer(listed), answer(orders()), answer(returns()), answer({"events": []})]
    requests, _ = drive(CASE.connector.check(CONFIG), answers)
    assert [request.url.rpartition("/v3")[2] for request in requests][2] == "/returns"


@pytest.mark.parametrize("body", [fault(404, "NOT_FOUND.GMP_GATEWAY_API", "no such resource"), answer(b"", 404)])
def test_a_wrong_address_is_no_empty_list_of_returns(body: Any) -> None:
    shipped = answer({"order": order(line(1, "MUG", 3, Shipped=3))})
    with pytest.raises(Permanent, match="api_url"):
        drive(CASE.connector.read_order(CONFIG, ORDER_ID), [shipped, body])
