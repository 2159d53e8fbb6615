"""A simulated WooCommerce shop: REST API v3 and signed webhooks."""

import base64
import hashlib
import hmac
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import encode_basic_auth, web
from pydantic import ValidationError

from connectors.simulated.misbehaviour import PLAYED, Handler, Misbehaviour
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.sales import SoldOrder
from connectors.simulated.webhooks import Delivery
from connectors.simulated.woocommerce_models import ProductBatch, ProductChange, WebhookChange
from connectors.simulated.woocommerce_orders import naive, order_body, refund_bodies
from connectors.simulated.woocommerce_products import Product

KEY, SECRET = "ck_simulated", "cs_simulated"
BASE = "/wp-json/wc/v3"
TOPICS = {"created": "order.created", "cancelled": "order.updated", "refunded": "order.updated"}


class SimulatedWooCommerce(SimulatedPlatform):
    """`stock` makes simple products; `add_variations` makes a variable one."""

    def __init__(self, stock: Mapping[str, int], *, webhook_secret: str = "simulated & secret") -> None:
        super().__init__()
        self.webhook_secret = webhook_secret
        self.products: dict[str, Product] = {}
        self.hooks: dict[int, dict[str, Any]] = {}
        for sku, quantity in stock.items():
            self.products[sku] = Product(self.new_id(), sku)
            self.shelf.put(sku, None, quantity)

    def add_variations(self, parent_sku: str, stock: Mapping[str, int]) -> None:
        parent = Product(self.new_id(), parent_sku, managed=False, variable=True)
        self.products[parent_sku] = parent
        for sku, quantity in stock.items():
            self.products[sku] = Product(self.new_id(), sku, parent_id=parent.product_id)
            self.shelf.put(sku, None, quantity)

    def routes(self) -> Iterable[web.RouteDef]:
        plain = (
            ("GET", "/products", self._list_products),
            ("GET", "/products/{parent}/variations", self._list_products),
            ("POST", "/products/batch", self._batch),
            ("POST", "/products/{parent}/variations/batch", self._batch),
            ("GET", "/orders", self._list_orders),
            ("GET", "/orders/{id}", self._order),
            ("GET", "/orders/{id}/refunds", self._refunds),
            ("GET", "/webhooks", self._list_webhooks),
            ("POST", "/webhooks", self._make_webhook),
            ("PUT", "/webhooks/{id}", self._change_webhook),
        )
        return [web.route(method, BASE + path, self._guarded(handler)) for method, path, handler in plain]

    def config(self) -> dict[str, Any]:
        return {
            "store_url": self.url,
            "consumer_key": KEY,
            "consumer_secret": SECRET,
            "webhook_secret": self.webhook_secret,
        }

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return path.endswith("/batch")

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != encode_basic_auth(KEY, SECRET):
                return _error(401, "woocommerce_rest_authentication_error", "Consumer key is invalid.")
            try:
                return await handler(request)
            except ValidationError as wrong:
                return _error(400, "rest_invalid_param", str(wrong.errors()[0]["loc"]))

        return guarded

    # Products

    async def _list_products(self, request: web.Request) -> web.StreamResponse:
        parent = int(request.match_info.get("parent", 0))
        if parent and not any(product.product_id == parent for product in self.products.values()):
            return _error(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")
        wanted = {int(one) for one in request.query.get("include", "").split(",") if one}
        found = [
            product
            for product in self.products.values()
            if product.parent_id == parent and (not wanted or product.product_id in wanted)
        ]
        return _page(request, [product.body(self.shelf, naive(self.now())) for product in found])

    async def _batch(self, request: web.Request) -> web.StreamResponse:
        parent = int(request.match_info.get("parent", 0))
        if parent and not any(product.product_id == parent for product in self.products.values()):
            return _error(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")
        body = await request.read()
        if len(orjson.loads(body).get("update", [])) > 100:
            return _error(413, "woocommerce_rest_request_entity_too_large", "Unable to accept more than 100 items.")
        batch = ProductBatch.model_validate_json(body)
        kind = request.get(PLAYED)
        return web.json_response({"update": [self._change(change, parent, kind) for change in batch.update]})

    def _change(self, change: ProductChange, parent: int, kind: Misbehaviour | None) -> dict[str, Any]:
        product = next((p for p in self.products.values() if p.product_id == change.id), None)
        if product is None or product.parent_id != parent:
            return _line_error(change.id, "woocommerce_rest_product_invalid_id", 400)
        if kind is Misbehaviour.ERROR_INSIDE_SUCCESS:
            return _line_error(change.id, "woocommerce_rest_internal_error", 500)
        if change.manage_stock is not None:
            product.managed = change.manage_stock
        # Without "manage stock" the number is dropped in silence.
        if product.managed is True and change.stock_quantity is not None and kind is not Misbehaviour.NOTHING_CHANGED:
            self._set(product, change.stock_quantity)
        return product.body(self.shelf, naive(self.now()))

    def _set(self, product: Product, quantity: int) -> None:
        if self.shelf.has(product.sku, None) and self.shelf.quantity(product.sku) == quantity:
            return
        self.shelf.put(product.sku, None, quantity)
        body = product.body(self.shelf, naive(self.now()))
        self.webhooks.deliver_soon(self.delivery("product.updated", body))

    # Orders

    async def _list_orders(self, request: web.Request) -> web.StreamResponse:
        after = (
            datetime.fromisoformat(request.query["modified_after"]).replace(tzinfo=UTC)
            if ("modified_after" in request.query)
            else datetime.min.replace(tzinfo=UTC)
        )
        found = sorted((o for o in self.orders.values() if o.updated_at > after), key=lambda o: o.updated_at)
        return _page(request, [order_body(order, self.products) for order in found])

    async def _order(self, request: web.Request) -> web.StreamResponse:
        order = self.orders.get(int(request.match_info["id"]))
        if order is None:
            return _error(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
        return web.json_response(order_body(order, self.products))

    async def _refunds(self, request: web.Request) -> web.StreamResponse:
        return _page(request, refund_bodies(self.orders[int(request.match_info["id"])]))

    # Webhooks

    async def _list_webhooks(self, request: web.Request) -> web.StreamResponse:
        return _page(request, list(self.hooks.values()))

    async def _make_webhook(self, request: web.Request) -> web.StreamResponse:
        made = WebhookChange.model_validate_json(await request.read())
        number = self.new_id()
        self.hooks[number] = {"id": number, **made.model_dump(exclude={"secret"})}
        return web.json_response(self.hooks[number], status=201)

    async def _change_webhook(self, request: web.Request) -> web.StreamResponse:
        change = WebhookChange.model_validate_json(await request.read())
        hook = self.hooks[int(request.match_info["id"])]
        hook["status"] = change.status
        return web.json_response(hook)

    def ping(self) -> Delivery:
        """What comes before the first delivery: no signature, no topic."""
        return Delivery({"Content-Type": "application/x-www-form-urlencoded"}, b"webhook_id=142")

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        return [self.delivery(TOPICS.get(happened, "order.updated"), order_body(order, self.products))]

    def delivery(self, topic: str, body: Mapping[str, Any]) -> Delivery:
        raw = orjson.dumps(body).replace(b"/", b"\\/")
        digest = hmac.new(self.webhook_secret.encode(), raw, hashlib.sha256).digest()
        headers = {
            "Content-Type": "application/json",
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Signature": base64.b64encode(digest).decode(),
            "X-WC-Webhook-ID": "142",
            "X-WC-Webhook-Delivery-ID": hashlib.md5(f"142{naive(self.now())}".encode()).hexdigest(),
        }
        return Delivery(headers, raw)


def _page(request: web.Request, found: list[dict[str, Any]]) -> web.Response:
    size, number = int(request.query.get("per_page", "10")), int(request.query.get("page", "1"))
    if size > 100:
        return _error(400, "rest_invalid_param", "per_page must be between 1 and 100")
    headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(math.ceil(len(found) / size))}
    return web.json_response(found[(number - 1) * size : number * size], headers=headers)


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message, "data": {"status": status}}, status=status)


def _line_error(number: int, code: str, status: int) -> dict[str, Any]:
    return {"id": number, "error": {"code": code, "message": code.replace("_", " "), "data": {"status": status}}}
