"""Reads sales out of documents. A document that is made from another one (base type) continues it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.catalog import Page
from connectors.exchange import Flow
from connectors.messages import MessageKind, OrderEvent, OrderReference, OrderStage
from connectors.order_lines import line_at
from connectors.platforms.sap_business_one.service_layer import PER_PAGE, Record, SapBusinessOneConfig, request
from connectors.polling import PollCursor
from connectors.quantities import units_taken

DOCUMENTS = ("Orders", "DeliveryNotes", "Invoices")
OURS = frozenset((13, 15, 17))
"""Lines made from an invoice, a delivery or an order: those have been counted there."""
_FIELDS = "DocEntry,DocNum,DocumentStatus,Cancelled,CancelStatus,ReserveInvoice,UpdateDate,UpdateTime,DocumentLines"


def changed(
    config: SapBusinessOneConfig, cursor: str | None, since: datetime
) -> Flow[Page[OrderEvent | OrderReference]]:
    """One kind of document after the other, by its number. Filters know days only, in the company's own zone."""
    poll = PollCursor.read(cursor, since)
    name, _, after = (poll.place or f"{DOCUMENTS[0]} 0").partition(" ")
    day = (poll.since.astimezone(ZoneInfo(config.time_zone)) - timedelta(hours=1)).date()
    where = f"UpdateDate ge '{day}' and DocEntry gt {int(after)}"
    answer = yield request(config, name, _FIELDS, where, "DocEntry")
    found = answer.json()["value"]
    place = f"{name} {found[-1]['DocEntry']}" if len(found) >= PER_PAGE else None
    if place is None and name != DOCUMENTS[-1]:
        place = f"{DOCUMENTS[DOCUMENTS.index(name) + 1]} 0"
    told = (event(config, name, document) for document in found)
    entries = tuple(one for one in told if one is not None)
    return Page(entries=entries, cursor=poll.after_answer(answer, place), more=place is not None)


def read(config: SapBusinessOneConfig, order_id: str) -> Flow[OrderEvent | None]:
    name, _, number = order_id.partition("-")
    answer = yield config.api.get(f"/{name}({int(number)})", {"$select": _FIELDS}, expected=(404,))
    return None if answer.status == 404 else event(config, name, answer.json())


def event(config: SapBusinessOneConfig, name: str, document: Record) -> OrderEvent | None:
    """None of a document that only takes another one back."""
    if document["CancelStatus"] == "csCancellation":
        return None
    waits = name == "Orders" or (name == "Invoices" and document["ReserveInvoice"] == "tYES")
    closed = document["DocumentStatus"] == "bost_Close" and name == "Orders"
    cancelled = document["Cancelled"] == "tYES"
    stage = OrderStage.CANCELLED if cancelled else OrderStage.OPEN if waits and not closed else OrderStage.FULFILLED
    told = f"{document['UpdateDate'][:10]}T{document['UpdateTime']}"
    return OrderEvent(
        order_id=f"{name}-{document['DocEntry']}",
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=datetime.fromisoformat(told).replace(tzinfo=ZoneInfo(config.time_zone)),
        stage=stage,
        status="cancelled" if cancelled else document["DocumentStatus"].removeprefix("bost_").lower(),
        name=str(document["DocNum"]),
        lines=tuple(
            line_at(
                stage,
                line_id=str(line["LineNum"]),
                sku=line["ItemCode"],
                platform_ids={"item_code": line["ItemCode"]},
                ordered=units_taken(line["InventoryQuantity"]),
                location_id=line["WarehouseCode"],
            )
            for line in document["DocumentLines"]
            if line["ItemCode"] and line.get("BaseType") not in OURS
        ),
    )
