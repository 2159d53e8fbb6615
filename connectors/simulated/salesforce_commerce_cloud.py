"""A simulated site of Salesforce B2C Commerce: tokens by scope, orders of the Commerce API, and what our cartridge
sends. Its stock is in an inventory list of its own, by OCAPI; see `salesforce_omnichannel` for the other store."""

import hashlib
import hmac
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from aiohttp import encode_basic_auth, web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.simulated.held import CountsOnHand, stage_of
from connectors.simulated.misbehaviour import PLAYED, Handler
from connectors.simulated.sales import SoldOrder
from connectors.simulated.webhooks import Delivery

CLIENT, PASSWORD = "simulated-client", "simulated-password"
SITE, LIST = "RefArch", "inventory_m"
TENANT = "SALESFORCE_COMMERCE_API:zzxy_001"
ORDERS = "/checkout/orders/v1/organizations/f_ecom_zzxy_001/orders"
RECORDS = f"/s/-/dw/data/v25_6/inventory_lists/{LIST}/product_inventory_records"
STATUSES = {"open": "new", "shipped": "completed", "cancelled": "cancelled"}
TOLD = frozenset(("created",))
"""What the cartridge tells of; all the rest is only found by asking."""

Record = dict[str, Any]


class SimulatedSalesforce(CountsOnHand):
    """`allowed` are the scopes that the API client may ask for."""

    told_place: str | None = None
    """Where its orders say that they take units from."""

    def __init__(self, stock: Mapping[str, int], *, hook_secret: str = "simulated hook secret") -> None:
        super().__init__()
        self.hook_secret = hook_secret
        self.allowed = {"sfcc.orders", "sfcc.inventory.availability.rw", "sfcc.inventory.impex-inventory"}
        self.tokens: dict[str, set[str]] = {}
        self.tokens_granted = 0
        for sku, quantity in stock.items():
            self.shelf.put(sku, self.home(), quantity)

    @abstractmethod
    def home(self) -> str: ...

    @abstractmethod
    def stock_routes(self) -> Iterable[web.RouteDef]: ...

    def config(self) -> Record:
        return {
            "short_code": "kv7kzm78",
            "organization_id": "f_ecom_zzxy_001",
            "site_id": SITE,
            "location_ids": [self.home()],
            "client_id": CLIENT,
            "client_secret": PASSWORD,
            "hook_secret": self.hook_secret,
            "api_url": self.url,
            "login_url": self.url,
        }

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.post("/dwsso/oauth2/access_token", self._token),
            web.get(ORDERS, self.guarded("sfcc.orders", self._search)),
            web.get(f"{ORDERS}/{{number}}", self.guarded("sfcc.orders", self._order)),
            *self.stock_routes(),
        ]

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        if request.headers.get("Authorization") != encode_basic_auth(CLIENT, PASSWORD):
            return web.json_response({"error": "invalid_client"}, status=401)
        asked = set(str(form.get("scope", TENANT)).split()) - {TENANT}
        if form.get("grant_type") != "client_credentials" or not asked <= self.allowed:
            return web.json_response({"error": "invalid_scope"}, status=400)
        self.tokens_granted += 1
        token = f"access-{self.tokens_granted}"
        self.tokens[token] = asked
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": 1799})

    def guarded(self, scope: str, handler: Handler) -> Handler:
        """With an empty scope, what the older API asks for."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            granted = self.tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
            if granted is None:
                return fault(401, "InvalidAccessTokenException", "Unauthorized request!")
            if scope not in granted if scope else request.headers.get("x-dw-client-id") != CLIENT:
                return fault(403, "ClientAccessForbiddenException", "Access is forbidden for client")
            try:
                return await handler(request)
            except ValidationError as wrong:
                path = ".".join(map(str, wrong.errors()[0]["loc"]))
                return fault(400, "PropertyConstraintViolationException", f"$.{path} is not valid")

        return guarded

    async def _search(self, request: web.Request) -> web.StreamResponse:
        limit, offset = int(request.query["limit"]), int(request.query.get("offset", "0"))
        if request.query["siteId"] != SITE or limit > 200 or offset + limit > 10_000:
            return web.json_response({"title": "Bad Request", "type": "bad-request", "detail": "?"}, status=400)
        found = [self._body(order) for order in self.orders.values()]
        if request.query.get("sortBy") == "last_modified_date":
            found.sort(key=lambda body: str(body["lastModified"]), reverse=request.query.get("sortOrder") != "asc")
        since = request.query["lastModifiedDateFrom"]
        changed = [body for body in found if body["lastModified"] >= since]
        return web.json_response({"data": changed[offset : offset + limit]})

    async def _order(self, request: web.Request) -> web.StreamResponse:
        order = next((one for one in self.orders.values() if number_of(one) == request.match_info["number"]), None)
        if order is None or request.query["siteId"] != SITE:
            return web.json_response({"title": "Order Not Found", "type": "order-not-found", "detail": "?"}, status=404)
        return web.json_response(self._body(order))

    def _body(self, order: SoldOrder) -> Record:
        shipped = stage_of(order) == "shipped"
        items = [
            {
                "itemId": f"item-{line.line_id}",
                "productId": line.sku,
                "quantity": float(line.ordered),
                "inventoryId": self.told_place,
                "shipmentId": "me",
            }
            for line in order.lines
        ]
        return {
            "orderNo": number_of(order),
            "siteId": SITE,
            "status": STATUSES[stage_of(order)],
            "shippingStatus": "shipped" if shipped else "not_shipped",
            "lastModified": order.updated_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "productItems": items,
            "shipments": [{"shipmentId": "me", "shippingStatus": "shipped" if shipped else "not_shipped"}],
        }

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        if happened not in TOLD:
            return []
        body = orjson.dumps({"event": f"order.{happened}", "orderNo": number_of(order), "siteId": SITE})
        timestamp = str(int(self.now().timestamp()))
        digest = hmac.new(self.hook_secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-Gateway-Timestamp": timestamp,
            "X-Gateway-Event-Id": f"{SITE}:{number_of(order)}:{happened}:{timestamp}",
            "X-Gateway-Signature": f"sha256={digest}",
        }
        return [Delivery(headers, body)]


class _Allocation(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    amount: int = Field(ge=0)


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    allocation: _Allocation
    state: str = Field(alias="_resource_state")


class SimulatedSalesforceClassic(SimulatedSalesforce):
    """`products` without a record can be given one. With `on_order`, open orders are held apart from the turnover.
    `moved` names a product that changes in some other way just before each of the next writes, and how many."""

    def __init__(self, stock: Mapping[str, int]) -> None:
        super().__init__(stock)
        self.told_place = LIST
        self.products = set(stock)
        self.allocations = dict(stock)
        self.on_order = False
        self.perpetual: set[str] = set()
        self.moved: dict[str, int] = {}
        self.edits = 0

    def home(self) -> str:
        return LIST

    def config(self) -> Record:
        return super().config() | {"mode": "classic", "instance_url": self.url}

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return "/product_inventory_records/" in path and bool(body)

    def stock_routes(self) -> Iterable[web.RouteDef]:
        one = f"{RECORDS}/{{product}}"
        return [
            web.get(RECORDS, self.guarded("", self._list)),
            web.get(one, self.guarded("", self._read)),
            web.patch(one, self.guarded("", self._patch)),
            web.put(one, self.guarded("", self._put)),
            web.route("*", "/s/-/dw/data/v25_6/inventory_lists/{other:.*}", self.guarded("", _no_list)),
        ]

    async def _list(self, request: web.Request) -> web.StreamResponse:
        start, count = int(request.query.get("start", "0")), min(200, int(request.query.get("count", "25")))
        skus = sorted(self.allocations)
        data = [self._record(sku) for sku in skus[start : start + count]]
        return web.json_response({"count": len(data), "start": start, "total": len(skus), "data": data})

    async def _read(self, request: web.Request) -> web.StreamResponse:
        sku = request.match_info["product"]
        return web.json_response(self._record(sku)) if sku in self.allocations else _no_record(sku)

    async def _patch(self, request: web.Request) -> web.StreamResponse:
        sku, wanted = request.match_info["product"], _Record.model_validate_json(await request.read())
        if sku not in self.allocations:
            return _no_record(sku)
        if self.moved.get(sku):
            self.moved[sku] -= 1
            self.edits += 1
        if wanted.state != self._record(sku)["_resource_state"]:
            return fault(409, "ResourceStateConflictException", "The resource has been changed")
        return self._allocate(request, sku, wanted.allocation.amount)

    async def _put(self, request: web.Request) -> web.StreamResponse:
        sku, wanted = request.match_info["product"], _Record.model_validate_json(await request.read())
        if sku not in self.products:
            return fault(404, "ProductNotFoundException", f"No product with ID '{sku}' could be found")
        if wanted.state != "not_exists" or sku in self.allocations:
            return fault(409, "ResourceAlreadyExistsException", "The resource already exists")
        return self._allocate(request, sku, wanted.allocation.amount)

    def _allocate(self, request: web.Request, sku: str, amount: int) -> web.Response:
        """The turnover starts again from 0, what is on order stays."""
        if request.get(PLAYED) is None:
            self.allocations[sku] = amount
            self.shelf.put(sku, LIST, max(0, amount - self._on_order(sku)))
        return web.json_response(self._record(sku))

    def _on_order(self, sku: str) -> int:
        return self.held(sku, LIST) if self.on_order else 0

    def _record(self, sku: str) -> Record:
        left, on_order = max(0, self.shelf.quantity(sku, LIST)), self._on_order(sku)
        counts = {
            "allocation": {"amount": float(self.allocations[sku])},
            "inventory_turnover": float(self.allocations[sku] - on_order - self.shelf.quantity(sku, LIST)),
            "quantity_on_order": float(on_order),
            "stock_level": float(left),
            "ats": float(left),
            "perpetual_flag": sku in self.perpetual,
        }
        state = hashlib.sha256(orjson.dumps([counts, self.edits])).hexdigest()
        return {"_v": "25.6", "_resource_state": state, "product_id": sku, "inventory_list_id": LIST, **counts}


async def _no_list(request: web.Request) -> web.StreamResponse:
    return fault(404, "InventoryListNotFoundException", "No inventory list with that ID could be found")


def _no_record(sku: str) -> web.Response:
    return fault(404, "ProductInventoryRecordNotFoundException", f"No inventory record of product '{sku}'")


def number_of(order: SoldOrder) -> str:
    return f"{order.order_id:08}"


def fault(status: int, kind: str, message: str) -> web.Response:
    return web.json_response({"_v": "25.6", "fault": {"type": kind, "message": message}}, status=status)
