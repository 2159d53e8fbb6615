"""Zalando's partner programme (zDirect): one number per EAN and country shop, orders by polling.

https://developers.merchants.zalando.com/docs/offers-stocks.html (absolute, 207, each EAN in every sales channel)
https://developers.merchants.zalando.com/docs/orders-api-get-orders.html (filters leave out their own moment)
https://developers.merchants.zalando.com/docs/orders-api.html (limits)

The stock API takes numbers and shows none, so nothing can be compared: what was accepted last is believed. (The product
status report shows stock up to hours late, and is not used.) Whether Zalando lowers a number by its own sales is not
stated: it asks to be told after each one, and is.
Orders name the merchant's own id of an article and Zalando's, never the EAN, and nothing lists EANs: listings are
entered by hand, with their `article_id` where Zalando does not have our SKU.
Orders are only read: to claim them (`exported`) or to reserve their lines is for whoever ships them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from urllib.parse import quote
from uuid import UUID

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth, OAuth2
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelStock, Page
from connectors.errors import ConnectorError, Permanent
from connectors.exchange import Flow, Response
from connectors.listing_ids import ListingIds
from connectors.messages import MessageKind, OrderEvent, OrderReference
from connectors.pacing import Pace
from connectors.platforms.zalando.config import ZalandoConfig
from connectors.platforms.zalando.orders import INCLUDE, PARTNER_FULFILLED, event, events
from connectors.platforms.zalando.stock import PAIRS_MAX, PAIRS_PER_MINUTE, write
from connectors.polling import PollCursor
from connectors.reached import Reached
from connectors.updates import StockUpdate, UpdateOutcome

ORDERS_PER_PAGE = 200
JUST_BEFORE = timedelta(milliseconds=1)
NOT_SHOWN = "Zalando does not show what it was told, so there is nothing to compare with. A resync tells it once more."
NOT_LISTED = "Zalando has no list of EANs: enter a listing with its EAN for each article."


class Zalando(Connector[ZalandoConfig]):
    name, title, config_type = "zalando", "Zalando", ZalandoConfig
    # In pairs of EAN and shop: a full bucket and what a minute adds are the allowance of a minute.
    pace = Pace(burst=PAIRS_MAX, per_second=(PAIRS_PER_MINUTE - PAIRS_MAX) / 60)
    # 40 lists and 2,000 single orders a minute; the sandbox, 10 and 40.
    budgets: ClassVar[Mapping[str, Pace]] = {
        "lists": Pace(burst=20, per_second=20 / 60),
        "orders": Pace(burst=500, per_second=25),
    }
    signature = None
    topics: ClassVar[Mapping[str, MessageKind]] = {}
    # Zalando knows of goods that came back, but not whether they can be sold again.
    stock = StockAbilities(
        writes=StockWrites.ABSOLUTE,
        updates_max=PAIRS_MAX,
        per_location=False,
        shows_counts=False,
        counts_returns=False,
    )
    listing_ids = ListingIds(required={"ean": r"\d{13}"}, optional={"article_id": r"[A-Za-z0-9-]{1,40}"})
    setup = (
        "In the zDirect portal make an application with the scopes products/stock/write, orders/read and "
        "profile/sales-channels/read; note its id and secret, and the merchant's id.",
        "Note the ids of all sales channels that the merchant sells in; testing the channel names those left out.",
        "Connect each merchant once, and let nothing else write its stock: an older number would replace a newer one.",
        "Enter a listing with its EAN for each article; also with Zalando's article id (article_id) where Zalando "
        "does not have our SKU as the merchant's own id.",
        "Give the channel a buffer: all country shops sell from the same stock.",
    )

    def auth(self, config: ZalandoConfig) -> Auth:
        return OAuth2(
            token_url=f"{config.api_url}/auth/token",
            client_id=config.client_id,
            client_secret=config.client_secret.get_secret_value(),
            parameters={"scope": "access_token_only"},
            client_in_header=True,
        )

    def abilities(self, config: ZalandoConfig) -> StockAbilities:
        return replace(self.stock, updates_max=PAIRS_MAX // len(config.sales_channel_ids))

    def set_stock(self, config: ZalandoConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        return (yield from write(config, updates))

    def read_stock(self, config: ZalandoConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
        yield from ()
        raise Permanent(NOT_SHOWN)

    def read_catalog(self, config: ZalandoConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        yield from ()
        raise Permanent(NOT_LISTED)

    def read_orders(
        self, config: ZalandoConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        place = PollCursor.read(cursor, since)
        reached = Reached.read(place, place.since.isoformat())
        after = datetime.fromisoformat(reached.start).astimezone(UTC) - JUST_BEFORE
        query = {
            "order_type": PARTNER_FULFILLED,
            "last_updated_after": after.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "sort": "modified_at",
            "page[number]": str(reached.page - 1),
            "page[size]": str(ORDERS_PER_PAGE),
        }
        document = yield from config.orders_api.read("", INCLUDE | query, budget="lists")
        found = document["data"]
        more = bool(document.get("links", {}).get("next")) or len(found) == ORDERS_PER_PAGE
        following = reached.after(found[-1]["attributes"]["modified_at"]) if more else None
        return place.page(events(config, document), following)

    def read_order(self, config: ZalandoConfig, order_id: str) -> Flow[OrderEvent | None]:
        path = f"/{quote(order_id, safe='')}"
        answer = yield config.orders_api.get(path, INCLUDE, budget="orders", expected=(404,))
        return None if answer.status == 404 else event(config, answer.json())

    def check(self, config: ZalandoConfig) -> Flow[ChannelCheck]:
        merchant = {"merchant_ids": str(config.merchant_id), "zalando_only": "true"}
        listed = (yield from config.api.read("/sales-channels", merchant))["items"]
        yield from config.orders_api.read("", {"page[size]": "1"}, budget="lists")
        shops = {UUID(shop["sales_channel_id"]): shop for shop in listed}
        problems = [
            f"sales_channel_ids: the merchant has no sales channel {shop}."
            for shop in config.sales_channel_ids
            if shop not in shops
        ]
        problems += [
            f"sales_channel_ids: add {shop} ({about['country_name']}), which is told nothing."
            for shop, about in shops.items()
            if about["live"] and shop not in config.sales_channel_ids
        ]
        summary = f"Connected to the merchant {config.merchant_id} with {len(shops)} sales channel(s)"
        return ChannelCheck(summary=summary, problems=tuple(problems))

    def classify(self, response: Response) -> ConnectorError | None:
        if response.status == 404:
            return Permanent("Zalando knows no such merchant (404): check merchant_id")
        return super().classify(response)
