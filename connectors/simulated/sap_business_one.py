"""A simulated SAP Business One company: the Service Layer with its sessions, and webhooks as of FP 2602."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.simulated.misbehaviour import PLAYED
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.sales import SoldOrder
from connectors.simulated.sap_business_one_documents import SalesDocuments
from connectors.simulated.sap_business_one_query import Query, Record, rows
from connectors.simulated.sap_business_one_webhooks import Subscriptions
from connectors.simulated.webhooks import Delivery

WAREHOUSE = "01"
BASE = "/b1s/v2/"
_PAGE = re.compile(r"odata\.maxpagesize=(\d+)")
_VERBS = {"created": "Created", "cancelled": "Cancelled", "refunded": "Updated", "fulfilled": "Closed"}


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid")
    item: str = Field(alias="ItemCode")
    warehouse: str = Field(alias="WarehouseCode", max_length=8)
    counted: float = Field(alias="CountedQuantity", ge=0)


class _Posting(BaseModel):
    model_config = ConfigDict(extra="forbid")
    remarks: str = Field(alias="Remarks", max_length=254)
    lines: list[_Line] = Field(alias="InventoryPostingLines", min_length=1)


class SimulatedSapBusinessOne(SimulatedPlatform):
    """Sells by orders, which only commit; `at_once` are invoices without one. `serial` items have serial numbers, and
    of `services` no stock is kept."""

    def __init__(self, stock: Mapping[str, int]) -> None:
        super().__init__()
        self.serial: set[str] = set()
        self.services: set[str] = set()
        self.documents = SalesDocuments(WAREHOUSE, self.new_id)
        self.at_once = self.documents.at_once
        self.postings = 0
        self.logins = 0
        self.session = ""
        self.webhook_key = "webhook key"
        self.subscriptions = Subscriptions()
        for sku, quantity in stock.items():
            self.shelf.put(sku, WAREHOUSE, quantity)
        self.skus = list(stock)

    def home(self) -> str:
        return WAREHOUSE

    def config(self) -> Record:
        return {
            "base_url": self.url,
            "company_db": "SBODEMOUS",
            "username": "gw",
            "password": "hush hush",
            "webhook_key": self.webhook_key,
        }

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return path == f"{BASE}InventoryPostings" and bool(body)

    def expire(self) -> None:
        self.session = ""

    def committed(self, sku: str) -> int:
        placed = (order for order in self.orders.values() if order.order_id not in self.at_once)
        orders = (order for order in placed if order.cancelled_at is None)
        return sum(line.unshipped for order in orders for line in order.lines if line.sku == sku)

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        """Of a partial delivery that itself is told; returns are not subscribed to."""
        delivery = self.documents.book(order)
        if happened == "refunded" and any(line.fulfilled for line in order.lines):
            return []
        name, number, verb = self.documents.kind(order), str(order.order_id), _VERBS[happened]
        if delivery is not None and any(line.unshipped for line in order.lines):
            name, number, verb = "DeliveryNotes", str(delivery), "Created"
        event = {
            "id": str(uuid5(NAMESPACE_OID, f"{number} {verb} {order.updated_at}")),
            "specversion": "1.0",
            "source": "/default/sap.b1/SBODEMOUS",
            "type": f"sap.b1.{name}.{verb}.v1",
            "subject": number,
            "time": order.updated_at.isoformat(),
            "datacontenttype": "application/json",
            "data": {"DocEntry": number},
        }
        body = orjson.dumps([event])
        key = self.subscriptions.key(otherwise=self.webhook_key)
        if key is None:
            return []
        digest = base64.b64encode(hmac.digest(key.encode(), body, hashlib.sha256)).decode()
        return [Delivery({"Content-Type": "application/json", "X-B1-Webhook-Signature": digest}, body)]

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.post(f"{BASE}Login", self._login)
        yield web.route("*", BASE + "{rest:.+}", self._serve)

    async def _login(self, request: web.Request) -> web.StreamResponse:
        given = orjson.loads(await request.read())
        if given != {"CompanyDB": "SBODEMOUS", "UserName": "gw", "Password": "hush hush"}:
            return _error(401, -304, "Fail to get DB Credentials from SLD")
        self.logins += 1
        self.session = f"session-{self.logins}"
        answer = web.json_response({"SessionId": self.session, "Version": "1000270", "SessionTimeout": 30})
        answer.headers.add("Set-Cookie", f"B1SESSION={self.session};HttpOnly;")
        answer.headers.add("Set-Cookie", "ROUTEID=.node1; path=/b1s")
        return answer

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if not self.session or request.headers.get("Cookie") != f"B1SESSION={self.session}; ROUTEID=.node1":
            return _error(401, 301, "Invalid session or session already timeout.")
        called = re.fullmatch(r"(\w+)(?:\('?([^')]+)'?\))?", request.match_info["rest"])
        assert called is not None
        name, key = called.groups()
        if request.method == "POST" and name == "InventoryPostings":
            return await self._post(request)
        if name == "EventSubscriptions":
            return await self.subscriptions.serve(request, key)
        if name == "CompanyService_GetAdminInfo":
            return self.subscriptions.company()
        if name == "QueryService_PostQuery":
            return await self._query(request)
        found = self._entities(name)
        if key is not None:
            one = next((entity for entity in found if str(entity["DocEntry"]) == key), None)
            return web.json_response(one) if one else _error(404, -2028, "No matching records found (ODBC -2028)")
        found = [entity for entity in found if _holds(entity, request.query.get("$filter", ""))]
        stated = _PAGE.search(request.headers.get("Prefer", ""))
        size = min(int(request.query.get("$top", "1000")), int(stated[1]) if stated else 20)
        order = request.query.get("$orderby")
        found = sorted(found, key=lambda entity: entity[order]) if order else found
        return web.json_response({"@odata.context": name, "value": found[:size]})

    def _entities(self, name: str) -> list[Record]:
        if name == "Items":
            return [self._item(sku) for sku in self.skus]
        if name == "Warehouses":
            return [{"WarehouseCode": WAREHOUSE, "WarehouseName": "General Warehouse"}]
        return self.documents.all(name, self.orders.values())

    def _item(self, sku: str) -> Record:
        committed = self.committed(sku)
        level = {
            "WarehouseCode": WAREHOUSE,
            "InStock": float(self.shelf.quantity(sku, WAREHOUSE) + committed),
            "Committed": float(committed),
            "Ordered": 0.0,
        }
        return {
            "ItemCode": sku,
            "ItemName": sku.title(),
            "InventoryItem": "tNO" if sku in self.services else "tYES",
            "ManageSerialNumbers": "tYES" if sku in self.serial else "tNO",
            "ManageBatchNumbers": "tNO",
            "ItemWarehouseInfoCollection": [level],
        }

    async def _post(self, request: web.Request) -> web.StreamResponse:
        try:
            posting = _Posting.model_validate_json(await request.read())
        except ValidationError as wrong:
            return _error(400, -1, str(wrong.errors()[0]["loc"]))
        for line in posting.lines:
            known = line.warehouse == WAREHOUSE and line.item in self.skus
            if not known or line.item in self.serial | self.services:
                return _error(400, "-5002", f"{line.item}: the item cannot be counted there")
        self.postings += 1
        for line in posting.lines if PLAYED not in request else ():
            self.shelf.put(line.item, WAREHOUSE, int(line.counted) - self.committed(line.item))
        return web.json_response({"DocumentEntry": self.postings}, status=201)

    async def _query(self, request: web.Request) -> web.StreamResponse:
        """Answers JSON and calls it text, as the vendor's does."""
        found = rows(Query.model_validate_json(await request.read()), self._entities)
        if found is None:
            return _error(400, 201, "Query string error")
        return web.Response(body=orjson.dumps(found), content_type="text/plain")


def _holds(entity: Record, condition: str) -> bool:
    """Comparisons joined by `and`, or by `or`."""
    parts = re.findall(r"(\w+) (eq|ge|gt) (?:'((?:[^']|'')*)'|(\d+))", condition)
    results = [
        _compare(entity[field], operator, int(number) if number else text) for field, operator, text, number in parts
    ]
    return any(results) if " or " in condition else all(results)


def _compare(value: Any, operator: str, wanted: Any) -> bool:
    return bool({"eq": value == wanted, "ge": value >= wanted, "gt": value > wanted}[operator])


def _error(status: int, code: int | str, text: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": text}}, status=status)
