"""A simulated Zoho Inventory: API v1 with tokens, what can be sold per location, adjustments, signed webhooks."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.simulated.held import CountsOnHand, stage_of
from connectors.simulated.misbehaviour import PLAYED, Handler, Misbehaviour
from connectors.simulated.sales import SoldOrder
from connectors.simulated.webhooks import Delivery

ORGANIZATION = "10234695"
BASE = "/inventory/v1"
STATUSES = {"open": "confirmed", "shipped": "fulfilled", "cancelled": "void"}
TOKENS_MAX = 10

Record = dict[str, Any]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    item_id: str
    quantity_adjusted: int
    location_id: str


class _Adjustment(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    date: str
    reason: str
    reference_number: str
    adjustment_type: str
    location_id: str
    line_items: list[_Line]


class SimulatedZohoInventory(CountsOnHand):
    """With `approves`, adjustments wait for somebody. `by_serial` names goods that are counted by serial number,
    `kinds` has the types of those that are not counted. An item of `gone` refuses its neighbours' details, too."""

    def __init__(self, stock: Mapping[str, int], *, webhook_secret: str = "simulated123456") -> None:
        super().__init__()
        self.webhook_secret = webhook_secret
        self.items = {sku: str(self.new_id()) for sku in stock}
        self.location = str(self.new_id())
        self.approves = False
        self.by_serial: set[str] = set()
        self.kinds: dict[str, Mapping[str, str]] = {}
        self.gone: set[str] = set()
        self.access_token = ""
        self.tokens_granted = 0
        for sku, quantity in stock.items():
            self.shelf.put(sku, self.location, quantity)

    def config(self) -> Record:
        return {
            "organization_id": ORGANIZATION,
            "client_id": "1000.SIMULATED",
            "client_secret": "simulated-secret",
            "refresh_token": "1000.simulated-refresh",
            "webhook_secret": self.webhook_secret,
            "api_url": self.url,
            "accounts_url": self.url,
        }

    def home(self) -> str:
        return self.location

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return path.endswith("/inventoryadjustments") and bool(body)

    def routes(self) -> Iterable[web.RouteDef]:
        plain = (
            ("GET", "/items", self._list_items),
            ("GET", "/itemdetails", self._details),
            ("GET", "/inventoryadjustments", self._no_adjustments),
            ("POST", "/inventoryadjustments", self._adjust),
            ("GET", "/salesorders", self._list_orders),
            ("GET", "/salesorders/{id}", self._order),
            ("GET", "/locations", self._locations),
        )
        return [
            web.post("/oauth/v2/token", self._token),
            *(web.route(method, BASE + path, self._guarded(handler)) for method, path, handler in plain),
        ]

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        if form.get("refresh_token") != "1000.simulated-refresh" or self.tokens_granted >= TOKENS_MAX:
            return web.json_response({"error": "invalid_code"}, status=400)
        self.tokens_granted += 1
        self.access_token = f"1000.access-{self.tokens_granted}"
        return web.json_response({"access_token": self.access_token, "expires_in": 3600, "token_type": "Bearer"})

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != f"Zoho-oauthtoken {self.access_token}":
                return _answer(401, 57, "You are not authorized to perform this operation")
            if request.query.get("organization_id") != ORGANIZATION:
                return _answer(400, 6041, "This user is not associated with the organization")
            try:
                return await handler(request)
            except ValidationError as wrong:
                return _answer(400, 4, f"Invalid value passed for {wrong.errors()[0]['loc'][-1]}")

        return guarded

    async def _list_items(self, request: web.Request) -> web.StreamResponse:
        return _page(request, "items", [{"item_id": number, "sku": sku} for sku, number in self.items.items()])

    async def _details(self, request: web.Request) -> web.StreamResponse:
        wanted = request.query["item_ids"].split(",")
        if any(self.items[sku] in wanted for sku in self.gone):
            return _answer(404, 1002, "Item does not exist.")
        found = [self._item(sku) for sku, number in self.items.items() if number in wanted]
        return _answer(200, 0, "success", items=found)

    def _item(self, sku: str) -> Record:
        place = {
            "location_id": self.location,
            "location_stock_on_hand": f"{self.on_hand(sku, self.location)}.00",
            "location_actual_available_stock": f"{self.shelf.quantity(sku, self.location)}.00",
        }
        serial = sku in self.by_serial
        return {
            "item_id": self.items[sku],
            "sku": sku,
            "name": sku,
            "product_type": "goods",
            "item_type": "inventory",
            **self.kinds.get(sku, {}),
            "track_serial_number": serial,
            "locations": [place],
        }

    async def _no_adjustments(self, request: web.Request) -> web.StreamResponse:
        return _page(request, "inventory_adjustments", [])

    async def _adjust(self, request: web.Request) -> web.StreamResponse:
        """All lines or none."""
        adjustment = _Adjustment.model_validate_json(await request.read())
        skus = {number: sku for sku, number in self.items.items()}
        for line in adjustment.line_items:
            if line.item_id not in skus or line.location_id != self.location:
                return _answer(400, 1002, "Item does not exist.")
        if request.get(PLAYED) is Misbehaviour.ERROR_INSIDE_SUCCESS:
            return _answer(200, 9, "The adjustment could not be recorded")
        if not self.approves and request.get(PLAYED) is None:
            for line in adjustment.line_items:
                self.shelf.add(skus[line.item_id], self.location, line.quantity_adjusted)
        return _answer(201, 0, "Inventory Adjustment has been added", inventory_adjustment={})

    async def _list_orders(self, request: web.Request) -> web.StreamResponse:
        newest = sorted(self.orders.values(), key=lambda order: order.updated_at, reverse=True)
        return _page(request, "salesorders", [self._body(order) for order in newest])

    async def _order(self, request: web.Request) -> web.StreamResponse:
        order = self.orders.get(int(request.match_info["id"]))
        if order is None:
            return _answer(404, 1002, "Sales Order does not exist.")
        return _answer(200, 0, "success", salesorder=self._body(order))

    async def delete(self, order: SoldOrder) -> None:
        """A rule for it tells what a rule for its last edit told."""
        deliveries = self.order_deliveries(order, "deleted")
        del self.orders[order.order_id]
        for delivery in deliveries:
            await self.webhooks.deliver(delivery)

    async def _locations(self, request: web.Request) -> web.StreamResponse:
        return _answer(200, 0, "success", locations=[{"location_id": self.location, "location_name": "Main"}])

    def _body(self, order: SoldOrder) -> Record:
        lines = [
            {
                "line_item_id": str(line.line_id),
                "item_id": self.items[line.sku],
                "quantity": float(line.ordered),
                "quantity_shipped": float(line.fulfilled),
            }
            for line in order.lines
        ]
        return {
            "salesorder_id": str(order.order_id),
            "salesorder_number": f"SO-{order.order_id}",
            "status": STATUSES[stage_of(order)],
            "location_id": self.location,
            "last_modified_time": order.updated_at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "line_items": lines,
        }

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        told = {name: self._body(order)[name] for name in ("salesorder_id", "status", "last_modified_time")}
        body = orjson.dumps(told)
        digest = hmac.new(self.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
        return [Delivery({"Content-Type": "application/json", "X-Zoho-Webhook-Signature": digest}, body)]


def _page(request: web.Request, name: str, found: list[Record]) -> web.Response:
    number, size = int(request.query["page"]), int(request.query["per_page"])
    more = number * size < len(found)
    page = {name: found[(number - 1) * size : number * size]}
    return _answer(200, 0, "success", page_context={"page": number, "has_more_page": more}, **page)


def _answer(status: int, code: int, message: str, **rest: Any) -> web.Response:
    return web.json_response({"code": code, "message": message, **rest}, status=status)
