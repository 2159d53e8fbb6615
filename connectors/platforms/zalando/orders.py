"""What Zalando's orders say: documents of JSON:API, in which one line is one unit.

https://developers.merchants.zalando.com/docs/orders-status.html
https://developers.merchants.zalando.com/docs/orders-process-overview.html

An `initial` order is placed, though its payment may yet fail: then it is `fulfilled` with all its lines cancelled, so
how far an order is follows from its lines alone. Why one was cancelled is not told in documented words: who cancels
because the goods are missing corrects the count, too. Nor is it told whether what came back can be sold again.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from connectors.exchange import UNREADABLE
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderReference, OrderStage
from connectors.order_lines import line_at
from connectors.platforms.zalando.config import ZalandoConfig

INCLUDE = {"include": "order_items,order_lines"}
PARTNER_FULFILLED = "PartnerFulfilled"
_BECAME: Mapping[str, Mapping[str, Any]] = {
    "shipped": {"shipped": 1},
    "returned": {"shipped": 1, "refunded": 1},
    "canceled": {"cancelled": 1},
}
"""What became of a line's unit. Every other status counts as placed."""

Record = dict[str, Any]
Included = Mapping[tuple[str, str], Record]


def events(config: ZalandoConfig, document: Record) -> Iterator[OrderEvent | OrderReference]:
    """Of a page of orders. One that cannot be understood is read by itself, and does not hold up the others."""
    included = _included(document)
    for order in document["data"]:
        try:
            found: OrderEvent | OrderReference | None = _event(config, order, included)
        except UNREADABLE:
            at = _moment(order)
            found = OrderReference(order_id=order["id"], kind=MessageKind.ORDER_UPDATED, occurred_at=at)
        if found is not None:
            yield found


def event(config: ZalandoConfig, document: Record) -> OrderEvent | None:
    """Of a single order; None when Zalando ships it from its own stock."""
    return _event(config, document["data"], _included(document))


def _included(document: Record) -> Included:
    return {(one["type"], one["id"]): one for one in document.get("included", ())}


def _event(config: ZalandoConfig, order: Record, included: Included) -> OrderEvent | None:
    about = order["attributes"]
    if about.get("order_type", PARTNER_FULFILLED) != PARTNER_FULFILLED:
        return None
    units = [
        (item["attributes"], line)
        for item in _related(order, "order_items", included)
        for line in _related(item, "order_lines", included)
    ]
    if not units or len(units) != about.get("order_lines_count", len(units)):
        raise ValueError(f"the order {order['id']} came with {len(units)} lines")
    stage = _stage({line["attributes"]["status"] for _, line in units})
    return OrderEvent(
        order_id=order["id"],
        kind=MessageKind.ORDER_CANCELLED if stage is OrderStage.CANCELLED else MessageKind.ORDER_UPDATED,
        occurred_at=_moment(order),
        stage=stage,
        status=about["status"],
        name=about["order_number"],
        lines=tuple(_line(config, stage, about, item, line) for item, line in units),
    )


def _moment(order: Record) -> datetime:
    return datetime.fromisoformat(order["attributes"]["modified_at"])


def _related(resource: Record, name: str, included: Included) -> Iterator[Record]:
    for one in resource["relationships"][name]["data"]:
        yield included[one["type"], one["id"]]


def _stage(statuses: set[str]) -> OrderStage:
    if statuses - _BECAME.keys():
        return OrderStage.OPEN
    return OrderStage.CANCELLED if statuses == {"canceled"} else OrderStage.FULFILLED


def _line(config: ZalandoConfig, stage: OrderStage, order: Record, item: Record, line: Record) -> OrderLine:
    """The merchant's own id of the article, if it has one at Zalando, is our SKU."""
    about = line["attributes"]
    restocked = config.returns_restock and about["status"] == "returned"
    return line_at(
        stage,
        line_id=line["id"],
        sku=item.get("external_id"),
        platform_ids={"article_id": item["article_id"]},
        ordered=1,
        returned=int(restocked),
        location_id=about.get("source_stock_location_id") or order.get("stock_location_id"),
        **_BECAME.get(about["status"], {}),
    )
