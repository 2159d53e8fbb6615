"""Magento Open Source 2.3 and later, Adobe Commerce (own hosting, cloud, SaaS): stock on hand per source, orders by
polling and, where Adobe I/O Events are set up, by their webhooks.

https://developer.adobe.com/commerce/webapi/rest/inventory/, https://developer.adobe.com/commerce/extensibility/events/

A source's quantity is physical; an order only reserves, for no source in particular. So what open orders hold is added
at one source, `order_source`, and read from the orders themselves: Magento's salable quantity lags behind its index.
The orders are read before the sources, so a shipment in between makes us offer too few rather than too many. Magento
stores a quantity of any SKU it is told: one without a row at the source is not written.
Adobe's signature proves events where the recipient's client id is entered, else a secret in the address does; each only
makes us read the order, and polling goes on.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

import orjson

from connectors.abilities import CountedQuantity, StockAbilities, StockWrites
from connectors.auth import Auth
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelLocation, ChannelStock, Page
from connectors.config import revealed
from connectors.differences import write_differences
from connectors.errors import Retriable
from connectors.exchange import UNREADABLE, Flow, Notification, Reply
from connectors.listing_ids import ListingIds
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference
from connectors.pacing import Pace
from connectors.parts import Refusal, write_in_parts
from connectors.platforms.magento import events, orders
from connectors.platforms.magento.config import MagentoConfig
from connectors.platforms.magento.orders import Record
from connectors.polling import PollCursor
from connectors.quantities import units_there
from connectors.reached import Reached
from connectors.signatures import SharedAddress
from connectors.updates import Confirmed, StockUpdate, UpdateOutcome

PER_PAGE = 300
TOKEN_PARAMETER = "token"
EVENTS = "com.adobe.commerce."
LOCKED = "Could not save Source Item"
"""Also said of an unknown source, but rows of such a one have not been seen."""
_COMPOSITE = frozenset(("configurable", "bundle", "grouped"))


class Magento(Connector[MagentoConfig]):
    name, title, config_type = "magento", "Magento / Adobe Commerce", MagentoConfig
    # Magento states no limit; each call takes one of the host's few workers.
    pace = Pace(burst=20, per_second=5)
    signature = SharedAddress(parameter=TOKEN_PARAMETER)
    stock = StockAbilities(
        writes=StockWrites.COMPARE_AND_SET, updates_max=100, per_location=True, counted=CountedQuantity.ON_HAND
    )
    # A list of SKUs is written with commas.
    listing_ids = ListingIds(required={"sku": r"[^,\x00-\x1f]{1,64}"}, location=r"[\w-]{1,255}")
    topics: ClassVar[Mapping[str, MessageKind]] = {
        "observer.sales_order_save_commit_after": MessageKind.ORDER_UPDATED,
        "observer.sales_order_shipment_save_after": MessageKind.ORDER_PARTIALLY_FULFILLED,
        "observer.sales_order_creditmemo_save_after": MessageKind.ORDER_REFUNDED,
    }
    sends_again = False
    setup = (
        "System > Integrations > Add New Integration with the resources Sales, Catalog > Inventory > Products, Stores "
        "> Inventory > Sources and Stocks; activate it and note its four keys. SaaS edition: an OAuth server-to-server "
        "credential of the Adobe Developer Console.",
        "Assign every product to the sources that the channel shall write.",
        "Adobe Commerce with I/O Events: note the client id of the project in the Adobe Developer Console: it is the "
        "recipient_client_id of the channel.",
    )

    def auth(self, config: MagentoConfig) -> Auth:
        return config.auth

    def calls_at_once(self, config: MagentoConfig) -> int:
        return 4

    def secrets(self, config: MagentoConfig) -> Sequence[str]:
        return revealed(config.event_token, config.previous_event_token)

    def handshake(self, config: MagentoConfig, notification: Notification) -> Reply | None:
        return events.handshake(notification)

    def key_addresses(self, config: MagentoConfig, notification: Notification) -> Mapping[str, str]:
        return {} if config.recipient_client_id is None else events.key_addresses(config, notification)

    def verify(self, config: MagentoConfig, notification: Notification) -> None:
        if config.recipient_client_id is None:
            super().verify(config, notification)
        else:
            events.verify(config, notification)

    def topic(self, notification: Notification) -> str:
        try:
            return str(orjson.loads(notification.body)["type"]).removeprefix(EVENTS)
        except UNREADABLE:
            return ""

    def interpret(self, config: MagentoConfig, notification: Notification) -> list[ChannelMessage]:
        event = orjson.loads(notification.body)
        kind = self.topics.get(event["type"].removeprefix(EVENTS))
        if kind is None:
            return []
        saved = event["data"]["value"]
        order_id = saved["entity_id" if kind is MessageKind.ORDER_UPDATED else "order_id"]
        return [OrderReference(order_id=str(int(order_id)), kind=kind, occurred_at=notification.received_at)]

    def set_stock(self, config: MagentoConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        committed = yield from orders.committed_units(config)
        on_hand: dict[str, int] = {}

        def look(some: Sequence[StockUpdate]) -> Flow[dict[str, int]]:
            rows = yield from _rows(config, some)
            on_hand.update(rows)
            return {
                update.idempotency_key: rows[update.idempotency_key]
                - _promised(config, committed, update.platform_ids["sku"], update.location_id)
                for update in some
                if update.idempotency_key in rows
            }

        def post(due: Sequence[StockUpdate], changes: Mapping[str, int]) -> Flow[list[UpdateOutcome]]:
            targets = {key: max(0, on_hand[key] + change) for key, change in changes.items()}

            def send(part: Sequence[StockUpdate]) -> Flow[Sequence[UpdateOutcome] | Refusal]:
                items = [_source_item(update, targets[update.idempotency_key]) for update in part]
                answer = yield config.api.send(
                    "POST", "/inventory/source-items", {"sourceItems": items}, repeatable=True, expected=(400,)
                )
                if answer.status == 400 and (message := _message(answer.json())) == LOCKED:
                    raise Retriable(f"{self.title} was busy with the same rows: {message}")
                if answer.status == 400:
                    return Refusal("400", message)
                return [Confirmed(update.quantity) for update in part]

            return (yield from write_in_parts(due, send))

        return (yield from write_differences(updates, look, post))

    def read_stock(self, config: MagentoConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
        committed = yield from orders.committed_units(config)
        number = int(cursor or 1)
        answer = yield from config.api.read("/inventory/source-items", orders.page(number, PER_PAGE))
        levels = (
            ChannelStock(
                platform_ids={"sku": row["sku"]},
                sku=row["sku"],
                location_id=row["source_code"],
                quantity=units_there(row["quantity"]),
                committed=_promised(config, committed, row["sku"], row["source_code"]),
            )
            for row in answer["items"]
        )
        return Page.of(levels, orders.following(answer, number, PER_PAGE))

    def read_catalog(self, config: MagentoConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        number = int(cursor or 1)
        query = orders.page(number, PER_PAGE) | {"fields": "items[sku,name,type_id],total_count"}
        answer = yield from config.api.read("/products", query)
        entries = (
            CatalogEntry(platform_ids={"sku": one["sku"]}, sku=one["sku"], name=one["name"], tracked=True)
            for one in answer["items"]
            if one["type_id"] not in _COMPOSITE
        )
        return Page.of(entries, orders.following(answer, number, PER_PAGE))

    def read_orders(
        self, config: MagentoConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        place = PollCursor.read(cursor, since)
        reached = Reached.read(place, place.since.strftime("%Y-%m-%d %H:%M:%S"))
        found = yield from orders.changed(config, "updated_at", reached.start, "gteq", reached.page)
        more = orders.following(found, reached.page, orders.ORDERS_PER_PAGE) is not None
        told = [orders.told(config, order) for order in found["items"]]
        return place.page(told, reached.after(found["items"][-1]["updated_at"]) if more else None)

    def read_order(self, config: MagentoConfig, order_id: str) -> Flow[OrderEvent | None]:
        return orders.read(config, order_id)

    def check(self, config: MagentoConfig) -> Flow[ChannelCheck]:
        yield config.api.get("/orders", orders.page(1, 1) | {"fields": "total_count"})
        yield config.api.get("/products", orders.page(1, 1) | {"fields": "total_count"})
        sources = (yield from config.api.read("/inventory/sources", orders.page(1, PER_PAGE)))["items"]
        known = {source["source_code"] for source in sources}
        problem = f"order_source: there is no source {config.order_source}, only {', '.join(sorted(known))}."
        return ChannelCheck(
            summary=f"Connected to {config.base_url} with {len(sources)} source(s)",
            problems=() if config.order_source in known else (problem,),
            locations=tuple(
                ChannelLocation(location_id=one["source_code"], name=one["name"], active=one.get("enabled", True))
                for one in sources
            ),
        )

    def subscribe(self, config: MagentoConfig, callback_url: str) -> Flow[tuple[str, ...]]:
        yield from ()
        token = "" if config.recipient_client_id else f"?{TOKEN_PARAMETER}=<the event token>"
        return (
            f"Adobe Commerce only: subscribe to the events {', '.join(sorted(self.topics))} with the fields entity_id "
            f"and order_id, and register {callback_url}{token} for them in the Adobe Developer Console. Should Adobe "
            "find it unanswered, open within five minutes the address that the gateway logs as 'webhook_handshake'.",
        )


def _message(refused: Record) -> str:
    """`%1` and `%name` stand for the parameters."""
    parameters = refused.get("parameters") or {}
    named = parameters.items() if isinstance(parameters, dict) else enumerate(parameters, start=1)
    text = str(refused["message"])
    for name, value in named:
        text = text.replace(f"%{name}", str(value))
    return text


def _source_item(update: StockUpdate, quantity: int) -> Record:
    """Without the status, Magento refuses the line; with 0 nothing can be sold whatever the quantity."""
    source = update.location_id
    status = int(quantity > 0)
    return {"sku": update.platform_ids["sku"], "source_code": source, "quantity": quantity, "status": status}


def _rows(config: MagentoConfig, updates: Sequence[StockUpdate]) -> Flow[dict[str, int]]:
    """What is on hand, by idempotency key."""
    skus = ",".join(sorted({update.platform_ids["sku"] for update in updates}))
    on_hand: dict[tuple[str, str], int] = {}
    number: int | None = 1
    while number is not None:
        query = orders.where("sku", skus, "in") | orders.page(number, PER_PAGE)
        answer = yield from config.api.read("/inventory/source-items", query)
        for row in answer["items"]:
            on_hand[row["sku"], row["source_code"]] = units_there(row["quantity"])
        number = orders.following(answer, number, PER_PAGE)
    wanted = {update.idempotency_key: (update.platform_ids["sku"], update.location_id or "") for update in updates}
    return {key: on_hand[at] for key, at in wanted.items() if at in on_hand}


def _promised(config: MagentoConfig, committed: Mapping[str, int], sku: str, source: str | None) -> int:
    return committed.get(sku, 0) if source == config.order_source else 0
