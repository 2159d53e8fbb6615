"""Microsoft Dynamics 365: the ERP (Supply Chain Management) with its add-in for counts, or the CRM's Dataverse.

https://learn.microsoft.com/en-us/dynamics365/supply-chain/inventory/inventory-visibility-api (counts, both tokens)
https://learn.microsoft.com/en-us/dynamics365/fin-ops-core/dev-itpro/business-events/home-page (business events)
https://learn.microsoft.com/en-us/power-apps/developer/data-platform/use-webhooks (Dataverse's webhooks)

Two products under one name: `inventory_visibility` has counts per warehouse and the ERP's sales orders, `dataverse` one
number per product and the orders of Sales. Neither lowers our count for orders of its own, so our number overwrites
and is written again after each of them.

Neither signs what it sends, so the secret is in our address and the order is read; which business events an ERP has is
its operator's to see. The names of the ERP's fields are inferred.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import orjson

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelStock, Page
from connectors.config import revealed
from connectors.exchange import Flow, Notification
from connectors.listing_ids import ListingIds
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference
from connectors.pacing import Pace
from connectors.platforms.dynamics_365 import dataverse, dataverse_orders, orders, visibility
from connectors.platforms.dynamics_365.services import NUMBERS_PER_CALL, PLACE, Dynamics365Config, EntraTokens
from connectors.signatures import SharedAddress
from connectors.updates import Rejected, StockUpdate, UpdateOutcome

NO_PLACE = Rejected("location", "There is no such place in this channel's mode.")


class Dynamics365(Connector[Dynamics365Config]):
    name, title, config_type = "dynamics-365", "Microsoft Dynamics 365", Dynamics365Config
    # Of the ERP limits are by load and not published; Dataverse allows 6,000 in five minutes.
    pace = Pace(burst=20, per_second=10)
    signature = SharedAddress(parameter="token")
    # The add-in takes 512 with a call; so many products can be looked up with one address.
    stock = StockAbilities(writes=StockWrites.ABSOLUTE, updates_max=NUMBERS_PER_CALL, per_location=True)
    listing_ids = ListingIds(required={"item_number": r"[\w. /-]{1,100}"}, location=f"{PLACE}|{dataverse.PLACE}")
    topics: ClassVar[Mapping[str, MessageKind]] = {"order": MessageKind.ORDER_UPDATED}
    # An event is tried three times within seconds, by Dataverse at most twice.
    sends_again = False
    setup = (
        "In Entra register an app with a secret.",
        "inventory_visibility: install the Inventory Visibility add-in, and add there a data source 'gateway' with the "
        "physical measure 'inbound', and a calculated measure of what can be sold.",
        "inventory_visibility: enter the app in Finance & Operations under Microsoft Entra applications, with a user "
        "who may read sales orders and released products.",
        "inventory_visibility: under System administration > Setup > Business events, activate the catalogue's sales "
        "order events for an HTTPS endpoint with the channel's webhook address followed by ?token=<the webhook token>.",
        "inventory_visibility: let all sales orders of the legal entity be numbered by one number sequence: polls find "
        "new orders by their number. Of an order that another sequence numbered, only business events tell.",
        "dataverse: add the app as an application user with a security role that may read products, orders and their "
        "lines, and write products. Map all of the channel's locations to 'dataverse': it has one number per product.",
        "dataverse: in the Plug-in Registration tool register a webhook at the channel's webhook address, its "
        "authentication HttpQueryString with the key token and the webhook token as value; add to it asynchronous "
        "steps for Create, Update, Delete, FulfillSalesOrder and CancelSalesOrder of salesorder.",
    )

    def auth(self, config: Dynamics365Config) -> Auth:
        return EntraTokens(
            token_url=f"{config.login_url}/{config.tenant_id}/oauth2/v2.0/token",
            client_id=config.client_id,
            client_secret=config.client_secret.get_secret_value(),
            parameters={"scope": f"{config.api_url}/.default"},
            security_url=config.security_url,
            environment_id=config.environment_id or "",
        )

    def secrets(self, config: Dynamics365Config) -> Sequence[str]:
        return revealed(config.webhook_token, config.previous_webhook_token)

    def topic(self, notification: Notification) -> str:
        """Whatever an ERP's environment calls it: what names a sales order is about it."""
        told = orjson.loads(notification.body)
        if "PrimaryEntityName" in told:
            return "order" if told["PrimaryEntityName"] == "salesorder" else ""
        return "order" if told["BusinessEventId"] and told.get("SalesOrderNumber") else ""

    def interpret(self, config: Dynamics365Config, notification: Notification) -> list[ChannelMessage]:
        told = orjson.loads(notification.body)
        kind = self.topics.get(self.topic(notification))
        if kind is None:
            return []
        if config.mode == "dataverse":
            order = UUID(told["PrimaryEntityId"])
            # A message about an order names none itself; the change that it makes does.
            at = notification.received_at
            return [OrderReference(order_id=str(order), kind=kind, occurred_at=at)] if order.int else []
        if told["BusinessEventLegalEntity"].lower() != (config.organization_id or "").lower():
            return []
        at = datetime.fromisoformat(told["EventTimeIso8601"])
        return [OrderReference(order_id=told["SalesOrderNumber"], kind=kind, occurred_at=at)]

    def set_stock(self, config: Dynamics365Config, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        in_dataverse = config.mode == "dataverse"
        fitting = [update for update in updates if (update.location_id == dataverse.PLACE) is in_dataverse]
        write = dataverse.write if in_dataverse else visibility.write
        written = (yield from write(config, fitting)) if fitting else []
        outcomes = {update.idempotency_key: outcome for update, outcome in zip(fitting, written, strict=True)}
        return [outcomes.get(update.idempotency_key, NO_PLACE) for update in updates]

    def read_stock(self, config: Dynamics365Config, cursor: str | None) -> Flow[Page[ChannelStock]]:
        if config.mode == "dataverse":
            return dataverse.read_stock(config, cursor)
        return visibility.read_stock(config, cursor)

    def read_catalog(self, config: Dynamics365Config, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        if config.mode == "dataverse":
            return dataverse.read_catalog(config, cursor)
        return visibility.read_catalog(config, cursor)

    def read_orders(
        self, config: Dynamics365Config, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        if config.mode == "dataverse":
            return dataverse_orders.changed(config, cursor, since)
        return orders.changed(config, cursor)

    def read_order(self, config: Dynamics365Config, order_id: str) -> Flow[OrderEvent | None]:
        if config.mode == "dataverse":
            return (yield from dataverse_orders.read(config, order_id))
        return next(iter((yield from orders.read(config, [order_id]))), None)

    def check(self, config: Dynamics365Config) -> Flow[ChannelCheck]:
        look = dataverse.check if config.mode == "dataverse" else visibility.check
        found = yield from look(config)
        problem = "Enter webhook_token, or orders are only found by asking every half minute."
        return found if self.secrets(config) else replace(found, problems=(problem,))

    def subscribe(self, config: Dynamics365Config, callback_url: str) -> Flow[tuple[str, ...]]:
        yield from ()
        if config.mode == "dataverse":
            steps = "Create, Update, Delete, FulfillSalesOrder and CancelSalesOrder of salesorder"
            return (f"Register a webhook at {callback_url} with token=<the webhook token>, with steps for {steps}.",)
        return (f"Make an HTTPS endpoint of {callback_url}?token=<the webhook token> for the sales order events.",)
