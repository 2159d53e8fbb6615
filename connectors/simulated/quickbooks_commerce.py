"""A simulated QuickBooks Online company: queries, inventory adjustments, CloudEvents."""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import orjson
from aiohttp import BasicAuth, web
from pydantic import ValidationError

from connectors.simulated.misbehaviour import PLAYED, Handler
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.quickbooks_commerce_models import Adjustment
from connectors.simulated.quickbooks_commerce_queries import Record, changed, queried
from connectors.simulated.refresh_tokens import RefreshTokens
from connectors.simulated.sales import SoldOrder
from connectors.simulated.webhooks import Delivery

REALM = "9130357849512346"
BASE = f"/v3/company/{REALM}"
ACCOUNT = "86"
_VERBS = {
    "created": "created",
    "cancelled": "voided",
    "refunded": "updated",
    "fulfilled": "updated",
    "deleted": "deleted",
}
_REFUNDED_BY = {"SalesReceipt": "RefundReceipt", "Invoice": "CreditMemo"}


@dataclass(frozen=True, slots=True)
class _Refund:
    number: int
    order: SoldOrder
    sku: str
    units: int
    at: datetime


class SimulatedQuickBooks(SimulatedPlatform):
    """Sells by receipts, or else by invoices, which lower the count at once; cancelling one voids it. A receipt is
    linked to the refund receipts made from it, an invoice to no credit memo. Of `services` it counts nothing; what is
    `inactive` is no longer for sale."""

    sells_by: Literal["SalesReceipt", "Invoice"] = "SalesReceipt"

    def __init__(self, stock: Mapping[str, int]) -> None:
        super().__init__()
        self.items = {sku: str(self.new_id()) for sku in stock}
        self.tokens = RefreshTokens("client", "hush hush")
        self.verifier = "verifier"
        self.deleted: dict[int, datetime] = {}
        self.services: set[str] = set()
        self.inactive: set[str] = set()
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

    async def delete(self, order: SoldOrder) -> None:
        self.deleted[order.order_id] = self.now()
        for line in order.lines:
            self.shelf.add(line.sku, None, line.unshipped)
        await self._tell(order, "deleted")

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
        yield web.get(f"{BASE}/cdc", self._guarded(self._changes))
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
        records = {
            "Item": [self._item(sku) for sku in self.items],
            self.sells_by: self._sales(),
            "RefundReceipt": [self._refund(refund) for refund in self.refunds.values()],
            "CompanyInfo": [{"Id": "1", "CompanyName": "Mugs Inc."}],
            "Account": [{"Id": ACCOUNT}],
        }
        found = queried(request.query["query"], records)
        return _fault(400, "4000", "Error parsing query") if found is None else web.json_response(found)

    async def _changes(self, request: web.Request) -> web.StreamResponse:
        gone = [
            {"Id": str(number), "status": "Deleted", "domain": "QBO", "MetaData": {"LastUpdatedTime": at.isoformat()}}
            for number, at in self.deleted.items()
        ]
        found = changed(request.query, {self.sells_by: [*self._sales(), *gone]})
        return _fault(400, "2050", "changedSince is too long ago") if found is None else web.json_response(found)

    def _sales(self) -> list[Record]:
        return [self._sale(order) for order in self.orders.values() if order.order_id not in self.deleted]

    def _item(self, sku: str) -> Record:
        count = {"TrackQtyOnHand": True, "QtyOnHand": self.shelf.quantity(sku), "Type": "Inventory"}
        counted = {"TrackQtyOnHand": False, "Type": "Service"} if sku in self.services else count
        shown = {"Id": self.items[sku], "Name": sku.title(), "Sku": sku, "Active": sku not in self.inactive}
        return {**shown, **counted}

    async def _adjust(self, request: web.Request) -> web.StreamResponse:
        key = request.query["requestid"]
        if key not in self.adjustments:
            adjustment = Adjustment.model_validate_json(await request.read())
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


def _fault(status: int, code: str, detail: str) -> web.Response:
    error = {"Message": "Error", "Detail": detail, "code": code}
    return web.json_response({"Fault": {"Error": [error], "type": "ValidationFault"}}, status=status)
