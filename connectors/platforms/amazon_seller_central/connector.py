"""Amazon Selling Partner API: absolute quantities, listing by listing or as feeds; notifications from an SQS queue.

https://developer-docs.amazon.com/sp-api
Amazon lowers its own quantity when an order is placed, and tells later: a quantity written in between overwrites that
order until its notification has arrived, so a channel needs a buffer of what sells in a few minutes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import quote

import orjson

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelStock, Page
from connectors.errors import AuthExpired, ConnectorError
from connectors.exchange import UNREADABLE, Flow, Notification, Request, Response
from connectors.listing_ids import ListingIds
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference
from connectors.own_signature import OWN_SIGNATURE
from connectors.pacing import Allowance, Pace
from connectors.platforms.amazon_seller_central import feeds, stock
from connectors.platforms.amazon_seller_central.config import AmazonConfig
from connectors.platforms.amazon_seller_central.login import LoginWithAmazon
from connectors.platforms.amazon_seller_central.orders import moment, order_changed, order_event, quantity_changed
from connectors.platforms.amazon_seller_central.subscription import subscribe, subscription_problem
from connectors.polling import PollCursor
from connectors.queues import QueueAddress
from connectors.updates import StockUpdate, UpdateOutcome


class AmazonSellerCentral(Connector[AmazonConfig]):
    name = "amazon-seller-central"
    title = "Amazon Seller Central"
    config_type = AmazonConfig
    # Amazon counts every operation by itself; `pace` is that of the three listing operations.
    pace = Pace(burst=5, per_second=5)
    poll_seconds_min = 180
    budgets: ClassVar[Mapping[str, Pace]] = {
        "orders": Pace(burst=20, per_second=0.0056),
        "order": Pace(burst=30, per_second=0.5),
        "subscriptions": Pace(burst=5, per_second=1),
        # Two calls a feed, five feeds in five minutes.
        "feeds": Pace(burst=10, per_second=10 / 300),
        "documents": Pace(burst=15, per_second=0.5),
        "looks": Pace(burst=15, per_second=2),
        "searches": Pace(burst=10, per_second=0.0222),
    }
    # Of messages that a forwarder posts to the webhook. Those of the queue are trusted by its policy.
    signature = OWN_SIGNATURE
    stock = StockAbilities(writes=StockWrites.ABSOLUTE, updates_max=stock.PATCHES_MAX, per_location=False, echoes=True)
    # Any text: the seller chose it.
    listing_ids = ListingIds(required={"seller_sku": r"[^\x00-\x1f\x7f]{1,40}"})
    topics: ClassVar[Mapping[str, MessageKind]] = {
        "ORDER_CHANGE": MessageKind.ORDER_UPDATED,
        "LISTINGS_ITEM_MFN_QUANTITY_CHANGE": MessageKind.STOCK_CHANGED,
    }
    setup = (
        "Seller Central > Apps and Services > Develop Apps: add an application with the roles Product Listing and "
        "Inventory and Order Tracking; note its LWA client identifier and secret.",
        "Authorise the application for the account and note the refresh token. The merchant token stands in Settings > "
        "Account Info.",
        "To hear of orders within seconds: make a standard queue at AWS SQS whose policy lets Amazon's account "
        "437568002678 do sqs:SendMessage and sqs:GetQueueAttributes, and a key that may receive and delete its "
        "messages. Without a queue orders are asked for every three minutes.",
        "Leave the channel a buffer of what sells in a few minutes: Amazon tells of its orders late.",
    )

    def auth(self, config: AmazonConfig) -> Auth:
        return LoginWithAmazon(
            token_url=config.token_url,
            client_id=config.client_id,
            client_secret=config.client_secret.get_secret_value(),
            refresh_token=config.refresh_token.get_secret_value(),
        )

    def secrets(self, config: AmazonConfig) -> Sequence[str]:
        return config.forwarder_secrets

    def queue(self, config: AmazonConfig) -> QueueAddress | None:
        return config.queue

    def abilities(self, config: AmazonConfig) -> StockAbilities:
        return replace(self.stock, updates_max=feeds.FEED_MESSAGES_MAX) if config.feeds else self.stock

    def topic(self, notification: Notification) -> str:
        try:
            return str(_read(notification)["NotificationType"])
        except UNREADABLE:
            return ""

    def delivery_key(self, notification: Notification) -> str:
        try:
            return str(_read(notification)["NotificationMetadata"]["NotificationId"])
        except UNREADABLE:
            return sha256(notification.body).hexdigest()

    def interpret(self, config: AmazonConfig, notification: Notification) -> list[ChannelMessage]:
        told = _read(notification)
        match self.topics.get(told["NotificationType"]):
            case MessageKind.ORDER_UPDATED:
                return order_changed(config, told)
            case MessageKind.STOCK_CHANGED:
                return quantity_changed(config, told)
        return []

    def set_stock(self, config: AmazonConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        write = feeds.write if config.feeds and len(updates) > stock.PATCHES_MAX else stock.write
        return (yield from write(config, updates))

    def unfinished(self, config: AmazonConfig) -> Flow[bool] | None:
        return feeds.unfinished(config) if config.feeds else None

    def read_stock(self, config: AmazonConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
        return stock.stock_page(config, cursor)

    def read_catalog(self, config: AmazonConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        return stock.catalog_page(config, cursor)

    def read_orders(
        self, config: AmazonConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        place = PollCursor.read(cursor, since)
        query = {"lastUpdatedAfter": f"{place.since:%Y-%m-%dT%H:%M:%SZ}", "maxResultsPerPage": "100"}
        query |= {"paginationToken": place.place} if place.place else {}
        answer = (yield _search_orders(config, query)).json()
        token = (answer.get("pagination") or {}).get("nextToken")
        orders = answer["orders"]
        return Page(
            entries=tuple(event for event in map(order_event, orders) if event is not None),
            cursor=place.after_page([moment(order["lastUpdatedTime"]) for order in orders], token),
            more=token is not None,
        )

    def read_order(self, config: AmazonConfig, order_id: str) -> Flow[OrderEvent | None]:
        url = f"{_orders_url(config)}/{quote(order_id, safe='')}"
        query = {"includedData": "FULFILLMENT,CANCELLATION"}
        request = Request(method="GET", url=url, query=query, repeatable=True, expected=(404,), budget="order")
        response = yield request
        return None if response.status == 404 else order_event(response.json()["order"])

    def check(self, config: AmazonConfig) -> Flow[ChannelCheck]:
        query = {"marketplaceIds": config.marketplace_ids[0], "pageSize": "1"}
        shown = (yield Request(method="GET", url=stock.listings_url(config), query=query, repeatable=True)).json()
        yield _search_orders(config, {"createdAfter": "2026-01-01T00:00:00Z", "maxResultsPerPage": "1"})
        problem = yield from subscription_problem(config)
        summary = f"Connected to the seller {config.seller_id} with {shown['numberOfResults']} listing(s)"
        return ChannelCheck(summary=summary, problems=(problem,) if problem else ())

    def subscribe(self, config: AmazonConfig, callback_url: str) -> Flow[tuple[str, ...]]:
        return subscribe(config, callback_url)

    def classify(self, response: Response) -> ConnectorError | None:
        """Amazon says 403, not 401, to a token that has run out."""
        if response.status == 403 and b'"Unauthorized"' in response.body:
            return AuthExpired(f"{self.title} does not accept the token, or the application lacks the role (403)")
        return super().classify(response)

    def allowance(self, response: Response) -> Allowance | None:
        """The rate of the operation that answered; how much is left of it is not said."""
        stated = response.headers.get("x-amzn-RateLimit-Limit", "")
        return Allowance(per_second=float(stated)) if stated.replace(".", "", 1).isdigit() else None


def _read(notification: Notification) -> dict[str, Any]:
    """As it is, or in the envelope of an EventBridge rule that leads to the queue."""
    told = orjson.loads(notification.body)
    message: dict[str, Any] = told["detail"] if "detail-type" in told else told
    return message


def _orders_url(config: AmazonConfig) -> str:
    return f"{config.base_url}/orders/2026-01-01/orders"


def _search_orders(config: AmazonConfig, query: Mapping[str, str]) -> Request:
    standing = {
        "marketplaceIds": ",".join(config.marketplace_ids),
        "fulfilledBy": "MERCHANT",
        "includedData": "FULFILLMENT,CANCELLATION",
    }
    return Request(method="GET", url=_orders_url(config), query={**standing, **query}, repeatable=True, budget="orders")
