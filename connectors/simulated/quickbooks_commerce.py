"""A simulated QuickBooks Online company: queries, inventory adjustments, CloudEvents."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
from aiohttp import BasicAuth, web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.simulated.misbehaviour import PLAYED, Handler
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.refresh_tokens import RefreshTokens
from connectors.simulated.sales import SoldOrder
from connectors.simulated.webhooks import Delivery

REALM = "9130357849512346"
BASE = f"/v3/company/{REALM}"
ACCOUNT = "86"
_QUERY = re.compile(r"select \* from (\w+)(?: where (.+?))?(?: orderby \w+)? startposition (\d+) maxresults (\d+)")
_VERBS = {"created": "created", "cancelled": "voided", "refunded": "updated", "fulfilled": "updated"}
_REFUNDED_BY = {"SalesReceipt": "RefundReceipt", "Invoice": "CreditMemo"}

Record = dict[str, Any]


class _Reference(BaseModel):
    model_config = ConfigDict(extra="forbid")
    value: str


class _Detail(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    item: _Reference = Field(alias="ItemRef")
    change: int = Field(alias="QtyDiff")


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["ItemAdjustmentLineDetail"] = Field(alias="DetailType")
    detail: _Detail = Field(alias="ItemAdjustmentLineDetail")


class _Adjustment(BaseModel):
    model_config = ConfigDict(extra="forbid")
    note: str = Field(alias="PrivateNote")
    account: _Reference = Field(alias="AdjustAccountRef")
    lines: list[_Line] = Field(alias="Line", min_length=1)


@dataclass(frozen=True, slots=True)
class _Refund:
    number: int
    order: SoldOrder
    sku: str
    units: int
    at: datetime


class SimulatedQuickBooks(SimulatedPlatform):
    """Sells by receipts, or else by invoices, which lower the count at once; cancelling one voids it. A receipt is
    linked to the refund receipts made from it, an invoice to no credit memo. What is `deleted` is gone."""

    sells_by: Literal["SalesReceipt", "Invoice"] = "SalesReceipt"

    def __init__(self, stock: Mapping[str, int]) -> None:
        super().__init__()
        self.items = {sku: str(self.new_id()) for sku in stock}
        self.tokens = RefreshTokens("client", "hush hush")
        self.verifier = "verifier"
        self.deleted: set[int] = set()
        self.refunds: dict[int, _Refund] = {}
        self.adjustments: dict[str, str] = {}
        for sku, quantity in stock.items():
            self.shelf.put(sku, None, quantity)

    def config(self) -> Record:
        return {
            "client_id": self.tokens.client_id,
            "client_secret": self.tokens.client_secret,
            "refresh_token": self.tokens.refresh_token,
            "realm_id": REALM,
            "adjust_account_id": ACCOUNT,
            "webhook_verifier_token": self.verifier,
            "api_url": self.url,
            "login_url": self.url,
        }

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return path.endswith("/inventoryadjustment")

    async def refund(self, order: SoldOrder, sku: str, units: int, *, restock: bool = True) -> SoldOrder:
        refund = _Refund(self.new_id(), order, sku, units, self.now())
        self.refunds[refund.number] = refund
        if restock:
            self.shelf.add(sku, None, units)
        await self.webhooks.deliver(self._delivery(_REFUNDED_BY[self.sells_by], "created", refund.number, refund.at))
        return order if self.sells_by == "Invoice" else await self._tell(order, "refunded")

    async def take_off(self, order: SoldOrder, sku: str, units: int) -> SoldOrder:
        """Somebody lowers what the sale itself says was sold."""
        next(line for line in order.lines if line.sku == sku).ordered -= units
        self.shelf.add(sku, None, units)
        return await self._tell(order, "refunded")

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        return [self._delivery(self.sells_by, _VERBS[happened], order.order_id, order.updated_at)]

    def _delivery(self, entity: str, verb: str, number: int, at: datetime) -> Delivery:
        event = {
            "specversion": "1.0",
            "id": f"event-{self.new_id()}",
            "source": "intuit.dsnRZGV2ZWxvcGVy",
            "type": f"qbo.{entity.lower()}.{verb}.v1",
            "datacontenttype": "application/json",
            "time": at.isoformat(),
            "intuitentityid": str(number),
            "intuitaccountid": REALM,
            "data": {},
        }
        body = orjson.dumps([event])
        digest = base64.b64encode(hmac.digest(self.verifier.encode(), body, hashlib.sha256)).decode()
        return Delivery({"Content-Type": "application/json", "intuit-signature": digest}, body)

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.post("/oauth2/v1/tokens/bearer", self._grant)
        yield web.post(f"{BASE}/inventoryadjustment", self._guarded(self._adjust))
        yield web.get(f"{BASE}/query", self._guarded(self._query))
        yield web.get(f"{BASE}/{{entity:invoice|salesreceipt}}/{{id}}", self._guarded(self._read))

    async def _grant(self, request: web.Request) -> web.StreamResponse:
        client = BasicAuth.decode(request.headers["Authorization"])
        fields = {name: str(value) for name, value in (await request.post()).items()}
        if not self.tokens.renew({**fields, "client_id": client.login, "client_secret": client.password}):
            return web.json_response({"error": "invalid_grant"}, status=400)
        pair = {"access_token": self.tokens.access_token, "refresh_token": self.tokens.refresh_token}
        return web.json_response({"token_type": "bearer", "expires_in": 3600, **pair})

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self.tokens.admit(request):
                return _fault(401, "3200", "message=AuthenticationFailed")
            try:
                return await handler(request)
            except ValidationError as wrong:
                return _fault(400, "2010", str(wrong.errors()[0]["loc"]))

        return guarded

    async def _query(self, request: web.Request) -> web.StreamResponse:
        asked = _QUERY.fullmatch(request.query["query"])
        if asked is None or int(asked[4]) > 1000:
            return _fault(400, "4000", "Error parsing query")
        records = {
            "Item": [self._item(sku) for sku in self.items],
            self.sells_by: [self._sale(order) for order in self.orders.values() if order.order_id not in self.deleted],
            "RefundReceipt": [self._refund(refund) for refund in self.refunds.values()],
            "CompanyInfo": [{"Id": "1", "CompanyName": "Mugs Inc."}],
            "Account": [{"Id": ACCOUNT}],
        }
        found = [one for one in records.get(asked[1], []) if _holds(one, asked[2] or "")]
        page = found[int(asked[3]) - 1 :][: int(asked[4])]
        return web.json_response({"QueryResponse": {asked[1]: page} if page else {}})

    def _item(self, sku: str) -> Record:
        count = {"TrackQtyOnHand": True, "QtyOnHand": self.shelf.quantity(sku), "Type": "Inventory"}
        return {"Id": self.items[sku], "Name": sku.title(), "Sku": sku, **count}

    async def _adjust(self, request: web.Request) -> web.StreamResponse:
        key = request.query["requestid"]
        if key not in self.adjustments:
            adjustment = _Adjustment.model_validate_json(await request.read())
            skus = {number: sku for sku, number in self.items.items()}
            if any(line.detail.item.value not in skus for line in adjustment.lines):
                return _fault(400, "2500", "Invalid Reference Id")
            for line in adjustment.lines if PLAYED not in request else ():
                self.shelf.add(skus[line.detail.item.value], None, line.detail.change)
            self.adjustments[key] = str(self.new_id())
        return web.json_response({"InventoryAdjustment": {"Id": self.adjustments[key], "SyncToken": "0"}})

    async def _read(self, request: web.Request) -> web.StreamResponse:
        order = self.orders.get(int(request.match_info["id"]))
        if order is None or order.order_id in self.deleted or request.match_info["entity"] != self.sells_by.lower():
            return _fault(400, "610", "Object Not Found : Something you're trying to use has been made inactive.")
        return web.json_response({self.sells_by: self._sale(order)})

    def _sale(self, order: SoldOrder) -> Record:
        units = [(line.sku, line.ordered - line.refunded) for line in order.lines]
        linked = [refund for refund in self.refunds.values() if refund.order is order and self.sells_by != "Invoice"]
        links = [{"TxnId": str(refund.number), "TxnType": "RefundReceipt"} for refund in linked]
        return {**self._record(order.order_id, order.updated_at, units), "LinkedTxn": links}

    def _refund(self, refund: _Refund) -> Record:
        return self._record(refund.number, refund.at, [(refund.sku, refund.units)])

    def _record(self, number: int, changed: datetime, units: Iterable[tuple[str, int]]) -> Record:
        kind = "SalesItemLineDetail"
        lines = [
            {"Id": str(place), "DetailType": kind, kind: {"ItemRef": {"value": self.items[sku]}, "Qty": quantity}}
            for place, (sku, quantity) in enumerate(units, 1)
        ]
        return {
            "Id": str(number),
            "DocNumber": f"N{number}",
            "MetaData": {"LastUpdatedTime": changed.isoformat()},
            "Line": [*lines, {"DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}],
        }


def _holds(record: Record, condition: str) -> bool:
    if listed := re.fullmatch(r"Id in \((.+)\)", condition):
        return record["Id"] in re.findall(r"'(\d+)'", listed[1])
    if since := re.fullmatch(r"MetaData\.LastUpdatedTime >= '(.+)'", condition):
        return datetime.fromisoformat(record["MetaData"]["LastUpdatedTime"]) >= datetime.fromisoformat(since[1])
    field, _, value = condition.partition(" = ")
    return not condition or record[field] == value.strip("'")


def _fault(status: int, code: str, detail: str) -> web.Response:
    error = {"Message": "Error", "Detail": detail, "code": code}
    return web.json_response({"Fault": {"Error": [error], "type": "ValidationFault"}}, status=status)
