"""Clover, REST API v3: one count per item, orders by thin webhooks and by polling. One merchant id is one store.

https://docs.clover.com/dev/docs/querying-inventory, https://docs.clover.com/dev/docs/webhooks,
https://docs.clover.com/dev/docs/api-usage-rate-limits, https://docs.clover.com/dev/docs/401-unauthorized

Clover lowers its own count only where the merchant ticked so, and nothing tells: unless the operator says that it does,
our number overwrites its own and is written again after each of its orders. Its notifications carry a fixed header and
no signature, and how often one is repeated is not published: each only makes us read, and polling goes on. Whether the
goods of a refund came back is not told. That an order can only be deleted while it is unpaid is inferred.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote

import orjson
from pydantic import Field, SecretStr

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth, Grant, OAuth2, Token, token_of
from connectors.catalog import ChannelCheck, Page
from connectors.config import BaseUrl, revealed
from connectors.exchange import Flow, Notification, Reply, Request, Response
from connectors.listing_ids import ListingIds
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference, OrderStage
from connectors.one_by_one import one_by_one
from connectors.order_lines import lines_by_product
from connectors.pacing import Pace
from connectors.polling import PollCursor, answered_at
from connectors.quantities import units_taken, units_there
from connectors.refresh_token import AccessConfig
from connectors.rest import JsonApi
from connectors.shown_items import ShownItem, ShowsItems
from connectors.signatures import SharedHeader
from connectors.updates import Rejected, StockUpdate, UpdateOutcome, as_kept, without_writing

HOSTS = {
    "na": "https://api.clover.com",
    "eu": "https://api.eu.clover.com",
    "la": "https://api.la.clover.com",
    "sandbox": "https://apisandbox.dev.clover.com",
}
ITEMS_PER_PAGE, ORDERS_PER_PAGE = 500, 100
EXPANDED = "lineItems"
_VERIFICATION = re.compile(rb'\s*\{\s*"verificationCode"\s*:\s*"([\w-]{1,64})"\s*\}\s*')
# The goods have left; any other state counts as placed, whatever the till says of it.
_LEFT = frozenset(("PAID", "REFUNDED", "PARTIALLY_REFUNDED", "CREDITED"))


class CloverConfig(AccessConfig):
    merchant_id: Annotated[str, Field(pattern=r"^[A-Z0-9]{13}$")] = Field(description="The store's merchant id.")
    region: Literal["na", "eu", "la", "sandbox"] = Field("na", description="Where the merchant's account is.")
    webhook_auth_code: SecretStr | None = Field(None, description="The 'Clover Auth Code' shown with the webhook.")
    previous_webhook_auth_code: SecretStr | None = Field(None, description="The one before the last change.")
    sku_field: Literal["sku", "code"] = Field("sku", description="What our SKU is at Clover: its SKU or product code.")
    platform_decrements: bool = Field(
        False, description="'Track stock' and 'Update item count after each sale' are both ticked at Clover."
    )
    refunds_restock: bool = Field(False, description="Refunded units can be sold again.")
    api_url: BaseUrl | None = Field(None, description="Where the API answers, when not at Clover (a test account).")

    @property
    def host(self) -> str:
        return self.api_url or HOSTS[self.region]

    @property
    def api(self) -> JsonApi:
        return JsonApi(f"{self.host}/v3/merchants/{self.merchant_id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _RefreshedPair(OAuth2):
    """A refresh token is good for one use; how long the access token lives is only learnt when it is refused."""

    def grant(self, previous: Token | None) -> Grant:
        refresh = (previous and previous.refresh) or self.refresh_token
        fields = {"client_id": self.client_id, "refresh_token": refresh}
        return token_of((yield Request.json("POST", self.token_url, fields)))


class Clover(ShowsItems[CloverConfig]):
    name, title, config_type = "clover", "Clover", CloverConfig
    # Clover allows 16 a second and 5 at a time for a token; 50 and 10 for all merchants of an app.
    pace = Pace(burst=15, per_second=12)
    signature = SharedHeader(header="X-Clover-Auth")
    stock = StockAbilities(writes=StockWrites.ABSOLUTE, updates_max=20, per_location=False)
    listing_ids = ListingIds(required={"item_id": r"[A-Z0-9]{13}"})
    topics: ClassVar[Mapping[str, MessageKind]] = {"O": MessageKind.ORDER_UPDATED, "P": MessageKind.ORDER_PAID}
    sends_again = False
    setup = (
        "In the Clover developer dashboard give the app the permissions Inventory (read, write), Orders, Payments and "
        "Merchant (read), and install it for the merchant; or make the merchant's own API token.",
        "Under App Settings > Webhooks enter the channel's webhook address, send the verification code and enter it: "
        "the gateway logs it as 'webhook_handshake'. Choose Orders and Payments, and note the Clover Auth Code.",
        "At the merchant under Inventory > Setup tick 'Track stock' and 'Update item count after each sale'; only then "
        "switch platform_decrements on.",
    )

    def auth(self, config: CloverConfig) -> Auth:
        return config.bearer(f"{config.host}/oauth/v2/refresh", _RefreshedPair)

    def abilities(self, config: CloverConfig) -> StockAbilities:
        return replace(self.stock, writes=StockWrites.LOOK_AND_SET) if config.platform_decrements else self.stock

    def calls_at_once(self, config: CloverConfig) -> int:
        return 4

    def secrets(self, config: CloverConfig) -> Sequence[str]:
        return revealed(config.webhook_auth_code, config.previous_webhook_auth_code)

    def handshake(self, config: CloverConfig, notification: Notification) -> Reply | None:
        """The code that the operator has to enter at Clover."""
        code = None if "X-Clover-Auth" in notification.headers else _VERIFICATION.fullmatch(notification.body)
        return Reply(note=f"Clover's verification code is {code[1].decode()}") if code else None

    def topic(self, notification: Notification) -> str:
        """The first that we act on, of the many events that one notification holds."""
        merchants = orjson.loads(notification.body)["merchants"].values()
        keys = {event["objectId"].partition(":")[0] for events in merchants for event in events}
        return next((key for key in self.topics if key in keys), "")

    def interpret(self, config: CloverConfig, notification: Notification) -> list[ChannelMessage]:
        events = orjson.loads(notification.body)["merchants"].get(config.merchant_id, ())
        return [
            OrderReference(
                order_id=event["objectId"].removeprefix("O:"), kind=self.topics[key], occurred_at=_moment(event["ts"])
            )
            for event in events
            if (key := event["objectId"].partition(":")[0]) in self.topics
        ]

    def set_stock(self, config: CloverConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        def write(update: StockUpdate) -> Flow[UpdateOutcome]:
            path = f"/item_stocks/{update.platform_ids['item_id']}"
            seen = yield config.api.get(path, expected=(404,))
            shown = None if seen.status == 404 else _count(seen.json())
            if shown is not None and (settled := without_writing(update, shown)) is not None:
                return settled
            # The number is absolute: sent twice, it is the same.
            answer = yield config.api.send(
                "POST", path, {"quantity": update.quantity}, repeatable=True, expected=(400, 404)
            )
            if answer.status != 200:
                return Rejected(str(answer.status), f"Clover refuses the item: {answer.json()['message']}")
            return as_kept(update, _count(answer.json()))

        return (yield from one_by_one(updates, write))

    def read_items(self, config: CloverConfig, cursor: str | None) -> Flow[Page[ShownItem]]:
        offset = int(cursor or 0)
        query = {"expand": "itemStock", "limit": str(ITEMS_PER_PAGE), "offset": str(offset)}
        items = (yield from config.api.read("/items", query))["elements"]
        shown = (
            ShownItem(
                platform_ids={"item_id": item["id"]},
                sku=item.get(config.sku_field) or None,
                name=item["name"],
                counts={None: _count(item.get("itemStock") or {})},
            )
            for item in items
        )
        return Page.of(shown, offset + ITEMS_PER_PAGE if len(items) == ITEMS_PER_PAGE else None)

    def read_orders(
        self, config: CloverConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        place = PollCursor.read(cursor, since)
        offset = int(place.place or 0)
        changed = f"modifiedTime>={int(place.since.timestamp() * 1000)}"
        query = {"filter": changed, "expand": EXPANDED, "limit": str(ORDERS_PER_PAGE), "offset": str(offset)}
        answer = yield config.api.get("/orders", query)
        orders = answer.json()["elements"]
        following = str(offset + ORDERS_PER_PAGE) if len(orders) == ORDERS_PER_PAGE else None
        events = tuple(_event(config, order) for order in orders)
        return Page(entries=events, cursor=place.after_answer(answer, following), more=following is not None)

    def read_order(self, config: CloverConfig, order_id: str) -> Flow[OrderEvent | None]:
        if order_id.startswith("P:"):
            payment = yield from config.api.read(f"/payments/{quote(order_id[2:], safe='')}")
            order_id = payment["order"]["id"]
        answer = yield config.api.get(f"/orders/{quote(order_id, safe='')}", {"expand": EXPANDED}, expected=(404,))
        return _event(config, answer.json()) if answer.status != 404 else _deleted(order_id, answer)

    def check(self, config: CloverConfig) -> Flow[ChannelCheck]:
        merchant = yield from config.api.read("")
        for path in ("/items", "/orders"):
            yield config.api.get(path, {"limit": "1"})
        problem = "Enter webhook_auth_code, or orders are only found by asking every half minute."
        return ChannelCheck(
            summary=f"Connected to {merchant['name']}", problems=() if config.webhook_auth_code else (problem,)
        )

    def subscribe(self, config: CloverConfig, callback_url: str) -> Flow[tuple[str, ...]]:
        yield from ()
        return (f"Enter {callback_url} in the Clover developer dashboard under App Settings > Webhooks.",)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _count(stock: Mapping[str, Any]) -> int | None:
    """None while nobody has ever entered a count."""
    return units_there(stock["quantity"]) if stock.get("quantity") is not None else None


def _deleted(order_id: str, answer: Response) -> OrderEvent | None:
    if (at := answered_at(answer)) is None:
        return None
    return OrderEvent(
        order_id=order_id,
        kind=MessageKind.ORDER_DELETED,
        occurred_at=at,
        stage=OrderStage.CANCELLED,
        status="deleted",
        lines=(),
    )


def _event(config: CloverConfig, order: Mapping[str, Any]) -> OrderEvent:
    """Clover has one line for each unit; something sold by weight has its thousandths in `unitQty`."""
    state = order.get("paymentState") or "OPEN"
    stage = OrderStage.FULFILLED if state in _LEFT else OrderStage.OPEN
    # Of a till in training mode.
    stage = OrderStage.PENDING if order.get("testMode") else stage
    units: Counter[str] = Counter()
    returned: Counter[str] = Counter()
    for line in (order.get("lineItems") or {}).get("elements", ()):
        # A line without an item was typed in by hand.
        if item_id := (line.get("item") or {}).get("id"):
            sold = units_taken(line["unitQty"] / 1000) if line.get("unitQty") else 1
            units[item_id] += sold
            back = config.refunds_restock and (line.get("refunded") or line.get("exchanged"))
            returned[item_id] += sold if back else 0
    return OrderEvent(
        order_id=order["id"],
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=_moment(order["modifiedTime"]),
        stage=stage,
        status=state,
        lines=lines_by_product(stage, "item_id", units, returned),
    )
