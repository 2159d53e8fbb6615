"""A simulated zDirect merchant: stock by EAN and country shop that nobody can read, orders in JSON:API, limits."""

import time
from base64 import b64encode
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.simulated.misbehaviour import PLAYED, Handler, Misbehaviour
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.sales import SoldLine, SoldOrder
from connectors.simulated.webhooks import Delivery
from connectors.simulated.zalando_orders import OrderResources, uuid_of

CLIENT, SECRET = "simulated-client", "simulated-secret"
MERCHANT = "2f3a9c7e-0b1d-4c55-8e7a-9d0c1b2a3f40"
SHOPS = {"01924c48-49bb-40c2-9c32-ab582e6db6f4": "Germany", "ca9d5f22-2a1b-4799-b3b7-83f47c191489": "France"}
JSON_API = "application/vnd.api+json"
GRANT = {"grant_type": "client_credentials", "scope": "access_token_only"}
TOKENS, WRITES, PAIRS, LISTS = "token", "stocks", "items", "orders"
PER_MINUTE = {TOKENS: 8, WRITES: 60, PAIRS: 2000, LISTS: 40}
MINUTE = 60.0

Record = dict[str, Any]


class _Pair(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    sales_channel_id: str
    ean: str
    quantity: int


class _Updates(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    items: list[_Pair] = Field(max_length=1000)


class SimulatedZalando(SimulatedPlatform):
    """`told` is what each shop was told last, by EAN and shop; the shelf holds the least of it, less what was sold.

    Without `decrements`, sales lower nothing. `onboarding` articles are held, `failing` ones fail once; `unpaid` orders
    have not passed the payment check, and Zalando ships those in `from_zalando` itself.
    """

    def __init__(self, stock: Mapping[str, int], *, decrements: bool = True) -> None:
        super().__init__()
        self.eans = {sku: f"406361{self.new_id():07}" for sku in stock}
        self.decrements = decrements
        self.onboarding: set[str] = set()
        self.failing: set[str] = set()
        self.unpaid: set[int] = set()
        self.from_zalando: set[int] = set()
        self.tokens_granted = 0
        self.per_minute = dict(PER_MINUTE)
        self.told: dict[tuple[str, str], int] = {}
        self._token = ""
        self._used: dict[str, deque[float]] = {name: deque() for name in PER_MINUTE}
        for sku, quantity in stock.items():
            self.shelf.put(sku, None, quantity)

    def config(self) -> Record:
        return {
            "client_id": CLIENT,
            "client_secret": SECRET,
            "merchant_id": MERCHANT,
            "sales_channel_ids": list(SHOPS),
            "returns_restock": True,
            "api_url": self.url,
        }

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return path.endswith("/stocks")

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        return []

    def now(self) -> datetime:
        """Zalando states milliseconds."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    async def sell_many(self, units: Mapping[str, int], *, location_id: str | None = None) -> SoldOrder:
        before = {sku: self.shelf.quantity(sku) for sku in units}
        order = await super().sell_many(units, location_id=location_id)
        if not self.decrements:
            for sku, quantity in before.items():
                self.shelf.put(sku, None, quantity)
        return order

    def _take_back(self, order: SoldOrder, line: SoldLine, units: int, *, restock: bool, shipped: bool) -> None:
        super()._take_back(order, line, units, restock=restock and self.decrements, shipped=shipped)

    def expire_token(self) -> None:
        self._token = ""

    def routes(self) -> Iterable[web.RouteDef]:
        merchant = f"/merchants/{MERCHANT}"
        return [
            web.post("/auth/token", self._grant),
            web.get("/sales-channels", self._guarded(self._list_shops)),
            web.post(f"{merchant}/stocks", self._guarded(self._set_stock)),
            web.get(f"{merchant}/orders", self._guarded(self._list_orders)),
            web.get(f"{merchant}/orders/{{id}}", self._guarded(self._order)),
        ]

    async def _grant(self, request: web.Request) -> web.StreamResponse:
        basic = b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {basic}" or dict(await request.post()) != GRANT:
            return web.json_response({"error": "invalid_client"}, status=401)
        if (limited := self._limited(TOKENS)) is not None:
            return limited
        self.tokens_granted += 1
        self._token = f"eyJ-{self.tokens_granted}"
        return web.json_response({"access_token": self._token, "expires_in": 7200, "token_type": "Bearer"})

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self._token or request.headers.get("Authorization") != f"Bearer {self._token}":
                return _errors(401, "Unauthorized", "The access token is not valid")
            return await handler(request)

        return guarded

    def _limited(self, name: str, cost: int = 1) -> web.StreamResponse | None:
        """The refusal when a minute's allowance is used up."""
        used, now = self._used[name], time.monotonic()
        while used and used[0] <= now - MINUTE:
            used.popleft()
        if len(used) + cost > self.per_minute[name]:
            headers = {"Retry-After": "1", "X-Rate-Limit": str(self.per_minute[name])}
            return web.json_response({"message": "Rate limit exceeded"}, status=429, headers=headers)
        used.extend([now] * cost)
        return None

    async def _list_shops(self, request: web.Request) -> web.StreamResponse:
        if MERCHANT not in request.query.get("merchant_ids", "").split(","):
            return _errors(404, "Not Found", "The merchant was not found")
        shops = [
            {"sales_channel_id": shop, "country_name": name, "country_code": name[:2].lower(), "live": True}
            for shop, name in SHOPS.items()
        ]
        return web.json_response({"items": shops})

    # Stock

    async def _set_stock(self, request: web.Request) -> web.StreamResponse:
        try:
            pairs = _Updates.model_validate_json(await request.read()).items
        except ValidationError as wrong:
            problem = {"title": "Bad Request", "status": 400, "detail": str(wrong.errors()[0]["loc"])}
            return web.json_response(problem, status=400, content_type="application/problem+json")
        if (limited := self._limited(WRITES) or self._limited(PAIRS, len(pairs))) is not None:
            return limited
        count = Counter((pair.ean, pair.sales_channel_id) for pair in pairs)
        played = request.get(PLAYED)
        results = []
        for pair in pairs:
            once = count[pair.ean, pair.sales_channel_id] == 1
            result = self._take(pair, played) if once else _result("REJECTED", 101, "Duplicate update")
            results.append({"item": pair.model_dump(), "result": result})
        return web.json_response({"results": results}, status=207)

    def _take(self, pair: _Pair, played: Misbehaviour | None) -> Record:
        sku = next((sku for sku, ean in self.eans.items() if ean == pair.ean), None)
        if sku is None or pair.sales_channel_id not in SHOPS or pair.quantity < 0:
            return _result("REJECTED", 101, "Validation failed")
        if sku in self.failing or played is Misbehaviour.ERROR_INSIDE_SUCCESS:
            self.failing.discard(sku)
            return _result("FAILED", 102, "Submission failed due to internal errors")
        if sku in self.onboarding:
            return _result("ACCEPTED", 104, "Update pending - waiting for the article to be onboarded")
        if played is None:
            self.told[pair.ean, pair.sales_channel_id] = pair.quantity
            self.shelf.put(sku, None, min(self.told.get((pair.ean, shop), pair.quantity) for shop in SHOPS))
        return _result("ACCEPTED", 0, "Update Successful")

    # Orders

    async def _list_orders(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        size, number = int(query.get("page[size]", "50")), int(query.get("page[number]", "0"))
        if size > 1000 or query.get("sort", "modified_at") != "modified_at":
            return _errors(400, "Bad Request", "The query is not valid")
        if (limited := self._limited(LISTS)) is not None:
            return limited
        after = datetime.fromisoformat(query.get("last_updated_after", "1970-01-01T00:00:00Z"))
        kind = query.get("order_type")
        newer = [one for one in self.orders.values() if one.updated_at > after and kind in (None, self._kind(one))]
        found = sorted(newer, key=lambda order: order.updated_at)
        more = (number + 1) * size < len(found)
        return self._document(request, found[number * size : (number + 1) * size], single=False, more=more)

    async def _order(self, request: web.Request) -> web.StreamResponse:
        order = next((one for one in self.orders.values() if uuid_of(one.order_id) == request.match_info["id"]), None)
        if order is None:
            return _errors(404, "Not Found", "The order was not found")
        return self._document(request, [order], single=True, more=False)

    def _document(self, request: web.Request, orders: list[SoldOrder], *, single: bool, more: bool) -> web.Response:
        if request.headers.get("Accept") != JSON_API:
            return _errors(406, "Not Acceptable", JSON_API)
        found = [
            OrderResources.of(
                order,
                kind=self._kind(order),
                unpaid=order.order_id in self.unpaid,
                shop=next(iter(SHOPS)),
                eans=self.eans,
            )
            for order in orders
        ]
        wanted = request.query.get("include", "").split(",")
        items = [item for one in found for item in one.items if "order_items" in wanted]
        lines = [line for one in found for line in one.lines if "order_lines" in wanted]
        data: Any = found[0].order if single else [one.order for one in found]
        following = request.url.update_query({"page[number]": int(request.query.get("page[number]", "0")) + 1})
        links = {"self": str(request.url), **({"next": str(following)} if more else {})}
        meta = {"copyright": "Zalando SE", "number_of_results": len(found)}
        document = {"links": links, "data": data, "included": items + lines, "meta": meta}
        return web.json_response(document, content_type=JSON_API)

    def _kind(self, order: SoldOrder) -> str:
        return "ZalandoFulfilled" if order.order_id in self.from_zalando else "PartnerFulfilled"


def _result(status: str, code: int, description: str) -> Record:
    return {"status": status, "code": code, "description": description}


def _errors(status: int, title: str, detail: str) -> web.Response:
    error = {"status": str(status), "title": title, "detail": detail}
    return web.json_response({"errors": [error]}, status=status, content_type=JSON_API)
