"""Orders of a site, as ours.

https://developer.salesforce.com/docs/commerce/commerce-api/references/orders?meta=Summary

Units are taken from stock when an order is created, before it is paid for, and given back when it is cancelled or
fails. What left the house is told by shipment. Orders do not tell of returns, nor from which location of Omnichannel
Inventory they are served. The quantity of a bundle's part is taken for that of the whole line (not described).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

from connectors.catalog import Page
from connectors.errors import Permanent
from connectors.exchange import Flow, Request
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderReference, OrderStage
from connectors.order_lines import line_at
from connectors.platforms.salesforce_commerce_cloud.config import Record, SalesforceConfig
from connectors.polling import PollCursor
from connectors.quantities import units_taken
from connectors.reached import Reached

PER_PAGE = 200
REACHABLE_MAX = 10_000
"""Of one search, counted from its beginning."""
_STAGES = {
    "completed": OrderStage.FULFILLED,
    "cancelled": OrderStage.CANCELLED,
    "failed": OrderStage.CANCELLED,
}
"""Every other status counts as placed."""


def read_changed(
    config: SalesforceConfig, cursor: str | None, since: datetime
) -> Flow[Page[OrderEvent | OrderReference]]:
    place = PollCursor.read(cursor, since)
    first = place.since.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    reached = Reached.read(place, first)
    if reached.page * PER_PAGE > REACHABLE_MAX:
        raise Permanent(f"More than {REACHABLE_MAX} orders were changed at {reached.start}; they cannot all be read.")
    offset = (reached.page - 1) * PER_PAGE
    orders = (yield _search(config, reached.start, limit=str(PER_PAGE), offset=str(offset))).json()["data"]
    following = reached.after(orders[-1]["lastModified"]) if len(orders) == PER_PAGE else None
    return place.page((_event(config, one) for one in orders), following)


def problem_of(config: SalesforceConfig) -> Flow[str | None]:
    """What keeps us from reading orders, for the operator."""
    answer = yield replace(_search(config, "2000-01-01T00:00:00.000Z", limit="1"), expected=(400, 403, 404))
    if answer.status == 403:
        return "Account Manager > API Client: allow this client the scope sfcc.orders for the instance's tenant."
    return None if answer.status < 300 else f"site_id: there are no orders of {config.site_id}: is this the site's id?"


def read_one(config: SalesforceConfig, order_no: str) -> Flow[OrderEvent | None]:
    """Orders are purged after a while, which gives nothing back."""
    path, query = f"/orders/{quote(order_no, safe='')}", {"siteId": config.site_id}
    answer = yield config.orders_api.get(path, query, scope=config.orders_scope, expected=(404,))
    return None if answer.status == 404 else _event(config, answer.json())


def _event(config: SalesforceConfig, order: Record) -> OrderEvent:
    stage = _STAGES.get(order["status"], OrderStage.OPEN)
    if stage is OrderStage.OPEN and order.get("shippingStatus") == "shipped":
        stage = OrderStage.FULFILLED
    return OrderEvent(
        order_id=order["orderNo"],
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=datetime.fromisoformat(order["lastModified"]),
        stage=stage,
        status=order["status"],
        lines=tuple(_lines(config, stage, order)),
    )


def _lines(config: SalesforceConfig, stage: OrderStage, order: Record) -> Iterator[OrderLine]:
    gone = {one["shipmentId"] for one in order.get("shipments", ()) if one.get("shippingStatus") == "shipped"}
    for item in order.get("productItems", ()):
        for line_id, sold in _counted(config, item):
            # What is not said of an option, of which one goes with each unit, or of a part is as with the whole.
            taken = {**item, **sold}
            units, place = units_taken(taken["quantity"]), taken.get("inventoryId")
            yield line_at(
                stage,
                line_id=line_id,
                sku=sold["productId"],
                platform_ids={"product_id": sold["productId"]},
                ordered=units,
                shipped=units if item["shipmentId"] in gone else 0,
                location_id=place if place in config.location_ids else None,
            )


def _counted(config: SalesforceConfig, item: Record) -> Iterator[tuple[str, Record]]:
    """What a product item takes from stock, with an id of its own each."""
    parts = item.get("bundledProductItems", ())
    if not parts or config.bundle_stock != "parts":
        yield item["itemId"], item
    if config.bundle_stock != "bundle":
        yield from ((part["itemId"], part) for part in parts)
    if config.option_stock:
        options = item.get("optionItems", ())
        yield from ((f"{item['itemId']}.{option['optionId']}", option) for option in options)


def _search(config: SalesforceConfig, since: str, **page: str) -> Request:
    order = {"sortBy": "last_modified_date", "sortOrder": "asc"}
    query = {"siteId": config.site_id, "lastModifiedDateFrom": since, **order, **page}
    return config.orders_api.get("/orders", query, scope=config.orders_scope)
