"""What is delivered and comes back of a sale in SAP Business One, found by the documents made from it."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.messages import OrderEvent, OrderLine, OrderReference, OrderStage
from connectors.platforms.sap_business_one.documents import read
from connectors.platforms.sap_business_one.fulfilment import Named
from connectors.platforms.sap_business_one.orders import event
from connectors.polling import PollCursor
from connectors.simulated import SimulatedSapBusinessOne
from connectors.simulated.sales import SoldOrder
from tests.connectors.case import answer, drive
from tests.connectors.cases.sap_business_one import CASE
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.receiver import Receiver
from tests.connectors.test_sap_business_one import DESCRIPTION

SINCE = datetime.now(UTC) - timedelta(hours=1)
ORDER, DELIVERY, INVOICE = 17, 15, 13
DELIVERIES = 25


@pytest.fixture
async def shop() -> AsyncIterator[SimulatedSapBusinessOne]:
    async with SimulatedSapBusinessOne(STOCK) as shop:
        yield shop
    assert DESCRIPTION.violations(shop.requests) == []


@pytest.fixture
async def sap(shop: SimulatedSapBusinessOne, make_client: MakeClient) -> AsyncIterator[Connected]:
    async with Receiver() as receiver:
        shop.webhooks.address = receiver.url
        yield Connected("sap-business-one", shop, make_client("sap-business-one", shop), receiver)


def line(number: int, units: float, base: tuple[int, int, int] | None = None, **changed: Any) -> dict[str, Any]:
    """`base` is the kind of a document, its number, and the number of the line."""
    kind, entry, base_line = base or (-1, None, None)
    made_from = {"BaseType": kind, "BaseEntry": entry, "BaseLine": base_line}
    return {
        "LineNum": number,
        "ItemCode": "TEE",
        "WarehouseCode": "01",
        "InventoryQuantity": units,
        **made_from,
        **changed,
    }


def document(entry: int, *lines: dict[str, Any], at: str = "13:05:22", **changed: Any) -> dict[str, Any]:
    flags = {"DocumentStatus": "bost_Open", "Cancelled": "tNO", "CancelStatus": "csNo", "ReserveInvoice": "tNO"}
    told = {"UpdateDate": "2026-11-20T00:00:00Z", "UpdateTime": at}
    return {"DocEntry": entry, "DocNum": entry, **flags, **told, "DocumentLines": list(lines), **changed}


def lines_of(sale: Named, *later: Named) -> Sequence[OrderLine]:
    return event(CASE.config(), sale, later).lines or ()


def units(sale: Named, *later: Named) -> list[tuple[int, int, int]]:
    return [(one.ordered, one.allocated, one.released) for one in lines_of(sale, *later)]


async def told(sap: Connected, order: SoldOrder, kind: str = "Orders") -> tuple[int, int, int]:
    (only,) = (await sap.order(f"{kind}-{order.order_id}")).lines or ()
    return only.ordered, only.allocated, only.released


async def polled(sap: Connected, kind: str) -> list[str]:
    """The sales that a poll refers to because of documents of one kind."""
    cursor = PollCursor.read(None, SINCE).after_page([], f"{kind} 0")
    page = await sap.client.run(sap.connector.read_orders(sap.config, cursor, SINCE))
    return [entry.order_id for entry in page.entries if isinstance(entry, OrderReference)]


async def test_each_delivery_takes_its_units_and_each_return_gives_its_own_back(
    sap: Connected, shop: SimulatedSapBusinessOne
) -> None:
    order = await shop.sell("MUG", 4)
    await shop.fulfil(order, units_max=1)
    await shop.fulfil(order, units_max=2)
    assert await told(sap, order) == (4, 1, 0)
    await shop.refund(order, "MUG", 2)
    assert await told(sap, order) == (4, 1, 2), "by one return for each of the deliveries"
    await shop.fulfil(order)
    assert await told(sap, order) == (4, 0, 2)


async def test_more_documents_than_a_page_holds_are_all_found(sap: Connected, shop: SimulatedSapBusinessOne) -> None:
    shop.shelf.put("MUG", shop.home(), DELIVERIES + 2)
    order = await shop.sell("MUG", DELIVERIES + 2)
    for _ in range(DELIVERIES):
        await shop.fulfil(order, units_max=1)
    assert await told(sap, order) == (DELIVERIES + 2, 2, 0)


async def test_what_was_sold_at_once_comes_back_by_a_credit_note(sap: Connected, shop: SimulatedSapBusinessOne) -> None:
    shop.at_once.add((order := await shop.sell("MUG", 3)).order_id)
    await shop.refund(order, "MUG", 1, restock=False)
    assert await told(sap, order, "Invoices") == (3, 0, 0), "without a quantity posting, the money alone"
    await shop.refund(order, "MUG", 1)
    assert await told(sap, order, "Invoices") == (3, 0, 1)


async def test_what_was_not_delivered_of_an_order_closed_by_hand_is_free(
    sap: Connected, shop: SimulatedSapBusinessOne
) -> None:
    order = await shop.sell("MUG", 3)
    await shop.fulfil(order, units_max=1)
    await shop.cancel(order)
    closed = await sap.order(f"Orders-{order.order_id}")
    assert (closed.stage, closed.status) == (OrderStage.FULFILLED, "close")
    assert await told(sap, order) == (3, 0, 2)


async def test_a_poll_traces_every_later_document_to_the_sale(sap: Connected, shop: SimulatedSapBusinessOne) -> None:
    order = await shop.sell("MUG", 3)
    await shop.fulfil(order)
    await shop.refund(order, "MUG", 1)
    await shop.refund(order, "MUG", 1, restock=False)
    found = {kind: await polled(sap, kind) for kind in ("DeliveryNotes", "Invoices", "Returns", "CreditNotes")}
    assert found == {
        "DeliveryNotes": [f"Orders-{order.order_id}"],
        "Invoices": [],  # for the delivery: it moves nothing
        "Returns": [f"Orders-{order.order_id}"],
        "CreditNotes": [f"Orders-{order.order_id}"],
    }


async def test_a_partial_delivery_that_is_told_is_no_sale_of_its_own(
    sap: Connected, shop: SimulatedSapBusinessOne
) -> None:
    order = await shop.sell("MUG", 2)
    await shop.fulfil(order, units_max=1)
    await shop.webhooks.settled()
    *_, notification = sap.receiver.notifications
    (told_of,) = sap.connector.receive(sap.config, notification)
    assert isinstance(told_of, OrderReference) and told_of.order_id.startswith("DeliveryNotes-")
    assert await sap.client.run(sap.connector.read_order(sap.config, told_of.order_id)) is None


def test_a_delivery_of_several_orders_is_told_apart_line_by_line() -> None:
    order = "Orders", document(1, line(0, 2), line(1, 3))
    delivery = "DeliveryNotes", document(5, line(0, 9, (ORDER, 2, 0)), line(1, 1, (ORDER, 1, 1)))
    back = "Returns", document(6, line(0, 4, (DELIVERY, 5, 0)), line(1, 1, (DELIVERY, 5, 1)))
    assert units(order, delivery) == [(2, 2, 0), (3, 2, 0)]
    assert units(order, delivery, back) == [(2, 2, 0), (3, 2, 1)]


def test_what_came_back_may_be_promised_once_more() -> None:
    order = "Orders", document(1, line(0, 3, RemainingOpenInventoryQuantity=1))
    delivery = "DeliveryNotes", document(5, line(0, 3, (ORDER, 1, 0)))
    back = "Returns", document(6, line(0, 1, (DELIVERY, 5, 0)))
    assert units(order, delivery, back) == [(3, 1, 0)]


def test_an_order_that_was_read_before_its_delivery_promises_no_unit_twice() -> None:
    order = "Orders", document(1, line(0, 3, RemainingOpenInventoryQuantity=3))
    delivery = "DeliveryNotes", document(5, line(0, 2, (ORDER, 1, 0)))
    assert units(order, delivery) == [(3, 1, 0)]


def test_an_order_may_leave_by_an_invoice_alone() -> None:
    order = "Orders", document(1, line(0, 3), DocumentStatus="bost_Close")
    invoice = "Invoices", document(5, line(0, 3, (ORDER, 1, 0)))
    credit = "CreditNotes", document(6, line(0, 1, (INVOICE, 5, 0)))
    assert units(order, invoice) == [(3, 0, 0)]
    assert units(order, invoice, credit) == [(3, 0, 1)]


def test_an_invoice_for_a_delivery_takes_nothing_more_and_its_credit_note_gives_back() -> None:
    order = "Orders", document(1, line(0, 3))
    delivery = "DeliveryNotes", document(5, line(0, 2, (ORDER, 1, 0)))
    invoice = "Invoices", document(6, line(0, 2, (DELIVERY, 5, 0)))
    credit = "CreditNotes", document(7, line(0, 1, (INVOICE, 6, 0)))
    assert units(order, delivery, invoice) == [(3, 1, 0)]
    assert units(order, delivery, invoice, credit) == [(3, 1, 1)]


def test_a_reserve_invoice_is_promised_until_it_is_delivered_or_credited() -> None:
    invoice = "Invoices", document(1, line(0, 3), ReserveInvoice="tYES")
    delivery = "DeliveryNotes", document(5, line(0, 2, (INVOICE, 1, 0)))
    back = "Returns", document(6, line(0, 1, (DELIVERY, 5, 0)))
    credit = "CreditNotes", document(7, line(0, 1, (INVOICE, 1, 0)))
    assert units(invoice) == [(3, 3, 0)]
    assert units(invoice, credit) == [(3, 2, 1)]
    assert units(invoice, delivery) == [(3, 1, 0)]
    assert units(invoice, delivery, back) == [(3, 1, 1)]


def test_the_warehouse_that_took_units_back_is_told() -> None:
    order = "Orders", document(1, line(0, 3), DocumentStatus="bost_Close")
    delivery = "DeliveryNotes", document(5, line(0, 3, (ORDER, 1, 0)))
    back = "Returns", document(6, line(0, 1, (DELIVERY, 5, 0), WarehouseCode="RET"))
    (told_of,) = lines_of(order, delivery, back)
    assert (told_of.location_id, told_of.return_location_id) == ("01", "RET")
    (told_of,) = lines_of(order, delivery)
    assert told_of.return_location_id is None


def test_a_delivery_that_was_taken_back_took_nothing() -> None:
    """The order's own time stays: it is that of the document that took the delivery back."""
    order = document(1, line(0, 3))
    delivery = document(5, line(0, 3, (ORDER, 1, 0)), Cancelled="tYES", CancelStatus="csYes")
    taken_back = document(6, line(0, 3, (DELIVERY, 5, 0)), at="14:00:01", CancelStatus="csCancellation")
    answers: Sequence[Any] = (
        order,
        {"value": [{"DeliveryNotes": {"DocEntry": 5}}]},
        {"value": [delivery]},
        {"value": []},
        {"value": [{"DeliveryNotes": {"DocEntry": 6}}]},
        {"value": [taken_back]},
        {"value": []},
    )
    requests, found = drive(read(CASE.config(), "Orders-1"), [answer(body) for body in answers])
    assert isinstance(found, OrderEvent) and found.lines is not None
    assert found.occurred_at == datetime(2026, 11, 20, 14, 0, 1, tzinfo=UTC)
    assert [(one.ordered, one.allocated, one.released) for one in found.lines] == [(3, 3, 0)]
    assert len(requests) == len(answers)


