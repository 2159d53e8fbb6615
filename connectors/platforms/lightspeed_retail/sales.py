"""Sales of the R-Series as ours, each with what later ones took back of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from connectors.exchange import Flow
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderStage
from connectors.order_lines import line_at
from connectors.platforms.lightspeed_retail.records import LightspeedRetailConfig, Record, read_having, records_in
from connectors.quantities import units_taken

LINES = "SaleLines"
WITH_LINES = (LINES, "SaleLines.Item")
UNCOUNTED_TYPE = "non_inventory"
"""Of an item without any count: https://developers.lightspeedhq.com/retail/endpoints/Item"""


def lines_of(sale: Record) -> list[Record]:
    """Item 0 is a charge for something that is no item."""
    return [line for line in records_in(sale.get(LINES), "SaleLine") if line["itemID"] != "0"]


def units_of(line: Record) -> int:
    return units_taken(line["unitQuantity"])


def sales_of(config: LightspeedRetailConfig, field: str, line_ids: Iterable[str]) -> Flow[list[Record]]:
    """The sales that have lines of which a field has one of these values."""
    lines = yield from read_having(config, "SaleLine", field, line_ids)
    return (yield from read_having(config, "Sale", "saleID", (line["saleID"] for line in lines), WITH_LINES))


def events_of(config: LightspeedRetailConfig, sales: Iterable[Record]) -> Flow[list[OrderEvent]]:
    """Each sale together with what later sales took back of it; a sale that only takes back is none itself."""
    bought = [(sale, [line for line in lines_of(sale) if units_of(line) > 0]) for sale in sales]
    refunds = yield from sales_of(
        config, "parentSaleLineID", (line["saleLineID"] for _, lines in bought for line in lines)
    )
    return [_event(sale, lines, refunds) for sale, lines in bought if lines]


def _event(sale: Record, lines: Sequence[Record], refunds: Sequence[Record]) -> OrderEvent:
    ids = {line["saleLineID"] for line in lines}
    own = [some for some in refunds if any(line["parentSaleLineID"] in ids for line in lines_of(some))]
    own.sort(key=_changed_at)
    back = [
        (line, _shop(some, line))
        for some in own
        if _status(some) == "completed"
        for line in lines_of(some)
        if units_of(line) < 0
    ]
    stages = [_stage(sale, line) for line in lines]
    return OrderEvent(
        order_id=sale["saleID"],
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=max(map(_changed_at, (sale, *own))),
        stage=max(stages),
        status=_status(sale),
        name=sale["ticketNumber"],
        lines=tuple(_line(sale, line, stage, back) for line, stage in zip(lines, stages, strict=True)),
    )


def _status(sale: Record) -> str:
    return next((word for word in ("voided", "completed") if sale[word] == "true"), "open")


def _stage(sale: Record, line: Record) -> OrderStage:
    """Of one line: what lies in the till's basket is not sold yet; a layaway and a work order are set aside."""
    known = {"voided": OrderStage.CANCELLED, "completed": OrderStage.FULFILLED}
    set_aside = "true" in (line["isLayaway"], line["isWorkorder"])
    return known.get(_status(sale), OrderStage.OPEN if set_aside else OrderStage.PENDING)


def _changed_at(sale: Record) -> datetime:
    return datetime.fromisoformat(sale["timeStamp"])


def _shop(sale: Record, line: Record) -> str | None:
    return next((shop for shop in (line["shopID"], sale["shopID"]) if shop != "0"), None)


def _line(sale: Record, line: Record, stage: OrderStage, back: Sequence[tuple[Record, str | None]]) -> OrderLine:
    returned = [(-units_of(some), shop) for some, shop in back if some["parentSaleLineID"] == line["saleLineID"]]
    return line_at(
        stage,
        line_id=line["saleLineID"],
        sku=None,
        platform_ids={"item_id": line["itemID"]},
        ordered=units_of(line),
        returned=sum(units for units, _ in returned),
        location_id=_shop(sale, line),
        return_location_id=returned[-1][1] if returned else None,
        tracked=(line.get("Item") or {}).get("itemType") != UNCOUNTED_TYPE,
    )
