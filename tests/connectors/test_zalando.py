"""What is particular to Zalando: one line for each unit, a poll by an exclusive moment, what cannot be read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.config import read_config
from connectors.errors import AuthExpired, Permanent
from connectors.messages import MessageKind, OrderEvent, OrderReference, OrderStage
from connectors.platforms.zalando.connector import ORDERS_PER_PAGE
from connectors.simulated import SimulatedZalando
from connectors.simulated.zalando import SHOPS
from connectors.updates import Confirmed
from tests.connectors.case import NOW, answer, drive
from tests.connectors.cases.zalando import CASE, ORDER_ID, order, page
from tests.connectors.conftest import MakeClient
from tests.connectors.connected import Connected
from tests.connectors.vendor_description import VendorDescription

CONFIG = CASE.config()
RESTOCKING = CONFIG.model_copy(update={"returns_restock": True})
SINCE = datetime.now(UTC) - timedelta(hours=1)
DESCRIPTION = VendorDescription("zalando", wanted=lambda request: request.path != "/auth/token")

Units = list[tuple[int, int, int]]


@pytest.fixture
def shop(zalando: Connected) -> SimulatedZalando:
    assert isinstance(zalando.shop, SimulatedZalando)
    return zalando.shop


def units(event: OrderEvent | OrderReference | None) -> Units:
    assert isinstance(event, OrderEvent)
    return [(line.ordered, line.allocated, line.released) for line in event.lines or ()]


def state_of(*statuses: str, config: Any = CONFIG, **rest: Any) -> tuple[OrderStage, Units]:
    _, event = drive(CASE.connector.read_order(config, ORDER_ID), [answer(order(*statuses, **rest))])
    assert event is not None
    return event.stage, units(event)


async def polled(zalando: Connected, cursor: str | None = None) -> tuple[list[OrderEvent | OrderReference], str | None]:
    """All pages of a poll."""
    found: list[OrderEvent | OrderReference] = []
    more = True
    while more:
        page = await zalando.client.run(zalando.connector.read_orders(zalando.config, cursor, SINCE))
        found, cursor, more = [*found, *page.entries], page.cursor, page.more
    return found, cursor


def test_an_order_is_promised_from_the_payment_check_on() -> None:
    assert state_of("initial", status="initial") == (OrderStage.OPEN, [(1, 1, 0)])
    assert state_of("reserved") == (OrderStage.OPEN, [(1, 1, 0)])
    assert state_of("lost in space") == (OrderStage.OPEN, [(1, 1, 0)]), "an unknown status counts as placed"


def test_each_unit_goes_its_own_way() -> None:
    assert state_of("shipped", "reserved", "canceled") == (OrderStage.OPEN, [(1, 0, 0), (1, 1, 0), (1, 0, 1)])
    assert state_of("shipped", "canceled", status="fulfilled") == (OrderStage.FULFILLED, [(1, 0, 0), (1, 0, 1)])


def test_a_failed_payment_looks_fulfilled_and_gives_everything_back() -> None:
    assert state_of("canceled", "canceled", status="fulfilled") == (OrderStage.CANCELLED, [(1, 0, 1), (1, 0, 1)])


def test_what_came_back_is_sold_again_only_where_the_operator_says_so() -> None:
    assert state_of("returned", "shipped") == (OrderStage.FULFILLED, [(1, 0, 0), (1, 0, 0)])
    assert state_of("returned", "shipped", config=RESTOCKING) == (OrderStage.FULFILLED, [(1, 0, 1), (1, 0, 0)])


def test_an_article_without_the_merchants_own_id_is_named_by_zalandos() -> None:
    document = order("initial", external_id=None)
    _, event = drive(CASE.connector.read_order(CONFIG, ORDER_ID), [answer(document)])
    assert event is not None and event.lines is not None
    assert (event.lines[0].sku, event.lines[0].platform_ids) == (None, {"article_id": "EX121O00A-Q11000M000"})


def test_an_order_that_came_without_all_its_lines_is_read_by_itself() -> None:
    """Taken as it is, it would give back the units of the lines that are missing."""
    document = order("initial", "initial")
    document["included"].pop()
    whole = order("initial", "initial")
    both = page(document) | {"data": [document["data"], whole["data"] | {"id": "another"}]}
    for cut, found in ((page(document), [OrderReference]), (both, [OrderReference, OrderReference])):
        _, some = drive(CASE.connector.read_orders(CONFIG, None, NOW), [answer(cut)])
        assert [type(entry) for entry in some.entries] == found
    assert some.entries[0] == OrderReference(
        order_id=ORDER_ID,
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=datetime(2026, 11, 20, 14, 15, tzinfo=UTC),
    )
    with pytest.raises(LookupError):
        drive(CASE.connector.read_order(CONFIG, ORDER_ID), [answer(document)])


def test_a_poll_begins_just_before_what_it_has_seen() -> None:
    (request,), _ = drive(CASE.connector.read_orders(CONFIG, None, NOW), [answer(page(order("initial")))])
    assert request.query["last_updated_after"] == "2026-11-20T14:04:59.999Z"
    assert (request.query["page[number]"], request.query["sort"]) == ("0", "modified_at")


def test_a_full_page_goes_on_from_the_moment_it_reached() -> None:
    one = order("initial")
    full = page(one) | {"data": [one["data"]] * ORDERS_PER_PAGE}
    asked = []
    cursor = None
    for _ in range(3):
        (request,), found = drive(CASE.connector.read_orders(CONFIG, cursor, NOW), [answer(full)])
        asked.append((request.query["last_updated_after"], request.query["page[number]"]))
        cursor = found.cursor
    reached = "2026-11-20T14:14:59.999Z"
    assert asked == [("2026-11-20T14:04:59.999Z", "0"), (reached, "0"), (reached, "1")]


async def test_an_order_is_followed_to_its_end(zalando: Connected, shop: SimulatedZalando) -> None:
    sold = await shop.sell_many({"MUG": 2, "SHIRT-RED-M": 1})
    shop.unpaid.add(sold.order_id)
    ((placed, *_), _) = await polled(zalando)
    key = placed.order_id
    seen = [placed]
    shop.unpaid.clear()
    await shop.refund(sold, "MUG", 1)
    seen.append(await zalando.order(key))
    await shop.fulfil(sold)
    seen.append(await zalando.order(key))
    await shop.refund(sold, "SHIRT-RED-M", 1)
    seen.append(await zalando.order(key))
    assert [(event.status, event.stage) for event in seen if isinstance(event, OrderEvent)] == [
        ("initial", OrderStage.OPEN),
        ("approved", OrderStage.OPEN),
        ("fulfilled", OrderStage.FULFILLED),
        ("fulfilled", OrderStage.FULFILLED),
    ]
    assert [units(event) for event in seen] == [
        [(1, 1, 0), (1, 1, 0), (1, 1, 0)],
        [(1, 1, 0), (1, 0, 1), (1, 1, 0)],
        [(1, 0, 0), (1, 0, 1), (1, 0, 0)],
        [(1, 0, 0), (1, 0, 1), (1, 0, 1)],
    ]
    assert {line.sku for event in seen if isinstance(event, OrderEvent) for line in event.lines or ()} == {
        "MUG",
        "SHIRT-RED-M",
    }


async def test_a_poll_misses_nothing_at_its_edge(zalando: Connected, shop: SimulatedZalando) -> None:
    first = await shop.sell("MUG")
    found, cursor = await polled(zalando)
    second = await shop.sell("SHIRT-RED-M")
    # Another one of the very moment that was seen last.
    second.updated_at = first.updated_at
    later, _ = await polled(zalando, cursor)
    assert len(found) == 1 and len({entry.order_id for entry in later}) == 2


async def test_many_orders_come_in_pages_whatever_changes_meanwhile(zalando: Connected, shop: SimulatedZalando) -> None:
    orders = [await shop.sell("MUG") for _ in range(ORDERS_PER_PAGE + 3)]
    for number, sold in enumerate(orders):
        sold.updated_at = SINCE + timedelta(milliseconds=5 * number)
    first = await zalando.client.run(zalando.connector.read_orders(zalando.config, None, SINCE))
    # It moves to the end, and all that follow it move one place up.
    await shop.fulfil(orders[0])
    rest, _ = await polled(zalando, first.cursor)
    assert first.more and len({entry.order_id for entry in (*first.entries, *rest)}) == len(orders)


async def test_what_zalando_ships_itself_is_not_ours(zalando: Connected, shop: SimulatedZalando) -> None:
    sold = await shop.sell("MUG")
    ((event,), _) = await polled(zalando)
    shop.from_zalando.add(sold.order_id)
    assert (await polled(zalando))[0] == []
    assert await zalando.client.run(zalando.connector.read_order(zalando.config, event.order_id)) is None
    gone = "00000000-0000-0000-0000-000000000001"
    assert await zalando.client.run(zalando.connector.read_order(zalando.config, gone)) is None


@pytest.mark.parametrize("decrements", [True, False])
async def test_a_sale_is_neither_trampled_nor_counted_twice(
    zalando: Connected, shop: SimulatedZalando, decrements: bool
) -> None:
    """Of ten, it sells four; its count is told again, whether it was lowered by Zalando or not."""
    shop.decrements = decrements
    await shop.sell("MUG", 4)
    (events, cursor) = await polled(zalando)
    again, _ = await polled(zalando, cursor)
    assert again == events and sum(ordered for ordered, _, _ in units(events[0])) == 4
    assert await zalando.write(zalando.update("MUG", 10 - 4)) == [Confirmed(6)]
    assert shop.shelf.quantity("MUG") == 6


async def test_neither_stock_nor_catalogue_can_be_read(zalando: Connected, shop: SimulatedZalando) -> None:
    assert not zalando.connector.abilities(zalando.config).shows_counts
    with pytest.raises(Permanent, match="nothing to compare"):
        await zalando.client.run(zalando.connector.read_stock(zalando.config, None))
    with pytest.raises(Permanent, match="enter a listing"):
        await zalando.client.run(zalando.connector.read_catalog(zalando.config, None))
    assert list(shop.requests) == []


async def test_the_check_names_the_shops_that_are_told_nothing(zalando: Connected, shop: SimulatedZalando) -> None:
    check = await zalando.client.run(zalando.connector.check(zalando.config))
    assert check.summary.startswith("Connected") and check.problems == ()
    germany, unknown = next(iter(SHOPS)), "00000000-0000-4000-8000-000000000000"
    other = read_config(type(zalando.config), {**shop.config(), "sales_channel_ids": [germany, unknown]})
    problems = (await zalando.client.run(zalando.connector.check(other))).problems
    assert [unknown in problems[0], "France" in problems[1], len(problems)] == [True, True, 2]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("client_secret", "wrong", "grants no token"), ("merchant_id", ORDER_ID, "merchant_id")],
)
async def test_wrong_entries_are_told_in_the_operators_words(
    shop: SimulatedZalando, make_client: MakeClient, field: str, value: str, words: str
) -> None:
    entered = {**shop.config(), field: value}
    shop.config = lambda: entered  # type: ignore[method-assign]
    client = make_client("zalando", shop)
    with pytest.raises(Permanent, match=words) as refused:
        await client.run(CASE.connector.check(read_config(CASE.connector.config_type, entered)))
    assert isinstance(refused.value, AuthExpired) is (field == "client_secret")


async def test_every_request_is_as_the_vendor_describes_it(zalando: Connected, shop: SimulatedZalando) -> None:
    await shop.sell("MUG", 2)
    ((event,), _) = await polled(zalando)
    await zalando.order(event.order_id)
    await zalando.write(zalando.update("MUG", 8), zalando.update("CAP", 1))
    await zalando.client.run(zalando.connector.check(zalando.config))
    assert len(shop.requests) == 6 and DESCRIPTION.violations(shop.requests) == []
