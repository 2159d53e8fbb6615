"""A simulated BigCommerce store: Inventory, Locations, Catalog, Settings and Webhooks V3, Orders V2."""

import base64
import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from connectors.simulated.bigcommerce_orders import consignments, shown_line, shown_order, status_of
from connectors.simulated.misbehaviour import PLAYED, Handler
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.sales import SoldLine, SoldOrder
from connectors.simulated.webhooks import Delivery

STORE, TOKEN, SECRET = "abc123", "bc-token", "client secret"
BASE = f"/stores/{STORE}"
QUOTA = 150
SCOPES = {"created": "store/order/created", "refunded": "store/order/refund/created"}

Record = dict[str, Any]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Line(_Body):
    location_id: int
    variant_id: int | None = None
    product_id: int | None = None
    quantity: Annotated[int, Field(ge=0, le=2_147_483_647)]

    @model_validator(mode="after")
    def _one_identity(self) -> "_Line":
        if (self.variant_id is None) == (self.product_id is None):
            raise ValueError("exactly one identity")
        return self


class _Adjustments(_Body):
    reason: str
    items: Annotated[list[_Line], Field(min_length=1, max_length=2000)]


class _Hook(_Body):
    scope: str
    destination: str
    is_active: bool


class _HookChange(_Body):
    is_active: bool


