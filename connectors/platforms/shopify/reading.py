"""Reads stock, catalogue and locations page by page."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson

from connectors.catalog import CatalogEntry, ChannelLocation, ChannelStock, Page
from connectors.exchange import Flow
from connectors.messages import StockEcho
from connectors.platforms.shopify import documents
from connectors.platforms.shopify.calls import ask
from connectors.platforms.shopify.config import ShopifyConfig
from connectors.platforms.shopify.orders import gid


def stock_page(config: ShopifyConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
    """One location after the other; the cursor holds those still to come and the place within the first."""
    if cursor is None:
        locations, after = (yield from _location_ids(config)), None
    else:
        locations, after = orjson.loads(cursor)
    if not locations:
        return Page(entries=(), cursor=None, more=False)
    current, *remaining = locations
    answer = yield from ask(config, documents.STOCK_PAGE, {"location": current, "after": after}, cost=120)
    levels = answer["location"]["inventoryLevels"] if answer["location"] else {"nodes": []}
    after = next_cursor(levels)
    following = [locations, after] if after else [remaining, None]
    more = bool(following[0])
    return Page(
        entries=tuple(_level(level, current) for level in levels["nodes"]),
        cursor=orjson.dumps(following).decode() if more else None,
        more=more,
    )


def _location_ids(config: ShopifyConfig) -> Flow[list[str]]:
    if config.location_ids:
        return list(config.location_ids)
    answer = yield from ask(config, documents.LOCATIONS, {}, cost=20)
    return [location.location_id for location in locations_of(answer) if location.active]


def _level(level: dict[str, Any], location_id: str) -> ChannelStock:
    quantities = {quantity["name"]: quantity for quantity in level["quantities"]}
    available = quantities["available"]
    return ChannelStock(
        platform_ids={"inventory_item_id": level["item"]["id"]},
        sku=level["item"]["sku"] or None,
        location_id=location_id,
        quantity=available["quantity"] if level["item"]["tracked"] else None,
        committed=quantities["committed"]["quantity"],
        updated_at=datetime.fromisoformat(available["updatedAt"]) if available["updatedAt"] else None,
    )


def catalog_page(config: ShopifyConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
    answer = yield from ask(config, documents.CATALOG_PAGE, {"after": cursor}, cost=60)
    after = next_cursor(answer["productVariants"])
    return Page(
        entries=tuple(
            CatalogEntry(
                platform_ids={"inventory_item_id": variant["inventoryItem"]["id"], "variant_id": variant["id"]},
                sku=variant["sku"] or None,
                name=variant["displayName"],
                tracked=variant["inventoryItem"]["tracked"],
            )
            for variant in answer["productVariants"]["nodes"]
        ),
        cursor=after,
        more=after is not None,
    )


_Nodes = list[dict[str, Any]]


def whole_order(config: ShopifyConfig, order_id: str) -> Flow[tuple[dict[str, Any], _Nodes, _Nodes] | None]:
    """The order, all its lines and all its refunds' lines; None when there is no such order."""
    lines: _Nodes = []
    after: str | None = None
    while True:
        order = (yield from ask(config, documents.ORDER, {"id": order_id, "after": after}, cost=150))["order"]
        if order is None:
            return None
        lines += order["lineItems"]["nodes"]
        if (after := next_cursor(order["lineItems"])) is None:
            break
    refund_lines: _Nodes = []
    for refund in order["refunds"]:
        refund_lines += yield from _refund_lines(config, refund["id"])
    return order, lines, refund_lines


def _refund_lines(config: ShopifyConfig, refund_id: str) -> Flow[_Nodes]:
    lines: _Nodes = []
    after: str | None = None
    while True:
        answer = yield from ask(config, documents.REFUND, {"id": refund_id, "after": after}, cost=100)
        found = answer["node"]["refundLineItems"]
        lines += found["nodes"]
        if (after := next_cursor(found)) is None:
            return lines


def echo_of(body: dict[str, Any]) -> StockEcho:
    """The body of `inventory_levels/update`, which names neither a SKU nor a cause."""
    return StockEcho(
        platform_ids={"inventory_item_id": gid("InventoryItem", body["inventory_item_id"])},
        sku=None,
        location_id=gid("Location", body["location_id"]),
        quantity=int(body["available"]),
        occurred_at=datetime.fromisoformat(body["updated_at"]),
    )


def locations_of(answer: dict[str, Any]) -> tuple[ChannelLocation, ...]:
    return tuple(
        ChannelLocation(location_id=node["id"], name=node["name"], active=node["isActive"])
        for node in answer["locations"]["nodes"]
    )


def problems_of(config: ShopifyConfig, answer: dict[str, Any], locations: tuple[ChannelLocation, ...]) -> Iterator[str]:
    if not any(
        version["handle"] == config.api_version and version["supported"] for version in answer["publicApiVersions"]
    ):
        yield f"The shop does not support API version {config.api_version} (any more): choose a newer one."
    known = {location.location_id for location in locations}
    for missing in [location_id for location_id in config.location_ids if location_id not in known]:
        yield f"The shop has no location {missing}: take it out, or correct it."


def next_cursor(connection: dict[str, Any]) -> str | None:
    place = connection.get("pageInfo") or {"hasNextPage": False}
    return str(place["endCursor"]) if place["hasNextPage"] else None
