"""BigCommerce: Inventory V3 with a count per location, orders V2 by thin webhooks in the Standard Webhooks scheme.

https://developer.bigcommerce.com/docs/store-operations/inventory, /docs/store-operations/orders,
/docs/integrations/webhooks (signature, retries for two days, blocklist), /docs/start/best-practices/api-rate-limits

Units of its own orders are off its count when they are placed (`check` says when a store is set otherwise). We write
and read the total on hand; a safety stock that the merchant set is kept back on top. A write is applied after it was
answered and cannot compare: counts are looked at before, and afterwards until they show it. Whether a retry renews the
time a delivery is signed with is not stated: it may be as old as the retries go, and `webhook-id` tells resends apart.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import ClassVar

import orjson

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth, HeaderToken
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelLocation, ChannelStock, Page
from connectors.config import revealed
from connectors.exchange import Flow, Notification
from connectors.limit_headers import LimitHeaders
from connectors.listing_ids import ListingIds
from connectors.looked_at import write_between_looks
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference
from connectors.pacing import Pace
from connectors.parts import Refusal, write_in_parts
from connectors.platforms.bigcommerce import orders
from connectors.platforms.bigcommerce.config import BigCommerceConfig
from connectors.platforms.bigcommerce.orders import PER_PAGE, Record, ids_of, page_query
from connectors.polling import PollCursor
from connectors.reached import Reached
from connectors.standard_webhooks import WEBHOOK_ID_HEADER, standard_webhooks
from connectors.updates import Confirmed, StockUpdate, UpdateOutcome

RETRIES_SECONDS = 50 * 3600
ORDERS = "store/order/*"
WAITS_SECONDS = (0.5, 1.0, 2.0, 4.0)  # between the looks whether a write has been applied
ID = r"[1-9]\d{0,17}"
_AT_FAULT = re.compile(r"(variant_id|product_id) (\d+)")


class BigCommerce(Connector[BigCommerceConfig]):
    name, title, config_type = "bigcommerce", "BigCommerce", BigCommerceConfig
    # Of the smallest plan, for all apps of the store together.
    pace = Pace(burst=150, per_second=5)
    limits = LimitHeaders(
        left="X-Rate-Limit-Requests-Left",
        size="X-Rate-Limit-Requests-Quota",
        window_seconds=30,
        reset_milliseconds="X-Rate-Limit-Time-Reset-Ms",
    )
    busy_statuses = (409, 423)
    signature = standard_webhooks(age_seconds_max=RETRIES_SECONDS)
    delivery_header = WEBHOOK_ID_HEADER
    # 2,000 may be written with a call; so many can be looked at with one.
    stock = StockAbilities(writes=StockWrites.LOOK_AND_SET, updates_max=PER_PAGE, per_location=True)
    listing_ids = ListingIds(required={"product_id": ID}, optional={"variant_id": ID}, location=ID)
    topics: ClassVar[Mapping[str, MessageKind]] = {
        ORDERS: MessageKind.ORDER_UPDATED,
        "store/shipment/created": MessageKind.ORDER_PARTIALLY_FULFILLED,
    }
    setup = (
        "Settings > Store-level API accounts > Create API account (V2/V3) with the scopes Orders read-only, Products "
        "read-only, Store Inventory modify, Store Locations read-only, Information & settings read-only.",
        "Settings > Inventory: let stock be adjusted when an order is placed.",
    )

    def auth(self, config: BigCommerceConfig) -> Auth:
        return HeaderToken("X-Auth-Token", config.access_token.get_secret_value())

    def secrets(self, config: BigCommerceConfig) -> Sequence[str]:
        return revealed(config.client_secret, config.previous_client_secret)

    def topic(self, notification: Notification) -> str:
        scope = str(orjson.loads(notification.body)["scope"])
        return ORDERS if scope.startswith(ORDERS.removesuffix("*")) else scope

    def interpret(self, config: BigCommerceConfig, notification: Notification) -> list[ChannelMessage]:
        if (kind := self.topics.get(self.topic(notification))) is None:
            return []
        event = orjson.loads(notification.body)
        order_id = event["data"]["orderId" if event["data"]["type"] == "shipment" else "id"]
        return [OrderReference(order_id=str(int(order_id)), kind=kind, occurred_at=notification.received_at)]

    def set_stock(self, config: BigCommerceConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        def write(due: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
            return write_in_parts(due, partial(_write, config))

        return (yield from write_between_looks(updates, partial(_on_hand, config), write, WAITS_SECONDS))

    def read_stock(self, config: BigCommerceConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
        answer = yield from config.api("v3").read("/inventory/items", page_query(cursor))
        levels = (
            ChannelStock(
                platform_ids=ids_of(item["identity"]),
                sku=item["identity"].get("sku") or None,
                location_id=str(place["location_id"]),
                quantity=place["total_inventory_onhand"],
            )
            for item in answer["data"]
            for place in item["locations"]
        )
        return Page.of(levels, _following(answer))

    def read_catalog(self, config: BigCommerceConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        query = {"include": "variants", "include_fields": "name,sku,inventory_tracking", **page_query(cursor)}
        answer = yield from config.api("v3").read("/catalog/products", query)
        return Page.of((entry for product in answer["data"] for entry in _entries(product)), _following(answer))

    def read_orders(
        self, config: BigCommerceConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        place = PollCursor.read(cursor, since)
        reached = Reached.read(place, place.since.isoformat(timespec="seconds"))
        changed = yield from orders.changed(config, reached.start, reached.page)
        full = len(changed) == PER_PAGE
        return place.page(changed, reached.after(changed[-1].occurred_at.isoformat()) if full else None)

    def read_order(self, config: BigCommerceConfig, order_id: str) -> Flow[OrderEvent | None]:
        return (yield from orders.read(config, order_id))

    def check(self, config: BigCommerceConfig) -> Flow[ChannelCheck]:
        yield config.api("v2").get("/orders", {"limit": "1"})
        yield config.api("v3").get("/catalog/products", {"limit": "1"})
        settings = (yield from config.api("v3").read("/settings/inventory"))["data"]
        found = (yield from config.api("v3").read("/inventory/locations", {"limit": str(PER_PAGE)}))["data"]
        restocks, when = bool(settings["refund_order_stock_adjustment"]), settings["update_stock_behavior"]
        problems = {
            "Settings > Inventory: adjust stock when an order is placed, or it counts twice.": when == "order_placed",
            f"The store's own setting says refunds_restock={restocks}.": restocks == config.refunds_restock,
        }
        return ChannelCheck(
            summary=f"Connected to the store {config.store_hash} with {len(found)} location(s)",
            problems=tuple(text for text, right in problems.items() if not right),
            locations=tuple(ChannelLocation(location_id=str(at["id"]), name=at["label"]) for at in found),
        )

    def subscribe(self, config: BigCommerceConfig, callback_url: str) -> Flow[tuple[str, ...]]:
        known = (yield from config.api("v3").read("/hooks", {"limit": str(PER_PAGE)}))["data"]
        ours = {hook["scope"]: hook for hook in known if hook["destination"] == callback_url}
        for scope in self.topics:
            if scope not in ours:
                hook = {"scope": scope, "destination": callback_url, "is_active": True}
                yield config.api("v3").send("POST", "/hooks", hook)
            elif not ours[scope]["is_active"]:
                yield config.api("v3").send("PUT", f"/hooks/{ours[scope]['id']}", {"is_active": True})
        return ()


def _following(answer: Record) -> int | None:
    pages = answer["meta"]["pagination"]
    return pages["current_page"] + 1 if pages["current_page"] < pages["total_pages"] else None


def _on_hand(config: BigCommerceConfig, updates: Sequence[StockUpdate]) -> Flow[dict[str, int]]:
    query = {
        "product_id:in": ",".join(sorted({update.platform_ids["product_id"] for update in updates})),
        "location_id:in": ",".join(sorted({update.location_id or "" for update in updates})),
    }
    shown: dict[tuple[str, str | None], int] = {}
    following: int | None = 1
    while following is not None:
        answer = yield from config.api("v3").read("/inventory/items", query | page_query(str(following)))
        for item in answer["data"]:
            for place in item["locations"]:
                at, units = str(place["location_id"]), place["total_inventory_onhand"]
                # Of what is counted by product, every variant shows the product's count.
                shown |= {(f"{name} {number}", at): units for name, number in ids_of(item["identity"]).items()}
        following = _following(answer)
    wanted = {update.idempotency_key: (" ".join(_identity(update)), update.location_id) for update in updates}
    return {name: shown[key] for name, key in wanted.items() if key in shown}


def _write(config: BigCommerceConfig, updates: Sequence[StockUpdate]) -> Flow[Sequence[UpdateOutcome] | Refusal]:
    """One bad line refuses the call."""
    items = [
        {"location_id": int(update.location_id or ""), name: int(number), "quantity": update.quantity}
        for update in updates
        for name, number in (_identity(update),)
    ]
    body = {"reason": f"inventory-gateway {updates[0].idempotency_key}", "items": items}
    answer = yield config.api("v3").send("PUT", "/inventory/adjustments/absolute", body, expected=(422,))
    if answer.status != 422:
        answer.json()["transaction_id"]
        return [Confirmed(update.quantity) for update in updates]
    named = _AT_FAULT.findall(title := answer.json()["title"])
    return Refusal("422", title, next((at for at, update in enumerate(updates) if _identity(update) in named), None))


def _identity(update: StockUpdate) -> tuple[str, str]:
    """What BigCommerce counts it by."""
    return max(update.platform_ids.items())


def _entries(product: Record) -> list[CatalogEntry]:
    """What is counted as a product has one listing, else each of its variants has one."""
    tracking, ids = product["inventory_tracking"], {"product_id": str(product["id"])}
    by_variant = ((one, ids | {"variant_id": str(one["id"])}) for one in product["variants"])
    return [
        CatalogEntry(platform_ids=own, sku=one.get("sku") or None, name=product["name"], tracked=tracking != "none")
        for one, own in (by_variant if tracking == "variant" else ((product, ids),))
    ]
