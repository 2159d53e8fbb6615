"""Lightspeed Retail (R-Series), API V3: a count per item and shop, sales by polling.

https://developers.lightspeedhq.com/retail/endpoints/Item (quantities are written with the item), /endpoints/Sale,
/endpoints/SaleLine, /introduction/ratelimits, /introduction/pagination, /authentication/authentication-overview

A completed sale and a layaway have left the count (https://community.lightspeedhq.com/en/discussion/4588); a special
order waits for goods of its own and counts once its sale is completed. A refund is a sale of its own, whose lines name
those that they take back; refunds that name none are seen by reconciliation only. Lists with `IN` are documented for
SKUs and inferred for ids. A write cannot compare: the count is looked at just before.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth
from connectors.catalog import ChannelCheck, ChannelLocation, Page
from connectors.exchange import Flow
from connectors.limit_headers import LimitHeaders
from connectors.listing_ids import ListingIds
from connectors.messages import MessageKind, OrderEvent, OrderReference
from connectors.one_by_one import where_different
from connectors.pacing import Pace
from connectors.platforms.lightspeed_retail.records import (
    ID,
    LightspeedRetailConfig,
    Record,
    read_having,
    read_page,
    records_in,
)
from connectors.platforms.lightspeed_retail.sales import WITH_LINES, events_of, lines_of, sales_of, units_of
from connectors.polling import PollCursor
from connectors.quantities import units_there
from connectors.shown_items import ShownItem, ShowsItems
from connectors.updates import Rejected, StockUpdate, UpdateOutcome, as_kept

COUNTED_TYPE = "default"
"""Boxes and assemblies derive their count from others, serialized items have one for each number."""
COUNTS = "ItemShops"


class LightspeedRetail(ShowsItems[LightspeedRetailConfig]):
    name, title, config_type = "lightspeed-retail", "Lightspeed Retail (R-Series)", LightspeedRetailConfig
    # A leaky bucket of an account with one register; the answers tell the real one.
    pace = Pace(burst=90, per_second=1)
    limits = LimitHeaders(used="X-LS-API-Bucket-Level", per_second="X-LS-API-Drip-Rate")
    busy_statuses = (409,)
    signature = None
    # Few at a time: what was looked at must not be old when the last one is written.
    stock = StockAbilities(writes=StockWrites.LOOK_AND_SET, updates_max=5, per_location=True)
    listing_ids = ListingIds(required={"item_id": ID}, location=ID)
    topics: ClassVar[Mapping[str, MessageKind]] = {}
    setup = (
        "Register an API client at https://cloud.lightspeedapp.com/oauth/register.php and note its id and secret.",
        "Let an employee who may see sales and change inventory authorise it for the scopes employee:inventory and "
        "employee:register_read, and exchange the code for a refresh token within a minute.",
        "Look up the account's number with GET https://api.lightspeedapp.com/API/V3/Account.json.",
    )

    def auth(self, config: LightspeedRetailConfig) -> Auth:
        return config.oauth(f"{config.login_url}/auth/oauth/token")

    def set_stock(self, config: LightspeedRetailConfig, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        ids = [update.platform_ids["item_id"] for update in updates]
        items = {item["itemID"]: item for item in (yield from read_having(config, "Item", "itemID", ids, [COUNTS]))}

        def shown(update: StockUpdate) -> int | Rejected | None:
            item = items.get(update.platform_ids["item_id"])
            if item is None:
                return Rejected("not_found", "Lightspeed has no such item, or it is archived: look its SKU up again.")
            if item["itemType"] != COUNTED_TYPE:
                return Rejected("not_tracked", f"Lightspeed derives the count of a {item['itemType']} item.")
            # A shop has no count of an item until the till first needs one.
            return _counts(item).get(update.location_id)

        def write(update: StockUpdate) -> Flow[UpdateOutcome]:
            body = {COUNTS: {"ItemShop": [{"shopID": int(update.location_id or ""), "qoh": update.quantity}]}}
            path = f"/Item/{update.platform_ids['item_id']}.json"
            # Each record within the body costs half a call.
            answer = yield config.api.send("PUT", path, body, cost=2, expected=(400, 404, 422))
            if answer.status != 200:
                return Rejected(str(answer.status), answer.json()["message"])
            return as_kept(update, _counts(answer.json()["Item"]).get(update.location_id))

        return (yield from where_different(updates, shown, write))

    def read_items(self, config: LightspeedRetailConfig, cursor: str | None) -> Flow[Page[ShownItem]]:
        items, following = yield from read_page(config, "Item", {"sort": "itemID"}, cursor, [COUNTS])
        return Page.of((_shown_item(config, item) for item in items), following)

    def read_orders(
        self, config: LightspeedRetailConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        place = PollCursor.read(cursor, since)
        changed = {"timeStamp": f">=,{place.since.isoformat()}", "sort": "timeStamp", "archived": "true"}
        sales, following = yield from read_page(config, "Sale", changed, place.place, WITH_LINES)
        refunded = (line["parentSaleLineID"] for sale in sales for line in lines_of(sale) if units_of(line) < 0)
        originals = yield from sales_of(config, "saleLineID", refunded)
        events = yield from events_of(config, {sale["saleID"]: sale for sale in (*originals, *sales)}.values())
        return place.page(events, following)

    def read_order(self, config: LightspeedRetailConfig, order_id: str) -> Flow[OrderEvent | None]:
        found = yield from read_having(config, "Sale", "saleID", [order_id], WITH_LINES)
        return next(iter((yield from events_of(config, found))), None)

    def check(self, config: LightspeedRetailConfig) -> Flow[ChannelCheck]:
        shops, _ = yield from read_page(config, "Shop")
        for path in ("Sale", "Item"):
            yield from read_page(config, path, {"limit": "1"})
        locations = tuple(ChannelLocation(location_id=shop["shopID"], name=shop["name"]) for shop in shops)
        return ChannelCheck(summary=f"Connected to account {config.account_id}", locations=locations)


def _counts(item: Record) -> dict[str | None, int | None]:
    """By shop; shop 0 is only the sum of all."""
    shops = records_in(item.get(COUNTS), "ItemShop")
    return {shop["shopID"]: units_there(shop["qoh"]) for shop in shops if shop["shopID"] != "0"}


def _shown_item(config: LightspeedRetailConfig, item: Record) -> ShownItem:
    tracked = item["itemType"] == COUNTED_TYPE
    return ShownItem(
        platform_ids={"item_id": item["itemID"]},
        sku=item[config.sku_field] or None,
        name=item["description"],
        tracked=tracked,
        counts=_counts(item) if tracked else {},
    )
