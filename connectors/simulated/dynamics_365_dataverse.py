"""A simulated Dataverse environment: products with a count and a version, and sales orders, by its Web API."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.simulated.dynamics_365 import SimulatedDynamics365
from connectors.simulated.misbehaviour import PLAYED
from connectors.simulated.sales import SoldLine, SoldOrder
from connectors.simulated.webhooks import Delivery

API = "/api/data/v9.2"
PAGE_MAX = 5000
NOT_FOUND = "0x80040217"
MESSAGES = {"created": "Create", "deleted": "Delete"}

Record = dict[str, Any]


class _Product(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    count: float = Field(alias="quantityonhand")


class SimulatedDataverse(SimulatedDynamics365):
    """Its own orders do not lower the count. `meddled` of a product's next writes find that somebody was faster."""

    def __init__(self, stock: Mapping[str, int]) -> None:
        super().__init__(stock)
        self.page_max = PAGE_MAX
        self.meddled = 0
        self._versions = dict.fromkeys(self.skus, 1)

    def home(self) -> str:
        return "dataverse"

    def config(self) -> Record:
        return {
            "mode": "dataverse",
            "tenant_id": "tenant",
            "client_id": "client",
            "client_secret": "hush hush",
            "dataverse_url": self.url,
            "webhook_token": self.webhook_token,
            "login_url": self.url,
        }

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return path.startswith(f"{API}/products(")

    async def delete(self, order: SoldOrder) -> None:
        del self.orders[order.order_id]
        await self._tell(order, "deleted")

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        told = {
            "MessageName": MESSAGES.get(happened, "Update"),
            "PrimaryEntityName": "salesorder",
            "PrimaryEntityId": _guid(order.order_id),
            "OperationId": _guid(self.new_id()),
            "InputParameters": [],
        }
        return [Delivery({"Content-Type": "application/json"}, orjson.dumps(told))]

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.post("/tenant/oauth2/v2.0/token", self._grant)
        for table in ("products", "salesorders", "salesorderdetails"):
            yield web.get(f"{API}/{table}", self._rows)
        yield web.get(f"{API}/salesorders({{id}})", self._order)
        yield web.patch(f"{API}/products({{id}})", self._patch)

    async def _rows(self, request: web.Request) -> web.StreamResponse:
        if not self._admits(request, "erp"):
            return _fault(401, "", "Unauthorized")
        query, table = request.query, request.path.removeprefix(f"{API}/")
        records = {"products": self._products, "salesorders": self._orders, "salesorderdetails": self._lines}[table]()
        condition = query.get("$filter", "")
        if named := re.findall(r"(\w+) eq '?([^')]*?)'?(?= or |\)|$)", condition):
            records = [record for record in records if any(record[name] == value for name, value in named)]
        if since := re.fullmatch(r"modifiedon ge (\S+)", condition):
            records = [record for record in records if record["modifiedon"] >= since[1]]
        if condition.startswith("statecode lt 2 and "):
            records = [record for record in records if record["statecode"] < 2]
        if order := query.get("$orderby"):
            records.sort(key=lambda record: str(record[order]))
        stated = re.search(r"odata.maxpagesize=(\d+)", request.headers.get("Prefer", ""))
        size = min(int(query.get("$top") or (stated[1] if stated else PAGE_MAX)), self.page_max)
        start = int(query.get("$skiptoken", 0))
        answer: Record = {"value": records[start : start + size]}
        if "$top" not in query and start + size < len(records):
            following = urlencode({**query, "$skiptoken": str(start + size)})
            answer["@odata.nextLink"] = f"{self.url}{request.path}?{following}"
        return web.json_response(answer)

    async def _order(self, request: web.Request) -> web.StreamResponse:
        if not self._admits(request, "erp"):
            return _fault(401, "", "Unauthorized")
        found = [order for order in self._orders() if order["salesorderid"] == request.match_info["id"]]
        return web.json_response(found[0]) if found else _fault(404, NOT_FOUND, "salesorder Does Not Exist")

    async def _patch(self, request: web.Request) -> web.StreamResponse:
        if not self._admits(request, "erp"):
            return _fault(401, "", "Unauthorized")
        skus = [sku for sku in self.skus if self._product(sku)["productid"] == request.match_info["id"]]
        version = request.headers.get("If-Match")
        if not skus or version is None:
            # Without a version it would make a record.
            return _fault(404 if version else 400, NOT_FOUND, "product Does Not Exist")
        (sku,) = skus
        if self.meddled:
            self.meddled -= 1
            self._versions[sku] += 1
        if version != self._product(sku)["@odata.etag"]:
            return _fault(
                412, "0x80060882", "The version of the existing record doesn't match the RowVersion provided."
            )
        try:
            count = _Product.model_validate_json(await request.read()).count
        except ValidationError as wrong:
            return _fault(400, "0x80048d19", str(wrong.errors()[0]["loc"]))
        if PLAYED not in request:
            self._versions[sku] += 1
            self.shelf.put(sku, self.home(), int(count))
        if request.headers.get("Prefer") != "return=representation":
            return web.Response(status=204)
        return web.json_response(self._product(sku))

    def _products(self) -> list[Record]:
        return [self._product(sku) for sku in self.skus]

    def _product(self, sku: str) -> Record:
        return {
            "@odata.etag": f'W/"{self._versions[sku]}"',
            "productid": _guid(self.skus.index(sku) + 1),
            "productnumber": sku,
            "name": sku.title(),
            # Where nobody ever entered one there is none.
            "quantityonhand": float(self.shelf.quantity(sku, self.home())) or None,
        }

    def _orders(self) -> list[Record]:
        return [
            {
                "salesorderid": _guid(order.order_id),
                "ordernumber": f"ORD-{order.order_id}",
                "statecode": _state(order),
                "modifiedon": order.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
            for order in self.orders.values()
        ]

    def _lines(self) -> list[Record]:
        return [_line(order, line) for order in self.orders.values() for line in order.lines]


def _state(order: SoldOrder) -> int:
    if order.cancelled_at is not None:
        return 2
    return 0 if any(line.unshipped for line in order.lines) else 3


def _line(order: SoldOrder, line: SoldLine) -> Record:
    """A line of no product is a note."""
    return {
        "salesorderdetailid": _guid(line.line_id),
        "_salesorderid_value": _guid(order.order_id),
        "quantity": float(line.ordered),
        "productid": {"productnumber": line.sku} if line.sku else None,
    }


def _guid(number: int) -> str:
    return str(UUID(int=number))


def _fault(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)
