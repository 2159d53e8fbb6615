"""What Walmart's purchase orders say: https://developer.walmart.com/us-marketplace/reference/getallorders

Each unit of a line has a state of its own. A buyer's wish to cancel (`intentToCancel`) changes nothing yet. Refunds do
not tell whether the goods came back. Orders that Walmart ships from its own warehouses take nothing of ours.
The list tells of changes since a moment, by default of orders of the last seven days and of one kind of ship node: both
are stated. In which order it answers is not. Its cursor is a whole query; an empty list may be a 404.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from connectors.catalog import Page
from connectors.errors import Permanent
from connectors.exchange import Flow, Response
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderReference, OrderStage
from connectors.order_lines import line_at
from connectors.platforms.walmart_marketplace.config import Record, WalmartMarketplaceConfig, fault
from connectors.polling import PollCursor
from connectors.quantities import units_taken

PER_PAGE = 200
NODE_KINDS = ("SellerFulfilled", "3PLFulfilled")
KEPT = timedelta(days=179)
"""Walmart lists orders of the last 180 days."""
_LEFT = ("Shipped", "Delivered")
"""Units in these states have left; those in any other but Cancelled count as placed."""


def changed(
    config: WalmartMarketplaceConfig, cursor: str | None, since: datetime
) -> Flow[Page[OrderEvent | OrderReference]]:
    """One kind of ship node after the other."""
    poll = PollCursor.read(cursor, since)
    kind, _, rest = (poll.place or NODE_KINDS[0]).partition("?")
    query = {
        "lastModifiedStartDate": _written(poll.since),
        "createdStartDate": _written(datetime.now(UTC) - KEPT),
        "shipNodeType": kind,
        "limit": str(PER_PAGE),
    }
    path, query = (f"/orders?{rest}", {}) if rest else ("/orders", query)
    answer = yield config.api.get(path, query, budget="orders", expected=(404,))
    found, following = _listed(answer)
    place = f"{kind}?{following.removeprefix('?')}" if following and found else None
    if place is None and kind != NODE_KINDS[-1]:
        place = NODE_KINDS[NODE_KINDS.index(kind) + 1]
    entries = tuple(one for order in found if (one := event(order)) is not None)
    return Page(entries=entries, cursor=poll.after_answer(answer, place), more=place is not None)


def _listed(answer: Response) -> tuple[list[Record], str | None]:
    """The orders, and what leads to the next ones."""
    if answer.status == 404:
        code, reason = fault(answer)
        if not code.startswith("CONTENT_NOT_FOUND"):
            raise Permanent(f"Walmart has no orders at this address (404 {reason}): check api_url")
        return [], None
    listed = answer.json()["list"]
    return listed["elements"].get("order") or [], listed["meta"].get("nextCursor")


def read(config: WalmartMarketplaceConfig, order_id: str) -> Flow[OrderEvent | None]:
    """Described as the order itself, answered in an object that holds it."""
    answer = yield config.api.get(f"/orders/{quote(order_id, safe='')}", budget="orders", expected=(404,))
    if answer.status == 404:
        return None
    body = answer.json()
    return event(body.get("order", body))


def event(order: Record) -> OrderEvent | None:
    """None when Walmart ships it."""
    node = order.get("shipNode") or {}
    if node.get("type") == "WFSFulfilled":
        return None
    lines = order["orderLines"]["orderLine"]
    states = [_states(line) for line in lines]
    total = sum(states, Counter[str]())
    left = sum(total[state] for state in _LEFT)
    if sum(_ordered(line) for line in lines) > left + total["Cancelled"]:
        stage = OrderStage.OPEN
    else:
        stage = OrderStage.FULFILLED if left else OrderStage.CANCELLED
    return OrderEvent(
        order_id=str(order["purchaseOrderId"]),
        kind=MessageKind.ORDER_CANCELLED if stage is OrderStage.CANCELLED else MessageKind.ORDER_UPDATED,
        occurred_at=max(map(_moment, (order["orderDate"], *(line["statusDate"] for line in lines)))),
        stage=stage,
        status=", ".join(sorted(total)),
        name=order["customerOrderId"],
        lines=tuple(_line(line, units, node.get("id")) for line, units in zip(lines, states, strict=True)),
    )


def _line(line: Record, units: Counter[str], node_id: str | None) -> OrderLine:
    return line_at(
        OrderStage.OPEN,
        line_id=line["lineNumber"],
        sku=line["item"]["sku"],
        platform_ids={"sku": line["item"]["sku"]},
        ordered=_ordered(line),
        shipped=sum(units[state] for state in _LEFT),
        cancelled=units["Cancelled"],
        location_id=node_id,
    )


def _ordered(line: Record) -> int:
    return units_taken(line["orderLineQuantity"]["amount"])


def _states(line: Record) -> Counter[str]:
    """How many units are in which state."""
    units = Counter[str]()
    for part in line["orderLineStatuses"]["orderLineStatus"]:
        units[part["status"]] += units_taken(part["statusQuantity"]["amount"])
    return units


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _moment(stated: int | str) -> datetime:
    """Milliseconds, which the description of a single order calls text."""
    return datetime.fromtimestamp(int(stated) / 1000, UTC)
