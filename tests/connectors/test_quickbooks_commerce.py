"""What is particular to QuickBooks Online, against its simulated company over real HTTP."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import orjson
import pytest

from connectors.errors import Permanent, Retriable, Throttled
from connectors.exchange import Notification, headers_of
from connectors.messages import OrderEvent, OrderReference, OrderStage
from connectors.signatures import HmacSignature
from connectors.simulated import SimulatedQuickBooks
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Rejected
from tests.connectors.case import NOW, answer, drive
from tests.connectors.cases.quickbooks_commerce import CASE, REALM, fault
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.receiver import Receiver
from tests.connectors.vendor_description import VendorDescription

SINCE = datetime.now(UTC) - timedelta(hours=1)
DESCRIPTION = VendorDescription("quickbooks-commerce", wanted=lambda request: request.path.startswith("/v3/"))


@pytest.fixture
async def shop() -> AsyncIterator[SimulatedQuickBooks]:
    async with SimulatedQuickBooks(STOCK) as shop:
        yield shop
    assert DESCRIPTION.violations(shop.requests) == []


@pytest.fixture
async def books(shop: SimulatedQuickBooks, make_client: MakeClient) -> AsyncIterator[Connected]:
    async with Receiver() as receiver:
        shop.webhooks.address = receiver.url
        connected = Connected("quickbooks-commerce", shop, make_client("quickbooks-commerce", shop), receiver)
        await connected.learn()
        yield connected


async def told(books: Connected) -> list[tuple[OrderStage, list[tuple[int, int, int]]]]:
    return [
        (event.stage, [(line.ordered, line.allocated, line.released) for line in event.lines or ()])
        for event in await books.received()
        if isinstance(event, OrderEvent)
    ]


async def test_only_what_happened_elsewhere_is_posted(books: Connected, shop: SimulatedQuickBooks) -> None:
    await shop.sell("MUG", 1)
    changes = replace(books.update("MUG", 7), delta=-3), replace(books.update("CAP", 2), delta=2)
    assert await books.write(*changes) == [Confirmed(7), Confirmed(2)]
    assert (shop.shelf.quantity("MUG"), shop.shelf.quantity("CAP")) == (6, 2), "the sale in between is kept"
    assert len(shop.stock_writes()) == 1, "one entry in the books for both"


async def test_an_unknown_change_is_the_difference_to_what_is_there(
    books: Connected, shop: SimulatedQuickBooks
) -> None:
    assert await books.write(books.update("MUG", 4), books.update("CAP", 0)) == [Confirmed(4), Confirmed(0)]
    assert shop.shelf.quantity("MUG") == 4 and len(shop.stock_writes()) == 1
    assert await books.stock() == {"MUG": 4, "SHIRT-RED-M": 5, "CAP": 0}


async def test_a_change_is_applied_once_whatever_is_lost(books: Connected, shop: SimulatedQuickBooks) -> None:
    update = replace(books.update("MUG", 7), delta=-3)
    shop.misbehave(Misbehaviour.DROPPED_AFTER_APPLYING)
    assert await books.write(update) == [Confirmed(7)]
    shop.misbehave(Misbehaviour.BROKEN_JSON)
    with pytest.raises(Retriable):
        await books.write(later := replace(books.update("MUG", 5), delta=-2))
    assert await books.write(later) == [Confirmed(5)]
    assert shop.shelf.quantity("MUG") == 5


async def test_a_mixed_batch_that_is_repeated_changes_nothing_twice(
    books: Connected, shop: SimulatedQuickBooks
) -> None:
    batch = replace(books.update("MUG", 7), delta=-3), books.update("CAP", 2)
    for _ in range(2):
        assert await books.write(*batch) == [Confirmed(7), Confirmed(2)]
    assert (shop.shelf.quantity("MUG"), shop.shelf.quantity("CAP")) == (7, 2)


async def test_a_bad_line_does_not_harm_its_neighbours(books: Connected, shop: SimulatedQuickBooks) -> None:
    gone = replace(books.update("MUG", 1), platform_ids={"item_id": "5"}, delta=1)
    good = replace(books.update("MUG", 9), delta=-1), replace(books.update("CAP", 1), delta=1)
    first, bad, last = await books.write(good[0], gone, good[1])
    assert (first, last) == (Confirmed(9), Confirmed(1)) and isinstance(bad, Rejected) and bad.code == "2500"
    assert (shop.shelf.quantity("MUG"), shop.shelf.quantity("CAP")) == (9, 1)


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
    shop.deleted.add(order.order_id)
    event = await books.order(f"{sells_by.lower()}-{order.order_id}")
    assert (event.stage, event.lines) == (OrderStage.DELETED, ())


async def polled(books: Connected, cursor: str | None) -> tuple[list[OrderEvent], str | None]:
    found: list[OrderEvent] = []
    more = True
    while more:
        page = await books.client.run(books.connector.read_orders(books.config, cursor, SINCE))
        found += [entry for entry in page.entries if isinstance(entry, OrderEvent)]
        cursor, more = page.cursor, page.more
    return found, cursor


@pytest.mark.parametrize("sells_by", ["Invoice", "SalesReceipt"])
async def test_polls_walk_both_kinds_of_sale_and_overlap(
    books: Connected, shop: SimulatedQuickBooks, sells_by: Literal["Invoice", "SalesReceipt"]
) -> None:
    shop.sells_by = sells_by
    orders = [await shop.sell("MUG") for _ in range(103)]
    sold = {f"{sells_by.lower()}-{order.order_id}" for order in orders}
    found, cursor = await polled(books, None)
    assert len(found) == 103 and {event.order_id for event in found} == sold
    again, _ = await polled(books, cursor)
    assert len(again) == 103, "polls overlap rather than leave a gap"


async def test_a_poll_asks_for_the_refunds_of_all_its_sales_at_once(
    books: Connected, shop: SimulatedQuickBooks
) -> None:
    orders = [await shop.sell_many({"MUG": 2, "CAP": 1}) for _ in range(3)]
    for order in orders[:2]:
        await shop.refund(order, "MUG", 1)
    shop.requests.clear()
    found, _ = await polled(books, None)
    assert [[line.released for line in event.lines or ()] for event in found] == [[1, 0], [1, 0], [0, 0]]
    assert len(shop.requests) == 3, "invoices, sales receipts, refund receipts"


async def test_a_token_that_is_refused_is_renewed_once(books: Connected, shop: SimulatedQuickBooks) -> None:
    shop.tokens.expire()
    assert await books.write(replace(books.update("MUG", 9), delta=-1)) == [Confirmed(9)]
    assert shop.tokens.granted == 2


async def test_the_check_says_what_is_missing(books: Connected) -> None:
    check = await books.client.run(books.connector.check(books.config))
    assert (check.summary, check.problems) == ("Connected to Mugs Inc.", ())
    config = books.config.model_copy(update={"adjust_account_id": "5", "webhook_verifier_token": None})
    assert len((await books.client.run(books.connector.check(config))).problems) == 2


def test_the_body_before_cloud_events_is_still_understood() -> None:
    entity = {"name": "Invoice", "id": "129", "operation": "Create", "lastUpdated": "2026-11-20T14:14:05.000Z"}
    body = {"eventNotifications": [{"realmId": REALM, "dataChangeEvent": {"entities": [entity]}}]}
    (message,) = CASE.connector.receive(CASE.config(), CASE.notification(body=orjson.dumps(body)))
    assert isinstance(message, OrderReference) and message.order_id == "invoice-129"


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
    _, event = drive(flow, [answer({"SalesReceipt": sale}), *found])
    assert event is not None
    return event


def released(event: OrderEvent) -> list[tuple[str, int, int]]:
    return [(told.line_id, told.ordered, told.released) for told in event.lines or ()]


def test_the_lines_of_a_bundle_count() -> None:
    bundle = {"Id": "1", "DetailType": "GroupLineDetail", "GroupLineDetail": {"Line": [line("2", "11", 2)]}}
    assert released(read(record("5", bundle))) == [("2", 2, 0)]


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


def test_closed_books_stop_the_channel() -> None:
    with pytest.raises(Permanent, match="books are closed"):
        drive(CASE.connector.write_stock(CASE.config(), CASE.updates[:1]), [fault("6210")])


def test_a_limit_without_a_time_is_a_minute() -> None:
    error = CASE.connector.classify(answer(b"", 429))
    assert isinstance(error, Throttled) and error.after_seconds == 60


def test_the_signature_is_what_openssl_computes() -> None:
    """printf '[{"id":"1"}]' | openssl dgst -sha256 -hmac verifier -binary | base64"""
    signature = CASE.connector.signature
    assert isinstance(signature, HmacSignature)
    headers = headers_of({"intuit-signature": "HxtHVmWLsE92Ji+/dij3cwfSu8cv22Fbd5rLQFdryG8="})
    signature.verify(Notification(body=b'[{"id":"1"}]', headers=headers, received_at=NOW), ["verifier"])
