"""Cin7 Omni, API v1: stock on hand per branch, moved by adjustments; sales orders by polling.

https://api.cin7.com/api/Help

Omni counts what is on hand and what open sales hold of it. Whether an adjustment takes a change or the new count is not
found: a change, unless `adjustment_quantity` says otherwise after a trial on a test account; what is there afterwards
is read back. It has no webhooks. Orders do not tell of credit notes.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, ClassVar, Literal

from pydantic import Field, SecretStr

from connectors.abilities import CountedQuantity, StockAbilities, StockWrites
from connectors.auth import Auth, Basic
from connectors.base import Connector
from connectors.catalog import CatalogEntry, ChannelCheck, ChannelLocation, ChannelStock, Page
from connectors.config import BaseUrl, ChannelConfig
from connectors.differences import write_differences
from connectors.exchange import Flow
from connectors.listing_ids import ListingIds
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderReference, OrderStage
from connectors.order_lines import line_at
from connectors.pacing import Pace
from connectors.parts import Refusal, write_in_parts
from connectors.polling import PollCursor
from connectors.quantities import units_taken, units_there
from connectors.reached import Reached
from connectors.rest import JsonApi
from connectors.updates import Confirmed, StockUpdate, UpdateOutcome

PER_PAGE = 250
REASON = "inventory gateway"

Record = dict[str, Any]


class Cin7OmniConfig(ChannelConfig):
    api_username: str = Field(description="Integrations > API > API connections: the user name.", min_length=1)
    api_key: SecretStr = Field(description="The key of that connection.", min_length=1)
    adjustment_quantity: Literal["change", "count"] = Field(
        "change",
        description="What an adjustment's quantity means in your account; prove it with one on a test product.",
    )
    api_url: BaseUrl = Field("https://api.cin7.com/api/v1", description="Where the API answers.")

    @property
    def api(self) -> JsonApi:
        return JsonApi(self.api_url)

    def rows(self, resource: str, page: int = 1, **query: str) -> Flow[list[Record]]:
        found: list[Record] = yield from self.api.read(
            f"/{resource}", {"page": str(page), "rows": str(PER_PAGE), **query}
        )
        return found


class Cin7Omni(Connector[Cin7OmniConfig]):
    name, title, config_type = "cin7-omni", "Cin7 Omni", Cin7OmniConfig
    # 3 a second, 60 a minute, 5,000 a day.
    pace = Pace(burst=3, per_second=0.9)
    # A seventh of the day's calls. When they are used up, neither sales nor stock flow until midnight.
    poll_seconds_min = 120
    signature = None
    topics: ClassVar[Mapping[str, MessageKind]] = {}
    stock = StockAbilities(
        writes=StockWrites.COMPARE_AND_SET, updates_max=50, per_location=True, counted=CountedQuantity.ON_HAND
    )
    listing_ids = ListingIds(required={"sku": r"[^'\x00-\x1f]{1,100}"}, location=r"[1-9]\d{0,9}")
    setup = (
        "Integrations > API > API connections: add one that may read Stock, Branches and Sales Orders and write "
        "Adjustments.",
        "On a test product book an adjustment of 1 through the API: if its stock then is 1, enter count as "
        "adjustment_quantity.",
    )

    def auth(self, config: Cin7OmniConfig) -> Auth:
        return Basic(config.api_username, config.api_key.get_secret_value())

    def calls_at_once(self, config: Cin7OmniConfig) -> int:
        return 1

    def set_stock(self, config: Cin7OmniConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        on_hand: dict[str, int] = {}

        def look(some: Sequence[StockUpdate]) -> Flow[dict[str, int]]:
            levels = yield from _levels(config, some)
            on_hand.update((key, level.quantity or 0) for key, level in levels.items())
            return {key: (level.quantity or 0) - (level.committed or 0) for key, level in levels.items()}

        def post(due: Sequence[StockUpdate], changes: Mapping[str, int]) -> Flow[list[UpdateOutcome]]:
            def send(part: Sequence[StockUpdate]) -> Flow[Sequence[UpdateOutcome] | Refusal]:
                (result,) = (yield config.api.send("POST", "/Adjustments", [booked(part)])).json()
                if not result["success"]:
                    return Refusal("refused", "; ".join(map(str, result["errors"])))
                return [Confirmed(update.quantity) for update in part]

            def booked(part: Sequence[StockUpdate]) -> Record:
                before = {update.idempotency_key: on_hand[update.idempotency_key] for update in part}
                targets = {key: max(0, units + changes[key]) for key, units in before.items()}
                counts = targets if config.adjustment_quantity == "count" else changes
                lines = [{"code": update.platform_ids["sku"], "qty": counts[update.idempotency_key]} for update in part]
                return {"lineItems": lines, **_heading(part, before)}

            outcomes: dict[str, UpdateOutcome] = {}
            for branch in dict.fromkeys(update.location_id for update in due):
                there = [update for update in due if update.location_id == branch]
                written = yield from write_in_parts(there, send)
                outcomes |= {update.idempotency_key: one for update, one in zip(there, written, strict=True)}
            return [outcomes[update.idempotency_key] for update in due]

        return (yield from write_differences(updates, look, post))

    def read_stock(self, config: Cin7OmniConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
        number = int(cursor or 1)
        rows = yield from config.rows("Stock", number)
        return Page.of(map(_level, rows), number + 1 if len(rows) == PER_PAGE else None)

    def read_catalog(self, config: Cin7OmniConfig, cursor: str | None) -> Flow[Page[CatalogEntry]]:
        """From the list of stock, which has a row for each branch."""
        number = int(cursor or 1)
        rows = yield from config.rows("Stock", number)
        skus = dict.fromkeys(row["code"] for row in rows if row["code"])
        entries = (CatalogEntry(platform_ids={"sku": sku}, sku=sku, name=sku, tracked=True) for sku in skus)
        return Page.of(entries, number + 1 if len(rows) == PER_PAGE else None)

    def read_orders(
        self, config: Cin7OmniConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        place = PollCursor.read(cursor, since)
        reached = Reached.read(place, place.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        where = {"where": f"ModifiedDate>='{reached.start}'", "order": "ModifiedDate ASC"}
        orders = yield from config.rows("SalesOrders", reached.page, **where)
        more = len(orders) == PER_PAGE
        return place.page(map(_event, orders), reached.after(orders[-1]["modifiedDate"]) if more else None)

    def read_order(self, config: Cin7OmniConfig, order_id: str) -> Flow[OrderEvent | None]:
        orders = yield from config.rows("SalesOrders", where=f"id={int(order_id)}")
        return next(map(_event, orders), None)

    def check(self, config: Cin7OmniConfig) -> Flow[ChannelCheck]:
        branches = yield from config.rows("Branches")
        for resource in ("Stock", "SalesOrders"):
            yield config.api.get(f"/{resource}", {"page": "1", "rows": "1"})
        return ChannelCheck(
            summary=f"Connected as {config.api_username} with {len(branches)} branch(es)",
            locations=tuple(ChannelLocation(location_id=str(at["id"]), name=at["company"]) for at in branches),
        )


def _level(row: Record) -> ChannelStock:
    return ChannelStock(
        platform_ids={"sku": row["code"]},
        sku=row["code"],
        location_id=str(row["branchId"]),
        quantity=units_there(row["stockOnHand"]),
        committed=units_taken(row["openSales"]),
    )


def _levels(config: Cin7OmniConfig, updates: Sequence[StockUpdate]) -> Flow[dict[str, ChannelStock]]:
    """By idempotency key."""
    codes = ",".join(f"'{sku}'" for sku in sorted({update.platform_ids["sku"] for update in updates}))
    levels: dict[tuple[str | None, str | None], ChannelStock] = {}
    number = 0
    found: list[Record] = [{}] * PER_PAGE
    while len(found) == PER_PAGE:
        number += 1
        found = yield from config.rows("Stock", number, where=f"code IN ({codes})")
        levels |= {(level.sku, level.location_id): level for level in map(_level, found)}
    wanted = {update.idempotency_key: (update.platform_ids["sku"], update.location_id) for update in updates}
    return {key: levels[at] for key, at in wanted.items() if at in levels}


def _heading(part: Sequence[StockUpdate], before: Mapping[str, int]) -> Record:
    """The reference is taken once. It is another one where the count has moved in between."""
    name = sha256(repr(sorted(before.items())).encode()).hexdigest()[:16]
    return {
        "reference": f"GW-{name}",
        "branchId": int(part[0].location_id or ""),
        "isApproved": True,
        "completedDate": part[0].as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "adjustmentReason": REASON,
    }


def _event(order: Record) -> OrderEvent:
    stage = OrderStage.FULFILLED if order["dispatchedDate"] else OrderStage.OPEN
    stage = stage if order["isApproved"] else OrderStage.PENDING
    stage = OrderStage.CANCELLED if order["isVoid"] else stage
    return OrderEvent(
        order_id=str(order["id"]),
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=datetime.fromisoformat(order["modifiedDate"]),
        stage=stage,
        status=order["stage"] or order["status"],
        name=order["reference"],
        lines=tuple(_lines(stage, order)),
    )


def _lines(stage: OrderStage, order: Record) -> Iterator[OrderLine]:
    for line in order["lineItems"]:
        # A line of text has no code.
        if line["code"]:
            yield line_at(
                stage,
                line_id=str(line["id"]),
                sku=line["code"],
                platform_ids={"sku": line["code"]},
                ordered=units_taken(line["qty"]),
                shipped=units_there(line["qtyShipped"]),
                location_id=str(order["branchId"]) if order["branchId"] else None,
            )
