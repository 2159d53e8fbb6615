"""A simulated Shopify shop: Admin API (GraphQL), token endpoint, signed webhooks."""

import base64
import hashlib
import hmac
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import orjson
from aiohttp import web
from graphql import ExecutionResult, GraphQLError, execute_sync, parse, validate

from connectors.simulated.misbehaviour import PLAYED, Misbehaviour
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.sales import SoldOrder
from connectors.simulated.shopify_answers import Root
from connectors.simulated.shopify_cost import QUERY_COST_MAX, CostBucket, cost_of
from connectors.simulated.shopify_payloads import item_gid, number_of, webhook_order, webhook_refund
from connectors.simulated.shopify_schema import SCHEMA
from connectors.simulated.shopify_writes import BadRequest, QuantityWriter
from connectors.simulated.webhooks import Delivery

VERSION = "2026-10"
STATIC_TOKEN = "shpat_simulated"
TOKEN_SECONDS = 86399
TOPICS = {
    "created": ("orders/create", "orders/paid"),
    "cancelled": ("orders/cancelled", "orders/updated"),
    "refunded": ("refunds/create", "orders/updated"),
    "fulfilled": ("orders/fulfilled", "orders/updated"),
}


class SimulatedShopify(SimulatedPlatform):
    """`stock` is at the first location; `shelf.put` adds others."""

    def __init__(
        self,
        stock: Mapping[str, int],
        *,
        location_names: Sequence[str] = ("Main",),
        secret: str = "shpss_simulated",
        validate_document: Callable[[str], list[str]] | None = None,
    ) -> None:
        super().__init__()
        self.secret = secret
        self.locations = {f"gid://shopify/Location/{101 + n}": name for n, name in enumerate(location_names)}
        self.variants = {sku: 4000 + number for number, sku in enumerate(stock)}
        self.tracked = set(stock)
        self.subscriptions: list[tuple[str, str]] = []
        self.bucket = CostBucket()
        self.violations: list[str] = []
        """What `validate_document` found wrong in the documents that came."""
        self._validate_document = validate_document
        self._tokens = {STATIC_TOKEN}
        self._pretend = False
        self._writer = QuantityWriter(self.shelf, self.sku_of, frozenset(self.locations), self._echo)
        for sku, quantity in stock.items():
            self.shelf.put(sku, self.home(), quantity)

    def routes(self) -> Iterable[web.RouteDef]:
        return (
            web.post("/admin/oauth/access_token", self._grant),
            web.post("/admin/api/{version}/graphql.json", self._graphql),
        )

    def config(self) -> dict[str, Any]:
        return {
            "shop_domain": "simulated.myshopify.com",
            "admin_url": self.url,
            "client_id": "simulated-client",
            "client_secret": self.secret,
        }

    def home(self) -> str:
        return next(iter(self.locations))

    def sku_of(self, item: str) -> str | None:
        return next((sku for sku, number in self.variants.items() if item_gid(number) == item), None)

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return b"inventorySetQuantities" in body

    def expire_tokens(self) -> None:
        """Every token granted so far is refused from now on."""
        self._tokens.clear()

    # Calls

    async def _grant(self, request: web.Request) -> web.Response:
        form = {name: values[0] for name, values in parse_qs(await request.text()).items()}
        wanted = {"client_id": "simulated-client", "client_secret": self.secret, "grant_type": "client_credentials"}
        if form != wanted:
            return web.json_response({"error": "invalid_client"}, status=400)
        token = f"shpat_{uuid.uuid4().hex}"
        self._tokens.add(token)
        return web.json_response({"access_token": token, "scope": "write_inventory", "expires_in": TOKEN_SECONDS})

    async def _graphql(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Shopify-Access-Token") not in self._tokens:
            return web.json_response({"errors": "[API] Invalid API key or access token"}, status=401)
        if request.match_info["version"] != VERSION or request.content_type != "application/json":
            return web.json_response({"errors": "Not Found"}, status=404)
        call = orjson.loads(await request.read())
        if self._validate_document is not None:
            self.violations += self._validate_document(call["query"])
        kind = request.get(PLAYED)
        if kind is Misbehaviour.ERROR_INSIDE_SUCCESS:
            return _errors([GraphQLError("Internal error", extensions={"code": "INTERNAL_SERVER_ERROR"})])
        self._pretend = kind is Misbehaviour.NOTHING_CHANGED
        return self._execute(call)

    def _execute(self, call: dict[str, Any]) -> web.Response:
        document = parse(call["query"])
        if wrong := validate(SCHEMA, document):
            return _errors(wrong)
        cost = cost_of(document)
        if cost > QUERY_COST_MAX:
            return _errors([GraphQLError(f"cost {cost}", extensions={"code": "MAX_COST_EXCEEDED"})])
        if not self.bucket.take(cost):
            throttled = GraphQLError("Throttled", extensions={"code": "THROTTLED"})
            return _errors([throttled], self.bucket.statement(cost))
        result = execute_sync(SCHEMA, document, Root(self, VERSION), variable_values=call["variables"])
        assert isinstance(result, ExecutionResult)
        if result.errors:
            return _errors([_with_code(error) for error in result.errors], self.bucket.statement(cost))
        return web.json_response({"data": result.data, "extensions": self.bucket.statement(cost)})

    def set_quantities(self, key: str | None, written: dict[str, Any]) -> dict[str, Any]:
        return self._writer.set(key, written, pretend=self._pretend)

    # Webhooks

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        order_body = webhook_order(order, self.variants)
        bodies = {"refunds/create": webhook_refund(order)} if happened == "refunded" else {}
        return [self.delivery(topic, bodies.get(topic, order_body)) for topic in TOPICS[happened]]

    def delivery(self, topic: str, body: Mapping[str, Any]) -> Delivery:
        raw = orjson.dumps(body)
        digest = hmac.new(self.secret.encode(), raw, hashlib.sha256).digest()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
            "X-Shopify-Shop-Domain": "simulated.myshopify.com",
            "X-Shopify-API-Version": VERSION,
            "X-Shopify-Webhook-Id": str(uuid.uuid4()),
        }
        return Delivery(headers, raw)

    def _echo(self, sku: str, location_id: str) -> None:
        """Shopify tells of every change of a count, also to whom it was that made it."""
        body = {
            "inventory_item_id": self.variants[sku],
            "location_id": number_of(location_id),
            "available": self.shelf.quantity(sku, location_id),
            "updated_at": self.now().isoformat(),
        }
        self.webhooks.deliver_soon(self.delivery("inventory_levels/update", body))


def _with_code(error: GraphQLError) -> GraphQLError:
    cause = error.original_error
    if cause is None:
        return GraphQLError(error.message, extensions={"code": "INVALID_VARIABLE"})
    if isinstance(cause, BadRequest):
        return GraphQLError(error.message, extensions={"code": cause.code})
    # A fault of this simulation and not of the caller: shown as what it is.
    raise cause


def _errors(errors: Sequence[GraphQLError], statement: Mapping[str, Any] | None = None) -> web.Response:
    return web.json_response({"errors": [error.formatted for error in errors], "extensions": statement or {}})
