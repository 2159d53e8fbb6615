"""A simulated TradeGecko account: decimal texts, adjustments by differences, thin webhooks."""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.simulated.misbehaviour import PLAYED, Handler
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.refresh_tokens import RefreshTokens
from connectors.simulated.sales import SoldOrder
from connectors.simulated.webhooks import Delivery

LOCATION = "17003"
LIMIT = 300
_EVENTS = {"created": "order.create", "fulfilled": "order.fulfilled"}

Record = dict[str, Any]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    variant_id: int
    quantity: int
    price: Annotated[str, Field(pattern=r"^\d+(\.\d+)?$")]


class _Adjustment(BaseModel):
    model_config = ConfigDict(extra="forbid")
    adjustment_number: str
    reason: Literal["supplier", "customer", "damaged", "shrinkage", "promotion", "production"]
    notes: str
    stock_location_id: int
    stock_adjustment_line_items: list[_Line] = Field(min_length=1)


class SimulatedTradeGecko(SimulatedPlatform):
    """Orders commit what they hold until they are shipped. Nothing tells of a void order."""

    def __init__(self, stock: Mapping[str, int]) -> None:
        super().__init__()
        self.variants = {sku: self.new_id() for sku in stock}
        self.tokens = RefreshTokens("client", "application secret")
        self.adjustments: dict[str, Record] = {}
        self.hooks: list[Record] = []
        self.left = LIMIT
        for sku, quantity in stock.items():
            self.shelf.put(sku, LOCATION, quantity)

    def home(self) -> str:
        return LOCATION

    def config(self) -> Record:
        return {
            "base_url": self.url,
            "client_id": self.tokens.client_id,
            "client_secret": self.tokens.client_secret,
            "refresh_token": self.tokens.refresh_token,
        }

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return path == "/stock_adjustments/"

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        if happened not in _EVENTS:
            return []
        told = {
            "object_id": order.order_id,
            "event": _EVENTS[happened],
            "timestamp": int(order.updated_at.timestamp()),
            "resource_url": f"{self.url}/orders/{order.order_id}.json",
        }
        body = orjson.dumps(told)
        digest = hmac.digest((self.tokens.client_secret or "").encode(), body, hashlib.sha256)
        signature = {"X-Gecko-Signature": base64.b64encode(digest).decode(), "X-Gecko-Delivery": f"d{self.new_id()}"}
        return [Delivery({"Content-Type": "application/json", **signature}, body)]

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.post("/oauth/token", self._grant)
        yield web.post("/stock_adjustments/", self._guarded(self._adjust))
        yield web.get("/variants", self._guarded(self._list_variants))
        yield web.get("/locations", self._guarded(self._list_locations))
        yield web.get("/orders", self._guarded(self._list_orders))
        yield web.get("/orders/{id}", self._guarded(self._order))
        yield web.get("/webhooks", self._guarded(self._list_hooks))
        yield web.post("/webhooks", self._guarded(self._add_hook))

    async def _grant(self, request: web.Request) -> web.StreamResponse:
        if not self.tokens.renew({name: str(value) for name, value in (await request.post()).items()}):
            return web.json_response({"error": "invalid_grant"}, status=401)
        pair = {"access_token": self.tokens.access_token, "refresh_token": self.tokens.refresh_token}
        return web.json_response({"token_type": "bearer", "expires_in": 7200, **pair})

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            limits = {"X-Rate-Limit-Limit": str(LIMIT), "X-Rate-Limit-Remaining": str(self.left)}
            if not self.tokens.admit(request):
                return web.json_response({"message": "Unauthorized"}, status=401)
            try:
                answer = await handler(request)
            except ValidationError as wrong:
                answer = web.json_response({"errors": {str(wrong.errors()[0]["loc"]): ["is invalid"]}}, status=422)
            answer.headers.update(limits)
            return answer

        return guarded

    async def _list_variants(self, request: web.Request) -> web.StreamResponse:
        wanted = request.query.get("ids")
        found = [sku for sku, number in self.variants.items() if wanted is None or str(number) in wanted.split(",")]
        return web.json_response({"variants": _page(request, [self._variant(sku) for sku in found])})

    def _variant(self, sku: str) -> Record:
        orders = (order for order in self.orders.values() if order.cancelled_at is None)
        held = sum(line.unshipped for order in orders for line in order.lines if line.sku == sku)
        on_hand = self.shelf.quantity(sku, LOCATION) + held
        place = {"location_id": int(LOCATION), "stock_on_hand": f"{on_hand}.0", "committed": f"{held}.0"}
        return {"id": self.variants[sku], "sku": sku, "name": sku, "manage_stock": True, "locations": [place]}

    async def _adjust(self, request: web.Request) -> web.StreamResponse:
        key = request.headers["Idempotency-Key"]
        if key not in self.adjustments:
            adjustment = _Adjustment.model_validate(orjson.loads(await request.read())["stock_adjustment"])
            skus = {number: sku for sku, number in self.variants.items()}
            lines = adjustment.stock_adjustment_line_items
            if str(adjustment.stock_location_id) != LOCATION or any(line.variant_id not in skus for line in lines):
                return web.json_response({"errors": {"variant_id": ["not found"]}}, status=422)
            for line in lines if PLAYED not in request else ():
                self.shelf.add(skus[line.variant_id], LOCATION, line.quantity)
            self.adjustments[key] = {"id": self.new_id(), "adjustment_number": adjustment.adjustment_number}
        return web.json_response({"stock_adjustment": self.adjustments[key]})

    async def _list_locations(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"locations": [{"id": int(LOCATION), "label": "Main"}]})

    async def _list_orders(self, request: web.Request) -> web.StreamResponse:
        since = request.query.get("updated_at_min")
        found = [
            self._record(order)
            for order in self.orders.values()
            if since is None or order.updated_at >= datetime.fromisoformat(since)
        ]
        return web.json_response({"orders": _page(request, found)})

    async def _order(self, request: web.Request) -> web.StreamResponse:
        order = self.orders.get(int(request.match_info["id"]))
        if order is None:
            return web.json_response({"message": "Not found"}, status=404)
        lines = [
            {"id": line.line_id, "variant_id": self.variants[line.sku], "quantity": f"{line.ordered}.0"}
            for line in order.lines
        ]
        return web.json_response({"order": self._record(order), "order_line_items": lines})

    def _record(self, order: SoldOrder) -> Record:
        shipped = not any(line.unshipped for line in order.lines)
        status = "void" if order.cancelled_at else "fulfilled" if shipped else "active"
        return {
            "id": order.order_id,
            "order_number": f"SO{order.order_id}",
            "status": status,
            "stock_location_id": int(LOCATION),
            "updated_at": order.updated_at.isoformat(),
        }

    async def _list_hooks(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"webhooks": self.hooks})

    async def _add_hook(self, request: web.Request) -> web.StreamResponse:
        self.hooks.append({"id": self.new_id(), **orjson.loads(await request.read())["webhook"]})
        return web.json_response({"webhook": self.hooks[-1]})


def _page(request: web.Request, found: list[Record]) -> list[Record]:
    limit, page = int(request.query.get("limit", "50")), int(request.query.get("page", "1"))
    return found[(page - 1) * limit : page * limit]
