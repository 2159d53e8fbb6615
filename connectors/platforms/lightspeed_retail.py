"""Lightspeed Retail (R-Series), API V3: a count per item and shop, sales by polling.

https://developers.lightspeedhq.com/retail/endpoints/Item (quantities are written with the item), /endpoints/Sale,
/endpoints/SaleLine, /introduction/ratelimits, /introduction/pagination, /authentication/authentication-overview

A completed sale and a layaway have left the count (https://community.lightspeedhq.com/en/discussion/4588); a special
order waits for goods of its own and counts once its sale is completed. A refund is a sale of its own, whose lines name
those that they take back; refunds that name none are seen by reconciliation only. Lists with `IN` are documented for
SKUs and inferred for ids. A write cannot compare: the count is looked at just before.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field

from connectors.abilities import StockAbilities, StockWrites
from connectors.auth import Auth
from connectors.catalog import ChannelCheck, ChannelLocation, Page
from connectors.config import BaseUrl
from connectors.exchange import Flow
from connectors.limit_headers import LimitHeaders
from connectors.listing_ids import ListingIds
from connectors.messages import MessageKind, OrderEvent, OrderLine, OrderReference, OrderStage
from connectors.one_by_one import where_different
from connectors.order_lines import line_at
from connectors.pacing import Pace
from connectors.polling import PollCursor
from connectors.quantities import units_taken, units_there
from connectors.refresh_token import RefreshTokenConfig
from connectors.rest import JsonApi
from connectors.shown_items import ShownItem, ShowsItems
from connectors.updates import Rejected, StockUpdate, UpdateOutcome, as_kept

PER_PAGE = 100
ID = r"[1-9]\d{0,17}"
COUNTED_TYPE = "default"
"""Boxes and assemblies derive their count from others, serialized items have one for each number."""
LINES, COUNTS = "SaleLines", "ItemShops"

Record = dict[str, Any]
Records = Flow[tuple[list[Record], str | None]]


class LightspeedRetailConfig(RefreshTokenConfig):
    account_id: Annotated[str, Field(pattern=f"^{ID}$")] = Field(description="The account's number.")
    sku_field: Literal["customSku", "systemSku", "manufacturerSku", "upc", "ean"] = Field(
        "customSku", description="What our SKU is in Lightspeed."
    )
    api_url: BaseUrl = Field("https://api.lightspeedapp.com", description="Where the API answers.")
    login_url: BaseUrl = Field("https://cloud.lightspeedapp.com", description="Where tokens are granted.")

    @property
    def api(self) -> JsonApi:
        return JsonApi(f"{self.api_url}/API/V3/Account/{self.account_id}")


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
        items = {item["itemID"]: item for item in (yield from _having(config, "Item", "itemID", ids, COUNTS))}

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
        items, following = yield from _page(config, "Item", {"sort": "itemID"}, cursor, COUNTS)
        return Page.of((_shown_item(config, item) for item in items), following)

    def read_orders(
        self, config: LightspeedRetailConfig, cursor: str | None, since: datetime
    ) -> Flow[Page[OrderEvent | OrderReference]]:
        place = PollCursor.read(cursor, since)
        changed = {"timeStamp": f">=,{place.since.isoformat()}", "sort": "timeStamp", "archived": "true"}
        sales, following = yield from _page(config, "Sale", changed, place.place, LINES)
        refunded = (line["parentSaleLineID"] for sale in sales for line in _lines(sale) if _units(line) < 0)
        originals = yield from _sales_of(config, "saleLineID", refunded)
        events = yield from _events(config, {sale["saleID"]: sale for sale in (*originals, *sales)}.values())
        return place.page(events, following)

    def read_order(self, config: LightspeedRetailConfig, order_id: str) -> Flow[OrderEvent | None]:
        found = yield from _having(config, "Sale", "saleID", [order_id], LINES)
        return next(iter((yield from _events(config, found))), None)

    def check(self, config: LightspeedRetailConfig) -> Flow[ChannelCheck]:
        shops, _ = yield from _page(config, "Shop")
        for path in ("Sale", "Item"):
            yield from _page(config, path, {"limit": "1"})
        locations = tuple(ChannelLocation(location_id=shop["shopID"], name=shop["name"]) for shop in shops)
        return ChannelCheck(summary=f"Connected to account {config.account_id}", locations=locations)


def _records(holder: Any, name: str) -> list[Record]:
    """A collection of one comes as the object itself, an empty one is missing or an empty text."""
    found = (holder or {}).get(name) or []
    return found if isinstance(found, list) else [found]


def _page(
    config: LightspeedRetailConfig,
    path: str,
    query: Mapping[str, str] = {},
    cursor: str | None = None,
    relation: str = "",
) -> Records:
    """Its records, and the query of the address that the platform names as the next."""
    related = {"load_relations": f'["{relation}"]'} if relation else {}
    asked = dict(parse_qsl(cursor)) if cursor else {"limit": str(PER_PAGE), **query, **related}
    answer = yield from config.api.read(f"/{path}.json", asked, cost=1.4 if relation else 1)
    return _records(answer, path), urlsplit(answer["@attributes"].get("next") or "").query or None


def _having(
    config: LightspeedRetailConfig, path: str, field: str, values: Iterable[str], relation: str = ""
) -> Flow[list[Record]]:
    """All records of which a field has one of these values; "0" is none."""
    wanted = sorted(set(values) - {"0"})
    found: list[Record] = []
    for start in range(0, len(wanted), PER_PAGE):
        query = {field: f"IN,[{','.join(wanted[start : start + PER_PAGE])}]"}
        # Sales that were voided are archived.
        cursor: str | None = ""
        while cursor is not None:
            archived = {"archived": "true"} if path == "Sale" else {}
            records, cursor = yield from _page(config, path, query | archived, cursor, relation)
            found += records
    return found


def _counts(item: Record) -> dict[str | None, int | None]:
    """By shop; shop 0 is only the sum of all."""
    shops = _records(item.get(COUNTS), "ItemShop")
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


def _lines(sale: Record) -> list[Record]:
    """Item 0 is a charge for something that is no item."""
    return [line for line in _records(sale.get(LINES), "SaleLine") if line["itemID"] != "0"]


def _units(line: Record) -> int:
    return units_taken(line["unitQuantity"])


def _sales_of(config: LightspeedRetailConfig, field: str, line_ids: Iterable[str]) -> Flow[list[Record]]:
    """The sales that have lines of which a field has one of these values."""
    lines = yield from _having(config, "SaleLine", field, line_ids)
    return (yield from _having(config, "Sale", "saleID", (line["saleID"] for line in lines), LINES))


def _events(config: LightspeedRetailConfig, sales: Iterable[Record]) -> Flow[list[OrderEvent]]:
    """Each sale together with what later sales took back of it; a sale that only takes back is none itself."""
    bought = [(sale, [line for line in _lines(sale) if _units(line) > 0]) for sale in sales]
    refunds = yield from _sales_of(
        config, "parentSaleLineID", (line["saleLineID"] for _, lines in bought for line in lines)
    )
    return [_event(sale, lines, refunds) for sale, lines in bought if lines]


def _event(sale: Record, lines: Sequence[Record], refunds: Sequence[Record]) -> OrderEvent:
    ids = {line["saleLineID"] for line in lines}
    own = [some for some in refunds if any(line["parentSaleLineID"] in ids for line in _lines(some))]
    back = [line for some in own if _status(some) == "completed" for line in _lines(some) if _units(line) < 0]
    stages = [_stage(sale, line) for line in lines]
    return OrderEvent(
        order_id=sale["saleID"],
        kind=MessageKind.ORDER_UPDATED,
        occurred_at=max(datetime.fromisoformat(some["timeStamp"]) for some in (sale, *own)),
        stage=max(stages),
        status=_status(sale),
        name=sale["ticketNumber"],
        lines=tuple(_line(sale, line, stage, back) for line, stage in zip(lines, stages, strict=True)),
    )


def _status(sale: Record) -> str:
    return next((word for word in ("voided", "completed") if sale[word] == "true"), "open")


def _stage(sale: Record, line: Record) -> OrderStage:
    """Of one line: what lies in the till's basket is not sold yet; a layaway and a work order are set aside."""
    known = {"voided": OrderStage.CANCELLED, "completed": OrderStage.FULFILLED}
    set_aside = "true" in (line["isLayaway"], line["isWorkorder"])
    return known.get(_status(sale), OrderStage.OPEN if set_aside else OrderStage.PENDING)


def _line(sale: Record, line: Record, stage: OrderStage, back: Sequence[Record]) -> OrderLine:
    return line_at(
        stage,
        line_id=line["saleLineID"],
        sku=None,
        platform_ids={"item_id": line["itemID"]},
        ordered=_units(line),
        returned=sum(-_units(some) for some in back if some["parentSaleLineID"] == line["saleLineID"]),
        location_id=next((shop for shop in (line["shopID"], sale["shopID"]) if shop != "0"), None),
    )
