"""Lightspeed Retail (X-Series, formerly Vend), API 2026-07: a count per product and outlet, sales by webhook.

https://x-series-api.lightspeedhq.com/docs/inventory_updates, /docs/webhooks, /docs/rate_limiting, /docs/authorization
Of the signature neither key nor encoding is stated: the client secret is the only secret there is, and both encodings
are accepted. Whether webhooks made with a personal token are signed is not stated either: then a token in their address
proves the sender. What they say only makes us read. A write cannot compare and answers nothing, so counts are looked at
just before and after.

Sales are read as API 2.0 has them, since of the newer shape there is no published description. A saved (parked) sale
holds nothing; that every other one has left the count is inferred. A return is a sale of its own that names the first
one; the first does not name it, so what was sold since is searched for it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar
from urllib.parse import parse_qs, quote

import orjson

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelLocation, ChannelStock, Page
from connectors.config import revealed
from connectors.exchange import Flow, Notification
from connectors.limit_headers import LimitHeaders
from connectors.listing_ids import ListingIds
from connectors.looked_at import write_between_looks
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference
from connectors.one_by_one import one_by_one
from connectors.pacing import Pace
from connectors.platforms.lightspeed_xseries.config import LightspeedXSeriesConfig, Record
from connectors.platforms.lightspeed_xseries.sales import event_of, read_untracked, references_in, sales_since
from connectors.quantities import units_there
from connectors.signatures import DigestText, HmacSignature, SharedAddress
from connectors.updates import Confirmed, Rejected, StockUpdate, UpdateOutcome

PER_PAGE, LEVELS_MAX = 200, 1000
UUID = r"[0-9a-fA-F-]{36}"
SALE = "sale.update"
_BY_ADDRESS = SharedAddress(parameter="token")


class LightspeedXSeries(Connector[LightspeedXSeriesConfig]):
    name, title, config_type = "lightspeed-xseries", "Lightspeed Retail (X-Series)", LightspeedXSeriesConfig
    # 300 for each register and 50 more in five minutes.
    pace = Pace(burst=350, per_second=350 / 300)
    limits = LimitHeaders(left="X-RateLimit-Remaining", size="X-RateLimit-Limit", window_seconds=300)
    signature = HmacSignature(header="X-Signature", text=DigestText.EITHER, prefix="signature=", separator=",")
    # Few at a time: what was looked at must not be old when the last one is written.
    stock = StockAbilities(writes=StockWrites.LOOK_AND_SET, updates_max=10, per_location=True)
    listing_ids = ListingIds(required={"product_id": UUID}, location=UUID)
    topics: ClassVar[Mapping[str, MessageKind]] = {SALE: MessageKind.ORDER_UPDATED}
    setup = (
        "Setup > Personal tokens > Add personal token, and enter it as access_token (or an add-on's refresh token for "
        "products:read, products:write, inventory:read, sales:read, outlets:read and webhooks).",
        "With a personal token, make up a long secret and enter it as webhook_token.",
    )

    def auth(self, config: LightspeedXSeriesConfig) -> Auth:
        return config.bearer(f"{config.host}/1.0/token")

    def secrets(self, config: LightspeedXSeriesConfig) -> Sequence[str]:
        return revealed(config.client_secret, config.previous_client_secret)

    def verify(self, config: LightspeedXSeriesConfig, notification: Notification) -> None:
        """With a personal token there is no key for a signature, should there be one."""
        signed = "X-Signature" in notification.headers and self.secrets(config)
        if signed or config.webhook_token is None:
            return super().verify(config, notification)
        _BY_ADDRESS.verify(notification, revealed(config.webhook_token))

    def topic(self, notification: Notification) -> str:
        """Not stated; only a sale has such lines."""
        return SALE if "register_sale_products" in _payload(notification) else ""

    def interpret(self, config: LightspeedXSeriesConfig, notification: Notification) -> list[ChannelMessage]:
        return [*references_in(_payload(notification))] if self.topic(notification) else []

    def set_stock(self, config: LightspeedXSeriesConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        def write(update: StockUpdate) -> Flow[UpdateOutcome]:
            level = {"outlet_id": update.location_id, "current_amount": update.quantity}
            path = f"/products/{update.platform_ids['product_id']}"
            answer = yield config.api.send("PUT", path, {"details": {"inventory": [level]}}, expected=(404, 422))
            if answer.status == 200:
                return Confirmed(update.quantity)
            return Rejected(str(answer.status), "X-Series has no such product, or counts it no longer.")

        return (yield from write_between_looks(updates, partial(_shown, config), lambda due: one_by_one(due, write)))

    def read_stock(self, config: LightspeedXSeriesConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
        asked = {"after": int(cursor or 0), "size": LEVELS_MAX, "sort_direction": "asc"}
        rows = (yield config.api.send("POST", "/inventory", asked, repeatable=True)).json()
        levels = (
            ChannelStock(
                platform_ids={"product_id": row["product_id"]},
                sku=None,
                location_id=row["outlet_id"],
                quantity=units_there(row["current_inventory_level"]),
            )
            for row in rows
        )
        return Page.of(levels, rows[-1]["version"] if len(rows) == LEVELS_MAX else None)

    def read_catalog(self, config: LightspeedXSeriesConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        found = yield from config.api.read("/products", {"after": cursor or "0", "page_size": str(PER_PAGE)})
        entries = (
            CatalogEntry(
                platform_ids={"product_id": product["id"]},
                sku=product["sku"] or None,
                name=product.get("variant_name") or product["name"],
                tracked=product["has_inventory"] and not product["is_composite"],
            )
            for product in found["data"]
        )
        # None once there is nothing left.
        return Page.of(entries, found["version"]["max"])

    def read_orders(
        self, config: LightspeedXSeriesConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        """By the version of the last sale seen; until one is, by the date of sales."""
        start = cursor or since.astimezone(UTC).isoformat(timespec="seconds")
        if start.isdigit():
            query = {"after": start, "page_size": str(PER_PAGE)}
            sales = (yield from config.sales_api.read("/sales", query))["data"]
        else:
            sales = yield from sales_since(config, start)
        following = str(max((sale["version"] for sale in sales), default=start))
        references = tuple(reference for sale in sales for reference in references_in(sale))
        return Page(entries=references, cursor=following, more=bool(sales) and start.isdigit())

    def read_order(self, config: LightspeedXSeriesConfig, order_id: str) -> Flow[OrderEvent | None]:
        answer = yield config.sales_api.get(f"/sales/{quote(order_id, safe='')}", expected=(404,))
        if answer.status == 404:
            return None
        sale = answer.json()["data"]
        later = yield from sales_since(config, sale["sale_date"])
        returns = [some for some in later if some.get("return_for") == order_id]
        return event_of(sale, returns, (yield from read_untracked(config, sale)))

    def check(self, config: LightspeedXSeriesConfig) -> Flow[ChannelCheck]:
        outlets = (yield from config.sales_api.read("/outlets"))["data"]
        for api, path in ((config.api, "/products"), (config.sales_api, "/sales")):
            yield api.get(path, {"page_size": "1"})
        locations = tuple(ChannelLocation(location_id=outlet["id"], name=outlet["name"]) for outlet in outlets)
        return ChannelCheck(summary=f"Connected to {config.domain_prefix}", locations=locations)

    def subscribe(self, config: LightspeedXSeriesConfig, callback_url: str) -> Flow[tuple[str, ...]]:
        token = config.webhook_token and quote(config.webhook_token.get_secret_value(), safe="")
        wanted = {"active": True, "type": SALE, "url": f"{callback_url}?token={token}" if token else callback_url}
        known = (yield from config.api.read("/webhooks"))["data"]
        ours = next((hook for hook in known if (hook["type"], hook["url"]) == (SALE, wanted["url"])), None)
        if ours is None:
            yield config.api.send("POST", "/webhooks", wanted)
        elif not ours["active"]:
            yield config.api.send("PUT", f"/webhooks/{ours['id']}", wanted)
        return ()


def _payload(notification: Notification) -> Record:
    payload: Record = orjson.loads(parse_qs(notification.body.decode())["payload"][0])
    return payload


def _shown(config: LightspeedXSeriesConfig, updates: Sequence[StockUpdate]) -> Flow[dict[str, int]]:
    keys = {update.idempotency_key: (update.platform_ids["product_id"], update.location_id) for update in updates}
    products, outlets = (sorted(set(ids)) for ids in zip(*keys.values(), strict=True))
    asked = {"product_ids": products, "location_ids": outlets, "size": LEVELS_MAX}
    rows = (yield config.api.send("POST", "/inventory_levels", asked, repeatable=True)).json()
    levels = {(row["product_id"], row["location_id"]): units_there(row["current_inventory_level"]) for row in rows}
    return {name: levels[key] for name, key in keys.items() if key in levels}
