"""A simulated Cin7 Core: API v2 with counts on hand per location, sales, and webhooks that carry a fixed token."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.simulated.held import CountsOnHand, stage_of
from connectors.simulated.misbehaviour import PLAYED, Handler
from connectors.simulated.sales import SoldOrder
from connectors.simulated.webhooks import Delivery

ACCOUNT, KEY = "1a783f0d-simulated", "simulated-key"
BASE = "/ExternalApi/v2"
STATUSES = {"open": "ORDERED", "shipped": "COMPLETED", "cancelled": "VOIDED"}
EVENTS = {
    "created": "Sale/OrderAuthorised",
    "fulfilled": "Sale/ShipmentAuthorised",
    "cancelled": "Sale/Voided",
    "refunded": "Sale/CreditNoteAuthorised",
}

Record = dict[str, Any]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    SKU: str
    Location: str
    Quantity: int
    UnitCost: float
    ReceivedDate: str


class _Adjustment(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    EffectiveDate: str
    Status: str
    UpdateOnHand: bool
    Account: str
    Reference: str
    Lines: list[_Line]


class SimulatedCin7Core(CountsOnHand):
    """`in_bins` names goods of which a part lies in a bin, `services` what is no goods. `drafts`: adjustments stay
    drafts."""

    def __init__(self, stock: Mapping[str, int], *, locations: tuple[str, ...] = ("Main Warehouse", "Outlet")) -> None:
        super().__init__()
        self.locations = locations
        self.skus = list(stock)
        self.in_bins: set[str] = set()
        self.services: set[str] = set()
        self.sold_at: dict[int, str | None] = {}
        self.drafts = False
        self.hooks: dict[str, Record] = {}
        for sku, quantity in stock.items():
            self.shelf.put(sku, self.home(), quantity)

    def config(self) -> Record:
        return {
            "account_id": ACCOUNT,
            "application_key": KEY,
            "expense_account": "403",
            "webhook_token": "simulated-token",
            "api_url": f"{self.url}{BASE}",
        }

    def home(self) -> str:
        return self.locations[0]

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return path.endswith("/stockadjustment")

    def routes(self) -> Iterable[web.RouteDef]:
        plain = (
            ("GET", "/me", self._me),
            ("GET", "/ref/location", self._list_locations),
            ("GET", "/ref/productavailability", self._availability),
            ("GET", "/product", self._list_products),
            ("POST", "/stockadjustment", self._adjust),
            ("GET", "/saleList", self._list_sales),
            ("GET", "/sale", self._sale),
            ("GET", "/webhooks", self._list_hooks),
            ("POST", "/webhooks", self._keep_hook),
            ("PUT", "/webhooks", self._keep_hook),
        )
        return [web.route(method, BASE + path, self._guarded(handler)) for method, path, handler in plain]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            stated = [request.headers.get(f"api-auth-{name}") for name in ("accountid", "applicationkey")]
            if stated != [ACCOUNT, KEY]:
                return web.Response(status=403, text="Incorrect credentials!")
            try:
                return await handler(request)
            except ValidationError as wrong:
                return _refused(f"{wrong.errors()[0]['loc'][-1]} is not valid")

        return guarded

    async def _me(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"Company": "Simulated Traders", "TimeZone": "UTC"})

    async def _list_locations(self, request: web.Request) -> web.StreamResponse:
        return _page(request, "LocationList", [{"Name": name, "IsDeprecated": False} for name in self.locations])

    async def _list_products(self, request: web.Request) -> web.StreamResponse:
        found = [self._product(sku) for sku in self.skus]
        wanted = request.query.get("ID")
        return _page(request, "Products", [one for one in found if wanted in (None, one["ID"])])

    def _product(self, sku: str) -> Record:
        kind = "Service" if sku in self.services else "Stock"
        return {"ID": self._product_id(sku), "SKU": sku, "Name": sku, "Type": kind, "CostingMethod": "FIFO"}

    def _product_id(self, sku: str) -> str:
        return str(UUID(int=self.skus.index(sku)))

    async def _availability(self, request: web.Request) -> web.StreamResponse:
        """Nothing is said of what is nowhere. A part of a SKU finds it, too."""
        wanted = request.query.get("Sku", "")
        rows = [
            self._level(sku, place, self.on_hand(sku, place), self.held(sku, place))
            for sku in self.skus
            for place in self.locations
            if wanted in sku and self.shelf.has(sku, place) and self.on_hand(sku, place)
        ]
        rows += [self._level(sku, self.home(), 1, 0) | {"Bin": "A-1"} for sku in self.in_bins if wanted in sku]
        return _page(request, "ProductAvailabilityList", rows)

    def _level(self, sku: str, place: str, on_hand: int, held: int) -> Record:
        counts = {"OnHand": float(on_hand), "Allocated": float(held), "Available": float(on_hand - held)}
        return {"SKU": sku, "Location": place, "Bin": None, "Batch": None, **counts}

    async def _adjust(self, request: web.Request) -> web.StreamResponse:
        """The counts on hand are new ones; a line that cannot be booked refuses all."""
        adjustment = _Adjustment.model_validate_json(await request.read())
        for line in adjustment.Lines:
            if line.SKU not in self.skus or line.Location not in self.locations:
                return _refused(f"Product with SKU {line.SKU} was not found")
        status = "DRAFT" if self.drafts else adjustment.Status
        if status == "COMPLETED" and request.get(PLAYED) is None:
            for line in adjustment.Lines:
                self.count(line.SKU, line.Location, line.Quantity)
        return web.json_response({"TaskID": str(UUID(int=self.new_id())), "Status": status})

    async def _list_sales(self, request: web.Request) -> web.StreamResponse:
        since = request.query.get("UpdatedSince", "")
        found = [order for order in self.orders.values() if order.updated_at.strftime("%Y-%m-%dT%H:%M:%S") >= since]
        rows = [
            {"SaleID": _guid(order).upper(), "Updated": order.updated_at.isoformat(sep=" "), "Status": "ORDERED"}
            for order in found
        ]
        return _page(request, "SaleList", rows)

    async def _sale(self, request: web.Request) -> web.StreamResponse:
        order = self.orders.get(UUID(request.query["ID"]).int)
        return web.json_response(self._body(order)) if order else _refused("Sale was not found")

    async def pick(self, order: SoldOrder, place: str) -> None:
        """All that is left of the order is taken from there, wherever it was sold."""
        self.sold_at.setdefault(order.order_id, order.taken_from)
        for line in order.lines:
            self.shelf.add(line.sku, order.taken_from, line.unshipped)
            self.shelf.add(line.sku, place, -line.unshipped)
        order.taken_from, order.updated_at = place, self.now()

    def _fulfilment(self, order: SoldOrder, units: Mapping[str, int], shipped: str) -> list[Record]:
        lines = [
            {"SKU": sku, "Location": order.taken_from, "Quantity": float(some)}
            for sku, some in units.items()
            if some and sku not in self.services
        ]
        return [{"Pick": {"Status": "AUTHORISED", "Lines": lines}, "Ship": {"Status": shipped}}] if lines else []

    def _body(self, order: SoldOrder) -> Record:
        fulfilments = self._fulfilment(order, {line.sku: line.fulfilled for line in order.lines}, "AUTHORISED")
        if order.order_id in self.sold_at:
            fulfilments += self._fulfilment(order, {line.sku: line.unshipped for line in order.lines}, "DRAFT")
        back = [
            {"SKU": line.sku, "Location": part.place, "Quantity": float(part.units)}
            for line in order.lines
            for part in line.returned
            if part.restocked and part.shipped
        ]
        lines = [
            {
                "ProductID": self._product_id(line.sku),
                "SKU": line.sku,
                "Quantity": float(line.ordered),
                "DropShip": False,
            }
            for line in order.lines
        ]
        return {
            "ID": _guid(order),
            "Status": STATUSES[stage_of(order)],
            "Location": self.sold_at.get(order.order_id, order.taken_from),
            "LastModifiedOn": order.updated_at.strftime("%Y-%m-%dT%H:%M:%S.000"),
            "Order": {"SaleOrderNumber": f"SO-{order.order_id}", "Status": "AUTHORISED", "Lines": lines},
            "Fulfilments": fulfilments,
            "CreditNotes": [{"Status": "AUTHORISED", "Restock": back}] if back else [],
        }

    async def _list_hooks(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"Webhooks": list(self.hooks.values())})

    async def _keep_hook(self, request: web.Request) -> web.StreamResponse:
        hook = orjson.loads(await request.read())
        number = hook.get("ID") or str(UUID(int=self.new_id()))
        self.hooks[number] = self.hooks.get(number, {}) | hook | {"ID": number}
        return web.json_response({"Webhooks": [self.hooks[number]]})

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        event = {"SaleID": _guid(order).upper(), "EventType": EVENTS[happened]}
        headers = {"Content-Type": "application/json", "Authorization": "Bearer simulated-token"}
        return [Delivery(headers, orjson.dumps(event))]


def _guid(order: SoldOrder) -> str:
    return str(UUID(int=order.order_id))


def _page(request: web.Request, name: str, found: list[Record]) -> web.Response:
    number, size = int(request.query.get("Page", "1")), int(request.query.get("Limit", "100"))
    return web.json_response({"Total": len(found), "Page": number, name: found[(number - 1) * size : number * size]})


def _refused(reason: str) -> web.Response:
    return web.json_response([{"ErrorCode": 400, "Exception": reason}], status=400)
