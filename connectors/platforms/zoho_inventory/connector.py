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
from datetime import UTC, datetime
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
from connectors.messages import ChannelMessage, MessageKind, OrderEvent, OrderLine, OrderReference, OrderStage
from connectors.order_lines import line_at
from connectors.pacing import Pace
from connectors.parts import Refusal, write_in_parts
from connectors.platforms.zoho_inventory.config import ID, Record, ZohoInventoryConfig, accepted
from connectors.polling import PollCursor
from connectors.quantities import units_taken, units_there
from connectors.shown_items import ShownItem, ShowsItems
from connectors.signatures import DigestText, HmacSignature
from connectors.updates import Confirmed, StockUpdate, UpdateOutcome

PER_PAGE, ITEMS_PER_PAGE = 200, 100
NEWEST_FIRST = {"sort_column": "last_modified_time", "sort_order": "D"}
DAY_USED_UP = b'"code":45'
_ACCOUNTS = {"ca": "https://accounts.zohocloud.ca"}
_STAGES = {"draft": OrderStage.PENDING, "fulfilled": OrderStage.FULFILLED, "void": OrderStage.CANCELLED}
"""Every other status counts as placed."""


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
    # Asked twice a minute, the allowance of a day is used up by that alone on the smaller plans.
    sends_again = True
    setup = (
        "Zoho API console: add a self client and exchange a code of the scopes "
        "ZohoInventory.inventoryadjustments.CREATE, ZohoInventory.inventoryadjustments.READ, ZohoInventory.items.READ, "
        "ZohoInventory.salesorders.READ and ZohoInventory.settings.READ for a refresh token.",
        "Let inventory adjustments of this user need no approval.",
        "Settings > Automation > Webhooks: POST to the channel's webhook address without a query, 'Secure this "
        "webhook' with the secret, raw JSON: salesorder_id, status and last_modified_time, each with its placeholder.",
        "Settings > Automation > Workflow Rules, module Sales Orders, created or edited: call this webhook.",
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
        at = _moment(order) if order.get("last_modified_time") else notification.received_at
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
        times = [_moment(order) for order in body["salesorders"]]
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
        return deleted_order(order_id, answer) if answer.status == 404 else _event(accepted(answer)["salesorder"])

    def check(self, config: ZohoInventoryConfig) -> Flow[ChannelCheck]:
        for path in ("/items", "/salesorders", "/inventoryadjustments"):
            yield from config.read(path, page="1", per_page="1")
        places = (yield from config.read("/locations"))["locations"]
        return ChannelCheck(
            summary=f"Connected to the organisation {config.organization_id} with {len(places)} location(s)",
            problems=() if places else ("Settings > Locations: enable locations; stock is kept by location.",),
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


def _moment(order: Record) -> datetime:
    at = datetime.fromisoformat(order["last_modified_time"])
    return at if at.tzinfo else at.replace(tzinfo=UTC)


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


def _event(order: Record) -> OrderEvent:
    stage = _STAGES.get(order["status"], OrderStage.OPEN)
    return OrderEvent(
        order_id=str(order["salesorder_id"]),
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=_moment(order),
        stage=stage,
        status=order["status"],
        name=order.get("salesorder_number"),
        lines=tuple(_line(stage, order, line) for line in order["line_items"]),
    )


def _line(stage: OrderStage, order: Record, line: Record) -> OrderLine:
    return line_at(
        stage,
        line_id=str(line["line_item_id"]),
        sku=line.get("sku"),
        platform_ids={"item_id": str(line["item_id"])},
        ordered=units_taken(line["quantity"]),
        shipped=units_there(line.get("quantity_shipped") or 0),
        cancelled=units_there(line.get("quantity_cancelled") or 0),
        location_id=line.get("location_id") or order.get("location_id") or None,
    )
