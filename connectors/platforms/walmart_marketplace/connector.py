"""Walmart Marketplace (US, v3): a count per ship node, orders by polling and by signed webhooks.

https://developer.walmart.com/us-marketplace/docs/inventory-api-overview, /docs/rate-limiting
Only three tries of a webhook are sure, so orders are asked for as if there were none. How many calls are allowed is not
stated; each kind of call has an allowance of its own, and answers say what is left of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import ClassVar

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth
from connectors.catalog import ChannelCheck, ChannelLocation, Page
from connectors.config import revealed
from connectors.errors import ConnectorError
from connectors.exchange import UNREADABLE, Flow, Notification, Response
from connectors.limit_headers import LimitHeaders
from connectors.listing_ids import ListingIds
from connectors.messages import ChannelMessage, OrderEvent, OrderReference
from connectors.pacing import Pace
from connectors.platforms.walmart_marketplace import feeds, orders, webhooks
from connectors.platforms.walmart_marketplace.config import WalmartMarketplaceConfig, fault
from connectors.platforms.walmart_marketplace.stock import available, list_page, nodes_of_each, send_each, write
from connectors.shown_items import ShownItem, ShowsItems
from connectors.updates import Deferred, StockUpdate, UpdateOutcome

EACH_MAX = 10
"""Three calls each, so that a write ends within seconds."""


class WalmartMarketplace(ShowsItems[WalmartMarketplaceConfig]):
    name, title, config_type = "walmart-marketplace", "Walmart Marketplace", WalmartMarketplaceConfig
    pace = Pace(burst=20, per_second=3)
    budgets: ClassVar[Mapping[str, Pace]] = {
        **dict.fromkeys(("looks", "lists", "orders", "returns", "feed_looks"), pace),
        "webhooks": Pace(burst=10, per_second=1),
        "feeds": Pace(burst=10, per_second=50 / 3600),
    }
    limits = LimitHeaders(left="x-current-token-count", next_at_milliseconds="x-next-replenishment-time")
    signature = webhooks.SIGNATURE
    stock = StockAbilities(
        writes=StockWrites.COMPARE_AND_SET,
        updates_max=EACH_MAX,
        per_location=True,
        echoes=True,
        counts_returns=False,
    )
    # Any text, the seller chose it; but not what leads elsewhere as a part of an address.
    listing_ids = ListingIds(required={"sku": r"(?!\.{1,2}$)[^\x00-\x1f\x7f]{1,50}"}, location=r"[\w-]{1,40}")
    topics = webhooks.TOPICS
    sends_again = False
    setup = (
        "Sign in to developer.walmart.com as the seller, open API Key Management and note the production key's client "
        "id and secret. A solution provider needs the seller's consent to inventory and feeds (full access), orders "
        "(view), webhooks and, for returns_restock, returns (view), and enters its consumer channel type.",
        "In Seller Center under Fulfillment note the id of each ship node that the gateway shall count; what Walmart "
        "ships from its own warehouses (WFS) stays out.",
        "Make up a secret and enter it as webhook_secret. Subscribing the channel registers the webhooks with it.",
        "Let nothing else write the stock of these ship nodes.",
    )

    def auth(self, config: WalmartMarketplaceConfig) -> Auth:
        return config.tokens

    def abilities(self, config: WalmartMarketplaceConfig) -> StockAbilities:
        return replace(self.stock, updates_max=feeds.CHANGES_MAX) if config.feeds else self.stock

    def secrets(self, config: WalmartMarketplaceConfig) -> Sequence[str]:
        return revealed(config.webhook_secret, config.previous_webhook_secret)

    def topic(self, notification: Notification) -> str:
        return str(webhooks.source(notification)["eventType"])

    def delivery_key(self, notification: Notification) -> str:
        try:
            return str(webhooks.source(notification)["eventId"])
        except UNREADABLE:
            return sha256(notification.body).hexdigest()

    def interpret(self, config: WalmartMarketplaceConfig, notification: Notification) -> list[ChannelMessage]:
        return list(webhooks.messages(notification)) if self.topic(notification) in self.topics else []

    def set_stock(self, config: WalmartMarketplaceConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        many = config.feeds and len(updates) > EACH_MAX
        if many and (yield from feeds.worth_while(config)):
            return (yield from write(config, updates, feeds.nodes_of_all, feeds.send_feed))
        waiting = [Deferred("written after those before it", 0)] * len(updates[EACH_MAX:])
        return [*(yield from write(config, updates[:EACH_MAX], nodes_of_each, send_each)), *waiting]

    def unfinished(self, config: WalmartMarketplaceConfig) -> Flow[bool] | None:
        return feeds.unfinished(config) if config.feeds else None

    def read_items(self, config: WalmartMarketplaceConfig, cursor: str | None) -> Flow[Page[ShownItem]]:
        items, following, _ = yield from list_page(config, cursor)
        shown = (
            ShownItem(
                platform_ids={"sku": sku},
                sku=sku,
                name=sku,
                counts={str(node["shipNode"]): available(node) for node in nodes},
            )
            for sku, nodes in items.items()
        )
        return Page.of(shown, following)

    def read_orders(
        self, config: WalmartMarketplaceConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        return orders.changed(config, cursor, since)

    def read_order(self, config: WalmartMarketplaceConfig, order_id: str) -> Flow[OrderEvent | None]:
        return orders.read(config, order_id)

    def check(self, config: WalmartMarketplaceConfig) -> Flow[ChannelCheck]:
        items, _, total = yield from list_page(config, None)
        yield config.api.get("/orders", {"limit": "1"}, budget="orders", expected=(404,))
        if config.returns_restock:
            yield config.api.get("/returns", {"limit": "1"}, budget="returns", expected=(404,))
        yield from webhooks.subscriptions(config)
        nodes = sorted({str(node["shipNode"]) for found in items.values() for node in found})
        too_many = config.feeds and total > feeds.LISTED_MAX
        problems = {
            "Enter webhook_secret, or orders are only found by asking every half minute.": not config.webhook_secret,
            "No item has a ship node yet: enter the ids of the ship nodes by hand.": not nodes,
            f"Switch feeds off: they are not used with more than {feeds.LISTED_MAX} items.": too_many,
        }
        return ChannelCheck(
            summary=f"Connected to a seller with {total} item(s) at {len(nodes)} ship node(s)",
            problems=tuple(text for text, wrong in problems.items() if wrong),
            locations=tuple(ChannelLocation(location_id=node, name=node) for node in nodes),
        )

    def subscribe(self, config: WalmartMarketplaceConfig, callback_url: str) -> Flow[tuple[str, ...]]:
        return webhooks.subscribe(config, callback_url)

    def classify(self, response: Response) -> ConnectorError | None:
        error = super().classify(response)
        if error is not None and (reason := fault(response)[1]):
            error.reason = f"{error.reason}: {reason}"
        return error
