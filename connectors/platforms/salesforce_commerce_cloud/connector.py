"""Salesforce B2C Commerce (Commerce Cloud): orders by polling and by a cartridge of ours, stock in two stores.

https://developer.salesforce.com/docs/commerce/commerce-api/guide/get-started.html

A site keeps its stock in inventory lists of its own (`classic`) or in Omnichannel Inventory (`oci`), where the lists
are read-only; in both, products are known by their SKU. There are no webhooks: `connectors/scripts/` holds a cartridge
that names a new order once, which is then read; what it misses and every cancellation is found by polling.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import ClassVar

import orjson

from connectors.abilities import CountedQuantity, StockAbilities, StockWrites
from connectors.auth import Auth
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelLocation, ChannelStock, Page
from connectors.config import revealed
from connectors.errors import ConnectorError, Permanent, Throttled
from connectors.exchange import UNREADABLE, Flow, Notification, Response
from connectors.listing_ids import ListingIds
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference
from connectors.one_by_one import one_by_one
from connectors.own_signature import EVENT_ID_HEADER, OWN_SIGNATURE
from connectors.pacing import Pace
from connectors.platforms.salesforce_commerce_cloud import classic, export, omnichannel, orders
from connectors.platforms.salesforce_commerce_cloud.config import PLACE, SalesforceConfig
from connectors.updates import StockUpdate, UpdateOutcome

LOAD_SECONDS = 30.0


class SalesforceCommerceCloud(Connector[SalesforceConfig]):
    name, title, config_type = "salesforce-commerce-cloud", "Salesforce Commerce Cloud", SalesforceConfig
    # Orders may be read 4,000 times a minute; of the stock no rate is stated, only that load is shed.
    pace = Pace(burst=20, per_second=10)
    busy_statuses = (409,)
    signature = OWN_SIGNATURE
    delivery_header = EVENT_ID_HEADER
    stock = StockAbilities(
        writes=StockWrites.COMPARE_AND_SET,
        updates_max=classic.UPDATES_MAX,
        per_location=True,
        counted=CountedQuantity.ON_HAND,
    )
    listing_ids = ListingIds(required={"product_id": r"(?!\.{1,2}$)[^\x00-\x1f]{1,100}"}, location=PLACE)
    topics: ClassVar[Mapping[str, MessageKind]] = {
        "order.created": MessageKind.ORDER_CREATED,
        "order.changed": MessageKind.ORDER_UPDATED,
    }
    sends_again = False
    setup = (
        "Account Manager > API Client: add one for this gateway with a password, the token endpoint authentication "
        "client_secret_basic, the instance's tenant under Salesforce Commerce API, the scope sfcc.orders, and with "
        "Omnichannel Inventory sfcc.inventory.availability.rw and sfcc.inventory.impex-inventory.",
        "Without Omnichannel Inventory: Business Manager > Administration > Site Development > Open Commerce API "
        "Settings > Data: allow the client /inventory_lists/*/product_inventory_records and "
        "/inventory_lists/*/product_inventory_records/* with the methods get, put and patch, and read_attributes and "
        "write_attributes (**).",
        "To tell of orders at once: install the cartridge of connectors/scripts/salesforce_commerce_cloud as its "
        "README.md says. Without it orders are found by asking.",
    )

    def auth(self, config: SalesforceConfig) -> Auth:
        return config.auth

    def abilities(self, config: SalesforceConfig) -> StockAbilities:
        return self.stock if config.mode == "classic" else replace(self.stock, updates_max=omnichannel.UPDATES_MAX)

    def calls_at_once(self, config: SalesforceConfig) -> int:
        return 4

    def secrets(self, config: SalesforceConfig) -> Sequence[str]:
        return revealed(config.hook_secret, config.previous_hook_secret)

    def topic(self, notification: Notification) -> str:
        try:
            return str(orjson.loads(notification.body)["event"])
        except UNREADABLE:
            return ""

    def interpret(self, config: SalesforceConfig, notification: Notification) -> list[ChannelMessage]:
        told = orjson.loads(notification.body)
        kind = self.topics.get(told["event"])
        if kind is None or told["siteId"] != config.site_id:
            return []
        return [OrderReference(order_id=str(told["orderNo"]), kind=kind, occurred_at=notification.received_at)]

    def set_stock(self, config: SalesforceConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        if config.mode == "oci":
            return omnichannel.write(config, updates)
        return one_by_one(updates, partial(classic.write, config))

    def read_stock(self, config: SalesforceConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
        return export.read(config, cursor) if config.mode == "oci" else classic.read(config, cursor)

    def read_catalog(self, config: SalesforceConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        """What there are records of."""
        page = yield from self.read_stock(config, cursor)
        entries = (
            CatalogEntry(
                platform_ids=level.platform_ids,
                sku=level.sku,
                name=level.sku or "",
                tracked=level.quantity is not None,
            )
            for level in page.entries
        )
        return Page(entries=tuple(entries), cursor=page.cursor, more=page.more)

    def read_orders(
        self, config: SalesforceConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        return orders.read_changed(config, cursor, since)

    def read_order(self, config: SalesforceConfig, order_id: str) -> Flow[OrderEvent | None]:
        return orders.read_one(config, order_id)

    def check(self, config: SalesforceConfig) -> Flow[ChannelCheck]:
        problem_of = omnichannel.problem_of if config.mode == "oci" else classic.problem_of
        problems = []
        for place in config.location_ids:
            problems.append((yield from problem_of(config, place)))
        problems.append((yield from orders.problem_of(config)))
        return ChannelCheck(
            summary=f"Connected to the site {config.site_id} with {len(config.location_ids)} place(s) of stock",
            problems=tuple(dict.fromkeys(filter(None, problems))),
            locations=tuple(ChannelLocation(location_id=place, name=place) for place in config.location_ids),
        )

    def subscribe(self, config: SalesforceConfig, callback_url: str) -> Flow[tuple[str, ...]]:
        yield from ()
        if config.hook_secret is None:
            return ("Enter a hook_secret first; until then orders are found by asking.",)
        return (f"Install the cartridge of connectors/scripts and enter {callback_url} in its service's credential.",)

    def classify(self, response: Response) -> ConnectorError | None:
        """Load that is shed has headers of its own, and says not how long it lasts."""
        if response.status == 503 and response.headers.get("sfdc_load_status") == "THROTTLE":
            return Throttled(f"{self.title} sheds load (503)", after_seconds=LOAD_SECONDS)
        if response.status == 403 and b'"TenantNotProvisioned"' in response.body:
            return Permanent(
                "Omnichannel Inventory is not set up for this client: check tenant_group_id and its scopes"
            )
        return super().classify(response)
