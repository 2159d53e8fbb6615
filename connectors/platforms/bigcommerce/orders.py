"""Orders V2: https://developer.bigcommerce.com/docs/rest-management/orders

A refund does not say whether its goods came back. An order that is picked up says at which location; of one that is
shipped BigCommerce does not say where it took the units. Whether a product is counted, only the catalogue says.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.exchange import Flow, Response
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderReference, OrderStage
from connectors.order_lines import line_at
from connectors.platforms.bigcommerce.config import BigCommerceConfig

PER_PAGE = 250
CONSIGNMENTS = {"include": "consignments", "consignment_structure": "object"}
_OVER = {2: OrderStage.FULFILLED, 10: OrderStage.FULFILLED, **dict.fromkeys((4, 5, 6), OrderStage.CANCELLED)}
_STAGES = {0: OrderStage.PENDING, **_OVER}
"""Incomplete; shipped, completed; refunded, cancelled, declined. Every other status counts as placed."""

Record = dict[str, Any]


def page_query(cursor: str | None) -> dict[str, str]:
    return {"page": cursor or "1", "limit": str(PER_PAGE)}


def ids_of(identity: Record) -> dict[str, str]:
    return {name: str(identity[name]) for name in ("product_id", "variant_id") if identity.get(name)}


def changed(config: BigCommerceConfig, since: str, page: int) -> Flow[list[OrderReference]]:
    query = {"min_date_modified": since, "sort": "date_modified:asc", **page_query(str(page))}
    return [
        OrderReference(order_id=str(order["id"]), kind=MessageKind.ORDER_UPDATED, occurred_at=_moment(order))
        for order in _listed((yield config.api("v2").get("/orders", query)))
    ]


def read(config: BigCommerceConfig, order_id: str) -> Flow[OrderEvent | None]:
    path = f"/orders/{int(order_id)}"
    answer = yield config.api("v2").get(path, CONSIGNMENTS, expected=(404,))
    if answer.status == 404:
        return None
    lines: list[Record] = []
    found: list[Record] = [{}] * PER_PAGE
    while len(found) == PER_PAGE:
        number = len(lines) // PER_PAGE + 1
        found = _listed((yield config.api("v2").get(f"{path}/products", page_query(str(number)))))
        lines += found
    # What is typed in by hand has no product; gift certificates and downloads have no stock.
    lines = [line for line in lines if line["product_id"] and line["type"] == "physical"]
    untracked = yield from _untracked(config, {line["product_id"] for line in lines})
    return _event(config, answer.json(), lines, untracked)


def _untracked(config: BigCommerceConfig, products: Collection[int]) -> Flow[set[int]]:
    """Those that BigCommerce does not count: https://developer.bigcommerce.com/docs/rest-catalog/products
    (`inventory_tracking`)."""
    wanted, untracked = sorted(products), set[int]()
    for start in range(0, len(wanted), PER_PAGE):
        some = ",".join(map(str, wanted[start : start + PER_PAGE]))
        query = {"id:in": some, "include_fields": "inventory_tracking", **page_query(None)}
        found = (yield from config.api("v3").read("/catalog/products", query))["data"]
        untracked |= {product["id"] for product in found if product["inventory_tracking"] == "none"}
    return untracked


def _listed(answer: Response) -> list[Record]:
    """V2 answers 204 and no body where there is nothing."""
    return answer.json() if answer.status != 204 else []


def _moment(order: Record) -> datetime:
    return parsedate_to_datetime(order["date_modified"])


def _event(config: BigCommerceConfig, order: Record, lines: Sequence[Record], untracked: Collection[int]) -> OrderEvent:
    deleted = order.get("is_deleted", False)
    stage = OrderStage.DELETED if deleted else _STAGES.get(order["status_id"], OrderStage.OPEN)
    places = _picked_up_at(order)
    return OrderEvent(
        order_id=str(order["id"]),
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=_moment(order),
        stage=stage,
        status=order["status"],
        name=f"#{order['id']}",
        lines=None
        if deleted
        else tuple(
            _line(config, stage, line, location_id=places.get(line["id"]), tracked=line["product_id"] not in untracked)
            for line in lines
        ),
    )


def _picked_up_at(order: Record) -> dict[int, str]:
    """The location by the line's id, of lines that the buyer fetches. They are named by their address."""
    return {
        int(line["resource"].rpartition("/")[2]): str(pickup["location"]["id"])
        for pickup in order["consignments"]["pickups"]
        for line in pickup["line_items"]
    }


def _line(config: BigCommerceConfig, stage: OrderStage, line: Record, **told: Any) -> OrderLine:
    """Refunds are taken to be of what has not been shipped, first."""
    ordered, shipped, refunded = line["quantity"], line["quantity_shipped"], line["quantity_refunded"]
    here = min(refunded, ordered - shipped)
    restocked = {"cancelled": here, "returned": refunded - here}
    return line_at(
        stage,
        line_id=str(line["id"]),
        sku=line["sku"],
        platform_ids=ids_of(line),
        ordered=ordered,
        shipped=shipped,
        refunded=refunded,
        **(restocked if config.refunds_restock else {"lost": here}),
        **told,
    )
