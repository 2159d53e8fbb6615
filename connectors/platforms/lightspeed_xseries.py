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

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, ClassVar
from urllib.parse import parse_qs, quote

import orjson
from pydantic import Field, SecretStr

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelLocation, ChannelStock, Page
from connectors.config import BaseUrl, revealed
from connectors.exchange import Flow, Notification
from connectors.limit_headers import LimitHeaders
from connectors.listing_ids import ListingIds
from connectors.looked_at import write_between_looks
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference, OrderStage
from connectors.one_by_one import one_by_one
from connectors.order_lines import lines_by_product
from connectors.pacing import Pace
from connectors.quantities import units_taken, units_there
from connectors.refresh_token import AccessConfig
from connectors.rest import JsonApi
from connectors.signatures import DigestText, HmacSignature, SharedAddress
from connectors.updates import Confirmed, Rejected, StockUpdate, UpdateOutcome

PER_PAGE, LEVELS_MAX = 200, 1000
UUID = r"[0-9a-fA-F-]{36}"
SALE = "sale.update"
_BY_ADDRESS = SharedAddress(parameter="token")
Record = dict[str, Any]


class LightspeedXSeriesConfig(AccessConfig):
    domain_prefix: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,63}$")] = Field(
        description="The part of the store's address before .retail.lightspeed.app."
    )
    previous_client_secret: SecretStr | None = Field(None, description="The secret before the last change.")
    webhook_token: SecretStr | None = Field(
        None, description="With a personal token: any long secret, which goes into the webhook's address."
    )
    version: Annotated[str, Field(pattern=r"^20\d\d-\d\d$")] = Field(
        "2026-07", description="Of the API; each is supported for a year, then another one silently answers."
    )
    api_url: BaseUrl | None = Field(None, description="Where the API answers, when not at the store's own address.")

    @property
    def host(self) -> str:
        return f"{self.api_url or f'https://{self.domain_prefix}.retail.lightspeed.app'}/api"

    @property
    def api(self) -> JsonApi:
        return JsonApi(f"{self.host}/{self.version}")

    @property
    def sales_api(self) -> JsonApi:
        return JsonApi(f"{self.host}/2.0")


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
        if "X-Signature" in notification.headers or config.webhook_token is None:
            return super().verify(config, notification)
        _BY_ADDRESS.verify(notification, revealed(config.webhook_token))

    def topic(self, notification: Notification) -> str:
        """Not stated; only a sale has such lines."""
        return SALE if "register_sale_products" in _payload(notification) else ""

    def interpret(self, config: LightspeedXSeriesConfig, notification: Notification) -> list[ChannelMessage]:
        return [*_references(_payload(notification))] if self.topic(notification) else []

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
            sales = yield from _sales_since(config, start)
        following = str(max((sale["version"] for sale in sales), default=start))
        references = tuple(reference for sale in sales for reference in _references(sale))
        return Page(entries=references, cursor=following, more=bool(sales) and start.isdigit())

    def read_order(self, config: LightspeedXSeriesConfig, order_id: str) -> Flow[OrderEvent | None]:
        answer = yield config.sales_api.get(f"/sales/{quote(order_id, safe='')}", expected=(404,))
        if answer.status == 404:
            return None
        sale = answer.json()["data"]
        later = yield from _sales_since(config, sale["sale_date"])
        return _event(sale, [some for some in later if some.get("return_for") == order_id])

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


def _moment(sale: Record) -> datetime:
    """Notifications state no zone; it is UTC."""
    at = datetime.fromisoformat(sale["updated_at"])
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _references(sale: Record) -> list[OrderReference]:
    """To the sale, and to the one of which it takes something back."""
    ids = [some for some in (sale["id"], sale.get("return_for")) if some]
    return [OrderReference(order_id=some, kind=MessageKind.ORDER_UPDATED, occurred_at=_moment(sale)) for some in ids]


def _sales_since(config: LightspeedXSeriesConfig, date: str) -> Flow[list[Record]]:
    found: list[Record] = []
    while True:
        query = {"type": "sales", "date_from": date, "page_size": "1000", "offset": str(len(found))}
        page = (yield from config.sales_api.read("/search", query))["data"]
        found += page
        if len(page) < 1000:
            return found


def _stage(status: str) -> OrderStage:
    """LAYBY, ONACCOUNT, AWAITING_DISPATCH, AWAITING_PICKUP, and whatever may be added, are promised."""
    if status.endswith("CLOSED"):
        return OrderStage.FULFILLED
    return {"SAVED": OrderStage.PENDING, "VOIDED": OrderStage.CANCELLED}.get(status, OrderStage.OPEN)


def _units(sales: Iterable[Record], sign: int) -> Counter[str]:
    """Of each product, sold (1) or taken back (-1)."""
    units: Counter[str] = Counter()
    for sale in sales:
        for line in sale["line_items"]:
            if line["quantity"] * sign > 0 and line.get("status") != "VOIDED":
                units[line["product_id"]] += units_taken(line["quantity"] * sign)
    return units


def _event(sale: Record, returns: Sequence[Record]) -> OrderEvent:
    stage = _stage(sale["status"])
    back = [some for some in returns if _stage(some["status"]) is OrderStage.FULFILLED]
    return OrderEvent(
        order_id=sale["id"],
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=max(_moment(some) for some in (sale, *returns)),
        stage=stage,
        status=sale["status"],
        name=sale["invoice_number"],
        lines=lines_by_product(stage, "product_id", _units([sale], 1), _units(back, -1), location_id=sale["outlet_id"]),
    )
