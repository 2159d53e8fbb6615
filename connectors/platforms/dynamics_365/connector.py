"""Microsoft Dynamics 365 Supply Chain Management: counts by the Inventory Visibility add-in, sales orders by OData.

https://learn.microsoft.com/en-us/dynamics365/supply-chain/inventory/inventory-visibility-api (counts, both tokens)
https://learn.microsoft.com/en-us/dynamics365/fin-ops-core/dev-itpro/business-events/home-page (business events)

What we set is one measure of a data source of our own; what the ERP has is another source, which is never written. Its
own orders do not lower our measure, so our number overwrites and is written again after each of them. Inventory
Visibility takes any product's name in silence and says nothing about a write: products are looked up in the ERP first,
and what it shows is read back.

Business events carry no signature, so the secret is in our address and the order is read; which events an environment
has is its operator's to see. The names of the ERP's fields are inferred.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

import orjson

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelLocation, ChannelStock, Page
from connectors.config import revealed
from connectors.exchange import Flow, Notification
from connectors.listing_ids import ListingIds
from connectors.looked_at import write_between_looks
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference
from connectors.pacing import Pace
from connectors.platforms.dynamics_365 import orders
from connectors.platforms.dynamics_365.services import (
    NUMBERS_PER_CALL,
    PER_PAGE,
    Dynamics365Config,
    EntraTokens,
    Record,
    any_of,
    erp,
)
from connectors.quantities import units_there
from connectors.signatures import SharedAddress
from connectors.updates import Confirmed, Rejected, StockUpdate, UpdateOutcome

WAITS_SECONDS = (1.0, 2.0, 4.0)


class Dynamics365(Connector[Dynamics365Config]):
    name, title, config_type = "dynamics-365", "Microsoft Dynamics 365", Dynamics365Config
    # Limits are by load and not published.
    pace = Pace(burst=20, per_second=10)
    signature = SharedAddress(parameter="token")
    # 512 may be written with a call; so many products can be looked up with one address.
    stock = StockAbilities(writes=StockWrites.ABSOLUTE, updates_max=NUMBERS_PER_CALL, per_location=True)
    listing_ids = ListingIds(required={"item_number": r"[\w. /-]{1,20}"}, location=r"[\w-]{1,10}/[\w-]{1,10}")
    topics: ClassVar[Mapping[str, MessageKind]] = {"order": MessageKind.ORDER_UPDATED}
    # An event is tried three times within seconds.
    sends_again = False
    setup = (
        "Install the Inventory Visibility add-in, and add there a data source 'gateway' with the physical measure "
        "'inbound', and a calculated measure of what can be sold.",
        "In Entra register an app with a secret; enter it in Finance & Operations under Microsoft Entra applications, "
        "with a user who may read sales orders and released products.",
        "Under System administration > Setup > Business events, activate the catalogue's sales order events "
        "for an HTTPS endpoint with the channel's webhook address followed by ?token=<the webhook token>.",
    )

    def auth(self, config: Dynamics365Config) -> Auth:
        return EntraTokens(
            token_url=f"{config.login_url}/{config.tenant_id}/oauth2/v2.0/token",
            client_id=config.client_id,
            client_secret=config.client_secret.get_secret_value(),
            parameters={"scope": f"{config.fno_url}/.default"},
            security_url=config.security_url,
            environment_id=config.environment_id,
        )

    def secrets(self, config: Dynamics365Config) -> Sequence[str]:
        return revealed(config.webhook_token, config.previous_webhook_token)

    def topic(self, notification: Notification) -> str:
        """Whatever the environment calls it: what names a sales order is about it."""
        told = orjson.loads(notification.body)
        return "order" if told["BusinessEventId"] and told.get("SalesOrderNumber") else ""

    def interpret(self, config: Dynamics365Config, notification: Notification) -> list[ChannelMessage]:
        told = orjson.loads(notification.body)
        kind = self.topics.get(self.topic(notification))
        if kind is None or told["BusinessEventLegalEntity"].lower() != config.organization_id.lower():
            return []
        at = datetime.fromisoformat(told["EventTimeIso8601"])
        return [OrderReference(order_id=told["SalesOrderNumber"], kind=kind, occurred_at=at)]

    def set_stock(self, config: Dynamics365Config, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        def look(wanted: Sequence[StockUpdate]) -> Flow[dict[str, int]]:
            numbers, places = _distinct(u.platform_ids["item_number"] for u in wanted), _distinct(map(_at, wanted))
            shown = yield from _counts(config, numbers, places)
            keys = {one.idempotency_key: (one.platform_ids["item_number"].lower(), _at(one)) for one in wanted}
            return {key: shown[place] for key, place in keys.items() if place in shown}

        def write(due: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
            numbers = _distinct(update.platform_ids["item_number"] for update in due)
            products = yield from erp(config, "ReleasedProductsV2", any_of("ItemNumber", numbers), "ItemNumber")
            known = {product["ItemNumber"] for product in products}
            there = [update for update in due if update.platform_ids["item_number"] in known]
            if there:
                yield config.iv(f"/setonhand/{config.data_source}/bulk", [_count(config, update) for update in there])
            missing = Rejected("not_found", "Dynamics has no such released product in this legal entity.")
            return [Confirmed(update.quantity) if update in there else missing for update in due]

        return (yield from write_between_looks(updates, look, write, WAITS_SECONDS))

    def read_stock(self, config: Dynamics365Config, cursor: str | None) -> Flow[Page[ChannelStock]]:
        """Product by product of the ERP's, for the add-in has no pages."""
        products, following = yield from _products(config, cursor)
        numbers = [product["ItemNumber"] for product in products]
        shown = (yield from _counts(config, numbers, config.warehouses)) if numbers else {}
        levels = (
            ChannelStock(
                platform_ids={"item_number": number},
                sku=number,
                location_id=place,
                quantity=shown.get((number.lower(), place)),
            )
            for number in numbers
            for place in config.warehouses
        )
        return Page.of(levels, following)

    def read_catalog(self, config: Dynamics365Config, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        products, following = yield from _products(config, cursor)
        entries = (
            CatalogEntry(
                platform_ids={"item_number": one["ItemNumber"]},
                sku=one["ItemNumber"],
                name=one.get("ProductName") or one["ItemNumber"],
                tracked=True,
            )
            for one in products
        )
        return Page.of(entries, following)

    def read_orders(
        self, config: Dynamics365Config, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        return orders.changed(config, cursor)

    def read_order(self, config: Dynamics365Config, order_id: str) -> Flow[OrderEvent | None]:
        return next(iter((yield from orders.read(config, [order_id]))), None)

    def check(self, config: Dynamics365Config) -> Flow[ChannelCheck]:
        products = yield from erp(config, "ReleasedProductsV2", "", "ItemNumber", 1)
        yield from erp(config, "SalesOrderHeadersV2", "", "SalesOrderNumber", 1)
        yield from _counts(config, [product["ItemNumber"] for product in products] or ["-"], config.warehouses)
        problem = "Enter webhook_token, or orders are only found by asking every half minute."
        return ChannelCheck(
            summary=f"Connected to the legal entity {config.organization_id} of {config.fno_url}",
            problems=() if self.secrets(config) else (problem,),
            locations=tuple(ChannelLocation(location_id=place, name=place) for place in config.warehouses),
        )

    def subscribe(self, config: Dynamics365Config, callback_url: str) -> Flow[tuple[str, ...]]:
        yield from ()
        return (f"Make an HTTPS endpoint of {callback_url}?token=<the webhook token> for the sales order events.",)


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _at(update: StockUpdate) -> str:
    return update.location_id or ""


def _products(config: Dynamics365Config, cursor: str | None) -> Flow[tuple[list[Record], str | None]]:
    after = "" if cursor is None else "ItemNumber gt '{}'".format(cursor.replace("'", "''"))
    found = yield from erp(config, "ReleasedProductsV2", after, "ItemNumber")
    return found, found[-1]["ItemNumber"] if len(found) == PER_PAGE else None


def _count(config: Dynamics365Config, update: StockUpdate) -> Record:
    site, _, warehouse = _at(update).partition("/")
    return {
        "id": update.idempotency_key,
        "organizationId": config.organization_id,
        "productId": update.platform_ids["item_number"],
        "dimensionDataSource": config.data_source,
        "dimensions": {"siteId": site, "locationId": warehouse},
        "quantities": {config.data_source: {config.measure: update.quantity}},
        "modifiedDateTimeUTC": update.as_of.isoformat().replace("+00:00", "Z"),
    }


def _counts(
    config: Dynamics365Config, numbers: Sequence[str], places: Sequence[str]
) -> Flow[dict[tuple[str, str], int]]:
    """Our measure by product and place. Names come back in lower case, and what was never set is missing."""
    pairs = [place.partition("/") for place in places]
    filters = {
        "organizationId": [config.organization_id],
        "productId": list(numbers),
        "siteId": _distinct(site for site, _, _ in pairs),
        "locationId": _distinct(warehouse for _, _, warehouse in pairs),
    }
    query = {"filters": filters, "groupByValues": [], "returnNegative": True}
    rows = (yield config.iv("/onhand/indexquery", query)).json()
    return dict(_measured(config, rows))


def _measured(config: Dynamics365Config, rows: Sequence[Record]) -> Iterator[tuple[tuple[str, str], int]]:
    for row in rows:
        at = {name.lower(): value for name, value in row["dimensions"].items()}
        own = row["quantities"].get(config.data_source.lower(), {})
        if config.measure.lower() in own:
            place = f"{at['siteid']}/{at['locationid']}"
            yield (row["productId"].lower(), place), units_there(own[config.measure.lower()])
