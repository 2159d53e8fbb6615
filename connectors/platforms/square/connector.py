"""Square API: stock by idempotent adjustments and by counts, orders by webhook, several locations.

https://developer.squareup.com/docs/webhooks/step3validate
https://developer.squareup.com/docs/app-marketplace/requirements/inventory-api
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

import orjson

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth, HeaderToken, OAuth2
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelLocation, ChannelStock, Page
from connectors.errors import ConnectorError
from connectors.exchange import Flow, Notification, Response
from connectors.listing_ids import ListingIds
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference
from connectors.pacing import Pace
from connectors.platforms.square import orders, stock
from connectors.platforms.square.calls import call, error_of
from connectors.platforms.square.config import SquareConfig
from connectors.platforms.square.polling import orders_page
from connectors.signatures import DigestText, HmacSignature, signed_url_and_body
from connectors.updates import StockUpdate, UpdateOutcome

TOKEN_SECONDS = 7 * 24 * 3600
"""They live 30 days; Square asks to renew them every week."""
ID = r"[A-Za-z0-9_-]{1,100}"


class Square(Connector[SquareConfig]):
    name = "square"
    title = "Square"
    config_type = SquareConfig
    # Square publishes no limits; this is well below what others report to be refused at.
    pace = Pace(burst=20, per_second=10)
    signature = HmacSignature(
        header="x-square-hmacsha256-signature", text=DigestText.BASE64, signed=signed_url_and_body
    )
    stock = StockAbilities(writes=StockWrites.IDEMPOTENT_DELTA, updates_max=100, per_location=True, echoes=True)
    listing_ids = ListingIds(required={"catalog_object_id": ID}, location=ID)
    topics: ClassVar[Mapping[str, MessageKind]] = {
        "payment.created": MessageKind.ORDER_PAID,
        "payment.updated": MessageKind.ORDER_PAID,
        "order.created": MessageKind.ORDER_CREATED,
        "order.updated": MessageKind.ORDER_UPDATED,
        "order.fulfillment.updated": MessageKind.ORDER_FULFILLED,
        "refund.created": MessageKind.ORDER_REFUNDED,
        "refund.updated": MessageKind.ORDER_REFUNDED,
        "inventory.count.updated": MessageKind.STOCK_CHANGED,
    }
    setup = (
        "Developer Console: create an application. For one's own account note its personal access token; for other "
        "sellers the application's id and secret, and the refresh token of an authorisation with the scopes "
        "INVENTORY_READ, INVENTORY_WRITE, ITEMS_READ, ORDERS_READ, PAYMENTS_READ and MERCHANT_PROFILE_READ.",
        "Developer Console > Webhooks > Subscriptions: add one with the channel's webhook address and note its "
        "signature key. channelSubscribe chooses its events, or names them where the token may not.",
        "Let the items that are sold here track their stock.",
    )

    def auth(self, config: SquareConfig) -> Auth:
        if config.access_token is not None:
            return HeaderToken("Authorization", f"Bearer {config.access_token.get_secret_value()}")
        return OAuth2(
            token_url=f"{config.base_url}/oauth2/token",
            client_id=config.application_id or "",
            client_secret=config.application_secret.get_secret_value() if config.application_secret else "",
            refresh_token=config.refresh_token.get_secret_value() if config.refresh_token else None,
            as_json=True,
            lifetime_seconds=TOKEN_SECONDS,
        )

    def secrets(self, config: SquareConfig) -> Sequence[str]:
        both = (config.webhook_signature_key, config.previous_webhook_signature_key)
        return [key.get_secret_value() for key in both if key is not None]

    def verify(self, config: SquareConfig, notification: Notification) -> None:
        """The address is signed as it was registered, which a proxy in between may not know."""
        super().verify(config, replace(notification, url=config.notification_url or notification.url))

    def topic(self, notification: Notification) -> str:
        return _text(notification, "type")

    def delivery_key(self, notification: Notification) -> str:
        return _text(notification, "event_id") or super().delivery_key(notification)

    def interpret(self, config: SquareConfig, notification: Notification) -> list[ChannelMessage]:
        event = orjson.loads(notification.body)
        kind = self.topics.get(event["type"])
        if kind is None or (config.merchant_id and event["merchant_id"] != config.merchant_id):
            return []
        # Absent when what it is about was deleted.
        about = event["data"].get("object") or {}
        match kind:
            case MessageKind.STOCK_CHANGED:
                counts = about.get("inventory_counts") or ()
                return [stock.echo_of(count) for count in counts if count["state"] == stock.SELLABLE]
            case MessageKind.ORDER_PAID:
                payment = about["payment"]
                return list(_references(kind, payment, payment["status"] == "COMPLETED"))
            case MessageKind.ORDER_REFUNDED:
                return list(_references(kind, about["refund"], True))
        (order,) = about.values()
        return list(_references(kind, order, True))

    def set_stock(self, config: SquareConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        return stock.write(config, updates)

    def read_stock(self, config: SquareConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
        return stock.stock_page(config, cursor)

    def read_catalog(self, config: SquareConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        return stock.catalog_page(config, cursor)

    def read_orders(
        self, config: SquareConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        return orders_page(config, cursor, since)

    def read_order(self, config: SquareConfig, order_id: str) -> Flow[OrderEvent | None]:
        return orders.read(config, order_id)

    def check(self, config: SquareConfig) -> Flow[ChannelCheck]:
        answer = (yield call(config, "/v2/locations")).json()
        yield call(config, "/v2/inventory/counts/batch-retrieve", {"states": [stock.SELLABLE], "limit": 1})
        yield call(config, "/v2/catalog/search", {"object_types": ["ITEM_VARIATION"], "limit": 1})
        locations = tuple(
            ChannelLocation(
                location_id=location["id"], name=location.get("name") or "", active=location.get("status") == "ACTIVE"
            )
            for location in answer.get("locations") or ()
        )
        known = {location.location_id for location in locations}
        return ChannelCheck(
            summary=f"Connected to Square ({config.environment}) with {len(locations)} location(s)",
            problems=tuple(
                f"Square has no location {missing}: take it out, or correct it."
                for missing in config.location_ids
                if missing not in known
            ),
            locations=locations,
        )

    def subscribe(self, config: SquareConfig, callback_url: str) -> Flow[tuple[str, ...]]:
        """Only the account's own token may do this, and only Square knows the key that it signs with."""
        if config.access_token is None:
            return (yield from super().subscribe(config, callback_url))
        known = (yield call(config, "/v2/webhooks/subscriptions?include_disabled=true")).json()
        wanted = {"enabled": True, "event_types": sorted(self.topics)}
        for present in known.get("subscriptions") or ():
            if present["notification_url"] == callback_url:
                path = f"/v2/webhooks/subscriptions/{present['id']}"
                yield call(config, path, {"subscription": wanted}, method="PUT")
                return ()
        made = wanted | {
            "name": "Inventory gateway",
            "notification_url": callback_url,
            "api_version": config.api_version,
        }
        yield call(config, "/v2/webhooks/subscriptions", {"subscription": made})
        return ("Copy the signature key of the subscription 'Inventory gateway' from Square's Developer Console.",)

    def classify(self, response: Response) -> ConnectorError | None:
        return error_of(response, self.title)


def _text(notification: Notification, name: str) -> str:
    """A text at the top of the body; empty where there is none."""
    try:
        value = orjson.loads(notification.body).get(name)
    except (orjson.JSONDecodeError, AttributeError):
        return ""
    return value if isinstance(value, str) else ""


def _references(kind: MessageKind, about: dict[str, Any], matters: bool) -> Iterator[OrderReference]:
    """Notifications never hold lines. A payment without an order is no sale of goods."""
    if matters and about.get("order_id"):
        at = datetime.fromisoformat(about.get("updated_at") or about["created_at"])
        yield OrderReference(order_id=about["order_id"], kind=kind, occurred_at=at)