class SimulatedBigCommerce(SimulatedPlatform):
    """`tracking` says by what a SKU is counted ("variant" unless named), `lag_looks` how many looks at the inventory a
    write takes until it shows. `statuses` and `shipped` are what the merchant did to an order."""

    def __init__(self, stock: Mapping[str, int], *, location_names: Iterable[str] = ("Default",)) -> None:
        super().__init__()
        self.locations = {str(number): name for number, name in enumerate(location_names, 1)}
        self.products = {sku: self.new_id() for sku in stock}
        self.variants = {sku: self.new_id() for sku in stock}
        self.tracking: dict[str, str] = {}
        self.safety_stock = 0
        self.lag_looks = 0
        self.settings = {"update_stock_behavior": "order_placed", "refund_order_stock_adjustment": True}
        self.statuses: dict[int, int] = {}
        self.archived: set[int] = set()
        self.hooks: dict[int, Record] = {}
        self.calls = 0
        self._applying: list[tuple[int, list[_Line]]] = []
        for sku, quantity in stock.items():
            self.shelf.put(sku, self.home(), quantity)

    def home(self) -> str:
        return next(iter(self.locations))

    def config(self) -> Record:
        return {"store_hash": STORE, "access_token": TOKEN, "client_secret": SECRET, "api_url": self.url}

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return path.endswith("/absolute")

    async def ship(self, order: SoldOrder, sku: str, units: int) -> SoldOrder:
        next(line for line in order.lines if line.sku == sku).fulfilled += units
        return await self._tell(order, "shipped")

    def routes(self) -> Iterable[web.RouteDef]:
        plain = (
            ("PUT", "/v3/inventory/adjustments/absolute", self._adjust),
            ("GET", "/v3/inventory/items", self._inventory),
            ("GET", "/v3/inventory/locations", self._list_locations),
            ("GET", "/v3/catalog/products", self._list_products),
            ("GET", "/v3/settings/inventory", self._show_settings),
            ("GET", "/v3/hooks", self._list_hooks),
            ("POST", "/v3/hooks", self._make_hook),
            ("PUT", "/v3/hooks/{id}", self._change_hook),
            ("GET", "/v2/orders", self._list_orders),
            ("GET", "/v2/orders/{id}", self._order),
            ("GET", "/v2/orders/{id}/products", self._order_products),
        )
        return [web.route(method, BASE + path, self._guarded(handler)) for method, path, handler in plain]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if request.headers.get("X-Auth-Token") != TOKEN:
                return _problem(401, "Unauthorized")
            self.calls += 1
            try:
                answer = await handler(request)
            except ValidationError as wrong:
                answer = _problem(422, str(wrong.errors()[0]["loc"]))
            answer.headers["X-Rate-Limit-Requests-Left"] = str(max(0, QUOTA - self.calls))
            answer.headers["X-Rate-Limit-Requests-Quota"] = str(QUOTA)
            answer.headers["X-Rate-Limit-Time-Window-Ms"] = "30000"
            return answer

        return guarded

    # Stock

    async def _adjust(self, request: web.Request) -> web.StreamResponse:
        """All of it or nothing, and only a while later."""
        lines = _Adjustments.model_validate_json(await request.read()).items
        wrong = next((title for line in lines if (title := self._fault(line))), None)
        if wrong is not None:
            return _problem(422, wrong)
        if PLAYED not in request:
            self._applying.append((self.lag_looks, lines))
            self._apply()
        return web.json_response({"transaction_id": f"transaction-{self.new_id()}"})

    def _fault(self, line: _Line) -> str | None:
        stated = f"variant_id {line.variant_id}" if line.variant_id else f"product_id {line.product_id}"
        if (sku := self._sku(line)) is None or str(line.location_id) not in self.locations:
            return f"[{stated} or its location is not found]"
        kind = self.tracking.get(sku, "variant")
        if kind != stated.partition("_id")[0]:
            return f"[Item with {stated} is tracked by {kind}, please update stock by {kind} id]"
        return None

    def _sku(self, line: _Line) -> str | None:
        known, wanted = (self.variants, line.variant_id) if line.variant_id else (self.products, line.product_id)
        return next((sku for sku, number in known.items() if number == wanted), None)

    def _apply(self) -> None:
        """What is due now; everything else is one look nearer."""
        due = [lines for looks, lines in self._applying if looks == 0]
        self._applying = [(looks - 1, lines) for looks, lines in self._applying if looks > 0]
        for line in (line for lines in due for line in lines):
            if (sku := self._sku(line)) is not None:
                self.shelf.put(sku, str(line.location_id), line.quantity)

    async def _inventory(self, request: web.Request) -> web.StreamResponse:
        self._apply()
        wanted = request.query.get("product_id:in")
        places = request.query.get("location_id:in", ",".join(self.locations)).split(",")
        found = [
            {
                "identity": {"sku": sku, "product_id": self.products[sku], "variant_id": self.variants[sku]},
                "locations": [self._level(sku, at) for at in places if self.shelf.has(sku, at)],
            }
            for sku in self.products
            if wanted is None or str(self.products[sku]) in wanted.split(",")
        ]
        return _paged(request, found, 1000)

    def _level(self, sku: str, location: str) -> Record:
        on_hand = self.shelf.quantity(sku, location)
        available = on_hand - self.safety_stock
        return {"location_id": int(location), "total_inventory_onhand": on_hand, "available_to_sell": available}

    async def _list_products(self, request: web.Request) -> web.StreamResponse:
        wanted = request.query.get("id:in")
        products = [
            {
                "id": number,
                "name": sku.title(),
                "sku": sku,
                "inventory_tracking": self.tracking.get(sku, "variant"),
                "variants": [{"id": self.variants[sku], "product_id": number, "sku": sku}],
            }
            for sku, number in self.products.items()
            if wanted is None or str(number) in wanted.split(",")
        ]
        return _paged(request, products, 250)

    async def _list_locations(self, request: web.Request) -> web.StreamResponse:
        return _paged(request, [{"id": int(at), "label": name} for at, name in self.locations.items()], 1000)

    async def _show_settings(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": self.settings, "meta": {}})

    # Orders

    async def _list_orders(self, request: web.Request) -> web.StreamResponse:
        since = datetime.fromisoformat(request.query.get("min_date_modified", "2000-01-01T00:00:00+00:00"))
        found = sorted((o for o in self.orders.values() if o.updated_at >= since), key=lambda o: o.updated_at)
        return _listed(request, [self._body(order) for order in found])

    async def _order(self, request: web.Request) -> web.StreamResponse:
        order = self.orders.get(int(request.match_info["id"]))
        if order is None:
            return _problem(404, "Not found")
        asked = (request.query.get("include"), request.query.get("consignment_structure"))
        shown = {"consignments": consignments(order)} if asked == ("consignments", "object") else {}
        return web.json_response(self._body(order) | shown)

    async def _order_products(self, request: web.Request) -> web.StreamResponse:
        return _listed(request, [self._line(line) for line in self.orders[int(request.match_info["id"])].lines])

    def _body(self, order: SoldOrder) -> Record:
        status = self.statuses.get(order.order_id, status_of(order))
        return shown_order(order, status) | {"is_deleted": order.order_id in self.archived}

    def _line(self, line: SoldLine) -> Record:
        return shown_line(line) | {"product_id": self.products[line.sku], "variant_id": self.variants[line.sku]}

    # Webhooks

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        if happened == "shipped":
            about = {"type": "shipment", "id": self.new_id(), "orderId": order.order_id}
            return [self.delivery("store/shipment/created", about)]
        return [
            self.delivery(SCOPES.get(happened, "store/order/statusUpdated"), {"type": "order", "id": order.order_id})
        ]

    def delivery(self, scope: str, about: Record) -> Delivery:
        number, at = f"msg_{self.new_id()}", str(int(time.time()))
        raw = orjson.dumps({"producer": f"stores/{STORE}", "scope": scope, "data": about, "hash": number})
        digest = hmac.new(SECRET.encode(), f"{number}.{at}.".encode() + raw, hashlib.sha256).digest()
        signed = {"webhook-id": number, "webhook-timestamp": at}
        return Delivery({**signed, "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}, raw)

    async def _list_hooks(self, request: web.Request) -> web.StreamResponse:
        return _paged(request, list(self.hooks.values()), 250)

    async def _make_hook(self, request: web.Request) -> web.StreamResponse:
        number = self.new_id()
        self.hooks[number] = {"id": number, **_Hook.model_validate_json(await request.read()).model_dump()}
        return web.json_response({"data": self.hooks[number], "meta": {}})

    async def _change_hook(self, request: web.Request) -> web.StreamResponse:
        hook = self.hooks[int(request.match_info["id"])]
        hook |= _HookChange.model_validate_json(await request.read()).model_dump()
        return web.json_response({"data": hook, "meta": {}})


def _asked(request: web.Request) -> tuple[int, int]:
    return int(request.query.get("page", "1")), int(request.query.get("limit", "50"))


def _paged(request: web.Request, found: list[Record], size_max: int) -> web.Response:
    page, size = _asked(request)
    if size > size_max:
        return _problem(422, f"limit {size}")
    pages = max(1, -(-len(found) // size))
    pagination = {"total": len(found), "per_page": size, "current_page": page, "total_pages": pages}
    return web.json_response({"data": found[(page - 1) * size : page * size], "meta": {"pagination": pagination}})


def _listed(request: web.Request, found: list[Record]) -> web.Response:
    """V2 lists are bare, and nothing at all when they are empty."""
    page, size = _asked(request)
    shown = found[(page - 1) * size : page * size]
    return web.json_response(shown) if shown else web.Response(status=204)


def _problem(status: int, title: str) -> web.Response:
    return web.json_response({"status": status, "title": title, "errors": {}}, status=status)
