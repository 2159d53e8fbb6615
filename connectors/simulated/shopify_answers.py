"""What a simulated Shopify answers to queries: the resolvers behind `shopify_schema`."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeAlias

from graphql import GraphQLResolveInfo, get_directive_values

from connectors.simulated.sales import SoldOrder
from connectors.simulated.shelf import Shelf
from connectors.simulated.shopify_payloads import api_order, api_refund_lines, item_gid, number_of, variant_gid
from connectors.simulated.shopify_schema import SCHEMA

Answer = dict[str, Any]
Info: TypeAlias = "GraphQLResolveInfo[Any]"


class ShopData(Protocol):
    """What the resolvers need of the shop."""

    shelf: Shelf
    orders: dict[int, SoldOrder]
    variants: dict[str, int]
    tracked: set[str]
    locations: dict[str, str]
    subscriptions: list[tuple[str, str]]

    def sku_of(self, item: str) -> str | None: ...
    def set_quantities(self, key: str | None, written: Answer) -> Answer: ...


def connection(nodes: Sequence[Answer], first: int, after: str | None) -> Answer:
    start = int(after or "0")
    end = min(start + first, len(nodes))
    return {
        "nodes": nodes[start:end],
        "pageInfo": {"hasNextPage": end < len(nodes), "endCursor": str(end) if end > start else None},
    }


class Root:
    """Queries and mutations by name; graphql-core calls what is callable."""

    def __init__(self, shop: ShopData, version: str) -> None:
        self._shop = shop
        self._version = version

    def nodes(self, info: Info, ids: list[str]) -> list[Answer | None]:
        return [self._item(sku) if (sku := self._shop.sku_of(gid)) else None for gid in ids]

    def node(self, info: Info, id: str) -> Answer | None:
        for order in self._shop.orders.values():
            if any(line.line_id == number_of(id) for line in order.lines):
                lines = api_refund_lines(order, number_of(id))
                return {"__typename": "Refund", "id": id, "refundLineItems": _paged(lines)}
        return None

    def location(self, info: Info, id: str) -> Answer | None:
        name = self._shop.locations.get(id)
        if name is None:
            return None
        levels = [self._level(sku, id) for sku in self._shop.variants if self._shop.shelf.has(sku, id)]
        return {"id": id, "name": name, "isActive": True, "inventoryLevels": _paged(levels)}

    def locations(self, info: Info, first: int) -> Answer:
        nodes = [{"id": gid, "name": name, "isActive": True} for gid, name in self._shop.locations.items()]
        return connection(nodes, first, None)

    def productVariants(self, info: Info, first: int, after: str | None = None) -> Answer:
        nodes = [
            {"id": variant_gid(number), "sku": sku, "displayName": sku.title(), "inventoryItem": self._item(sku)}
            for sku, number in self._shop.variants.items()
        ]
        return connection(nodes, first, after)

    def order(self, info: Info, id: str) -> Answer | None:
        order = self._shop.orders.get(number_of(id))
        if order is None:
            return None
        answer = api_order(order, self._shop.variants, self._shop.tracked)
        refunds = [{"id": f"gid://shopify/Refund/{number}"} for number in answer["all_refunds"]]
        return answer | {"lineItems": _paged(answer["all_lines"]), "refunds": refunds}

    def orders(
        self, info: Info, first: int, query: str = "", sortKey: str = "UPDATED_AT", after: str | None = None
    ) -> Answer:
        since = re.fullmatch(r"updated_at:>='([^']+)'", query)
        floor = datetime.fromisoformat(since[1]) if since else datetime.min.replace(tzinfo=UTC)
        found = sorted(
            (order for order in self._shop.orders.values() if order.updated_at >= floor),
            key=lambda order: order.updated_at,
        )
        nodes = [api_order(order, self._shop.variants, self._shop.tracked) for order in found]
        return connection(nodes, first, after)

    def publicApiVersions(self, info: Info) -> list[Answer]:
        return [{"handle": self._version, "supported": True}]

    def webhookSubscriptions(self, info: Info, first: int, uri: str) -> Answer:
        nodes = [{"topic": topic, "uri": address} for topic, address in self._shop.subscriptions if address == uri]
        return connection(nodes, first, None)

    def webhookSubscriptionCreate(self, info: Info, topic: str, webhookSubscription: Answer) -> Answer:
        self._shop.subscriptions.append((topic, webhookSubscription["uri"]))
        return {"webhookSubscription": {"topic": topic, "uri": webhookSubscription["uri"]}, "userErrors": []}

    def inventorySetQuantities(self, info: Info, input: Answer) -> Answer:
        directive = SCHEMA.get_directive("idempotent")
        stated = get_directive_values(directive, info.field_nodes[0], info.variable_values) if directive else None
        return self._shop.set_quantities(stated["key"] if stated else None, input)

    def _item(self, sku: str) -> Answer:
        def level(info: Info, locationId: str) -> Answer | None:
            return self._level(sku, locationId) if self._shop.shelf.has(sku, locationId) else None

        tracked = sku in self._shop.tracked
        gid = item_gid(self._shop.variants[sku])
        return {"__typename": "InventoryItem", "id": gid, "sku": sku, "tracked": tracked, "inventoryLevel": level}

    def _level(self, sku: str, location_id: str) -> Answer:
        committed = sum(
            line.unshipped
            for order in self._shop.orders.values()
            if order.taken_from == location_id and order.cancelled_at is None
            for line in order.lines
            if line.sku == sku
        )
        numbers = {"available": self._shop.shelf.quantity(sku, location_id), "committed": committed}

        def quantities(info: Info, names: list[str]) -> list[Answer]:
            return [{"name": name, "quantity": numbers[name], "updatedAt": None} for name in names]

        return {
            "item": {"id": item_gid(self._shop.variants[sku]), "sku": sku, "tracked": sku in self._shop.tracked},
            "quantities": quantities,
        }


def _paged(nodes: Sequence[Answer]) -> Callable[..., Answer]:
    def page(info: Info, first: int, after: str | None = None) -> Answer:
        return connection(nodes, first, after)

    return page
