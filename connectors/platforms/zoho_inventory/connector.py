"""Zoho Inventory v1: what can be sold per location, moved by adjustments; orders by polling and by workflow rules.

https://www.zoho.com/inventory/api/v1/introduction/, https://www.zoho.com/inventory/api/v1/inventoryadjustments/
https://www.zoho.com/inventory/help/settings/automation.html (webhooks, workflow rules)

Zoho reserves for its own confirmed orders, so what is read and aimed at is `location_actual_available_stock`, which an
adjustment moves like the two other figures. An adjustment is a change and has no key: the change is always that to what
was seen just before. Where the organisation has adjustments approved, nothing moves and nothing may be posted again.
How a signature is written is not stated for Inventory (both ways are accepted), nor how often a webhook is repeated:
each only makes us read the order. That orders can be had by the time of their change is not stated: all pages are read
unless their order shows that it was heeded. Figures come as numbers or as text. Orders do not tell of returns.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256
from itertools import pairwise
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

import orjson

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth
from connectors.catalog import ChannelCheck, ChannelLocation, Page
from connectors.config import revealed
from connectors.deleted import deleted_order
from connectors.differences import write_differences
from connectors.errors import ConnectorError, Permanent, Throttled
from connectors.exchange import UNREADABLE, Flow, Notification, Response
from connectors.listing_ids import ListingIds
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderReference
from connectors.pacing import Pace
from connectors.parts import Refusal, write_in_parts
from connectors.platforms.zoho_inventory.config import ID, Record, ZohoInventoryConfig, accepted
from connectors.platforms.zoho_inventory.orders import event_of, moment, read_untracked
from connectors.polling import PollCursor
from connectors.quantities import units_there
from connectors.shown_items import ShownItem, ShowsItems
from connectors.signatures import DigestText, HmacSignature
from connectors.updates import Confirmed, StockUpdate, UpdateOutcome

PER_PAGE, ITEMS_PER_PAGE = 200, 100
NEWEST_FIRST = {"sort_column": "last_modified_time", "sort_order": "D"}
DAY_USED_UP = b'"code":45'
_ACCOUNTS = {"ca": "https://accounts.zohocloud.ca"}


def _signed(notification: Notification) -> bytes:
    """The query's names and values in the order of the names, then the body."""
    pairs = sorted(parse_qsl(urlsplit(notification.url).query, keep_blank_values=True))
    return "".join(name + value for name, value in pairs).encode() + notification.body


