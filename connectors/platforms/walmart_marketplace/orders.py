"""What Walmart's purchase orders say: https://developer.walmart.com/us-marketplace/reference/getallorders

Each unit of a line has a state of its own. A buyer's wish to cancel (`intentToCancel`) changes nothing yet. Refunds do
not tell whether the goods came back, returns do. What Walmart ships from its own warehouses takes nothing of ours.
The list tells of changes since a moment, by default of orders of the last seven days and of one kind of ship node: both
are stated. In which order it answers is not. Its cursor is a whole query; an empty list may be a 404.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from urllib.parse import quote

from connectors.catalog import Page
from connectors.exchange import Flow, Response
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderReference, OrderStage
from connectors.order_lines import line_at
from connectors.platforms.walmart_marketplace import returns
from connectors.platforms.walmart_marketplace.config import Record, WalmartMarketplaceConfig, nothing_found, written
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
    """One kind of ship node after the other, then the returns."""
    poll = PollCursor.read(cursor, since)
    kind, _, rest = (poll.place or NODE_KINDS[0]).partition("?")
    if kind == returns.STEP:
        return (yield from returns.changed(config, poll, rest))
    query = {
        "lastModifiedStartDate": written(poll.since),
        "createdStartDate": written(datetime.now(UTC) - KEPT),
        "shipNodeType": kind,
        "limit": str(PER_PAGE),
    }
    path, query = (f"/orders?{rest}", {}) if rest else ("/orders", query)
    answer = yield config.api.get(path, query, budget="orders", expected=(404,))
    found, following = _listed(answer)
    place = f"{kind}?{following.removeprefix('?')}" if following and found else None
    if place is None:
        place = _step_after(config, kind)
    entries = tuple(one for order in found if (one := _told(config, order)) is not None)
    return Page(entries=entries, cursor=poll.after_answer(answer, place), more=place is not None)


def _step_after(config: WalmartMarketplaceConfig, kind: str) -> str | None:
    if kind != NODE_KINDS[-1]:
        return NODE_KINDS[NODE_KINDS.index(kind) + 1]
    return returns.STEP if config.returns_restock else None


def _listed(answer: Response) -> tuple[list[Record], str | None]:
    """The orders, and what leads to the next ones."""
    if nothing_found(answer):
        return [], None
    listed = answer.json()["list"]
    return listed["elements"].get("order") or [], listed["meta"].get("nextCursor")


def _told(config: WalmartMarketplaceConfig, order: Record) -> OrderEvent | OrderReference | None:
    """A reference where the order alone does not say everything."""
    told = event(order)
    if told is None or not _may_come_back(config, told):
        return told
    return OrderReference(order_id=told.order_id, kind=told.kind, occurred_at=told.occurred_at)


def _may_come_back(config: WalmartMarketplaceConfig, told: OrderEvent) -> bool:
    return config.returns_restock and any(line.fulfilled for line in told.lines or ())


def read(config: WalmartMarketplaceConfig, order_id: str) -> Flow[OrderEvent | None]:
    """Described as the order itself, answered in an object that holds it."""
    answer = yield config.api.get(f"/orders/{quote(order_id, safe='')}", budget="orders", expected=(404,))
    if answer.status == 404:
        return None
    body = answer.json()
    order = body.get("order", body)
    told = event(order)
    if told is None or not _may_come_back(config, told):
        return told
    return event(order, (yield from returns.came_back(config, order)))


def event(order: Record, back: Mapping[str, int] = MappingProxyType({})) -> OrderEvent | None:
    """None when Walmart ships it. `back` are the units that came back, by line."""
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
        lines=tuple(_line(line, units, back, node.get("id")) for line, units in zip(lines, states, strict=True)),
    )


def _line(line: Record, units: Counter[str], back: Mapping[str, int], node_id: str | None) -> OrderLine:
    return line_at(
        OrderStage.OPEN,
        line_id=line["lineNumber"],
        sku=line["item"]["sku"],
        platform_ids={"sku": line["item"]["sku"]},
        ordered=_ordered(line),
        shipped=sum(units[state] for state in _LEFT),
        cancelled=units["Cancelled"],
        returned=back.get(str(line["lineNumber"]), 0),
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


def _moment(stated: int | str) -> datetime:
    """Milliseconds, which the description of a single order calls text."""
    return datetime.fromtimestamp(int(stated) / 1000, UTC)
