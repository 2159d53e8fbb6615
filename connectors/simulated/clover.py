"""A simulated Clover merchant: REST API v3, and thin webhooks with a fixed header and no signature."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.simulated.misbehaviour import PLAYED, Handler
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.refresh_tokens import RefreshTokens
from connectors.simulated.sales import SoldLine, SoldOrder
from connectors.simulated.webhooks import Delivery

MERCHANT = "XYZVJT2ZRR9SC"
BASE = f"/v3/merchants/{MERCHANT}"
USER_AGENT = re.compile(r"[\w-]+/[\d.]+( \(.+\))?")
CALLS_AT_ONCE_MAX = 5

Record = dict[str, Any]


class _Count(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    quantity: float


class SimulatedClover(SimulatedPlatform):
    """The till sells at once, unless `unpaid` names the order. With `decrements` the merchant ticked that Clover lowers
    its own count. `deleted` orders are gone, `never_counted` items have no count yet."""

    def __init__(self, stock: Mapping[str, int], *, decrements: bool = True) -> None:
        super().__init__()
        self.items = {sku: self._clover_id(self.new_id()) for sku in stock}
        self.decrements = decrements
        self.unpaid: set[int] = set()
        self.deleted: set[int] = set()
        self.training: set[int] = set()
        self.never_counted: set[str] = set()
        self.auth_code = "auth-code-1"
        self.tokens = RefreshTokens("DRKVJT2ZRR4SC")
        self.calls_under_way = 0
        for sku, quantity in stock.items():
            self.shelf.put(sku, None, quantity)

    def config(self) -> Record:
        return {
            "merchant_id": MERCHANT,
            "client_id": self.tokens.client_id,
            "client_secret": "never sent",
            "refresh_token": self.tokens.refresh_token,
            "webhook_auth_code": self.auth_code,
            "platform_decrements": self.decrements,
            "refunds_restock": True,
            "api_url": self.url,
        }

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return "/item_stocks/" in path and bool(body)

    async def sell_many(self, units: Mapping[str, int], *, location_id: str | None = None) -> SoldOrder:
        before = {sku: self.shelf.quantity(sku) for sku in units}
        # What is told of the sale says nothing of the count.
        order = await super().sell_many(units, location_id=location_id)
        if not self.decrements:
            for sku, quantity in before.items():
                self.shelf.put(sku, None, quantity)
        return order

    async def delete(self, order: SoldOrder) -> None:
        """An order that nobody has paid."""
        self.deleted.add(order.order_id)
        for line in order.lines if self.decrements else ():
            self.shelf.add(line.sku, None, line.ordered)
        await self.webhooks.deliver(self.delivery(self._event("O", order.order_id, order.updated_at, "DELETE")))

    def routes(self) -> Iterable[web.RouteDef]:
        plain = (
            ("GET", "", self._merchant),
            ("GET", "/items", self._list_items),
            ("GET", "/item_stocks/{id}", self._stock),
            ("POST", "/item_stocks/{id}", self._set_stock),
            ("GET", "/orders", self._list_orders),
            ("GET", "/orders/{id}", self._order),
            ("GET", "/payments/{id}", self._payment),
        )
        return [
            web.post("/oauth/v2/refresh", self._refresh),
            *(web.route(method, BASE + path, self._guarded(handler)) for method, path, handler in plain),
        ]

    async def _refresh(self, request: web.Request) -> web.StreamResponse:
        if not self.tokens.renew(orjson.loads(await request.read())):
            return web.json_response({"message": "Failed to validate authentication code."}, status=400)
        pair = {"access_token": self.tokens.access_token, "refresh_token": self.tokens.refresh_token}
        return web.json_response(
            {**pair, "access_token_expiration": 1763640000, "refresh_token_expiration": 1795176000}
        )

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not USER_AGENT.fullmatch(request.headers.get("User-Agent", "")):
                return _message(400, "User-Agent is required")
            if not self.tokens.admit(request):
                return _message(401, "401 Unauthorized")
            if self.calls_under_way >= CALLS_AT_ONCE_MAX:
                return web.Response(status=429, headers={"X-RateLimit-tokenConcurrentLimit": "5", "retry-after": "1"})
            self.calls_under_way += 1
            try:
                return await handler(request)
            except ValidationError as wrong:
                return _message(400, str(wrong.errors()[0]["loc"]))
            finally:
                self.calls_under_way -= 1

        return guarded

    async def _merchant(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"id": MERCHANT, "name": "Main street"})

    # Items

    async def _list_items(self, request: web.Request) -> web.StreamResponse:
        items = [
            {"id": number, "name": sku.title(), "sku": sku, "code": f"00{sku}", "itemStock": self._count(sku)}
            for sku, number in self.items.items()
        ]
        return _elements(request, items)

    def _count(self, sku: str) -> Record:
        if sku in self.never_counted:
            return {"item": {"id": self.items[sku]}}
        quantity = self.shelf.quantity(sku)
        return {"item": {"id": self.items[sku]}, "stockCount": quantity, "quantity": float(quantity)}

    def _sku(self, request: web.Request) -> str | None:
        return next((sku for sku, number in self.items.items() if number == request.match_info["id"]), None)

    async def _stock(self, request: web.Request) -> web.StreamResponse:
        sku = self._sku(request)
        return _message(404, "Not Found") if sku is None else web.json_response(self._count(sku))

    async def _set_stock(self, request: web.Request) -> web.StreamResponse:
        if (sku := self._sku(request)) is None:
            return _message(404, "Not Found")
        count = _Count.model_validate_json(await request.read())
        if PLAYED not in request:
            self.never_counted.discard(sku)
            self.shelf.put(sku, None, int(count.quantity))
        return web.json_response(self._count(sku))

    # Orders

    async def _list_orders(self, request: web.Request) -> web.StreamResponse:
        since = int(request.query.get("filter", "modifiedTime>=0").removeprefix("modifiedTime>="))
        found = [self._body(order) for order in self.orders.values() if order.order_id not in self.deleted]
        return _elements(request, [body for body in found if body["modifiedTime"] >= since])

    async def _order(self, request: web.Request) -> web.StreamResponse:
        for order in self.orders.values():
            if self._clover_id(order.order_id) == request.match_info["id"] and order.order_id not in self.deleted:
                return web.json_response(self._body(order))
        return web.json_response({"message": "Not Found", "details": "Order not found"}, status=404)

    async def _payment(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"id": request.match_info["id"], "order": {"id": request.match_info["id"]}})

    def _body(self, order: SoldOrder) -> Record:
        """One line for each unit. A cancelled order is one of which everything was refunded."""
        refunded = any(line.returned for line in order.lines)
        whole = all(line.refunded == line.ordered for line in order.lines)
        paid = "REFUNDED" if whole else "PARTIALLY_REFUNDED" if refunded else "PAID"
        lines = [self._line(line, number) for line in order.lines for number in range(line.ordered)]
        return {
            "id": self._clover_id(order.order_id),
            "state": "open" if order.order_id in self.unpaid else "locked",
            "paymentState": "OPEN" if order.order_id in self.unpaid else paid,
            "testMode": order.order_id in self.training,
            "modifiedTime": _milliseconds(order.updated_at),
            "lineItems": {"elements": lines},
        }

    def _line(self, line: SoldLine, number: int) -> Record:
        refunded = number < line.refunded
        return {"id": f"LI{line.line_id}{number}", "item": {"id": self.items[line.sku]}, "refunded": refunded}

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        """Everything of a moment comes in one body, other merchants' included."""
        kind = "CREATE" if happened == "created" else "UPDATE"
        events = [self._event(key, order.order_id, order.updated_at, kind) for key in ("O", "P")]
        return [self.delivery(*events)]

    def _event(self, key: str, number: int, at: datetime, kind: str) -> Record:
        return {"objectId": f"{key}:{self._clover_id(number)}", "type": kind, "ts": _milliseconds(at)}

    def delivery(self, *events: Record) -> Delivery:
        body = {"appId": self.tokens.client_id, "merchants": {"OTHERMERCHANT": list(events), MERCHANT: list(events)}}
        return Delivery({"Content-Type": "application/json", "X-Clover-Auth": self.auth_code}, orjson.dumps(body))

    def verification(self) -> Delivery:
        """What comes when the operator registers the address: no header."""
        code = {"verificationCode": "ce7643c1-83ea-4218-abe6-da876c9c7a0a"}
        return Delivery({"Content-Type": "application/json"}, orjson.dumps(code))

    @staticmethod
    def _clover_id(number: int) -> str:
        return f"C{number:012}"


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _elements(request: web.Request, found: list[Record]) -> web.Response:
    limit, offset = int(request.query.get("limit", "100")), int(request.query.get("offset", "0"))
    if limit > 1000:
        return _message(400, "limit")
    return web.json_response({"elements": found[offset : offset + limit]})


def _message(status: int, text: str) -> web.Response:
    return web.json_response({"message": text}, status=status)
