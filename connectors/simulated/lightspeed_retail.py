"""A simulated Lightspeed Retail (R-Series) account: API V3, no webhooks."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.simulated.misbehaviour import PLAYED, Handler
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.refresh_tokens import RefreshTokens
from connectors.simulated.sales import SoldLine, SoldOrder
from connectors.simulated.webhooks import Delivery

ACCOUNT = "123456"
BASE = f"/API/V3/Account/{ACCOUNT}"
BUCKET = 90
RELATIONS = {"Item": '["ItemShops"]', "Sale": '["SaleLines","SaleLines.Item"]'}

Record = dict[str, Any]


class _ShopCount(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    shop_id: Annotated[int, Field(alias="shopID", ge=1)]
    qoh: int


class _ShopCounts(BaseModel):
    model_config = ConfigDict(extra="forbid")
    counts: Annotated[list[_ShopCount], Field(alias="ItemShop", min_length=1)]


class _ItemChange(BaseModel):
    model_config = ConfigDict(extra="forbid")
    shops: Annotated[_ShopCounts, Field(alias="ItemShops")]


class SimulatedLightspeedRetail(SimulatedPlatform):
    """Everything is in the first shop until the till, or we, count it in another. `types` of items that are not
    counted; `layaways` and `baskets` are sales that are not completed."""

    def __init__(self, stock: Mapping[str, int], *, shop_names: Iterable[str] = ("Main",)) -> None:
        super().__init__()
        self.shops = {str(number): name for number, name in enumerate(shop_names, 1)}
        self.items = {sku: str(self.new_id()) for sku in stock}
        self.types: dict[str, str] = {}
        self.layaways: set[int] = set()
        self.baskets: set[int] = set()
        self.tokens = RefreshTokens("client", "hush hush")
        self.bucket_level = 1.0
        for sku, quantity in stock.items():
            self.shelf.put(sku, self.home(), quantity)

    def home(self) -> str:
        return next(iter(self.shops))

    def config(self) -> dict[str, Any]:
        return {
            "account_id": ACCOUNT,
            "client_id": self.tokens.client_id,
            "client_secret": self.tokens.client_secret,
            "refresh_token": self.tokens.refresh_token,
            "api_url": self.url,
            "login_url": self.url,
        }

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return "/Item/" in path

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        return []

    def routes(self) -> Iterable[web.RouteDef]:
        lists: dict[str, Callable[[], Iterator[Record]]] = {
            "Item": self._items,
            "Sale": self._sales,
            "SaleLine": self._sale_lines,
            "Shop": lambda: ({"shopID": number, "name": name} for number, name in self.shops.items()),
        }
        yield web.post("/auth/oauth/token", self._grant)
        yield web.put(BASE + "/Item/{id}.json", self._guarded(self._put_item))
        for name, records in lists.items():
            yield web.get(f"{BASE}/{name}.json", self._guarded(self._listing(name, records)))

    async def _grant(self, request: web.Request) -> web.StreamResponse:
        if not self.tokens.renew({name: str(value) for name, value in (await request.post()).items()}):
            return web.json_response({"error": "invalid_grant"}, status=400)
        pair = {"access_token": self.tokens.access_token, "refresh_token": self.tokens.refresh_token}
        return web.json_response({"token_type": "Bearer", "expires_in": 1800, **pair})

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self.tokens.admit(request):
                return web.json_response({"error": "access_denied"}, status=401)
            try:
                answer = await handler(request)
            except ValidationError as wrong:
                answer = _error(422, str(wrong.errors()[0]["loc"]))
            answer.headers["X-LS-API-Bucket-Level"] = f"{self.bucket_level:g}/{BUCKET}"
            answer.headers["X-LS-API-Drip-Rate"] = "1"
            return answer

        return guarded

    def _listing(self, name: str, records: Callable[[], Iterator[Record]]) -> Handler:
        async def listed(request: web.Request) -> web.StreamResponse:
            query = dict(request.query)
            limit, offset = int(query.pop("limit", "100")), int(query.pop("after", "0"))
            relations, archived = query.pop("load_relations", None), query.pop("archived", "false")
            sort = query.pop("sort", None)
            if limit > 100 or relations not in (None, RELATIONS.get(name)):
                return _error(400, f"limit {limit}, load_relations {relations}")
            found = [one for one in records() if archived == "true" or one.get("archived") != "true"]
            for field, condition in query.items():
                operator, _, value = condition.partition(",")
                found = [one for one in found if _holds(one[field], operator, value)]
            found = sorted(found, key=lambda one: one[sort]) if sort else found
            page, rest = found[offset : offset + limit], found[offset + limit :]
            asked = urlencode({**request.query, "after": offset + limit})
            body: Record = {
                "@attributes": {"next": f"{self.url}{request.path}?{asked}" if rest else "", "previous": ""}
            }
            # One comes as an object, none is missing.
            return web.json_response({**body, name: page[0] if len(page) == 1 else page} if page else body)

        return listed

    # Items

    def _items(self) -> Iterator[Record]:
        return (self._item(sku) for sku in self.items)

    def _item(self, sku: str) -> Record:
        places = [shop for shop in self.shops if self.shelf.has(sku, shop)]
        shops = [{"shopID": shop, "qoh": str(self.shelf.quantity(sku, shop))} for shop in places]
        total = {"shopID": "0", "qoh": str(sum(self.shelf.quantity(sku, shop) for shop in places))}
        return {
            "itemID": self.items[sku],
            "customSku": sku,
            "description": sku.title(),
            "itemType": self.types.get(sku, "default"),
            "ItemShops": {"ItemShop": [*shops, total]},
        }

    async def _put_item(self, request: web.Request) -> web.StreamResponse:
        sku = next((sku for sku, number in self.items.items() if number == request.match_info["id"]), None)
        if sku is None:
            return _error(404, f"Object of type 'Item' not found with primary ID '{request.match_info['id']}'.")
        counts = _ItemChange.model_validate_json(await request.read()).shops.counts
        if any(str(count.shop_id) not in self.shops for count in counts):
            return _error(422, "There is no such shop.")
        for count in counts if PLAYED not in request else ():
            self.shelf.put(sku, str(count.shop_id), count.qoh)
        return web.json_response({"@attributes": {"count": "1"}, "Item": self._item(sku)})

    # Sales: a refund is one of its own, and what is voided is archived.

    def _sales(self) -> Iterator[Record]:
        for order in self.orders.values():
            done = order.order_id not in self.layaways | self.baskets
            shop = order.taken_from
            lines = [self._line(order, line, line.line_id, line.ordered, shop) for line in order.lines]
            yield _sale(order, order.order_id, lines, order.cancelled_at or order.created_at, shop, completed=done)
            for line in order.lines if not order.cancelled_at else ():
                for number, back in enumerate(line.returned):
                    sale_id = line.line_id * 1000 + number
                    lines = [self._line(order, line, sale_id, -back.units, back.place, sale_id)]
                    yield _sale(order, sale_id, lines, order.updated_at, back.place, completed=True)

    def _line(
        self, order: SoldOrder, line: SoldLine, line_id: int, units: int, shop: str | None, sale_id: int | None = None
    ) -> Record:
        return {
            "saleLineID": str(line_id),
            "unitQuantity": str(units),
            "isLayaway": _text(order.order_id in self.layaways),
            "isSpecialOrder": "false",
            "isWorkorder": "false",
            "parentSaleLineID": str(line.line_id if units < 0 else 0),
            "itemID": self.items[line.sku],
            "Item": {"itemType": self.types.get(line.sku, "default")},
            "shopID": shop,
            "saleID": str(sale_id or order.order_id),
        }

    def _sale_lines(self) -> Iterator[Record]:
        for sale in self._sales():
            lines = sale["SaleLines"]["SaleLine"]
            yield from lines if isinstance(lines, list) else [lines]


def _sale(
    order: SoldOrder, sale_id: int, lines: list[Record], at: datetime, shop: str | None, *, completed: bool
) -> Record:
    voided = _text(order.cancelled_at is not None)
    return {
        "saleID": str(sale_id),
        "ticketNumber": f"22{sale_id:010}",
        "timeStamp": at.isoformat(),
        "completed": _text(completed),
        "archived": voided,
        "voided": voided,
        "shopID": shop,
        "SaleLines": {"SaleLine": lines[0] if len(lines) == 1 else lines},
    }


def _holds(value: str, operator: str, wanted: str) -> bool:
    if operator == ">=":
        return datetime.fromisoformat(value) >= datetime.fromisoformat(wanted)
    return value in wanted.strip("[]").split(",")


def _text(flag: bool) -> str:
    return str(flag).lower()


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"httpCode": str(status), "message": message, "errorClass": "Exception"}, status=status)
