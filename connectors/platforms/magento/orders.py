"""Magento's lists, and its orders as ours: https://developer.adobe.com/commerce/webapi/rest/use-rest/performing-searches/

Of a configurable product or bundle both the line and its parts are listed: the parts count, and what Magento notes only
at the whole is theirs, too. Whether the goods of a refund went back to a source is not told.
What needs no shipping may be counted or not, which only its product says; other products are taken to be counted.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from connectors.exchange import Flow
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderReference, OrderStage
from connectors.order_lines import line_at
from connectors.platforms.magento.config import MagentoConfig
from connectors.quantities import units_taken, units_there

ORDERS_PER_PAGE = 100
_SHOWN = "items[entity_id,increment_id,state,status,updated_at,items],total_count"
_STAGES = {"complete": OrderStage.FULFILLED, "closed": OrderStage.FULFILLED, "canceled": OrderStage.CANCELLED}
"""Every other state counts as placed: Magento reserves when an order is, also while its payment is awaited."""
_UNSHIPPED_KINDS = frozenset(("virtual", "downloadable"))
_PLACED = "new,pending_payment,payment_review,processing,holded"

Record = dict[str, Any]


def page(number: int, size: int) -> dict[str, str]:
    return {"searchCriteria[pageSize]": str(size), "searchCriteria[currentPage]": str(number)}


def where(field: str, value: str, condition: str) -> dict[str, str]:
    first = "searchCriteria[filterGroups][0][filters][0]"
    return {f"{first}[field]": field, f"{first}[value]": value, f"{first}[conditionType]": condition}


def following(answer: Record, number: int, size: int) -> int | None:
    """A page beyond the end repeats the last one: the total says where to stop."""
    return number + 1 if answer["items"] and number * size < answer["total_count"] else None


def changed(config: MagentoConfig, field: str, value: str, condition: str, number: int) -> Flow[Record]:
    order = {"searchCriteria[sortOrders][0][field]": "updated_at", "searchCriteria[sortOrders][0][direction]": "ASC"}
    query = where(field, value, condition) | order | page(number, ORDERS_PER_PAGE) | {"fields": _SHOWN}
    answer: Record = yield from config.api.read("/orders", query)
    return answer


def committed_units(config: MagentoConfig) -> Flow[Mapping[str, int]]:
    """Units that placed orders hold, by SKU."""
    units: Counter[str] = Counter()
    number: int | None = 1
    while number is not None:
        found = yield from changed(config, "state", _PLACED, "in", number)
        for order in found["items"]:
            for line in event_of(config, order).lines or ():
                units[line.sku or ""] += line.allocated
        number = following(found, number, ORDERS_PER_PAGE)
    return units


def told(config: MagentoConfig, order: Record) -> OrderEvent | OrderReference:
    """A reference where there is more to ask."""
    event = event_of(config, order)
    if not _unshipped(order):
        return event
    return OrderReference(order_id=event.order_id, kind=event.kind, occurred_at=event.occurred_at)


def read(config: MagentoConfig, order_id: str) -> Flow[OrderEvent | None]:
    answer = yield config.api.get(f"/orders/{int(order_id)}", expected=(404,))
    if answer.status == 404:
        return None
    order = answer.json()
    untracked: set[str] = set()
    for sku in _unshipped(order):
        query = {"fields": "sku,extension_attributes[stock_item[manage_stock]]"}
        product = yield config.api.get(f"/products/{quote(sku, safe='')}", query, expected=(404,))
        if product.status != 404 and not _is_counted(product.json()):
            untracked.add(sku)
    return event_of(config, order, untracked)


def _is_counted(product: Record) -> bool:
    """Magento answers `manage_stock` as the shop's settings make it; an empty object as an empty list:
    https://developer.adobe.com/commerce/webapi/rest/inventory/"""
    stock = (product.get("extension_attributes") or {}).get("stock_item") or {}
    return bool(stock.get("manage_stock", True))


def _parts(order: Record) -> list[Record]:
    wholes = {line.get("parent_item_id") for line in order["items"]}
    return [line for line in order["items"] if line["item_id"] not in wholes]


def _unshipped(order: Record) -> Sequence[str]:
    """SKUs of what needs no shipping."""
    return sorted({line["sku"] for line in _parts(order) if line.get("product_type") in _UNSHIPPED_KINDS})


def event_of(config: MagentoConfig, order: Record, untracked: Collection[str] = ()) -> OrderEvent:
    stage = _STAGES.get(order["state"], OrderStage.OPEN)
    by_id = {line["item_id"]: line for line in order["items"]}
    return OrderEvent(
        order_id=str(order["entity_id"]),
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=datetime.fromisoformat(order["updated_at"]).replace(tzinfo=UTC),
        stage=stage,
        status=order.get("status") or order["state"],
        name=order["increment_id"],
        lines=tuple(
            _line(config, stage, line, by_id.get(line.get("parent_item_id")), tracked=line["sku"] not in untracked)
            for line in _parts(order)
        ),
    )


def _line(config: MagentoConfig, stage: OrderStage, line: Record, whole: Record | None, *, tracked: bool) -> OrderLine:
    ordered = units_taken(line["qty_ordered"])

    def units(name: str) -> int:
        share = 0 if whole is None else whole.get(name, 0) * line["qty_ordered"] / whole["qty_ordered"]
        return units_there(max(line.get(name) or 0, share))

    # What has no weight leaves the house with the invoice.
    shipped = units("qty_invoiced" if line.get("is_virtual") else "qty_shipped")
    cancelled, refunded = units("qty_canceled"), units("qty_refunded")
    here = min(refunded, max(0, ordered - shipped - cancelled))
    return line_at(
        stage,
        line_id=str(line["item_id"]),
        sku=line["sku"],
        platform_ids={"sku": line["sku"]},
        ordered=ordered,
        shipped=shipped,
        cancelled=cancelled + here,
        returned=refunded - here if config.refunds_restock else 0,
        refunded=refunded,
        tracked=tracked,
    )