class ZohoInventory(ShowsItems[ZohoInventoryConfig]):
    name, title, config_type = "zoho-inventory", "Zoho Inventory", ZohoInventoryConfig
    # 100 a minute; a day's allowance, from 1,000 on the free plan, is reached long before.
    pace = Pace(burst=40, per_second=1)
    signature = HmacSignature(header="X-Zoho-Webhook-Signature", text=DigestText.EITHER, signed=_signed)
    stock = StockAbilities(writes=StockWrites.COMPARE_AND_SET, updates_max=50, per_location=True)
    listing_ids = ListingIds(required={"item_id": ID}, location=ID)
    topics: ClassVar[Mapping[str, MessageKind]] = {"salesorder": MessageKind.ORDER_UPDATED}
    # Asked twice a minute, the allowance of a day is used up by that alone on the smaller plans. Every five minutes,
    # where there is no webhook, takes 288 of the free plan's 1,000 calls.
    sends_again = True
    poll_seconds_min = 300
    setup = (
        "Zoho API console: add a self client and exchange a code of the scopes "
        "ZohoInventory.inventoryadjustments.CREATE, ZohoInventory.inventoryadjustments.READ, ZohoInventory.items.READ, "
        "ZohoInventory.salesorders.READ and ZohoInventory.settings.READ for a refresh token.",
        "Let inventory adjustments of this user need no approval.",
        "Settings > Automation > Webhooks: POST to the channel's webhook address without a query, 'Secure this "
        "webhook' with the secret, raw JSON: salesorder_id, status and last_modified_time, each with its placeholder.",
        "Settings > Automation > Workflow Rules, module Sales Orders: make one for created or edited and, where it is "
        "offered, one for deleted; let both call this webhook. Nothing else tells of a deleted order.",
    )

    def auth(self, config: ZohoInventoryConfig) -> Auth:
        own = _ACCOUNTS.get(config.data_center, f"https://accounts.zoho.{config.data_center}")
        return config.oauth(f"{config.accounts_url or own}/oauth/v2/token", prefix="Zoho-oauthtoken ")

    def calls_at_once(self, config: ZohoInventoryConfig) -> int:
        return 5

    def secrets(self, config: ZohoInventoryConfig) -> Sequence[str]:
        return revealed(config.webhook_secret, config.previous_webhook_secret)

    def topic(self, notification: Notification) -> str:
        try:
            body = orjson.loads(notification.body)
            return "salesorder" if "salesorder_id" in body.get("salesorder", body) else ""
        except UNREADABLE:
            return ""

    def interpret(self, config: ZohoInventoryConfig, notification: Notification) -> list[ChannelMessage]:
        """Of an operator's own JSON, or of Zoho's default with the whole record. Items and packages have rules, too."""
        body = orjson.loads(notification.body)
        order = body.get("salesorder", body)
        if order.keys() & {"item", "item_id"}:
            return []
        at = moment(order) if order.get("last_modified_time") else notification.received_at
        order_id = str(int(order["salesorder_id"]))
        return [OrderReference(order_id=order_id, kind=self.topics["salesorder"], occurred_at=at)]

    def set_stock(self, config: ZohoInventoryConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        posted: dict[str, int] = {}

        def look(some: Sequence[StockUpdate]) -> Flow[dict[str, int]]:
            shown = yield from _available(config, some)
            if posted and all(shown.get(key) == before for key, before in posted.items()):
                raise Permanent("Zoho took the adjustment and moved nothing: let adjustments need no approval")
            return shown

        def post(due: Sequence[StockUpdate], changes: Mapping[str, int]) -> Flow[list[UpdateOutcome]]:
            written = yield from write_in_parts(due, partial(_adjust, config, changes))
            posted.update(
                (update.idempotency_key, update.quantity - changes[update.idempotency_key])
                for update, outcome in zip(due, written, strict=True)
                if isinstance(outcome, Confirmed)
            )
            return written

        return (yield from write_differences(updates, look, post))

    def read_items(self, config: ZohoInventoryConfig, cursor: str | None) -> Flow[Page[ShownItem]]:
        """The list names the items, their details say what is where."""
        number = int(cursor or 1)
        answer = yield from config.read("/items", page=str(number), per_page=str(ITEMS_PER_PAGE))
        found = answer["items"]
        details = (yield from _details(config, [str(item["item_id"]) for item in found])) if found else []
        more = answer["page_context"]["has_more_page"]
        return Page.of((_shown(item) for item in details), number + 1 if more else None)

    def read_orders(
        self, config: ZohoInventoryConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        place = PollCursor.read(cursor, since)
        number = int(place.place or 1)
        query = {"page": str(number), "per_page": str(PER_PAGE), **NEWEST_FIRST}
        answer = yield config.api.get("/salesorders", config.query | query)
        body = accepted(answer)
        times = [moment(order) for order in body["salesorders"]]
        newest_first = all(later >= earlier for later, earlier in pairwise(times))
        done = not times or (newest_first and times[-1] < place.since) or not body["page_context"]["has_more_page"]
        changed = tuple(
            OrderReference(order_id=str(order["salesorder_id"]), kind=MessageKind.ORDER_UPDATED, occurred_at=at)
            for order, at in zip(body["salesorders"], times, strict=True)
            if at >= place.since
        )
        following = None if done else str(number + 1)
        return Page(entries=changed, cursor=place.after_answer(answer, following), more=not done)

    def read_order(self, config: ZohoInventoryConfig, order_id: str) -> Flow[OrderEvent | None]:
        answer = yield config.api.get(f"/salesorders/{int(order_id)}", config.query, expected=(404,))
        if answer.status == 404:
            return deleted_order(order_id, answer)
        order = accepted(answer)["salesorder"]
        return event_of(order, (yield from read_untracked(config, order)))

    def check(self, config: ZohoInventoryConfig) -> Flow[ChannelCheck]:
        for path in ("/items", "/salesorders", "/inventoryadjustments"):
            yield from config.read(path, page="1", per_page="1")
        places = (yield from config.read("/locations"))["locations"]
        unheard = (
            f"Enter webhook_secret and make the workflow rules, or orders are only found by asking every "
            f"{self.poll_seconds_min / 60:g} minutes, and deleted ones never."
        )
        problems = {
            "Settings > Locations: enable locations; stock is kept by location.": places,
            unheard: self.secrets(config),
        }
        return ChannelCheck(
            summary=f"Connected to the organisation {config.organization_id} with {len(places)} location(s)",
            problems=tuple(text for text, right in problems.items() if not right),
            locations=tuple(
                ChannelLocation(location_id=str(at["location_id"]), name=at["location_name"]) for at in places
            ),
        )

    def classify(self, response: Response) -> ConnectorError | None:
        """Nothing says how long to wait."""
        error = super().classify(response)
        if isinstance(error, Throttled) and error.after_seconds is None:
            error.after_seconds = 3600 if DAY_USED_UP in response.body.replace(b" ", b"") else 60
        return error


def _details(config: ZohoInventoryConfig, item_ids: Sequence[str]) -> Flow[list[Record]]:
    found: list[Record] = (yield from config.read("/itemdetails", item_ids=",".join(item_ids)))["items"]
    return found


def _shown(item: Record) -> ShownItem:
    """Goods counted by serial or batch number cannot be adjusted without naming those."""
    by_number = item.get("track_serial_number") or item.get("track_batch_number")
    counts: dict[str | None, int | None] = {
        str(place["location_id"]): units_there(place["location_actual_available_stock"])
        for place in item.get("locations", ())
    }
    return ShownItem(
        platform_ids={"item_id": str(item["item_id"])},
        sku=item.get("sku") or None,
        name=item.get("name") or str(item["item_id"]),
        tracked=bool(counts) and not by_number,
        counts=counts,
    )


def _available(config: ZohoInventoryConfig, updates: Sequence[StockUpdate]) -> Flow[dict[str, int]]:
    details = yield from _details(config, sorted({update.platform_ids["item_id"] for update in updates}))
    items = {shown.platform_ids["item_id"]: shown for item in details if (shown := _shown(item)).tracked}
    counts = {
        update.idempotency_key: items[update.platform_ids["item_id"]].counts.get(update.location_id)
        for update in updates
        if update.platform_ids["item_id"] in items
    }
    return {key: units for key, units in counts.items() if units is not None}


def _adjust(
    config: ZohoInventoryConfig, changes: Mapping[str, int], updates: Sequence[StockUpdate]
) -> Flow[Sequence[UpdateOutcome] | Refusal]:
    account = {"adjustment_account_id": config.adjustment_account_id} if config.adjustment_account_id else {}
    lines = [
        {
            "item_id": update.platform_ids["item_id"],
            "quantity_adjusted": changes[update.idempotency_key],
            "location_id": update.location_id,
            **account,
        }
        for update in updates
    ]
    adjustment = {
        "date": updates[0].as_of.date().isoformat(),
        "reason": config.adjustment_reason,
        "reference_number": f"GW-{sha256(updates[0].idempotency_key.encode()).hexdigest()[:16]}",
        "adjustment_type": "quantity",
        "location_id": updates[0].location_id,
        "line_items": lines,
    }
    answer = yield config.api.send("POST", "/inventoryadjustments", adjustment, query=config.query, expected=(400, 404))
    body = answer.json()
    if body["code"] != 0:
        return Refusal(str(body["code"]), f"Zoho refuses the adjustment: {body['message']}")
    return [Confirmed(update.quantity) for update in updates]
