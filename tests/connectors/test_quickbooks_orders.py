"""Sales in QuickBooks Online: what came back of them, what is not counted, and how polls find them."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import orjson
import pytest

from connectors.exchange import Response
from connectors.messages import MessageKind, OrderEvent, OrderReference, OrderStage
from connectors.simulated import SimulatedQuickBooks
from tests.connectors.case import answer, drive
from tests.connectors.cases.quickbooks_commerce import CASE
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quickbooks_company import SINCE, company_of, polled


@pytest.fixture
def shop() -> SimulatedQuickBooks:
    return SimulatedQuickBooks(STOCK)


@pytest.fixture
async def books(shop: SimulatedQuickBooks, make_client: MakeClient) -> AsyncIterator[Connected]:
    async with company_of(make_client, shop) as connected:
        yield connected


async def told(books: Connected) -> list[tuple[OrderStage, list[tuple[int, int, int]]]]:
    return [
        (event.stage, [(line.ordered, line.allocated, line.released) for line in event.lines or ()])
        for event in await books.received()
        if isinstance(event, OrderEvent)
    ]


async def test_an_invoice_is_told_changed_and_voided(books: Connected, shop: SimulatedQuickBooks) -> None:
    shop.sells_by = "Invoice"
    order = await shop.sell_many({"MUG": 3, "CAP": 1})
    assert await told(books) == [(OrderStage.FULFILLED, [(3, 0, 0), (1, 0, 0)])]
    await shop.take_off(order, "MUG", 1)
    assert await told(books) == [(OrderStage.FULFILLED, [(2, 0, 0), (1, 0, 0)])]
    await shop.cancel(order)
    assert await told(books) == [(OrderStage.CANCELLED, [(0, 0, 0), (0, 0, 0)])]


async def test_what_came_back_is_found_at_its_sales_receipt(books: Connected, shop: SimulatedQuickBooks) -> None:
    order, other = await shop.sell_many({"MUG": 3, "CAP": 1}), await shop.sell("MUG", 2)
    await told(books)
    await shop.refund(order, "MUG", 1)
    assert await told(books) == [(OrderStage.FULFILLED, [(3, 0, 1), (1, 0, 0)])]
    await shop.refund(order, "MUG", 2)
    await shop.refund(order, "CAP", 1)
    assert (await told(books))[-1] == (OrderStage.FULFILLED, [(3, 0, 3), (1, 0, 1)])
    assert [line.released for line in (await books.order(f"salesreceipt-{other.order_id}")).lines or ()] == [0]
    await shop.cancel(order)
    assert await told(books) == [(OrderStage.CANCELLED, [(0, 0, 0), (0, 0, 0)])]


async def test_a_credit_memo_names_no_invoice(books: Connected, shop: SimulatedQuickBooks) -> None:
    shop.sells_by = "Invoice"
    order = await shop.sell("MUG", 3)
    await told(books)
    await shop.refund(order, "MUG", 1)
    assert await told(books) == [] and (await books.stock())["MUG"] == 8, "comparing shows what came back"


@pytest.mark.parametrize("sells_by", ["Invoice", "SalesReceipt"])
async def test_a_deleted_sale_holds_nothing(
    books: Connected, shop: SimulatedQuickBooks, sells_by: Literal["Invoice", "SalesReceipt"]
) -> None:
    shop.sells_by = sells_by
    order = await shop.sell("MUG", 1)
    await shop.delete(order)
    event = await books.order(f"{sells_by.lower()}-{order.order_id}")
    assert (event.stage, event.lines) == (OrderStage.DELETED, ())


async def test_what_is_not_counted_keeps_no_sale_waiting(books: Connected, shop: SimulatedQuickBooks) -> None:
    shop.services |= {"CAP", "SHIRT-RED-M"}
    shop.inactive.add("CAP")
    order = await shop.sell_many({"MUG": 2, "CAP": 1, "SHIRT-RED-M": 3})
    (received,) = await books.received()
    (found,), _, _ = await polled(books, None)
    for event in (received, found, await books.order(f"salesreceipt-{order.order_id}")):
        assert isinstance(event, OrderEvent) and event.lines is not None
        assert [(line.ordered, line.tracked) for line in event.lines] == [(2, True), (1, False), (3, False)]
    assert set(await books.stock()) == {"MUG"}


@pytest.mark.parametrize("sells_by", ["Invoice", "SalesReceipt"])
async def test_polls_walk_both_kinds_of_sale_and_overlap(
    books: Connected, shop: SimulatedQuickBooks, sells_by: Literal["Invoice", "SalesReceipt"]
) -> None:
    shop.sells_by = sells_by
    orders = [await shop.sell("MUG") for _ in range(103)]
    sold = {f"{sells_by.lower()}-{order.order_id}" for order in orders}
    found, _, cursor = await polled(books, None)
    assert len(found) == 103 and {event.order_id for event in found} == sold
    again, _, _ = await polled(books, cursor)
    assert len(again) == 103, "polls overlap rather than leave a gap"


async def test_a_poll_asks_for_the_refunds_and_the_items_of_all_its_sales_at_once(
    books: Connected, shop: SimulatedQuickBooks
) -> None:
    orders = [await shop.sell_many({"MUG": 2, "CAP": 1}) for _ in range(3)]
    for order in orders[:2]:
        await shop.refund(order, "MUG", 1)
    shop.requests.clear()
    found, _, _ = await polled(books, None)
    assert [[line.released for line in event.lines or ()] for event in found] == [[1, 0], [1, 0], [0, 0]]
    assert len(shop.requests) == 5, "invoices, sales receipts, refund receipts, items, what was deleted"


@pytest.mark.parametrize("sells_by", ["Invoice", "SalesReceipt"])
async def test_a_poll_finds_what_was_voided_and_what_was_deleted(
    books: Connected, shop: SimulatedQuickBooks, sells_by: Literal["Invoice", "SalesReceipt"]
) -> None:
    shop.sells_by = sells_by
    kept, voided, deleted = [await shop.sell("MUG") for _ in range(3)]
    _, references, cursor = await polled(books, None)
    assert references == []
    await shop.cancel(voided)
    await shop.delete(deleted)
    events, references, cursor = await polled(books, cursor)
    ids = [f"{sells_by.lower()}-{order.order_id}" for order in (kept, voided, deleted)]
    assert [(event.order_id, event.stage) for event in events] == [
        (ids[0], OrderStage.FULFILLED),
        (ids[1], OrderStage.CANCELLED),
    ]
    at = shop.deleted[deleted.order_id]
    assert references == [OrderReference(order_id=ids[2], kind=MessageKind.ORDER_DELETED, occurred_at=at)]
    gone = await books.order(ids[2])
    assert (gone.stage, gone.lines) == (OrderStage.DELETED, ()) and gone.occurred_at >= at
    assert (await polled(books, cursor))[:2] == (events, references), "the next one overlaps, and says the same"


async def test_a_poll_looks_no_further_back_than_quickbooks_remembers(
    books: Connected, shop: SimulatedQuickBooks
) -> None:
    await shop.delete(order := await shop.sell("MUG"))
    _, references, _ = await polled(books, None, since=datetime.now(UTC) - timedelta(days=400))
    assert [reference.order_id for reference in references] == [f"salesreceipt-{order.order_id}"]


def change(number: int, **rest: str) -> dict[str, Any]:
    at = datetime(2026, 11, 20, 6, tzinfo=UTC) + timedelta(seconds=number)
    return {"Id": str(number), "MetaData": {"LastUpdatedTime": at.isoformat()}, **rest}


def changes(*groups: dict[str, Any]) -> Response:
    return answer({"CDCResponse": [{"QueryResponse": groups}], "time": "2026-11-20T06:22:00-08:00"})


def deletions(cursor: str, found: Response) -> tuple[str, list[str], str, bool]:
    """Asked for since when, the deleted sales, and where to go on."""
    flow = CASE.connector.read_orders(CASE.config(), cursor, SINCE)
    (request,), page = drive(flow, [found])
    assert page.cursor is not None
    return request.query["changedSince"], [entry.order_id for entry in page.entries], page.cursor, page.more


def test_more_changes_than_one_answer_holds_are_asked_for_from_the_last_one_on() -> None:
    day = "2026-11-20T06:00:00+00:00"
    start = orjson.dumps({"since": day, "newest": "2026-11-20T07:00:00+00:00", "place": "deleted"}).decode()
    full = changes({"Invoice": [change(number) for number in range(997)]}, {"SalesReceipt": [change(5)] * 3})
    since, gone, cursor, more = deletions(start, full)
    assert (since, gone, more) == (day, [], True)
    rest = changes({"Invoice": [change(900), change(8, status="Deleted")]}, {"SalesReceipt": []}, {})
    since, gone, cursor, more = deletions(cursor, rest)
    assert (since, gone, more) == ("2026-11-20T06:00:05+00:00", ["invoice-8"], False)
    assert orjson.loads(cursor)["since"] == "2026-11-20T06:58:00+00:00"


@pytest.mark.parametrize("last", [4, 5])
def test_too_many_changes_that_lead_no_further_end_the_poll(last: int) -> None:
    day = "2026-11-20T06:00:05+00:00"
    start = orjson.dumps({"since": day, "newest": day, "place": "deleted"}).decode()
    assert not deletions(start, changes({"Invoice": [change(last)] * 1000}))[3]


def line(number: str, item: str, units: float) -> dict[str, Any]:
    kind = "SalesItemLineDetail"
    return {"Id": number, "DetailType": kind, kind: {"ItemRef": {"value": item}, "Qty": units}}


def record(number: str, *lines: dict[str, Any], minute: int = 0, **rest: Any) -> dict[str, Any]:
    changed = {"LastUpdatedTime": f"2026-11-20T06:{minute:02}:03-08:00"}
    return {"Id": number, "MetaData": changed, "Line": lines, **rest}


def refunded_by(*numbers: str) -> list[dict[str, str]]:
    return [{"TxnId": number, "TxnType": "RefundReceipt"} for number in numbers]


def read(sale: dict[str, Any], *refunds: Sequence[dict[str, Any]]) -> OrderEvent:
    found = [answer({"QueryResponse": {"RefundReceipt": part} if part else {}}) for part in refunds]
    flow = CASE.connector.read_order(CASE.config(), f"salesreceipt-{sale['Id']}")
    _, event = drive(flow, [answer({"SalesReceipt": sale}), *found, answer({"QueryResponse": {}})])
    assert event is not None
    return event


def released(event: OrderEvent) -> list[tuple[str, int, int]]:
    return [(told.line_id, told.ordered, told.released) for told in event.lines or ()]


def test_the_lines_of_a_bundle_count() -> None:
    bundle = {"Id": "1", "DetailType": "GroupLineDetail", "GroupLineDetail": {"Line": [line("2", "11", 2)]}}
    assert released(read(record("5", bundle))) == [("2", 2, 0)]


def test_shipping_and_what_names_no_item_are_no_lines() -> None:
    kind = "SalesItemLineDetail"
    shipping = {"DetailType": kind, kind: {"ItemRef": {"value": "SHIPPING_ITEM_ID"}}}
    typed_in = {"Id": "2", "DetailType": kind, kind: {"Qty": 1}}
    event = read(record("5", line("1", "11", 2), typed_in, shipping))
    assert (event.stage, released(event)) == (OrderStage.FULFILLED, [("1", 2, 0)])


def test_what_came_back_is_taken_from_the_lines_of_its_item() -> None:
    lines = line("1", "11", 2), line("2", "12", 5), line("3", "11", 2)
    sale = record("5", *lines, LinkedTxn=[*refunded_by("7", "8"), {"TxnId": "3", "TxnType": "Payment"}])
    first = record("7", line("1", "11", 2), line("2", "13", 1), {"DetailType": "SubTotalLineDetail"}, minute=9)
    second = record("8", line("1", "11", 1.5), line("2", "12", 9), minute=4)
    event = read(sale, [first, second])
    assert released(event) == [("1", 2, 2), ("2", 5, 5), ("3", 2, 1)], "halves and what was not sold are no units"
    assert event.occurred_at == datetime(2026, 11, 20, 14, 9, 3, tzinfo=UTC), "a refund that changes is news"


def test_a_negative_line_came_back() -> None:
    exchange = record("5", line("1", "11", 3), line("2", "11", -1), line("3", "12", -4))
    assert released(read(exchange)) == [("1", 3, 1)]


def test_refunds_are_asked_for_in_parts_and_one_that_is_gone_brings_nothing_back() -> None:
    sale = record("5", line("1", "11", 3), LinkedTxn=refunded_by(*(str(number) for number in range(200, 301))))
    assert released(read(sale, [record("200", line("1", "11", 1))], [])) == [("1", 3, 1)]
