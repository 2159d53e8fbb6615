"""A simulated PrestaShop: Webservice with XML in and JSON out, a count that its own sales lower, no webhooks."""

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

from aiohttp import encode_basic_auth, web
from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.simulated.held import stage_of
from connectors.simulated.misbehaviour import PLAYED, Handler
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.sales import SoldLine, SoldOrder
from connectors.simulated.webhooks import Delivery

KEY = "ZQ88PRJX5VWQHCWE4EE7SQ7HPNX00RAJ"
ZONE = ZoneInfo("America/New_York")
STATES = {"open": 2, "shipped": 4, "cancelled": 6, "refunded": 7, "error": 8}
"""Of a new shop; only 4 is flagged as shipped."""
PER_PAGE_MAX = 500

Record = dict[str, Any]


class _Row(BaseModel):
    """What a PUT must hold; what it leaves out becomes empty."""

    model_config = ConfigDict(extra="forbid")
    id: int
    id_product: int
    id_product_attribute: int
    id_shop: int
    id_shop_group: int
    quantity: int
    depends_on_stock: int
    out_of_stock: int
    location: str | None


class SimulatedPrestaShop(SimulatedPlatform):
    """Products without combinations. `from_warehouses` names those whose count the shop computes."""

    def __init__(self, stock: Mapping[str, int]) -> None:
        super().__init__()
        self.products = {sku: self.new_id() for sku in stock}
        self.from_warehouses: set[str] = set()
        for sku, quantity in stock.items():
            self.shelf.put(sku, None, quantity)

    def config(self) -> Record:
        return {"base_url": self.url, "ws_key": KEY, "shop_timezone": ZONE.key}

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return path == "/api/stock_availables" and bool(body)

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        return []

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.get("/api/orders/{id}", self._guarded(self._order)),
            web.get("/api/{resource}", self._guarded(self._list)),
            web.put("/api/stock_availables", self._guarded(self._put)),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != encode_basic_auth(KEY, ""):
                return _error(401, 18, "Invalid authentication key format")
            try:
                return await handler(request)
            except (ValidationError, ElementTree.ParseError) as wrong:
                return _error(500, 127, f"XML error: {type(wrong).__name__}")

        return guarded

    async def _list(self, request: web.Request) -> web.StreamResponse:
        resource, query = request.match_info["resource"], request.query
        if "filter[date_upd]" in query and query.get("date") != "1":
            return _error(400, 41, "The date parameter is needed to filter by a date")
        records = {
            "products": self._products(),
            "combinations": [],
            "stock_availables": [self._row(sku) for sku in self.products],
            "orders": [self._order_body(order) for order in self._by_change()],
            "order_details": [self._detail(order, line) for order in self.orders.values() for line in order.lines],
            "order_states": [{"id": n, "shipped": str(int(s == "shipped"))} for s, n in STATES.items()],
        }[resource]
        for name, value in query.items():
            if name.startswith("filter["):
                records = [one for one in records if _fits(one[name[7:-1]], value)]
        start, _, size = query.get("limit", f"0,{PER_PAGE_MAX}").rpartition(",")
        page = records[int(start or 0) : int(start or 0) + int(size)]
        return web.json_response({resource: page} if page else [])

    async def _put(self, request: web.Request) -> web.StreamResponse:
        """In their order, and not as a transaction."""
        root = ElementTree.fromstring(await request.read())
        rows = [_Row.model_validate({field.tag: field.text or "" for field in row}) for row in root]
        by_row = {product + 10_000: sku for sku, product in self.products.items()}
        if len({row.id for row in rows}) < len(rows):
            return _error(400, 89, "id is duplicate in request")
        for row in rows:
            if row.id not in by_row:
                return web.Response(status=404)
            if by_row[row.id] in self.from_warehouses:
                return _error(500, 133, "You cannot change the quantity of a product that depends on stock")
            if request.get(PLAYED) is None:
                self.shelf.put(by_row[row.id], None, row.quantity)
        return web.json_response({"stock_availables": [self._row(by_row[row.id]) for row in rows]})

    async def _order(self, request: web.Request) -> web.StreamResponse:
        order = self.orders.get(int(request.match_info["id"]))
        return web.json_response({"order": self._order_body(order)}) if order else web.Response(status=404)

    def _by_change(self) -> list[SoldOrder]:
        return sorted(self.orders.values(), key=lambda order: (order.updated_at, order.order_id))

    def _products(self) -> list[Record]:
        return [
            {"id": number, "reference": sku, "cache_default_attribute": "0"} for sku, number in self.products.items()
        ]

    def _row(self, sku: str) -> Record:
        return {
            "id": self.products[sku] + 10_000,
            "id_product": str(self.products[sku]),
            "id_product_attribute": "0",
            "id_shop": "1",
            "id_shop_group": "0",
            "quantity": str(self.shelf.quantity(sku)),
            "depends_on_stock": str(int(sku in self.from_warehouses)),
            "out_of_stock": "2",
            "location": "",
        }

    def _order_body(self, order: SoldOrder) -> Record:
        return {
            "id": order.order_id,
            "current_state": str(STATES[_state_of(order)]),
            "date_upd": order.updated_at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S"),
            "reference": f"REF{order.order_id}",
        }

    def _detail(self, order: SoldOrder, line: SoldLine) -> Record:
        restocked = sum(part.units for part in line.returned if part.restocked)
        return {
            "id": line.line_id,
            "id_order": str(order.order_id),
            "product_id": str(self.products[line.sku]),
            "product_attribute_id": "0",
            "product_reference": line.sku,
            "product_quantity": str(line.ordered),
            "product_quantity_refunded": str(line.refunded),
            "product_quantity_reinjected": str(0 if order.cancelled_at else restocked),
        }


def _state_of(order: SoldOrder) -> str:
    """An order whose money was given back leaves the shipped state."""
    refunded = not order.cancelled_at and all(line.refunded == line.ordered for line in order.lines)
    return "refunded" if refunded else stage_of(order)


def _fits(value: Any, wanted: str) -> bool:
    choices = wanted.strip("[]")
    if "," in choices:
        first, last = choices.split(",")
        return first <= str(value) <= last
    return str(value) in choices.split("|")


def _error(status: int, code: int, message: str) -> web.Response:
    return web.json_response({"errors": [{"code": code, "message": message}]}, status=status)
