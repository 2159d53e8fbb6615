"""A simulated Cin7 Omni: API v1 with counts on hand per branch, adjustments with a result for each, no webhooks."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import encode_basic_auth, web
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from connectors.simulated.held import CountsOnHand, stage_of
from connectors.simulated.misbehaviour import PLAYED, Handler, Misbehaviour
from connectors.simulated.sales import SoldOrder
from connectors.simulated.webhooks import Delivery

USER, KEY = "simulated", "simulated-key"
BASE = "/api/v1"
ROWS_MAX = 250

Record = dict[str, Any]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    code: str
    qty: int


class _Adjustment(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    reference: str
    branchId: int
    isApproved: bool
    completedDate: str
    adjustmentReason: str
    lineItems: list[_Line]


class SimulatedCin7Omni(CountsOnHand):
    """With `takes_counts`, the quantity of an adjustment is the new count instead of the change."""

    def __init__(self, stock: Mapping[str, int], *, takes_counts: bool = False) -> None:
        super().__init__()
        self.skus = list(stock)
        self.takes_counts = takes_counts
        self.references: set[str] = set()
        for sku, quantity in stock.items():
            self.shelf.put(sku, "3", quantity)

    def config(self) -> Record:
        meaning = "count" if self.takes_counts else "change"
        url = f"{self.url}{BASE}"
        return {"api_username": USER, "api_key": KEY, "adjustment_quantity": meaning, "api_url": url}

    def home(self) -> str:
        return "3"

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return path.endswith("/Adjustments")

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        return []

    def routes(self) -> Iterable[web.RouteDef]:
        plain = (
            ("GET", "/Branches", self._list_branches),
            ("GET", "/Stock", self._list_stock),
            ("GET", "/SalesOrders", self._list_orders),
            ("POST", "/Adjustments", self._adjust),
        )
        return [web.route(method, BASE + path, self._guarded(handler)) for method, path, handler in plain]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != encode_basic_auth(USER, KEY):
                return web.json_response({"message": "Authorization has been denied"}, status=401)
            try:
                return await handler(request)
            except ValidationError as wrong:
                return web.json_response({"message": f"{wrong.errors()[0]['loc'][-1]} is invalid"}, status=400)

        return guarded

    async def _list_branches(self, request: web.Request) -> web.StreamResponse:
        return _page(request, [{"id": 3, "company": "Main"}])

    async def _list_stock(self, request: web.Request) -> web.StreamResponse:
        codes = re.findall(r"'([^']*)'", request.query.get("where", ""))
        rows = [
            {
                "code": sku,
                "branchId": 3,
                "available": float(self.shelf.quantity(sku, "3")),
                "stockOnHand": float(self.on_hand(sku, "3")),
                "openSales": float(self.held(sku, "3")),
            }
            for sku in self.skus
            if not codes or sku in codes
        ]
        return _page(request, rows)

    async def _list_orders(self, request: web.Request) -> web.StreamResponse:
        bodies = [_body(order) for order in sorted(self.orders.values(), key=lambda order: order.updated_at)]
        where = request.query.get("where", "")
        if asked := re.fullmatch(r"id=(\d+)", where):
            bodies = [body for body in bodies if body["id"] == int(asked[1])]
        elif asked := re.fullmatch(r"ModifiedDate>='([^']+)'", where):
            bodies = [body for body in bodies if body["modifiedDate"] >= asked[1]]
        return _page(request, bodies)

    async def _adjust(self, request: web.Request) -> web.StreamResponse:
        adjustments = TypeAdapter(list[_Adjustment]).validate_json(await request.read())
        results = [self._book(one, request.get(PLAYED)) for one in adjustments]
        rows = [
            {"index": index, "success": not errors, "id": self.new_id(), "errors": errors}
            for index, errors in enumerate(results)
        ]
        return web.json_response(rows)

    def _book(self, adjustment: _Adjustment, kind: Misbehaviour | None) -> list[str]:
        """What is wrong with it; a reference is taken once."""
        unknown = [line.code for line in adjustment.lineItems if line.code not in self.skus]
        if unknown or kind is Misbehaviour.ERROR_INSIDE_SUCCESS:
            return [f"Line item code {code} not found" for code in unknown or ["?"]]
        if adjustment.reference in self.references or len(adjustment.reference) > 20:
            return ["The reference must be unique and not longer than 20"]
        self.references.add(adjustment.reference)
        for line in adjustment.lineItems if kind is None else ():
            there = 0 if self.takes_counts else self.on_hand(line.code, "3")
            self.count(line.code, "3", there + line.qty)
        return []


def _body(order: SoldOrder) -> Record:
    stage = stage_of(order)
    changed = order.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [
        {"id": line.line_id, "code": line.sku, "qty": float(line.ordered), "qtyShipped": float(line.fulfilled)}
        for line in order.lines
    ]
    return {
        "id": order.order_id,
        "modifiedDate": changed,
        "isApproved": True,
        "reference": f"SO-{order.order_id}",
        "isVoid": stage == "cancelled",
        "branchId": 3,
        "status": "APPROVED",
        "stage": "Dispatched" if stage == "shipped" else "Picking",
        "dispatchedDate": changed if stage == "shipped" else None,
        "lineItems": lines,
    }


def _page(request: web.Request, found: list[Record]) -> web.Response:
    number, size = int(request.query.get("page", "1")), min(int(request.query.get("rows", "50")), ROWS_MAX)
    return web.json_response(found[(number - 1) * size : number * size])
