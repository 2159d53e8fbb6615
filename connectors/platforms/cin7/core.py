"""Cin7 Core (formerly DEAR), API v2: stock on hand per location, sales by thin webhooks and by polling.

https://dearinventory.docs.apiary.io/, https://help.core.cin7.com/hc/en-us/articles/9034493635215 (API)

Core takes the new count on hand, so what it has allocated to its own sales stays in it. Each write is a document with
entries in the accounts: only differences are written. Webhooks carry our own token and no signature, are tried six
times and then switched off: each only makes us read the sale, polling goes on, and `subscribe` switches them on again.
Sales' lines have no ids, so units are told by SKU, and once picked also by the place they were picked at. A SKU
without a row at a location has nothing there; goods in bins or batches cannot be counted without naming those. Which
sales let a count fall is inferred from their statuses.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import orjson

from connectors.abilities import CountedQuantity, StockAbilities, StockWrites
from connectors.auth import Auth, HeaderToken
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelLocation, ChannelStock, Page
from connectors.config import revealed
from connectors.differences import write_differences
from connectors.errors import ConnectorError, Permanent, Throttled
from connectors.exchange import UNREADABLE, Flow, Notification, Response
from connectors.listing_ids import ListingIds
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference
from connectors.pacing import Pace
from connectors.parts import Refusal, write_in_parts
from connectors.platforms.cin7.core_records import (
    NOTHING,
    Cin7CoreConfig,
    adjustment_of,
    following_page,
    moment,
    page,
    read_levels,
    summed,
    written,
)
from connectors.platforms.cin7.core_sales import event_of, read_untracked
from connectors.polling import PollCursor
from connectors.signatures import SharedHeader
from connectors.updates import Confirmed, StockUpdate, UpdateOutcome

MINUTE = 60.0


class Cin7Core(Connector[Cin7CoreConfig]):
    name, title, config_type = "cin7-core", "Cin7 Core", Cin7CoreConfig
    # 60 a minute for each key.
    pace = Pace(burst=30, per_second=0.9)
    signature = SharedHeader(header="Authorization", prefix="Bearer ")
    stock = StockAbilities(
        writes=StockWrites.COMPARE_AND_SET, updates_max=100, per_location=True, counted=CountedQuantity.ON_HAND
    )
    listing_ids = ListingIds(required={"sku": r"[^\x00-\x1f]{1,50}"}, location=r"[^\x00-\x1f]{1,256}")
    topics: ClassVar[Mapping[str, MessageKind]] = {
        "Sale/OrderAuthorised": MessageKind.ORDER_CREATED,
        "Sale/ShipmentAuthorised": MessageKind.ORDER_FULFILLED,
        "Sale/Voided": MessageKind.ORDER_CANCELLED,
        "Sale/Undo": MessageKind.ORDER_EDITED,
        "Sale/CreditNoteAuthorised": MessageKind.ORDER_REFUNDED,
    }
    sends_again = False
    setup = (
        "Integrations > API: add an application for this gateway; note the account ID and the key.",
        "Choose the ledger account for adjustments. For webhooks the Automation module is needed.",
    )

    def auth(self, config: Cin7CoreConfig) -> Auth:
        return HeaderToken("api-auth-applicationkey", config.application_key.get_secret_value())

    def calls_at_once(self, config: Cin7CoreConfig) -> int:
        return 2

    def secrets(self, config: Cin7CoreConfig) -> Sequence[str]:
        return revealed(config.webhook_token, config.previous_webhook_token)

    def topic(self, notification: Notification) -> str:
        try:
            return str(orjson.loads(notification.body)["EventType"])
        except UNREADABLE:
            return ""

    def interpret(self, config: Cin7CoreConfig, notification: Notification) -> list[ChannelMessage]:
        event = orjson.loads(notification.body)
        kind = self.topics.get(event["EventType"])
        if kind is None:
            return []
        order_id = str(UUID(event["SaleID"] if "SaleID" in event else event["SaleTaskID"]))
        return [OrderReference(order_id=order_id, kind=kind, occurred_at=notification.received_at)]

    def set_stock(self, config: Cin7CoreConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        on_hand: dict[str, int] = {}

        def look(some: Sequence[StockUpdate]) -> Flow[dict[str, int]]:
            rows = yield from read_levels(config, {update.platform_ids["sku"] for update in some})
            seen = {
                update.idempotency_key: rows.get((update.platform_ids["sku"], update.location_id or ""), NOTHING)
                for update in some
            }
            counted = {key: level for key, level in seen.items() if level is not None}
            on_hand.update((key, level.quantity or 0) for key, level in counted.items())
            return {key: (level.quantity or 0) - (level.committed or 0) for key, level in counted.items()}

        def post(due: Sequence[StockUpdate], changes: Mapping[str, int]) -> Flow[list[UpdateOutcome]]:
            targets = {key: max(0, on_hand[key] + change) for key, change in changes.items()}

            def send(part: Sequence[StockUpdate]) -> Flow[Sequence[UpdateOutcome] | Refusal]:
                adjustment = adjustment_of(config, [(update, targets[update.idempotency_key]) for update in part])
                answer = yield config.api.send("POST", "/stockadjustment", adjustment, repeatable=True, expected=(400,))
                if answer.status == 400:
                    return Refusal("400", str(answer.json()[0]["Exception"]))
                if answer.json()["Status"] != "COMPLETED":
                    raise Permanent("Cin7 Core kept the adjustment as a draft: see Inventory > Stock adjustments")
                return [Confirmed(update.quantity) for update in part]

            return (yield from write_in_parts(due, send))

        return (yield from write_differences(updates, look, post))

    def read_stock(self, config: Cin7CoreConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
        number = int(cursor or 1)
        answer = yield from config.api.read("/ref/productavailability", page(number))
        levels = [level for level in summed(answer["ProductAvailabilityList"]).values() if level is not None]
        return Page.of(levels, following_page(answer, number))

    def read_catalog(self, config: Cin7CoreConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        """Goods that are costed by anything else than plain FIFO are counted by batch or serial number."""
        number = int(cursor or 1)
        answer = yield from config.api.read("/product", page(number))
        entries = (
            CatalogEntry(
                platform_ids={"sku": product["SKU"]},
                sku=product["SKU"],
                name=product["Name"],
                tracked=product["Type"] == "Stock" and product["CostingMethod"] == "FIFO",
            )
            for product in answer["Products"]
        )
        return Page.of(entries, following_page(answer, number))

    def read_orders(
        self, config: Cin7CoreConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        place = PollCursor.read(cursor, since)
        number = int(place.place or 1)
        answer = yield config.api.get("/saleList", page(number) | {"UpdatedSince": written(place.since)})
        changed = tuple(
            OrderReference(
                order_id=sale["SaleID"].lower(), kind=MessageKind.ORDER_UPDATED, occurred_at=moment(sale["Updated"])
            )
            for sale in answer.json()["SaleList"]
        )
        following = following_page(answer.json(), number)
        cursor = place.after_answer(answer, None if following is None else str(following))
        return Page(entries=changed, cursor=cursor, more=following is not None)

    def read_order(self, config: Cin7CoreConfig, order_id: str) -> Flow[OrderEvent | None]:
        answer = yield config.api.get("/sale", {"ID": str(UUID(order_id))}, expected=(400, 404))
        if answer.status >= 300:
            return None
        return event_of(answer.json(), (yield from read_untracked(config, answer.json())))

    def check(self, config: Cin7CoreConfig) -> Flow[ChannelCheck]:
        company = (yield from config.api.read("/me"))["Company"]
        yield config.api.get("/saleList", {"Page": "1", "Limit": "1"})
        places = (yield from config.api.read("/ref/location", page(1)))["LocationList"]
        return ChannelCheck(
            summary=f"Connected to {company} with {len(places)} location(s)",
            locations=tuple(
                ChannelLocation(location_id=at["Name"], name=at["Name"], active=not at["IsDeprecated"]) for at in places
            ),
        )

    def subscribe(self, config: Cin7CoreConfig, callback_url: str) -> Flow[tuple[str, ...]]:
        """One that failed six times is switched off there."""
        if config.webhook_token is None:
            return ("Enter a webhook_token first; until then sales are found by asking every half minute.",)
        known = (yield from config.api.read("/webhooks"))["Webhooks"]
        ours = {hook["Type"]: hook for hook in known if hook["ExternalURL"] == callback_url}
        for kind in self.topics:
            hook = {
                "Type": kind,
                "IsActive": True,
                "ExternalURL": callback_url,
                "ExternalAuthorizationType": "bearerauth",
                "ExternalBearerToken": config.webhook_token.get_secret_value(),
            }
            if kind not in ours:
                yield config.api.send("POST", "/webhooks", hook)
            elif not ours[kind]["IsActive"]:
                yield config.api.send("PUT", "/webhooks", hook | {"ID": ours[kind]["ID"]})
        return ()

    def classify(self, response: Response) -> ConnectorError | None:
        """The limit was told of by a 503, and is by a 429; neither says how long to wait."""
        if response.status == 503 and b"calls per" in response.body:
            return Throttled(f"{self.title} asks us to slow down (503)", after_seconds=MINUTE)
        error = super().classify(response)
        if isinstance(error, Throttled) and error.after_seconds is None:
            error.after_seconds = MINUTE
        return error
