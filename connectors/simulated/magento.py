"""A simulated Magento: REST with OAuth 1.0a, sources with counts on hand, orders that only reserve, I/O Events."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

import orjson
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.simulated.held import CountsOnHand, stage_of
from connectors.simulated.misbehaviour import PLAYED, Handler
from connectors.simulated.sales import SoldLine, SoldOrder
from connectors.simulated.webhooks import Delivery

KEYS = {
    name: f"simulated-{name}" for name in ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
}
BASE = "/rest/all/V1"
STATES = {"open": "processing", "shipped": "complete", "cancelled": "canceled"}
CLIENT_ID = "ca7b36f23be94dcb9d2ebb97f0276e3f"
OLD_KEY, KEY = "/prod/keys/pub-key-old.pem", "/prod/keys/pub-key-simulated.pem"
EVENTS = {"fulfilled": "observer.sales_order_shipment_save_after"}

Record = dict[str, Any]


class _SourceItem(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    sku: str
    source_code: str
    quantity: float
    status: int


class _SourceItems(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sourceItems: list[_SourceItem]


class SimulatedMagento(CountsOnHand):
    """With `signs_events` the operator relies on Adobe's signature, of whose two keys one is gone already;
    `keys_missing` takes away the other. `uncounted` are sold as virtual products whose stock is not managed."""

    def __init__(
        self,
        stock: Mapping[str, int],
        *,
        sources: tuple[str, ...] = ("default", "outlet"),
        signs_events: bool = False,
    ) -> None:
        super().__init__()
        self.sources = sources
        self.signs_events = signs_events
        self.keys_missing = False
        self.uncounted: set[str] = set()
        self.nonces: set[str] = set()
        for sku, quantity in stock.items():
            for number, source in enumerate(sources):
                self.shelf.put(sku, source, 0 if number else quantity)
        self.skus = list(stock)

    def config(self) -> Record:
        proof = {"event_token": "simulated-token"}
        if self.signs_events:
            proof = {"recipient_client_id": CLIENT_ID, "event_keys_url": self.url}
        return {"base_url": f"{self.url}/rest/all", **KEYS, **proof, "refunds_restock": True}

    def home(self) -> str:
        return self.sources[0]

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return path.endswith("/inventory/source-items") and bool(body)

    def routes(self) -> Iterable[web.RouteDef]:
        plain = (
            ("GET", "/inventory/sources", self._list_sources),
            ("GET", "/inventory/source-items", self._list_items),
            ("POST", "/inventory/source-items", self._write_items),
            ("GET", "/products", self._list_products),
            ("GET", "/products/{sku}", self._product),
            ("GET", "/orders", self._list_orders),
            ("GET", "/orders/{id}", self._order),
        )
        guarded = [web.route(method, BASE + path, self._guarded(handler)) for method, path, handler in plain]
        return [*guarded, web.get(KEY, self._show_key)]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self._signed(request):
                return _refused(401, "The consumer isn't authorized to access %resources.")
            try:
                return await handler(request)
            except ValidationError as wrong:
                return _refused(400, f'Validation Failed: "{wrong.errors()[0]["loc"][-1]}" should be numeric.')

        return guarded

    def _signed(self, request: web.Request) -> bool:
        """RFC 5849, 3.4; each nonce may be used once."""
        stated = {
            name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', request.headers["Authorization"])
        }
        signature = stated.pop("oauth_signature", "")
        nonce = stated.get("oauth_nonce", "")
        pairs = sorted((quote(k, safe="~"), quote(v, safe="~")) for k, v in {**request.query, **stated}.items())
        parts = (request.method, f"{self.url}{request.path}", "&".join("=".join(pair) for pair in pairs))
        base = "&".join(quote(part, safe="~") for part in parts)
        key = f"{KEYS['consumer_secret']}&{KEYS['access_token_secret']}"
        digest = base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()
        fresh = nonce not in self.nonces
        self.nonces.add(nonce)
        return fresh and stated.get("oauth_token") == KEYS["access_token"] and hmac.compare_digest(digest, signature)

    async def _list_sources(self, request: web.Request) -> web.StreamResponse:
        return _page(request, [{"source_code": one, "name": one.title(), "enabled": True} for one in self.sources])

    async def _list_items(self, request: web.Request) -> web.StreamResponse:
        rows = [
            {"sku": sku, "source_code": source, "quantity": self.on_hand(sku, source), "status": 1}
            for sku in self.skus
            for source in self.sources
            if self.shelf.has(sku, source)
        ]
        return _page(request, rows)

    async def _write_items(self, request: web.Request) -> web.StreamResponse:
        """An unknown SKU is stored all the same."""
        items = _SourceItems.model_validate_json(await request.read()).sourceItems
        if any(item.source_code not in self.sources for item in items):
            return _refused(400, "Could not save Source Item")
        for item in items if request.get(PLAYED) is None else ():
            self.count(item.sku, item.source_code, int(item.quantity))
        return web.json_response([])

    async def _list_products(self, request: web.Request) -> web.StreamResponse:
        return _page(request, [{"sku": sku, "name": sku, "type_id": "simple"} for sku in self.skus])

    async def _product(self, request: web.Request) -> web.StreamResponse:
        sku = request.match_info["sku"]
        if sku not in self.skus:
            return _refused(404, "The product that was requested doesn't exist. Verify the product and try again.")
        stock_item = {"manage_stock": sku not in self.uncounted}
        return web.json_response({"sku": sku, "extension_attributes": {"stock_item": stock_item}})

    async def _list_orders(self, request: web.Request) -> web.StreamResponse:
        by_change = sorted(self.orders.values(), key=lambda order: order.updated_at)
        return _page(request, [self._body(order) for order in by_change])

    async def _order(self, request: web.Request) -> web.StreamResponse:
        order = self.orders.get(int(request.match_info["id"]))
        return web.json_response(self._body(order)) if order else _refused(404, "The entity doesn't exist.")

    def _body(self, order: SoldOrder) -> Record:
        return {
            "entity_id": order.order_id,
            "increment_id": f"{order.order_id:09}",
            "state": STATES[stage_of(order)],
            "status": STATES[stage_of(order)],
            "updated_at": order.updated_at.strftime("%Y-%m-%d %H:%M:%S"),
            "items": [
                item
                for line in order.lines
                for item in _lines(order, line, "virtual" if line.sku in self.uncounted else "simple")
            ],
        }

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        topic = EVENTS.get(happened, "observer.sales_order_save_commit_after")
        value = {"entity_id": order.order_id, "order_id": order.order_id}
        event = {"type": f"com.adobe.commerce.{topic}", "eventid": str(self.new_id()), "data": {"value": value}}
        return [self.event_delivery(event | {"recipientclientid": CLIENT_ID})]

    def event_delivery(self, event: Record) -> Delivery:
        """Adobe signs every event, whether anybody looks or not."""
        body = orjson.dumps(event)
        signed = base64.b64encode(_signing_key().sign(body, PKCS1v15(), SHA256())).decode()
        headers = {
            "x-adobe-public-key1-path": OLD_KEY,
            "x-adobe-digital-signature-1": "b2xk",
            "x-adobe-public-key2-path": KEY,
            "x-adobe-digital-signature-2": signed,
        }
        return Delivery({"Content-Type": "application/json", **headers}, body)

    async def _show_key(self, request: web.Request) -> web.StreamResponse:
        if self.keys_missing:
            return web.Response(status=503)
        public = _signing_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return web.Response(body=public)


@cache
def _signing_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def _lines(order: SoldOrder, line: SoldLine, kind: str) -> list[Record]:
    """Of a configurable product and its part; what becomes of it is noted at the whole."""
    counts = {
        "qty_shipped": line.fulfilled,
        "qty_canceled": line.unshipped if order.cancelled_at else 0,
        "qty_refunded": 0 if order.cancelled_at else line.refunded,
    }
    if order.cancelled_at:
        counts["qty_canceled"] = line.ordered - line.fulfilled
    whole = {"item_id": line.line_id, "sku": line.sku, "qty_ordered": line.ordered, "product_type": "configurable"}
    part = {"item_id": line.line_id + 100_000, "sku": line.sku, "qty_ordered": line.ordered}
    none = dict.fromkeys(counts, 0)
    return [whole | counts, part | none | {"parent_item_id": line.line_id, "product_type": kind}]


def _page(request: web.Request, found: list[Record]) -> web.Response:
    """A page beyond the end repeats the last one."""
    first = "searchCriteria[filterGroups][0][filters][0]"
    field, value = request.query.get(f"{first}[field]"), request.query.get(f"{first}[value]", "")
    if field is not None and request.query[f"{first}[conditionType]"] == "in":
        found = [one for one in found if one[field] in value.split(",")]
    elif field is not None:
        found = [one for one in found if one[field] >= value]
    size = int(request.query["searchCriteria[pageSize]"])
    number = min(int(request.query["searchCriteria[currentPage]"]), max(1, -(-len(found) // size)))
    page = found[(number - 1) * size : number * size]
    return web.json_response({"items": page, "search_criteria": {}, "total_count": len(found)})


def _refused(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status)
