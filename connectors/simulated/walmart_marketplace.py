"""A simulated Walmart Marketplace seller: tokens, inventory by ship node, feeds, orders, returns, webhooks."""

import base64
import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping
from typing import Any, Literal
from uuid import UUID, uuid4

import orjson
from aiohttp import web
from pydantic import ValidationError

from connectors.simulated.held import CountsOnHand
from connectors.simulated.misbehaviour import PLAYED, Handler, Misbehaviour
from connectors.simulated.sales import ReturnedUnits, SoldOrder
from connectors.simulated.walmart_marketplace_feeds import Feeds
from connectors.simulated.walmart_marketplace_models import Inventories, NodeInput, Subscription, SubscriptionChange
from connectors.simulated.walmart_marketplace_orders import order_page, purchase_order
from connectors.simulated.walmart_marketplace_returns import Return, Returns
from connectors.simulated.webhooks import Delivery

CLIENT, SECRET, WEBHOOK_SECRET = "walmart-client", "walmart-secret", "simulated walmart hush"
BASIC = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
HEADER = "X-WM-Signature"
SUB_EVENTS = {"created": "PO_CREATED", "cancelled": "PO_LINE_AUTOCANCELLED", "refunded": "PO_LINE_AUTOCANCELLED"}
"""Walmart does not tell a seller what the seller has shipped."""
TOKENS_MAX = 40

Record = dict[str, Any]


