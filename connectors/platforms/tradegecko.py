"""TradeGecko, later QuickBooks Commerce: the protocol of a service that was closed on 31 August 2023, for whoever runs
something that still speaks it; the address is the operator's.

https://github.com/tradegecko/docs_old (the vendor's documentation of 2015), https://github.com/tradegecko/gecko

TradeGecko counts what is on hand and keeps apart what its open orders commit; stock is adjusted by differences. Nothing
tells of an order that became void or was deleted, so orders are asked for. A partly shipped order counts as open: what
left the house is neither on hand nor committed any more, which available does not show. Which order a return is of is
not documented: units that came back are entered with the gateway, and comparing shows them. The shape of a refusal is
inferred. A line of an adjustment must state a price; which one is the operator's to say.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

import orjson
from pydantic import Field, SecretStr, model_validator

from connectors.abilities import CountedQuantity, StockAbilities, StockWrites
from connectors.auth import Auth, HeaderToken, OAuth2
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelLocation, ChannelStock, Page
from connectors.changes import document_key, write_changes
from connectors.config import BaseUrl, ChannelConfig, revealed
from connectors.errors import ConnectorError, Throttled
from connectors.exchange import Flow, Notification, Response
from connectors.limit_headers import LimitHeaders
from connectors.listing_ids import ListingIds
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference, OrderStage
from connectors.order_lines import line_at
from connectors.pacing import Pace
from connectors.parts import Refusal
from connectors.polling import PollCursor, answered_at
from connectors.quantities import units_taken, units_there
from connectors.rest import JsonApi
from connectors.signatures import DigestText, HmacSignature
from connectors.updates import Confirmed, StockUpdate, UpdateOutcome

PER_PAGE = 250
WINDOW_SECONDS = 300
ID = r"[1-9]\d{0,17}"
_STAGES = {
    "draft": OrderStage.PENDING,
    "fulfilled": OrderStage.FULFILLED,
    "void": OrderStage.CANCELLED,
    "deleted": OrderStage.DELETED,
}

Record = dict[str, Any]


class TradeGeckoConfig(ChannelConfig):
    base_url: BaseUrl = Field(description="Where something answers that speaks the protocol.")
    access_token: SecretStr | None = Field(None, description="A Privileged Access Token, or else the three of OAuth.")
    client_id: str | None = Field(None, description="Of the OAuth application.")
    client_secret: SecretStr | None = Field(None, description="The application secret; it also signs webhooks.")
    previous_client_secret: SecretStr | None = Field(None, description="The one before the last change.")
    refresh_token: SecretStr | None = Field(None, description="Of the OAuth application's authorisation.")
    reason: Literal["supplier", "customer", "damaged", "shrinkage", "promotion", "production"] = Field(
        "shrinkage", description="What adjustments are booked under."
    )
    line_price: Annotated[Decimal, Field(ge=0, le=10**9, decimal_places=4)] = Field(
        Decimal(0), description="The price that a line of an adjustment states: at which units are booked."
    )

    @model_validator(mode="after")
    def _has_credentials(self) -> "TradeGeckoConfig":
        if self.access_token is None and None in (self.client_id, self.client_secret, self.refresh_token):
            raise ValueError("either access_token, or client_id, client_secret and refresh_token are needed")
        return self

    @property
    def api(self) -> JsonApi:
        return JsonApi(self.base_url)


class TradeGecko(Connector[TradeGeckoConfig]):
    name, title, config_type = "tradegecko", "TradeGecko", TradeGeckoConfig
    pace = Pace(burst=300, per_second=1)
    limits = LimitHeaders(left="X-Rate-Limit-Remaining", size="X-Rate-Limit-Limit", window_seconds=WINDOW_SECONDS)
    signature = HmacSignature(header="X-Gecko-Signature", text=DigestText.BASE64)
    delivery_header = "X-Gecko-Delivery"
    # How many lines an adjustment may have is not known.
    stock = StockAbilities(
        writes=StockWrites.IDEMPOTENT_DELTA, updates_max=50, per_location=True, counted=CountedQuantity.ON_HAND
    )
    listing_ids = ListingIds(required={"variant_id": ID}, location=ID)
    topics: ClassVar[Mapping[str, MessageKind]] = {
        "order.create": MessageKind.ORDER_CREATED,
        "order.finalized": MessageKind.ORDER_UPDATED,
        "order.fulfilled": MessageKind.ORDER_FULFILLED,
    }
    sends_again = False
    setup = (
        "TradeGecko itself is closed: enter the address of what speaks its protocol. Who sells through QuickBooks "
        "Online connects that instead.",
        "Make an application there, note its secret, and either a Privileged Access Token or a refresh token.",
    )

    def auth(self, config: TradeGeckoConfig) -> Auth:
        if config.access_token is not None:
            return HeaderToken("Authorization", f"Bearer {config.access_token.get_secret_value()}")
        secret, refresh = revealed(config.client_secret, config.refresh_token)
        return OAuth2(
            token_url=f"{config.base_url}/oauth/token",
            client_id=config.client_id or "",
            client_secret=secret,
            refresh_token=refresh,
        )

    def secrets(self, config: TradeGeckoConfig) -> Sequence[str]:
        return revealed(config.client_secret, config.previous_client_secret)

    def topic(self, notification: Notification) -> str:
        """One example of the vendor's has the plural: `orders.create`."""
        return str(orjson.loads(notification.body)["event"]).replace("orders.", "order.")

    def interpret(self, config: TradeGeckoConfig, notification: Notification) -> list[ChannelMessage]:
        told = orjson.loads(notification.body)
        kind = self.topics.get(self.topic(notification))
        at = datetime.fromtimestamp(told["timestamp"], UTC)
        return [OrderReference(order_id=str(int(told["object_id"])), kind=kind, occurred_at=at)] if kind else []

    def set_stock(self, config: TradeGeckoConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        def available(unknown: Sequence[StockUpdate]) -> Flow[dict[str, int]]:
            ids = ",".join(sorted({update.platform_ids["variant_id"] for update in unknown}))
            variants = yield from _list(config, "variants", {"ids": ids})
            free = {
                (level.platform_ids["variant_id"], level.location_id): level.quantity - (level.committed or 0)
                for variant in variants
                for level in _levels(variant)
                if level.quantity is not None
            }
            wanted = {
                update.idempotency_key: (update.platform_ids["variant_id"], update.location_id) for update in unknown
            }
            return {key: free[place] for key, place in wanted.items() if place in free}

        def post(due: Sequence[StockUpdate]) -> Flow[Sequence[UpdateOutcome] | Refusal]:
            key = document_key(due)
            lines = [
                {
                    "variant_id": int(one.platform_ids["variant_id"]),
                    "quantity": one.delta,
                    "price": f"{config.line_price}",
                }
                for one in due
            ]
            adjustment = {
                "adjustment_number": f"GW-{key[:12]}",
                "reason": config.reason,
                "notes": "inventory gateway",
                "stock_location_id": int(due[0].location_id or ""),
                "stock_adjustment_line_items": lines,
            }
            api = JsonApi(config.base_url, {"Idempotency-Key": key})
            body = {"stock_adjustment": adjustment}
            answer = yield api.send("POST", "/stock_adjustments/", body, repeatable=True, expected=(404, 422))
            if answer.status in (404, 422):
                return Refusal(str(answer.status), f"TradeGecko refuses the adjustment: {_reasons(answer)}")
            answer.json()["stock_adjustment"]["id"]
            return [Confirmed(update.quantity) for update in due]

        return (yield from write_changes(updates, available, post))

    def read_stock(self, config: TradeGeckoConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
        variants = yield from _list(config, "variants", {"page": cursor or "1"})
        return Page.of((level for variant in variants for level in _levels(variant)), _following(cursor, variants))

    def read_catalog(self, config: TradeGeckoConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        variants = yield from _list(config, "variants", {"page": cursor or "1"})
        entries = (
            CatalogEntry(
                platform_ids={"variant_id": str(variant["id"])},
                sku=variant["sku"] or None,
                name=variant.get("name") or variant["sku"] or "",
                tracked=variant["manage_stock"],
            )
            for variant in variants
        )
        return Page.of(entries, _following(cursor, variants))

    def read_orders(
        self, config: TradeGeckoConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        poll = PollCursor.read(cursor, since)
        query = {"updated_at_min": poll.since.isoformat(), "page": poll.place or "1", "limit": str(PER_PAGE)}
        answer = yield config.api.get("/orders", query)
        orders = answer.json()["orders"]
        following = _following(poll.place, orders)
        changed = tuple(
            OrderReference(
                order_id=str(order["id"]),
                kind=MessageKind.ORDER_UPDATED,
                occurred_at=datetime.fromisoformat(order["updated_at"]),
            )
            for order in orders
        )
        return Page(entries=changed, cursor=poll.after_answer(answer, following), more=following is not None)

    def read_order(self, config: TradeGeckoConfig, order_id: str) -> Flow[OrderEvent | None]:
        path = f"/orders/{int(order_id)}"
        answer = yield config.api.get(path, {"include": "order_line_items"}, expected=(404,))
        return None if answer.status == 404 else _event(answer.json())

    def check(self, config: TradeGeckoConfig) -> Flow[ChannelCheck]:
        locations = yield from _list(config, "locations", {})
        for name in ("variants", "orders"):
            yield from _list(config, name, {"limit": "1"})
        problem = "Enter client_secret, or orders are only found by asking every half minute."
        return ChannelCheck(
            summary=f"Connected to {config.base_url} with {len(locations)} location(s)",
            problems=() if self.secrets(config) else (problem,),
            locations=tuple(ChannelLocation(location_id=str(at["id"]), name=at["label"]) for at in locations),
        )

    def subscribe(self, config: TradeGeckoConfig, callback_url: str) -> Flow[tuple[str, ...]]:
        """A webhook that failed for three days is deleted there."""
        hooks = yield from _list(config, "webhooks", {})
        for event in self.topics.keys() - {hook["event"] for hook in hooks if hook["address"] == callback_url}:
            yield config.api.send("POST", "/webhooks", {"webhook": {"address": callback_url, "event": event}})
        return ()

    def classify(self, response: Response) -> ConnectorError | None:
        """When there are calls again is told as a time."""
        error = super().classify(response)
        reset, now = response.headers.get("X-Rate-Limit-Reset", ""), answered_at(response)
        if isinstance(error, Throttled) and error.after_seconds is None and reset.isdecimal():
            left = int(reset) - (now or datetime.now(UTC)).timestamp()
            error.after_seconds = min(max(left, 1.0), WINDOW_SECONDS)
        return error


def _list(config: TradeGeckoConfig, name: str, query: Mapping[str, str]) -> Flow[list[Record]]:
    found: list[Record] = (yield from config.api.read(f"/{name}", {"limit": str(PER_PAGE), **query}))[name]
    return found


def _following(cursor: str | None, found: Sequence[Record]) -> str | None:
    """The last page is a short one."""
    return str(int(cursor or "1") + 1) if len(found) == PER_PAGE else None


def _reasons(answer: Response) -> str:
    return str(answer.json().get("errors") or answer.status)[:300]


def _levels(variant: Record) -> list[ChannelStock]:
    tracked = variant["manage_stock"]
    return [
        ChannelStock(
            platform_ids={"variant_id": str(variant["id"])},
            sku=variant["sku"] or None,
            location_id=str(place["location_id"]),
            quantity=units_there(place["stock_on_hand"] or 0) if tracked else None,
            committed=units_taken(place["committed"] or 0) if tracked else None,
        )
        for place in variant["locations"]
    ]


def _event(answer: Record) -> OrderEvent:
    order = answer["order"]
    stage = _STAGES.get(order["status"], OrderStage.OPEN)
    place = order.get("stock_location_id")
    return OrderEvent(
        order_id=str(order["id"]),
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=datetime.fromisoformat(order["updated_at"]),
        stage=stage,
        status=order["status"],
        name=order.get("order_number"),
        lines=tuple(
            line_at(
                stage,
                line_id=str(line["id"]),
                sku=None,
                platform_ids={"variant_id": str(line["variant_id"])},
                ordered=units_taken(line["quantity"]),
                location_id=str(place) if place else None,
            )
            for line in answer["order_line_items"]
            # What is typed in by hand has no variant.
            if line.get("variant_id")
        ),
    )
