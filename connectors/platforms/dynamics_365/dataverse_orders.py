"""Sales orders of Dataverse, by the time of their change.

https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/query/overview

A line's change moves the order's totals and so its time: inferred. Lines do not say how far they are, only the order
does; nothing found tells of returns. A line that names no product is a written note. What a state means is inferred.
No change shows that an order was deleted, so each poll also looks whether the open ones are still there.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import orjson

from connectors.catalog import Page
from connectors.deleted import deleted_order
from connectors.errors import Permanent
from connectors.exchange import Flow
from connectors.messages import MessageKind, OrderEvent, OrderReference, OrderStage
from connectors.order_lines import line_at
from connectors.platforms.dynamics_365.dataverse import query_of, rows
from connectors.platforms.dynamics_365.services import NUMBERS_PER_CALL, Dynamics365Config, Record
from connectors.polling import PollCursor
from connectors.quantities import units_taken

ORDERS_PER_PAGE, ROWS_PER_PAGE, PAGES_MAX = 100, 5000, 10
OPEN_MAX, IDS_PER_CALL = 1000, 50
COLUMNS = {"$select": "salesorderid,ordernumber,statecode,modifiedon"}
# The codes of `statecode`, by their place.
_STATES = (
    ("active", OrderStage.OPEN),
    ("submitted", OrderStage.OPEN),
    ("cancelled", OrderStage.CANCELLED),
    ("fulfilled", OrderStage.FULFILLED),
    ("invoiced", OrderStage.FULFILLED),
)


def changed(config: Dynamics365Config, cursor: str | None, since: datetime) -> Flow[Page[OrderEvent | OrderReference]]:
    """The cursor holds the orders known to be open besides the time that was reached."""
    reached, known = orjson.loads(cursor) if cursor is not None else (None, [])
    place = PollCursor.read(reached, since)
    start = place.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    first = {**COLUMNS, "$filter": f"modifiedon ge {start}", "$orderby": "modifiedon"}
    orders, following = yield from rows(config, "salesorders", query_of(place.place, first), ORDERS_PER_PAGE)
    found = yield from _events(config, orders)
    reached = place.after_page([event.occurred_at for event in found], following)
    known = _open(known, found)
    if known and following is None:
        gone = yield from _gone(config, known)
        known, found = _open(known, gone), found + gone
    # The oldest are given up first: of their deletion only webhooks tell.
    cursor = orjson.dumps([reached, known[-OPEN_MAX:]]).decode()
    return Page(entries=tuple(found), cursor=cursor, more=following is not None)


def _open(known: Sequence[str], found: Sequence[OrderEvent]) -> list[str]:
    ended = {event.order_id for event in found if event.stage is not OrderStage.OPEN}
    met = dict.fromkeys([*known, *(event.order_id for event in found)])
    return [order_id for order_id in met if order_id not in ended]


def _gone(config: Dynamics365Config, known: Sequence[str]) -> Flow[list[OrderEvent]]:
    """What became of those that are not open any more."""
    there: set[str] = set()
    for start in range(0, len(known), IDS_PER_CALL):
        ids = " or ".join(f"salesorderid eq {order_id}" for order_id in known[start : start + IDS_PER_CALL])
        query = {"$select": "salesorderid", "$filter": f"statecode lt 2 and ({ids})"}
        there |= {order["salesorderid"] for order in (yield from _all(config, "salesorders", query))}
    found: list[OrderEvent] = []
    for order_id in known:
        if order_id not in there:
            event = yield from read(config, order_id)
            found += [event] if event is not None else []
    return found


def read(config: Dynamics365Config, order_id: str) -> Flow[OrderEvent | None]:
    """One that is not there was deleted: its id is told by nothing else than its having been there."""
    answer = yield config.dataverse.get(f"/salesorders({UUID(order_id)})", COLUMNS, expected=(404,))
    if answer.status == 404:
        return deleted_order(order_id, answer)
    (event,) = yield from _events(config, [answer.json()])
    return event


def _events(config: Dynamics365Config, orders: Sequence[Record]) -> Flow[list[OrderEvent]]:
    lines: dict[str, list[Record]] = {order["salesorderid"]: [] for order in orders}
    ids = list(lines)
    for start in range(0, len(ids), NUMBERS_PER_CALL):
        for line in (yield from _lines(config, ids[start : start + NUMBERS_PER_CALL])):
            lines[line["_salesorderid_value"]].append(line)
    return [_event(order, lines[order["salesorderid"]]) for order in orders]


def _lines(config: Dynamics365Config, ids: Sequence[str]) -> Flow[list[Record]]:
    query = {
        "$select": "salesorderdetailid,_salesorderid_value,quantity",
        "$expand": "productid($select=productnumber)",
        "$filter": " or ".join(f"_salesorderid_value eq {order_id}" for order_id in ids),
    }
    return (yield from _all(config, "salesorderdetails", query))


def _all(config: Dynamics365Config, table: str, query: Mapping[str, str]) -> Flow[list[Record]]:
    """All pages: what is missing must not look deleted."""
    found: list[Record] = []
    place: str | None = None
    for _ in range(PAGES_MAX):
        page, place = yield from rows(config, table, query_of(place, query), ROWS_PER_PAGE)
        found += page
        if place is None:
            return found
    raise Permanent(f"Dynamics shows more than {PAGES_MAX * ROWS_PER_PAGE} {table} at once.")


def _event(order: Record, lines: Sequence[Record]) -> OrderEvent:
    status, stage = _STATES[order["statecode"]]
    return OrderEvent(
        order_id=order["salesorderid"],
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=datetime.fromisoformat(order["modifiedon"]),
        stage=stage,
        status=status,
        name=order["ordernumber"],
        lines=tuple(
            line_at(
                stage,
                line_id=line["salesorderdetailid"],
                sku=line["productid"]["productnumber"],
                platform_ids={"item_number": line["productid"]["productnumber"]},
                ordered=units_taken(line["quantity"]),
            )
            for line in lines
            if line["productid"] is not None
        ),
    )