class SimulatedWalmart(CountsOnHand):
    """`digest` is how webhooks are signed, `wrapped` whether a single order comes in an object of its own,
    `delivered`, `shipped_by_walmart` and `by_3pl` are orders. `empty_status` answers a list without orders. So many
    writes are allowed as `writes_left` says, if it says so; then it promises more in `more_after_seconds`. What is
    written shows after `lag_looks` looks."""

    def __init__(self, stock: Mapping[str, int], *, node_names: Iterable[str] = ("Main",), feeds: bool = False) -> None:
        super().__init__()
        self.nodes = {str(1000005050 + number): name for number, name in enumerate(node_names)}
        self.skus = list(stock)
        self.feeds = Feeds(self)
        self.uses_feeds = feeds
        self.returns = Returns(self)
        self.digest: Literal["hex", "base64"] = "hex"
        self.wrapped = True
        self.empty_status = 200
        self.writes_left: int | None = None
        self.more_after_seconds = 3.0
        self.lag_looks = 0
        self._applying: list[tuple[str, NodeInput]] = []
        self.delivered: set[int] = set()
        self.shipped_by_walmart: set[int] = set()
        self.by_3pl: set[int] = set()
        self.subscriptions: dict[str, Record] = {}
        self.tokens_granted = 0
        self._token = ""
        self._correlations: set[UUID] = set()
        for sku, quantity in stock.items():
            for node in self.nodes:
                self.shelf.put(sku, node, quantity if node == self.home() else 0)

    def home(self) -> str:
        return next(iter(self.nodes))

    def config(self) -> Record:
        return {
            "client_id": CLIENT,
            "client_secret": SECRET,
            "webhook_secret": WEBHOOK_SECRET,
            "feeds": self.uses_feeds,
            "returns_restock": True,
            "api_url": self.url,
        }

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return bool(body) and path.startswith(("/v3/inventories/", "/v3/feeds"))

    def expire_token(self) -> None:
        self._token = ""

    # Its own life

    async def ship(self, order: SoldOrder, sku: str, units: int) -> SoldOrder:
        next(line for line in order.lines if line.sku == sku).fulfilled += units
        return await self._tell(order, "shipped")

    async def cancel_for_lack(self, order: SoldOrder) -> None:
        """The seller has not got it; Walmart sells no more of it and says so."""
        await self.cancel(order)
        for line in order.lines:
            self.shelf.put(line.sku, order.taken_from, 0)
            await self.webhooks.deliver(self.out_of_stock(line.sku, order.taken_from or ""))

    async def refund(self, order: SoldOrder, sku: str, units: int, *, restock: bool = True) -> SoldOrder:
        """Of what was shipped, nothing is told, and a return changes no order."""
        line = next(line for line in order.lines if line.sku == sku)
        if line.unshipped >= units:
            return await super().refund(order, sku, units, restock=restock)
        self.returns.happen(self.begin_return(order, sku, units), "DELIVERED_AT_RETURN_CENTER", "REFUND_ISSUED")
        return order

    def begin_return(self, order: SoldOrder, sku: str, units: int) -> Return:
        """The seller counts it once it is back."""
        line = next(line for line in order.lines if line.sku == sku)
        line.returned.append(ReturnedUnits(units, restocked=False, shipped=True))
        return self.returns.begin(order, line, units)

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        if happened not in SUB_EVENTS:
            return []
        told = {"purchaseOrderId": str(order.order_id), "customerOrderId": f"2000{order.order_id}"}
        deliveries = [self.delivery("ORDER_UPDATES", {"meta": {"subEventType": SUB_EVENTS[happened]}, "order": told})]
        gone = [line.sku for line in order.lines if self.shelf.quantity(line.sku, order.taken_from) <= 0]
        return deliveries + [self.out_of_stock(sku, order.taken_from or "") for sku in gone]

    def out_of_stock(self, sku: str, node: str) -> Delivery:
        nodes = [{"availToSellQty": 0, "shipNode": node, "shipNodeName": self.nodes[node]}]
        return self.delivery("INVENTORY_OOS", {"partnerId": "10001", "sku": sku, "shipNodes": nodes})

    def delivery(self, kind: str, payload: Record) -> Delivery:
        at = f"{self.now():%Y-%m-%dT%H:%M:%S}.120Z"
        body = orjson.dumps(
            {"source": {"eventType": kind, "eventTime": at, "eventId": str(uuid4())}, "payload": payload}
        )
        digest = hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256)
        text = digest.hexdigest() if self.digest == "hex" else base64.b64encode(digest.digest()).decode()
        return Delivery({"Content-Type": "application/json", HEADER: text}, body)

    # What callers meet

    def routes(self) -> Iterable[web.RouteDef]:
        plain = (
            ("GET", "/inventories", self._list_inventories),
            ("GET", "/inventories/{sku}", self._inventory),
            ("PUT", "/inventories/{sku}", self._write),
            ("POST", "/feeds", self.feeds.take),
            ("GET", "/feeds", self.feeds.show_all),
            ("GET", "/feeds/{id}", self.feeds.show),
            ("GET", "/orders", self._list_orders),
            ("GET", "/orders/{id}", self._order),
            ("GET", "/returns", self.returns.show),
            ("GET", "/webhooks/subscriptions", self._list_subscriptions),
            ("POST", "/webhooks/subscriptions", self._subscribe),
            ("PATCH", "/webhooks/subscriptions/{id}", self._change_subscription),
        )
        return [
            web.post("/v3/token", self._grant),
            *(web.route(method, f"/v3{path}", self._guarded(handler)) for method, path, handler in plain),
        ]

    async def _grant(self, request: web.Request) -> web.StreamResponse:
        form = dict(await request.post())
        if request.headers.get("Authorization") != BASIC or not self._is_named(request):
            return problem(401, "UNAUTHORIZED.GMP_GATEWAY_API", "Unauthorized")
        if form != {"grant_type": "client_credentials"} or self.tokens_granted >= TOKENS_MAX:
            return problem(400, "INVALID_REQUEST.GMP_GATEWAY_API", "Bad request")
        self.tokens_granted += 1
        self._token = f"eyJ-{self.tokens_granted}"
        return web.json_response({"access_token": self._token, "token_type": "Bearer", "expires_in": 900})

    def _is_named(self, request: web.Request) -> bool:
        """Each call has an id that no other has."""
        call = UUID(request.headers["WM_QOS.CORRELATION_ID"])
        new = call not in self._correlations
        self._correlations.add(call)
        return new and request.headers.get("WM_SVC.NAME") == "Walmart Marketplace"

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self._token or request.headers.get("WM_SEC.ACCESS_TOKEN") != self._token:
                return problem(401, "UNAUTHORIZED.GMP_GATEWAY_API", "Unauthorized token or incorrect authorization.")
            if not self._is_named(request) or request.headers.get("Accept") != "application/json":
                return problem(400, "INVALID_REQUEST_HEADER.GMP_GATEWAY_API", "A header is wrong.")
            try:
                answer = await handler(request)
            except ValidationError as wrong:
                answer = problem(400, "INVALID_REQUEST_CONTENT.GMP_INVENTORY_API", str(wrong.errors()[0]["loc"]))
            left = self.writes_left if request.method == "PUT" else None
            answer.headers["x-current-token-count"] = str(100 if left is None else left)
            return answer

        return guarded

    async def _list_inventories(self, request: web.Request) -> web.StreamResponse:
        size = int(request.query.get("limit", "10"))
        start = int(base64.b64decode(request.query.get("nextCursor", "")) or 0)
        if size > 50:
            return problem(400, "INVALID_REQUEST_PARAM.GMP_INVENTORY_API", f"limit {size}")
        meta: Record = {"totalCount": len(self.skus)}
        if start + size < len(self.skus):
            meta["nextCursor"] = base64.b64encode(str(start + size).encode()).decode()
        found = [self._item(sku) for sku in self.skus[start : start + size]]
        return web.json_response({"meta": meta, "elements": {"inventories": found}})

    async def _inventory(self, request: web.Request) -> web.StreamResponse:
        sku = request.match_info["sku"]
        self.lag_looks -= bool(self._applying)
        self._apply()
        return web.json_response(self._item(sku)) if sku in self.skus else not_found("sku")

    def _item(self, sku: str) -> Record:
        return {"sku": sku, "nodes": [self._level(sku, node) for node in self.nodes]}

    def _level(self, sku: str, node: str) -> Record:
        units = {
            "inputQty": self.on_hand(sku, node),
            "availToSellQty": max(0, self.shelf.quantity(sku, node)),
            "reservedQty": self.held(sku, node),
        }
        return {"shipNode": node, **{name: {"unit": "EACH", "amount": number} for name, number in units.items()}}

    async def _write(self, request: web.Request) -> web.StreamResponse:
        sku, played = request.match_info["sku"], request.get(PLAYED)
        if self.writes_left == 0:
            answer = problem(429, "REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API", "The limit is reached.")
            answer.headers["x-next-replenishment-time"] = str(int((time.time() + self.more_after_seconds) * 1000))
            return answer
        self.writes_left = None if self.writes_left is None else self.writes_left - 1
        if sku not in self.skus:
            return not_found("sku")
        nodes = Inventories.model_validate_json(await request.read()).inventories.nodes
        answered: list[Record] = []
        for node in nodes:
            if node.shipNode not in self.nodes or played is Misbehaviour.ERROR_INSIDE_SUCCESS:
                error = {"code": "INVALID_SHIPNODE", "description": "Unknown ship node", "category": "DATA"}
                answered.append({"shipNode": node.shipNode, "status": "Failure", "errors": [error]})
                continue
            if played is None:
                self._applying.append((sku, node))
            answered.append({"shipNode": node.shipNode, "status": "Success"})
        self._apply()
        return web.json_response({"sku": sku, "nodes": answered})

    def _apply(self) -> None:
        if self.lag_looks <= 0:
            for sku, node in self._applying:
                self.count(sku, node.shipNode, node.inputQty.amount)
            self._applying.clear()

    async def _list_orders(self, request: web.Request) -> web.StreamResponse:
        found = [purchase_order(self, order) for order in self.orders.values()]
        return order_page(request, found, self.empty_status)

    async def _order(self, request: web.Request) -> web.StreamResponse:
        order = self.orders.get(int(request.match_info["id"]))
        if order is None:
            return not_found("purchaseOrderId")
        body = purchase_order(self, order).body
        return web.json_response({"order": body} if self.wrapped else body)

    async def _list_subscriptions(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"events": list(self.subscriptions.values())})

    async def _subscribe(self, request: web.Request) -> web.StreamResponse:
        events = Subscription.model_validate_json(await request.read()).events
        made = [{"subscriptionId": str(uuid4()), "partnerId": "10001", **event.model_dump()} for event in events]
        self.subscriptions |= {event["subscriptionId"]: event for event in made}
        return web.json_response({"event": made})

    async def _change_subscription(self, request: web.Request) -> web.StreamResponse:
        known = self.subscriptions[request.match_info["id"]]
        known |= SubscriptionChange.model_validate_json(await request.read()).model_dump()
        return web.json_response({"event": [known]})


def problem(status: int, code: str, text: str, field: str = "") -> web.Response:
    error = {"code": code, "field": field, "description": text, "info": text, "severity": "ERROR", "category": "DATA"}
    return web.json_response({"errors": {"error": [error]}}, status=status)


def not_found(field: str) -> web.Response:
    return problem(404, "CONTENT_NOT_FOUND.GMP_INVENTORY_API", "Requested content could not be found.", field)
