"""Shopify Admin API: stock by compare-and-set, orders by webhook, several locations.

https://shopify.dev/docs/apps/build/orders-fulfillment/inventory-management-apps/manage-quantities-states
https://shopify.dev/docs/apps/build/webhooks/subscribe/https
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

import orjson

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth, HeaderToken, OAuth2
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelStock, Page
from connectors.errors import ConnectorError
from connectors.exchange import Flow, Notification, Response
from connectors.listing_ids import ListingIds
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference
from connectors.pacing import Allowance, Pace
from connectors.platforms.shopify import documents, reading, writing
from connectors.platforms.shopify.calls import allowance_of, ask, error_of
from connectors.platforms.shopify.config import ShopifyConfig
from connectors.platforms.shopify.orders import gid, order_deleted, order_from_api, order_from_webhook
from connectors.polling import PollCursor
from connectors.signatures import DigestText, HmacSignature
from connectors.updates import StockUpdate, UpdateOutcome

TOKEN_HEADER = "X-Shopify-Access-Token"


class Shopify(Connector[ShopifyConfig]):
    name = "shopify"
    title = "Shopify"
    config_type = ShopifyConfig
    # The standard plan's points; larger plans say so in every answer.
    pace = Pace(burst=2000, per_second=100)
    signature = HmacSignature(header="X-Shopify-Hmac-Sha256", text=DigestText.BASE64)
    stock = StockAbilities(writes=StockWrites.COMPARE_AND_SET, updates_max=250, per_location=True, echoes=True)
    listing_ids = ListingIds(
        required={"inventory_item_id": r"gid://shopify/InventoryItem/\d+"},
        optional={"variant_id": r"gid://shopify/ProductVariant/\d+"},
        location=r"gid://shopify/Location/\d+",
    )
    delivery_header = "X-Shopify-Webhook-Id"
    topics: ClassVar[Mapping[str, MessageKind]] = {
        "orders/create": MessageKind.ORDER_CREATED,
        "orders/paid": MessageKind.ORDER_PAID,
        "orders/updated": MessageKind.ORDER_UPDATED,
        "orders/edited": MessageKind.ORDER_EDITED,
        "orders/partially_fulfilled": MessageKind.ORDER_PARTIALLY_FULFILLED,
        "orders/fulfilled": MessageKind.ORDER_FULFILLED,
        "orders/cancelled": MessageKind.ORDER_CANCELLED,
        "orders/delete": MessageKind.ORDER_DELETED,
        "refunds/create": MessageKind.ORDER_REFUNDED,
        "inventory_levels/update": MessageKind.STOCK_CHANGED,
    }
    setup: ClassVar[Sequence[str]] = (
        "Dev Dashboard: create an app with the scopes read_orders, read_products, read_inventory, write_inventory and "
        "read_locations (and read_all_orders for orders older than 60 days), and install it in the shop.",
        "Note the app's client id and secret. An app made in the shop's admin before 2026 has a fixed access token "
        "instead of the client id.",
        "Let the products that are sold here track their quantity.",
    )

    def auth(self, config: ShopifyConfig) -> Auth:
        secret = config.client_secret.get_secret_value()
        if config.access_token is not None:
            return HeaderToken(TOKEN_HEADER, config.access_token.get_secret_value())
        url = f"{config.base_url}/admin/oauth/access_token"
        return OAuth2(
            token_url=url, client_id=config.client_id or "", client_secret=secret, header=TOKEN_HEADER, prefix=""
        )

    def secrets(self, config: ShopifyConfig) -> Sequence[str]:
        both = (config.client_secret, config.previous_client_secret)
        return [secret.get_secret_value() for secret in both if secret is not None]

    def topic(self, notification: Notification) -> str:
        return notification.headers.get("X-Shopify-Topic", "")

    def interpret(self, config: ShopifyConfig, notification: Notification) -> list[ChannelMessage]:
        kind = self.topics.get(self.topic(notification))
        if kind is None:
            return []
        body = orjson.loads(notification.body)
        match kind:
            case MessageKind.STOCK_CHANGED:
                return [reading.echo_of(body)]
            case MessageKind.ORDER_REFUNDED:
                return [_reference(kind, body["order_id"], body["created_at"])]
            case MessageKind.ORDER_EDITED:
                edit = body["order_edit"]
                return [_reference(kind, edit["order_id"], edit.get("committed_at") or edit["created_at"])]
            case MessageKind.ORDER_DELETED:
                return [order_deleted(body["id"], notification.received_at)]
        if not self._is_ours(config, body["source_name"]):
            return []
        event = order_from_webhook(kind, body)
        if config.read_assigned_location and any(line.location_id is None for line in event.lines or ()):
            return [OrderReference(order_id=event.order_id, kind=kind, occurred_at=event.occurred_at)]
        return [event]

    def _is_ours(self, config: ShopifyConfig, source: str | None) -> bool:
        return config.include_pos or source != "pos"

    def set_stock(self, config: ShopifyConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        return writing.set_quantities(config, updates)

    def read_stock(self, config: ShopifyConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
        return reading.stock_page(config, cursor)

    def read_catalog(self, config: ShopifyConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        return reading.catalog_page(config, cursor)

    def read_orders(
        self, config: ShopifyConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        """References: a page of whole orders would cost more points than one query may."""
        place = PollCursor.read(cursor, since)
        query = f"updated_at:>='{place.since.strftime('%Y-%m-%dT%H:%M:%SZ')}'"
        answer = yield from ask(config, documents.CHANGED_ORDERS, {"query": query, "after": place.place}, cost=60)
        found = answer["orders"]["nodes"]
        after = reading.next_cursor(answer["orders"])
        return Page(
            entries=tuple(
                _reference(MessageKind.ORDER_UPDATED, order["id"].rpartition("/")[2], order["updatedAt"])
                for order in found
                if self._is_ours(config, order["sourceName"])
            ),
            cursor=place.after_page([datetime.fromisoformat(order["updatedAt"]) for order in found], after),
            more=after is not None,
        )

    def read_order(self, config: ShopifyConfig, order_id: str) -> Flow[OrderEvent | None]:
        order = yield from reading.whole_order(config, order_id)
        return order_from_api(*order) if order and self._is_ours(config, order[0]["sourceName"]) else None

    def check(self, config: ShopifyConfig) -> Flow[ChannelCheck]:
        answer = yield from ask(config, documents.CHECK, {}, cost=30)
        locations = reading.locations_of(answer)
        return ChannelCheck(
            summary=f"Connected to {config.shop_domain} with {len(locations)} location(s)",
            problems=tuple(reading.problems_of(config, answer, locations)),
            locations=locations,
        )

    def subscribe(self, config: ShopifyConfig, callback_url: str) -> Flow[tuple[str, ...]]:
        known = yield from ask(config, documents.SUBSCRIPTIONS, {"uri": callback_url}, cost=10)
        present = {node["topic"] for node in known["webhookSubscriptions"]["nodes"]}
        problems: list[str] = []
        for topic in self.topics:
            constant = topic.upper().replace("/", "_")
            if constant not in present:
                made = yield from ask(config, documents.SUBSCRIBE, {"topic": constant, "uri": callback_url}, cost=10)
                problems += [
                    f"{topic}: {error['message']}" for error in made["webhookSubscriptionCreate"]["userErrors"]
                ]
        return tuple(problems)

    def classify(self, response: Response) -> ConnectorError | None:
        return error_of(response, self.title)

    def allowance(self, response: Response) -> Allowance | None:
        return allowance_of(response)


class ShopifyPos(Shopify):
    """The tills of a shop as a channel of their own. There is no topic for them: their sales are ordinary orders with
    the source "pos" and the till's location. https://shopify.dev/docs/api/admin-rest/latest/resources/order"""

    name = "shopify-pos"
    title = "Shopify POS"
    setup = (
        *Shopify.setup,
        "If the online shop is a channel, too: switch off its include_pos, or its tills' sales count twice.",
    )

    def _is_ours(self, config: ShopifyConfig, source: str | None) -> bool:
        return source == "pos"


def _reference(kind: MessageKind, order_number: object, at: str) -> OrderReference:
    return OrderReference(order_id=gid("Order", order_number), kind=kind, occurred_at=datetime.fromisoformat(at))