def test_a_line_of_an_order_is_not_counted_again_by_its_invoice() -> None:
    invoice = document(1, line(0, 2, (ORDER, 7, 0)), line(1, 2))
    assert [one.line_id for one in lines_of(("Invoices", invoice))] == ["1"]
    takes_back = answer(invoice | {"CancelStatus": "csCancellation"})
    assert drive(read(CASE.config(), "Invoices-1"), [takes_back])[1] is None


def test_the_row_level_filter_is_asked_as_the_vendor_describes_it() -> None:
    """https://blogs.sap.com/2018/04/03/b1-service-layer-enable-row-level-filter-on-document-lines./"""
    answers = [answer(document(1, line(0, 3))), *[answer({"value": []})] * 3]
    (_, asked, *_), _ = drive(read(CASE.config(), "Orders-1"), answers)
    assert asked.url.endswith("/b1s/v2/QueryService_PostQuery") and asked.repeatable
    assert answer(asked.body).json() == {
        "QueryPath": "$crossjoin(DeliveryNotes,DeliveryNotes/DocumentLines)",
        "QueryOption": "$expand=DeliveryNotes($select=DocEntry),DeliveryNotes/DocumentLines($select=LineNum)"
        "&$filter=DeliveryNotes/DocEntry eq DeliveryNotes/DocumentLines/DocEntry and DeliveryNotes/DocEntry gt 0 "
        "and DeliveryNotes/DocumentLines/BaseType eq 17 and (DeliveryNotes/DocumentLines/BaseEntry eq 1)"
        "&$orderby=DeliveryNotes/DocEntry",
    }
