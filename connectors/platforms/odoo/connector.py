"""Odoo 16 and later: stock on hand, sales orders by polling and, where an operator sets it up, by automation rules.

https://www.odoo.com/documentation/19.0/developer/reference/external_api.html
https://www.odoo.com/documentation/19.0/applications/studio/automated_actions.html
An automation rule sends once, signs nothing and names no event: its message only makes us read the order at once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import orjson

from connectors.abilities import CountedQuantity, StockAbilities, StockWrites
from connectors.auth import Auth
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelLocation, ChannelStock, Page
from connectors.errors import ConnectorError
from connectors.exchange import Flow, Notification, Response
from connectors.listing_ids import ListingIds
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference
from connectors.pacing import Pace
from connectors.platforms.odoo import orders, stock
from connectors.platforms.odoo.calls import ask, auth_for, error_of, record_id
from connectors.platforms.odoo.config import OdooConfig
from connectors.signatures import SharedAddress
from connectors.updates import StockUpdate, UpdateOutcome

TOKEN_PARAMETER = "token"
ONLINE = ".odoo.com"


class Odoo(Connector[OdooConfig]):
    name = "odoo"
    title = "Odoo"
    config_type = OdooConfig
    # Odoo states no limit. Odoo Online is said to ask for about one call a second, and not several at once; whoever
    # hosts it shares its few workers with people.
    pace = Pace(burst=10, per_second=2)
    signature = SharedAddress(parameter=TOKEN_PARAMETER)
    stock = StockAbilities(
        writes=StockWrites.COMPARE_AND_SET, updates_max=100, per_location=True, counted=CountedQuantity.ON_HAND
    )
    listing_ids = ListingIds(required={"product_id": r"[1-9]\d{0,17}"}, location=r"[1-9]\d{0,17}")
    topics: ClassVar[Mapping[str, MessageKind]] = {
        "sale.order": MessageKind.ORDER_UPDATED,
        "stock.picking": MessageKind.ORDER_FULFILLED,
    }
    # A rule sends once, and nobody knows whether the operator has made it.
    sends_again = False
    setup = (
        "Odoo Online and Odoo.sh: the external API needs the plan Custom.",
        "Make a user for the gateway with the groups Inventory / Administrator and Sales / User: All Documents.",
        "As this user, Preferences > Account Security > New API Key. It lives three months at most: renew it before.",
        "To tell of orders at once (Odoo 17 and later): make up a long secret, enter it as webhook_token, and in "
        "Settings > Technical > Automation Rules add the rules that channelSubscribe answers. Without them orders are "
        "found by asking.",
    )

    def auth(self, config: OdooConfig) -> Auth:
        return auth_for(config)

    def calls_at_once(self, config: OdooConfig) -> int:
        return 1 if config.base_url.endswith(ONLINE) else 4

    def secrets(self, config: OdooConfig) -> Sequence[str]:
        both = (config.webhook_token, config.previous_webhook_token)
        return [token.get_secret_value() for token in both if token is not None]

    def topic(self, notification: Notification) -> str:
        try:
            model = orjson.loads(notification.body).get("_model")
        except (orjson.JSONDecodeError, AttributeError):
            return ""
        return model if isinstance(model, str) else ""

    def interpret(self, config: OdooConfig, notification: Notification) -> list[ChannelMessage]:
        body: dict[str, Any] = orjson.loads(notification.body)
        kind = self.topics.get(body["_model"])
        if kind is None:
            return []
        # A picking that serves no sale has none.
        order_id = body["_id"] if kind is MessageKind.ORDER_UPDATED else record_id(body["sale_id"])
        changed = body.get("write_date")
        at = orders.moment(changed) if changed else notification.received_at
        return [OrderReference(order_id=str(int(order_id)), kind=kind, occurred_at=at)] if order_id else []

    def set_stock(self, config: OdooConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        return stock.write(config, updates)

    def read_stock(self, config: OdooConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
        return stock.stock_page(config, cursor)

    def read_catalog(self, config: OdooConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        return stock.catalog_page(config, cursor)

    def read_orders(
        self, config: OdooConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        return orders.changed_orders(config, cursor, since)

    def read_order(self, config: OdooConfig, order_id: str) -> Flow[OrderEvent | None]:
        return orders.read(config, order_id)

    def check(self, config: OdooConfig) -> Flow[ChannelCheck]:
        yield from ask(config, "res.users", "context_get")
        yield from ask(config, "sale.order", "search_count", domain=[])
        yield from ask(config, "stock.quant", "search_count", domain=[])
        fields = ["id", "name", "lot_stock_id"]
        found = yield from ask(config, "stock.warehouse", "search_read", domain=[], fields=fields, limit=stock.PER_PAGE)
        locations = tuple(
            ChannelLocation(location_id=str(record_id(warehouse["lot_stock_id"])), name=warehouse["name"])
            for warehouse in found
        )
        return ChannelCheck(
            summary=f"Connected to {config.database} at {config.base_url} with {len(locations)} warehouse(s)",
            locations=locations,
        )

    def subscribe(self, config: OdooConfig, callback_url: str) -> Flow[tuple[str, ...]]:
        yield from ()
        rule = f"action 'Send Webhook Notification' to {callback_url}?{TOKEN_PARAMETER}=<the webhook token>"
        return (
            f"Automation rule for Sales Order, 'State is set to' Sales Order, {rule}, fields state and write_date.",
            f"The same for Sales Order, 'State is set to' Cancelled, {rule}, fields state and write_date.",
            f"The same for Transfer, 'State is set to' Done, {rule}, fields sale_id and write_date.",
        )

    def classify(self, response: Response) -> ConnectorError | None:
        return error_of(response, self.title)
