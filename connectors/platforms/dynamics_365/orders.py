"""Reads the sales orders of the ERP by their lines. No field for the time of a change is documented: a poll looks at
the orders that are new by number, and again at those that were open before. Nothing found tells of returns or of parts
of a line.

Numbers are handed out in blocks and become visible in any order, so each poll begins some hundred numbers back. An
order may be seen before its first line is typed: it counts as open.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

import orjson

from connectors.catalog import Page
from connectors.deleted import deleted_order
from connectors.errors import Permanent
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
RECENT = 300
"""How many numbers a poll goes back."""
NO_LINES = ""
_STAGES = {"Delivered": OrderStage.FULFILLED, "Invoiced": OrderStage.FULFILLED, "Canceled": OrderStage.CANCELLED}


def changed(config: Dynamics365Config, cursor: str | None) -> Flow[Page[OrderEvent | OrderReference]]:
    """The cursor holds the number to begin after, the numbers met since, and a digest of each open order. The first
    poll only notes what is there. Only what differs from before is told."""
    if cursor is None:
        return (yield from _first(config))
    start, met, was = orjson.loads(cursor)
    where = "SalesOrderNumber gt '{}'".format(start.replace("'", "''"))
    # One more than fits on a page says whether there are more.
    shown = yield from _numbers(config, where, "SalesOrderNumber", len(met) + PER_PAGE + 1)
    unmet = [number for number in shown if number not in met]
    new, later = unmet[:PER_PAGE], unmet[PER_PAGE:]
    # In the order of the ERP's own, which may not be ours. What was met may lie beyond what is shown.
    shown = [number for number in shown if number not in later]
    shown += [number for number in met if later and number not in shown]
    found = yield from _read_all(config, list(dict.fromkeys([*was, *new])))
    told = tuple(event for event in found if was.get(event.order_id, NO_LINES) != _digest(event))
    first = max(0, len(shown) - RECENT)
    first = min(first, shown.index(new[-1])) if later else first
    start = shown[first - 1] if first else start
    return Page(entries=told, cursor=_cursor(start, shown[first:], _open(found)), more=bool(later))


def _first(config: Dynamics365Config) -> Flow[Page[OrderEvent | OrderReference]]:
    newest = yield from _numbers(config, "", "SalesOrderNumber desc", RECENT + 1)
    met = newest[RECENT - 1 :: -1]
    found = yield from _read_all(config, met)
    empty = {number: digest for number, digest in _open(found).items() if digest == NO_LINES}
    return Page(entries=(), cursor=_cursor("".join(newest[RECENT:]), met, empty), more=False)


def _numbers(config: Dynamics365Config, where: str, order: str, count: int) -> Flow[list[str]]:
    headers = yield from erp(config, "SalesOrderHeadersV2", where, order, count, select="SalesOrderNumber")
    return [header["SalesOrderNumber"] for header in headers]


def _open(found: Sequence[OrderEvent]) -> dict[str, str]:
    """The oldest are given up first: of those, only business events tell."""
    digests = {event.order_id: _digest(event) for event in found if event.stage is OrderStage.OPEN}
    return dict(sorted(digests.items())[-OPEN_MAX:])


def _cursor(start: str, met: Sequence[str], open_orders: Mapping[str, str]) -> str:
    return orjson.dumps([start, met, open_orders]).decode()


def _digest(event: OrderEvent) -> str:
    """Of all that the order asks of our stock: the lines' products and warehouses too."""
    if event.stage is OrderStage.OPEN and not event.lines:
        return NO_LINES
    return sha256(repr((event.stage, event.status, event.lines)).encode()).hexdigest()[:16]


def _read_all(config: Dynamics365Config, numbers: Sequence[str]) -> Flow[list[OrderEvent]]:
    found: list[OrderEvent] = []
    for start in range(0, len(numbers), NUMBERS_PER_CALL):
        found += yield from read(config, numbers[start : start + NUMBERS_PER_CALL])
    return found


def read(config: Dynamics365Config, numbers: Sequence[str]) -> Flow[list[OrderEvent]]:
    """How these orders are; one without even a header was deleted."""
    where = any_of("SalesOrderNumber", numbers)
    answer: Response = yield erp_request(config, "SalesOrderLines", where, "SalesOrderNumber,LineNumber", LINES_MAX)
    lines = answer.json()["value"]
    if len(lines) >= LINES_MAX:
        return (yield from _read_apart(config, numbers))
    # The state is as of this answer: the lines themselves carry no time.
    at = answered_at(answer)
    if at is None:
        raise ValueError("the answer has no date")
    by_number: dict[str, list[Record]] = {}
    for line in lines:
        by_number.setdefault(line["SalesOrderNumber"], []).append(line)
    empty = [number for number in numbers if number not in by_number]
    there = (yield from _there(config, empty)) if empty else ()
    by_number |= {number: [] for number in there}
    events = (
        _event(number, by_number[number], at) if number in by_number else deleted_order(number, answer)
        for number in numbers
    )
    return [event for event in events if event is not None]


def _read_apart(config: Dynamics365Config, numbers: Sequence[str]) -> Flow[list[OrderEvent]]:
    """Of orders that have too many lines together: what is not shown must not look deleted."""
    if len(numbers) == 1:
        raise Permanent(f"The order {numbers[0]} has more lines than Dynamics shows at once ({LINES_MAX}).")
    half = len(numbers) // 2
    return (yield from read(config, numbers[:half])) + (yield from read(config, numbers[half:]))


def _there(config: Dynamics365Config, numbers: Sequence[str]) -> Flow[list[str]]:
    """Those that have a header. Whoever may no longer see the legal entity is shown nothing, without an error."""
    where = any_of("SalesOrderNumber", numbers)
    there = yield from _numbers(config, where, "SalesOrderNumber", len(numbers))
    if len(there) < len(numbers) and not (yield from erp(config, "ReleasedProductsV2", "", "ItemNumber", 1)):
        raise Permanent(f"Dynamics shows nothing of the legal entity {config.organization_id}: check the app's user.")
    return there


def _event(number: str, lines: Sequence[Record], at: datetime) -> OrderEvent:
    stages = [_STAGES.get(line["SalesOrderLineStatus"], OrderStage.OPEN) for line in lines]
    return OrderEvent(
        order_id=number,
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=at,
        stage=min(stages, default=OrderStage.OPEN),
        status=", ".join(dict.fromkeys(line["SalesOrderLineStatus"] for line in lines)) or "no lines",
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
