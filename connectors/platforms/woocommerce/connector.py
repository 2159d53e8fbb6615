"""WooCommerce REST API v3: absolute stock in batches, orders by webhook, one stock per product or variation.

https://woocommerce.github.io/woocommerce-rest-api-docs/
Signature, ping and delivery: class-wc-webhook.php in https://github.com/woocommerce/woocommerce
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import orjson

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth, Basic, QueryKeys
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelStock, Page
from connectors.errors import ConnectorError, Permanent
from connectors.exchange import Flow, Notification, Reply, Request, Response
from connectors.listing_ids import ListingIds
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference, StockEcho
from connectors.pacing import Pace
from connectors.platforms.woocommerce import stock
from connectors.platforms.woocommerce.config import WooCommerceConfig
from connectors.platforms.woocommerce.orders import moment, order_deleted, order_event, order_message, platform_ids
from connectors.platforms.woocommerce.tracking import untracked_lines
from connectors.polling import PollCursor
from connectors.signatures import DigestText, HmacSignature
from connectors.updates import StockUpdate, UpdateOutcome


class WooCommerce(Connector[WooCommerceConfig]):
    name = "woocommerce"
    title = "WooCommerce"
    config_type = WooCommerceConfig
    # The software has no limit; hosts have, and do not state it.
    pace = Pace(burst=10, per_second=5)
    signature = HmacSignature(header="X-WC-Webhook-Signature", text=DigestText.BASE64)
    stock = StockAbilities(writes=StockWrites.ABSOLUTE, updates_max=100, per_location=False, echoes=True)
    listing_ids = ListingIds(required={"product_id": r"\d+"}, optional={"variation_id": r"\d+"})
    # X-WC-Webhook-Delivery-ID is a hash of the webhook and the current second, the same for two orders of one second:
    # so deliveries are told apart by topic and body.
    delivery_header = None
    topics: ClassVar[Mapping[str, MessageKind]] = {
        "order.created": MessageKind.ORDER_CREATED,
        "order.updated": MessageKind.ORDER_UPDATED,
        "order.restored": MessageKind.ORDER_UPDATED,
        "order.deleted": MessageKind.ORDER_DELETED,
        "product.updated": MessageKind.STOCK_CHANGED,
    }
    # A delivery that fails is lost, and WordPress sends none at all while nobody visits the shop.
    # https://github.com/woocommerce/woocommerce/issues/59381
    sends_again = False
    setup = (
        "Settings > Permalinks: anything but Plain.",
        "WooCommerce > Settings > Advanced > REST API > Add key: permission Read/Write, a user who may edit products "
        "and orders; note both keys.",
        "Make up a long secret and enter it as webhook_secret. channelSubscribe makes the webhooks.",
        "WordPress delivers only to a public address at port 80, 443 or 8080.",
        "Switch on 'Manage stock' for the products that are sold here, or have it switched on by switch_on_tracking.",
        "Where services or downloads are sold in the same orders: switch on look_up_tracking.",
    )

    def auth(self, config: WooCommerceConfig) -> Auth:
        key, secret = config.consumer_key.get_secret_value(), config.consumer_secret.get_secret_value()
        if config.auth_in_query:
            return QueryKeys({"consumer_key": key, "consumer_secret": secret})
        return Basic(key, secret)

    def secrets(self, config: WooCommerceConfig) -> Sequence[str]:
        return config.webhook_secrets

    def topic(self, notification: Notification) -> str:
        return notification.headers.get("X-WC-Webhook-Topic", "")

    def handshake(self, config: WooCommerceConfig, notification: Notification) -> Reply | None:
        """The ping that comes before the first delivery: a form with the webhook's id and no signature."""
        unsigned = "X-WC-Webhook-Signature" not in notification.headers
        name, _, number = notification.body.partition(b"=")
        return Reply() if unsigned and name == b"webhook_id" and number.isdigit() else None

    def interpret(self, config: WooCommerceConfig, notification: Notification) -> list[ChannelMessage]:
        kind = self.topics.get(self.topic(notification))
        if kind is None:
            return []
        body = orjson.loads(notification.body)
        match kind:
            case MessageKind.STOCK_CHANGED:
                return _echo_of(body)
            case MessageKind.ORDER_DELETED:
                return [order_deleted(kind, body["id"], notification.received_at)]
            case _:
                return [order_message(kind, body, whole=not config.look_up_tracking)]

    def set_stock(self, config: WooCommerceConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        return stock.write(config, updates)

    def read_stock(self, config: WooCommerceConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
        return stock.stock_page(config, cursor)

    def read_catalog(self, config: WooCommerceConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        return stock.catalog_page(config, cursor)

    def read_orders(
        self, config: WooCommerceConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        place = PollCursor.read(cursor, since)
        number = int(place.place or "1")
        query = {
            "modified_after": place.since.strftime("%Y-%m-%dT%H:%M:%S"),
            "dates_are_gmt": "true",
            "orderby": "modified",
            "order": "asc",
            "per_page": "100",
            "page": str(number),
        }
        response = yield _get(config, "/orders", query)
        orders = response.json()
        more = number < int(response.headers.get("X-WP-TotalPages", "1"))
        changed = [moment(order["date_modified_gmt"]) for order in orders]
        return Page(
            entries=tuple(
                order_message(MessageKind.ORDER_UPDATED, order, whole=not config.look_up_tracking) for order in orders
            ),
            cursor=place.after_page(changed, str(number + 1) if more else None),
            more=more,
        )

    def read_order(self, config: WooCommerceConfig, order_id: str) -> Flow[OrderEvent | None]:
        response = yield _get(config, f"/orders/{int(order_id)}", {}, expected=(404,))
        if response.status == 404:
            return None
        order = response.json()
        refunds = []
        if order["refunds"]:
            refunds = (yield _get(config, f"/orders/{int(order_id)}/refunds", {"per_page": "100"})).json()
        kind = MessageKind.ORDER_REFUNDED if refunds else MessageKind.ORDER_UPDATED
        untracked: set[int] = set()
        if config.look_up_tracking:
            untracked = yield from untracked_lines(config, order["line_items"])
        return order_event(kind, order, refunds, config.refunds_restock, untracked)

    def check(self, config: WooCommerceConfig) -> Flow[ChannelCheck]:
        products = yield _get(config, "/products", {"per_page": "1", "_fields": "id"})
        yield _get(config, "/orders", {"per_page": "1", "_fields": "id"})
        count = products.headers.get("X-WP-Total", "?")
        webhooks = (yield _get(config, "/webhooks", {"per_page": "100"})).json()
        return ChannelCheck(
            summary=f"Connected to {config.store_url} with {count} product(s)",
            problems=tuple(
                f"The webhook '{webhook['name']}' ({webhook['topic']}) is {webhook['status']}: activate it again."
                for webhook in webhooks
                if webhook["status"] != "active"
            ),
        )

    def subscribe(self, config: WooCommerceConfig, callback_url: str) -> Flow[tuple[str, ...]]:
        known = (yield _get(config, "/webhooks", {"per_page": "100"})).json()
        ours = {webhook["topic"]: webhook for webhook in known if webhook["delivery_url"] == callback_url}
        for topic in self.topics:
            # A shop that fails to deliver a few times in a row switches its webhook off for good.
            wanted: dict[str, Any] = {"status": "active", "secret": config.webhook_secrets[0]}
            if topic in ours:
                yield Request.json("PUT", f"{config.api_url}/webhooks/{ours[topic]['id']}", wanted, repeatable=True)
            else:
                wanted |= {"name": f"Inventory gateway {topic}", "topic": topic, "delivery_url": callback_url}
                yield Request.json("POST", f"{config.api_url}/webhooks", wanted)
        return ()

    def classify(self, response: Response) -> ConnectorError | None:
        if response.status == 404 and b"rest_no_route" in response.body:
            return Permanent("WooCommerce is not there: is the plugin active and are 'pretty' permalinks on?")
        return super().classify(response)


def _get(config: WooCommerceConfig, path: str, query: Mapping[str, str], expected: tuple[int, ...] = ()) -> Request:
    return Request(method="GET", url=config.api_url + path, query=query, repeatable=True, expected=expected)


def _echo_of(product: dict[str, Any]) -> list[ChannelMessage]:
    """Product or variation, with its parent; nothing when the shop does not count it."""
    if product["manage_stock"] is not True:
        return []
    parent = product.get("parent_id") or 0
    return [
        StockEcho(
            platform_ids=platform_ids(parent, product["id"]) if parent else platform_ids(product["id"], None),
            sku=product["sku"] or None,
            location_id=None,
            quantity=int(product["stock_quantity"]),
            occurred_at=moment(product["date_modified_gmt"]),
        )
    ]
