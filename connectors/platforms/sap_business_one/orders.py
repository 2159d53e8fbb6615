"""What a sale is by now: its own document, and what the documents made from it have moved."""

from collections.abc import Collection, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderStage
from connectors.platforms.sap_business_one.fulfilment import Moved, Named, moved
from connectors.platforms.sap_business_one.service_layer import Record, SapBusinessOneConfig
from connectors.quantities import units_taken, units_there

SALES = ("Orders", "DeliveryNotes", "Invoices")
_OURS = frozenset((13, 15, 17))
"""Lines made from an invoice, a delivery or an order: those are counted there."""


def event(
    config: SapBusinessOneConfig, sale: Named, later: Sequence[Named] = (), services: Collection[str] = ()
) -> OrderEvent:
    """The sale with all that was made from it, at the time of the last change to any of them. Of `services` no stock
    is kept."""
    name, document = sale
    total = moved(sale, later)
    lines = tuple(
        _line(sale, line, total, tracked=line["ItemCode"] not in services) for line in own_lines(name, document)
    )
    cancelled = document["Cancelled"] == "tYES"
    waits = any(line.allocated for line in lines)
    return OrderEvent(
        order_id=f"{name}-{document['DocEntry']}",
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=max(moment(config, one) for _, one in (sale, *later)),
        stage=OrderStage.CANCELLED if cancelled else OrderStage.OPEN if waits else OrderStage.FULFILLED,
        status="cancelled" if cancelled else document["DocumentStatus"].removeprefix("bost_").lower(),
        name=str(document["DocNum"]),
        lines=lines,
    )


def own_lines(name: str, document: Record) -> list[Record]:
    """The lines that are a sale of their own."""
    if name not in SALES or document["CancelStatus"] == "csCancellation":
        return []
    return [line for line in document["DocumentLines"] if line["ItemCode"] and line.get("BaseType") not in _OURS]


def _line(sale: Named, line: Record, total: Moved, *, tracked: bool) -> OrderLine:
    """What came back can be sold again unless it is to be delivered once more, and so can what an order that was closed
    by hand left undelivered."""
    number, place = line["LineNum"], line["WarehouseCode"]
    ordered = units_taken(line["InventoryQuantity"])
    back = units_there(total.back.get(number, 0))
    shipped, promised = _progress(sale, line, units_taken(total.shipped.get(number, 0)), back)
    gone = min(max(0, shipped - back), ordered)
    allocated = min(promised, ordered - gone)
    released = ordered - allocated - gone
    back_to = total.back_to.get(number)
    return OrderLine(
        line_id=str(number),
        sku=line["ItemCode"],
        platform_ids={"item_code": line["ItemCode"]},
        ordered=ordered,
        allocated=allocated,
        released=released,
        fulfilled=min(shipped, ordered),
        refunded=min(back, shipped),
        location_id=place,
        tracked=tracked,
        # What is released without having left the house is where it always was.
        return_location_id=back_to if back_to != place and 0 < back == released else None,
    )


def _progress(sale: Named, line: Record, shipped: int, back: int) -> tuple[int, int]:
    """Units of a line that have left the house, and that are still to leave."""
    name, document = sale
    ordered = units_taken(line["InventoryQuantity"])
    if document["Cancelled"] == "tYES":
        return 0, 0
    if name == "Orders":
        if "bost_Close" in (document["DocumentStatus"], line.get("LineStatus")):
            return shipped, 0
        # A return may open units again; what is open may be from before the last delivery.
        return shipped, max(ordered - shipped, units_taken(line.get("RemainingOpenInventoryQuantity") or 0))
    if name == "Invoices" and document["ReserveInvoice"] == "tYES":
        return shipped, max(0, ordered - max(shipped, back))
    return ordered, 0


def moment(config: SapBusinessOneConfig, document: Record) -> datetime:
    told = f"{document['UpdateDate'][:10]}T{document['UpdateTime']}"
    return datetime.fromisoformat(told).replace(tzinfo=ZoneInfo(config.time_zone))
