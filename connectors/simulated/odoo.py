"""A simulated Odoo database: JSON-2, JSON-RPC, automation rules that send webhooks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.simulated.misbehaviour import PLAYED, Misbehaviour
from connectors.simulated.odoo_domain import UnknownField, search
from connectors.simulated.odoo_records import OdooRecords, Product, stamp
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.sales import SoldOrder
from connectors.simulated.webhooks import Delivery

DATABASE, LOGIN, API_KEY, USER_ID = "simulated", "gateway@shop.example", "6578616d706c65", 7
TOKEN = "simulated-webhook-token"
STATUSES = {"UserError": 422, "ValidationError": 422, "MissingError": 404, "AccessDenied": 401}


class OdooFault(Exception):
    def __init__(self, name: str, message: str, module: str = "odoo.exceptions") -> None:
        super().__init__(message)
        self.status = STATUSES.get(name, 500)
        self.body = {"name": f"{module}.{name}", "message": message, "arguments": [message], "context": {}}


class _QuantRow(BaseModel):
    """Any other key is "Quant's creation is restricted"."""

    model_config = ConfigDict(extra="forbid", strict=True)
    product_id: int
    location_id: int
    inventory_quantity_auto_apply: float


class _QuantContext(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    inventory_mode: Literal[True]
    inventory_name: str = ""


class _CreateQuants(BaseModel):
    model_config = ConfigDict(extra="forbid")
    vals_list: Annotated[list[_QuantRow], Field(min_length=1, max_length=100)]
    context: _QuantContext


class _SearchRead(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    domain: list[Any]
    fields: list[str]
    limit: Annotated[int, Field(ge=1)]
    order: str = "id"
    context: dict[str, Any] = {}


class SimulatedOdoo(SimulatedPlatform):
    """`stock` is in the first warehouse; `shelf.put` adds others. Versions before 19 speak JSON-RPC alone."""

    def __init__(
        self, stock: Mapping[str, int], *, warehouse_names: Sequence[str] = ("Main",), version: int = 19
    ) -> None:
        super().__init__()
        self.version = version
        self.products = {sku: Product(number, sku) for number, sku in enumerate(stock, 101)}
        self.locations = dict(enumerate(warehouse_names, 8))
        self.records = OdooRecords(self.shelf, self.products, self.locations, self.orders, version)
        for sku, quantity in stock.items():
            self.shelf.put(sku, self.home(), quantity)

    def routes(self) -> Iterable[web.RouteDef]:
        routes = [web.post("/jsonrpc", self._rpc)]
        return [*routes, web.post("/json/2/{model}/{method}", self._json2)] if self.version >= 19 else routes

    def config(self) -> dict[str, Any]:
        return {
            "base_url": self.url,
            "database": DATABASE,
            "api_key": API_KEY,
            "login": LOGIN,
            "version": self.version,
            "webhook_token": TOKEN,
        }

    def home(self) -> str:
        return str(next(iter(self.locations)))

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return path == "/json/2/stock.quant/create" or b'"stock.quant","create"' in body

    # The two ways in

    async def _json2(self, request: web.Request) -> web.StreamResponse:
        try:
            if request.headers.get("Authorization") != f"bearer {API_KEY}":
                raise OdooFault("AccessDenied", "Invalid apikey")
            if request.headers.get("X-Odoo-Database") != DATABASE or request.content_type != "application/json":
                raise OdooFault("MissingError", "no such database")
            arguments = orjson.loads(await request.read())
            result = self._call(request, request.match_info["model"], request.match_info["method"], arguments)
        except OdooFault as fault:
            return web.json_response(fault.body, status=fault.status)
        return web.json_response(result)

    async def _rpc(self, request: web.Request) -> web.StreamResponse:
        params = orjson.loads(await request.read())["params"]
        try:
            result = self._serve(request, params["service"], params["method"], params["args"])
        except OdooFault as fault:
            error = {"code": 200, "message": "Odoo Server Error", "data": fault.body}
            return web.json_response({"jsonrpc": "2.0", "id": 1, "error": error})
        return web.json_response({"jsonrpc": "2.0", "id": 1, "result": result})

    def _serve(self, request: web.Request, service: str, method: str, arguments: list[Any]) -> Any:
        if (service, method) == ("common", "authenticate"):
            return USER_ID if arguments == [DATABASE, LOGIN, API_KEY, {}] else False
        database, user_id, key, model, called, positional, named = arguments
        if (database, user_id, key) != (DATABASE, USER_ID, API_KEY):
            raise OdooFault("AccessDenied", "Access Denied")
        given = {"vals_list": positional[0]} if called == "create" else {}
        return self._call(request, model, called, {**given, **named})

    # Models

    def _call(self, request: web.Request, model: str, method: str, arguments: dict[str, Any]) -> Any:
        try:
            match model, method:
                case "res.users", "context_get":
                    return {"lang": "en_US", "tz": "UTC", "uid": USER_ID}
                case _, "search_count":
                    return len(self.records.of(model, 0))
                case _, "search_read":
                    wanted = _SearchRead.model_validate(arguments)
                    records = self.records.of(model, wanted.context.get("location", 0))
                    return search(records, wanted.domain, wanted.fields, wanted.limit)
                case "stock.quant", "create":
                    return self._create(request.get(PLAYED), _CreateQuants.model_validate(arguments))
        except (ValidationError, UnknownField) as wrong:
            raise OdooFault("ValidationError", str(wrong)) from wrong
        except KeyError as unknown:
            raise OdooFault("MissingError", f"the model {unknown} does not exist") from unknown
        raise OdooFault("MissingError", f"{model} has no method {method}")

    def _create(self, kind: Misbehaviour | None, wanted: _CreateQuants) -> list[int]:
        """All rows or none."""
        if kind is Misbehaviour.ERROR_INSIDE_SUCCESS:
            raise OdooFault("SerializationFailure", "could not serialize access", module="psycopg2.errors")
        by_id = {product.product_id: product for product in self.products.values()}
        rows = [(by_id.get(row.product_id), row) for row in wanted.vals_list]
        for product, row in rows:
            if product is None or row.location_id not in self.locations or row.inventory_quantity_auto_apply < 0:
                raise OdooFault("UserError", f"The quantity of product {row.product_id} cannot be set.")
        for product, row in rows:
            if product is not None and kind is not Misbehaviour.NOTHING_CHANGED:
                self.records.set_on_hand(product, row.location_id, row.inventory_quantity_auto_apply)
        return [self.records.quant_id(product, row.location_id) for product, row in rows if product is not None]

    # Automation rules

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        write_date = stamp(order.updated_at)
        if happened in ("created", "cancelled"):
            state = self.records.order(order)["state"]
            about = {"_model": "sale.order", "_id": order.order_id, "id": order.order_id, "state": state}
        else:
            picking_id = self.new_id()
            about = {"_model": "stock.picking", "_id": picking_id, "id": picking_id, "sale_id": order.order_id}
        body = {"_action": "Notify gateway(#412)", **about, "write_date": write_date}
        return [Delivery({"Content-Type": "application/json"}, orjson.dumps(body, option=orjson.OPT_SORT_KEYS))]
