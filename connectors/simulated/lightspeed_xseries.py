"""A simulated Lightspeed X-Series store: API 2026-07 and, for sales, 2.0; signed webhooks with the oldest shape."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.simulated.misbehaviour import PLAYED, Handler
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.refresh_tokens import RefreshTokens
from connectors.simulated.sales import SoldOrder
from connectors.simulated.webhooks import Delivery

NEW, OLD = "/api/2026-07", "/api/2.0"
QUOTA = 350
REGISTER = str(UUID(int=7))

Record = dict[str, Any]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _OutletLevel(_Body):
    outlet_id: UUID
    current_amount: Annotated[float, Field(ge=0)]


class _Details(_Body):
    inventory: Annotated[list[_OutletLevel], Field(min_length=1)]


class _ProductChange(_Body):
    details: _Details


class _LevelsQuestion(_Body):
    product_ids: Annotated[list[UUID], Field(max_length=1000)]
    location_ids: Annotated[list[UUID], Field(max_length=1000)]
    size: Annotated[int, Field(le=10_000)]


class _InventoryQuestion(_Body):
    after: int
    size: Annotated[int, Field(le=5_000)]
    sort_direction: Literal["asc", "desc"]


class _Hook(_Body):
    active: bool
    type: Literal["sale.update", "inventory.update"]
    url: str


class SimulatedLightspeedXSeries(SimulatedPlatform):
    """`untracked` products are sold and not counted. With `search_loops`, a search never ends."""

    def __init__(self, stock: Mapping[str, int], *, outlet_names: Iterable[str] = ("Main",)) -> None:
        super().__init__()
        self.outlets = {str(UUID(int=900 + number)): name for number, name in enumerate(outlet_names)}
        self.products = {sku: str(UUID(int=self.new_id())) for sku in stock}
        self.untracked: set[str] = set()
        self.statuses: dict[int, str] = {}
        self.hooks: dict[str, Record] = {}
        self.tokens = RefreshTokens("addon", "first hush")
        self.search_loops = False
        self.calls = 0
        for sku, quantity in stock.items():
            self.shelf.put(sku, self.home(), quantity)

    def home(self) -> str:
        return next(iter(self.outlets))

    def config(self) -> Record:
        return {
            "domain_prefix": "shop1",
            "client_id": self.tokens.client_id,
            "client_secret": self.tokens.client_secret,
            "refresh_token": self.tokens.refresh_token,
            "api_url": self.url,
        }

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return "/products/" in path

    def routes(self) -> Iterable[web.RouteDef]:
        plain = (
            ("GET", NEW + "/products/{id}", self._product),
            ("PUT", NEW + "/products/{id}", self._put_product),
            ("GET", NEW + "/products", self._products),
            ("POST", NEW + "/inventory_levels", self._levels),
            ("POST", NEW + "/inventory", self._inventory),
            ("GET", NEW + "/webhooks", self._hooks),
            ("POST", NEW + "/webhooks", self._make_hook),
            ("PUT", NEW + "/webhooks/{id}", self._change_hook),
            ("GET", OLD + "/outlets", self._outlets),
            ("GET", OLD + "/sales", self._sales),
            ("GET", OLD + "/sales/{id}", self._sale),
            ("GET", OLD + "/search", self._search),
        )
        return [
            web.post("/api/1.0/token", self._grant),
            *(web.route(method, path, self._guarded(handler)) for method, path, handler in plain),
        ]

    async def _grant(self, request: web.Request) -> web.StreamResponse:
        if not self.tokens.renew({name: str(value) for name, value in (await request.post()).items()}):
            return web.json_response({"error": "invalid_grant"}, status=400)
        pair = {"access_token": self.tokens.access_token, "refresh_token": self.tokens.refresh_token}
        return web.json_response({"token_type": "Bearer", "expires_in": 86400, **pair})

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self.tokens.admit(request):
                return web.Response(status=401)
            self.calls += 1
            try:
                answer = await handler(request)
            except ValidationError as wrong:
                answer = web.json_response({"error": str(wrong.errors()[0]["loc"])}, status=422)
            answer.headers["X-RateLimit-Limit"] = str(QUOTA)
            answer.headers["X-RateLimit-Remaining"] = str(max(0, QUOTA - self.calls))
            return answer

        return guarded

    # Products and counts

    async def _products(self, request: web.Request) -> web.StreamResponse:
        return _versioned(request, self._all_products())

    async def _product(self, request: web.Request) -> web.StreamResponse:
        found = [product for product in self._all_products() if product["id"] == request.match_info["id"]]
        return web.json_response({"data": found[0]} if found else {}, status=200 if found else 404)

    def _all_products(self) -> list[Record]:
        return [
            {
                "id": product_id,
                "name": sku.title(),
                "variant_name": sku.title(),
                "sku": sku,
                "has_inventory": sku not in self.untracked,
                "is_composite": False,
                "version": number,
            }
            for number, (sku, product_id) in enumerate(self.products.items(), 1)
        ]

    async def _put_product(self, request: web.Request) -> web.StreamResponse:
        sku = next((sku for sku, number in self.products.items() if number == request.match_info["id"]), None)
        if sku is None:
            return web.json_response({}, status=404)
        change = _ProductChange.model_validate_json(await request.read())
        if any(str(level.outlet_id) not in self.outlets for level in change.details.inventory):
            return web.json_response({}, status=422)
        for level in change.details.inventory:
            # Of what is not tracked the number is dropped in silence.
            if sku not in self.untracked and PLAYED not in request:
                self.shelf.put(sku, str(level.outlet_id), int(level.current_amount))
        return web.json_response({})

    async def _levels(self, request: web.Request) -> web.StreamResponse:
        asked = _LevelsQuestion.model_validate_json(await request.read())
        products, places = {str(one) for one in asked.product_ids}, {str(one) for one in asked.location_ids}
        rows = [row for row in self._rows() if row["product_id"] in products and row["outlet_id"] in places]
        return web.json_response([{**row, "location_id": row["outlet_id"]} for row in rows[: asked.size]])

    async def _inventory(self, request: web.Request) -> web.StreamResponse:
        asked = _InventoryQuestion.model_validate_json(await request.read())
        rows = [row for row in self._rows() if row["version"] > asked.after]
        ordered = rows if asked.sort_direction == "asc" else rows[::-1]
        return web.json_response(ordered[: asked.size])

    def _rows(self) -> list[Record]:
        pairs = ((sku, outlet) for sku in self.products for outlet in self.outlets if sku not in self.untracked)
        return [
            {
                "product_id": self.products[sku],
                "outlet_id": outlet,
                "current_inventory_level": float(self.shelf.quantity(sku, outlet)),
                "version": number,
            }
            for number, (sku, outlet) in enumerate(pairs, 1)
            if self.shelf.has(sku, outlet)
        ]

    # Sales: a return is one of its own.

    async def _sales(self, request: web.Request) -> web.StreamResponse:
        return _versioned(request, sorted(self._sold(), key=lambda sale: int(sale["version"])))

    async def _sale(self, request: web.Request) -> web.StreamResponse:
        found = [sale for sale in self._sold() if sale["id"] == request.match_info["id"]]
        return web.json_response({"data": found[0]} if found else {}, status=200 if found else 404)

    async def _search(self, request: web.Request) -> web.StreamResponse:
        since, offset = datetime.fromisoformat(request.query["date_from"]), int(request.query["offset"])
        found = [sale for sale in self._sold() if datetime.fromisoformat(sale["sale_date"]) >= since]
        size = int(request.query["page_size"])
        page = (found * size)[:size] if self.search_loops else found[offset : offset + size]
        return web.json_response({"data": page})

    def _sold(self) -> list[Record]:
        return [sale for order in self.orders.values() for sale in (self.sale_of(order), *self._returns_of(order))]

    def sale_of(self, order: SoldOrder) -> Record:
        usual = "VOIDED" if order.cancelled_at else "CLOSED"
        lines = [(line.sku, line.ordered) for line in order.lines]
        at = order.cancelled_at or order.created_at
        return self._record(order, order.order_id, self.statuses.get(order.order_id, usual), lines, at)

    def _returns_of(self, order: SoldOrder) -> list[Record]:
        returned = [(line, part) for line in order.lines for part in line.returned if not order.cancelled_at]
        return [
            self._record(order, order.order_id * 1000 + number, "CLOSED", [(line.sku, -part.units)], order.updated_at)
            | {"outlet_id": part.place}
            for number, (line, part) in enumerate(returned)
        ]

    def _record(self, order: SoldOrder, number: int, status: str, lines: list[tuple[str, int]], at: datetime) -> Record:
        return {
            "id": str(UUID(int=number)),
            "outlet_id": order.taken_from,
            "register_id": REGISTER,
            "status": status,
            "invoice_number": f"MAIN-{number}",
            "return_for": str(UUID(int=order.order_id)) if number != order.order_id else None,
            "sale_date": (order.created_at if number == order.order_id else at).isoformat(),
            "updated_at": at.isoformat(),
            # What is voided within the second it was sold in has a later one.
            "version": int(at.timestamp()) * 1_000_000_000 + number + (status == "VOIDED") * 500_000_000,
            "line_items": [
                {
                    "id": str(UUID(int=number * 100 + position)),
                    "product_id": self.products[sku],
                    "quantity": float(units),
                    "is_return": units < 0,
                    "status": "CONFIRMED",
                }
                for position, (sku, units) in enumerate(lines)
            ],
        }

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        return [self.delivery(self._returns_of(order)[-1] if happened == "refunded" else self.sale_of(order))]

    def delivery(self, sale: Record) -> Delivery:
        naive = datetime.fromisoformat(sale["updated_at"]).strftime("%Y-%m-%d %H:%M:%S")
        oldest = {name: sale[name] for name in ("id", "status", "return_for", "invoice_number", "version")}
        payload = {**oldest, "updated_at": naive, "register_sale_products": sale["line_items"]}
        raw = urlencode({"payload": orjson.dumps(payload).decode(), "domain_prefix": "shop1"}).encode()
        digest = hmac.new(b"first hush", raw, hashlib.sha256).hexdigest()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return Delivery({**kind, "X-Signature": f"signature={digest},algorithm=HMAC-SHA256"}, raw)

    async def _outlets(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": [{"id": number, "name": name} for number, name in self.outlets.items()]})

    async def _hooks(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": list(self.hooks.values())})

    async def _make_hook(self, request: web.Request) -> web.StreamResponse:
        hook = _Hook.model_validate_json(await request.read()).model_dump()
        if any((known["type"], known["url"]) == (hook["type"], hook["url"]) for known in self.hooks.values()):
            return web.json_response({"error": "A webhook with this type and URL already exists."}, status=409)
        number = str(UUID(int=self.new_id()))
        self.hooks[number] = {"id": number, **hook}
        return web.json_response({"data": self.hooks[number]}, status=201)

    async def _change_hook(self, request: web.Request) -> web.StreamResponse:
        hook = self.hooks[request.match_info["id"]]
        hook |= _Hook.model_validate_json(await request.read()).model_dump()
        return web.json_response({"data": hook})


def _versioned(request: web.Request, found: list[Record]) -> web.Response:
    """Both versions are null once there is nothing left."""
    after, size = int(request.query.get("after", "0")), int(request.query.get("page_size", "100"))
    page = [one for one in found if one["version"] > after][:size]
    versions = [one["version"] for one in page] or [None]
    return web.json_response({"data": page, "version": {"min": versions[0], "max": versions[-1]}})
