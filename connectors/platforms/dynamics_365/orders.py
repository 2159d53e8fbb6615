"""Reads sales orders by their lines. No field for the time of a change is documented: a poll looks at the orders that
are new by number, and again at those that were open before. Nothing found tells of returns or of parts of a line."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson

from connectors.catalog import Page
from connectors.exchange import Flow, Response
from connectors.messages import MessageKind, OrderEvent, OrderReference, OrderStage
from connectors.order_lines import line_at
from connectors.platforms.dynamics_365.services import (
    NUMBERS_PER_CALL,
    PER_PAGE,
    Dynamics365Config,
    Record,
    any_of,
    erp,
    erp_request,
)
from connectors.polling import answered_at
from connectors.quantities import units_taken

OPEN_MAX, LINES_MAX = 1000, 10_000
_STAGES = {"Delivered": OrderStage.FULFILLED, "Invoiced": OrderStage.FULFILLED, "Canceled": OrderStage.CANCELLED}


def changed(config: Dynamics365Config, cursor: str | None) -> Flow[Page[OrderEvent | OrderReference]]:
    """The cursor holds the last number met and how the open orders were; the first poll begins with the newest
    order. Only what differs from before is told."""
    if cursor is None:
        newest = yield from erp(config, "SalesOrderHeadersV2", "", "SalesOrderNumber desc", 1)
        return Page(entries=(), cursor=_cursor(newest[0]["SalesOrderNumber"] if newest else "", {}), more=False)
    after, was = orjson.loads(cursor)
    # One more than fits on a page says whether there are more.
    where = "SalesOrderNumber gt '{}'".format(after.replace("'", "''"))
    headers = yield from erp(config, "SalesOrderHeadersV2", where, "SalesOrderNumber", PER_PAGE + 1)
    more, headers = len(headers) > PER_PAGE, headers[:PER_PAGE]
    new = [header["SalesOrderNumber"] for header in headers]
    found: list[OrderEvent] = []
    numbers = list(dict.fromkeys([*was, *new]))
    for start in range(0, len(numbers), NUMBERS_PER_CALL):
        found += yield from read(config, numbers[start : start + NUMBERS_PER_CALL])
    now_open = {event.order_id: event.status for event in found if event.stage is OrderStage.OPEN}
    # The oldest are given up first: of those, only business events tell.
    kept = dict(sorted(now_open.items())[-OPEN_MAX:])
    told = tuple(event for event in found if was.get(event.order_id) != event.status)
    return Page(entries=told, cursor=_cursor(max([after, *new]), kept), more=more)


def _cursor(after: str, open_orders: Mapping[str, str]) -> str:
    return orjson.dumps([after, open_orders]).decode()


def read(config: Dynamics365Config, numbers: Sequence[str]) -> Flow[list[OrderEvent]]:
    where = any_of("SalesOrderNumber", numbers)
    answer: Response = yield erp_request(config, "SalesOrderLines", where, "SalesOrderNumber,LineNumber", LINES_MAX)
    lines = answer.json()["value"]
    by_number: dict[str, list[Record]] = {}
    for line in lines:
        by_number.setdefault(line["SalesOrderNumber"], []).append(line)
    # The state is as of this answer: the lines themselves carry no time.
    at = answered_at(answer)
    if at is None:
        raise ValueError("the answer has no date")
    return [_event(number, own, at) for number, own in by_number.items()]


def _event(number: str, lines: Sequence[Record], at: datetime) -> OrderEvent:
    """The status tells the state of each line, for it is what the next poll compares with."""
    stages = [_STAGES.get(line["SalesOrderLineStatus"], OrderStage.OPEN) for line in lines]
    status = " ".join(f"{line['SalesOrderLineStatus']}:{units_taken(line['OrderedSalesQuantity'])}" for line in lines)
    return OrderEvent(
        order_id=number,
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=at,
        stage=min(stages),
        status=status[:1000],
        lines=tuple(
            line_at(
                stage,
                line_id=line["InventoryLotId"],
                sku=line["ItemNumber"],
                platform_ids={"item_number": line["ItemNumber"]},
                ordered=units_taken(line["OrderedSalesQuantity"]),
                location_id=f"{line['ShippingSiteId']}/{line['ShippingWarehouseId']}",
            )
            for line, stage in zip(lines, stages, strict=True)
        ),
    )
