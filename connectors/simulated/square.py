"""A simulated Square account: inventory, catalogue, orders, payments, token endpoint, signed webhooks."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from connectors.simulated import square_models as models
from connectors.simulated.misbehaviour import PLAYED, Handler, Misbehaviour
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.sales import SoldOrder
from connectors.simulated.square_inventory import InventoryRefused, SquareInventory
from connectors.simulated.square_orders import (
    has_returns,
    number_of,
    order_body,
    payment_body,
    refund_body,
    return_body,
    stamp,
)
from connectors.simulated.square_webhooks import TOPICS, about_order, delivery
from connectors.simulated.webhooks import Delivery

PERSONAL_TOKEN = "EAAA-personal"
REFRESH_TOKEN = "EQAA-simulated"
CLIENT = {"client_id": "sq0idp-simulated", "client_secret": "sq0csp-simulated"}
VERSION = "2026-08-19"


class SimulatedSquare(SimulatedPlatform):
    """`stock` is at the first location; `shelf.put` adds others."""

    def __init__(
        self,
        stock: Mapping[str, int],
        *,
        location_names: Sequence[str] = ("Main",),
        signature_key: str = "simulated-signature-key",
    ) -> None:
        super().__init__()
        self.signature_key = signature_key
        self.locations = {f"LOC{number}": name for number, name in enumerate(location_names, 101)}
        self.variations = {sku: f"VARIATION{number}" for number, sku in enumerate(stock, 4001)}
        self.untracked: set[str] = set()
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.inventory = SquareInventory(self.shelf, self.variations, self.locations)
        self._tokens = {PERSONAL_TOKEN}
        for sku, quantity in stock.items():
            self.shelf.put(sku, self.home(), quantity)

    def routes(self) -> Iterable[web.RouteDef]:
        guarded = (
            ("POST", "/v2/inventory/changes/batch-create", self._change),
            ("POST", "/v2/inventory/counts/batch-retrieve", self._counts),
            ("POST", "/v2/catalog/search", self._catalog),
            ("POST", "/v2/orders/search", self._search),
            ("POST", "/v2/catalog/batch-retrieve", self._variations_asked),
            ("POST", "/v2/orders/batch-retrieve", self._orders),
            ("GET", "/v2/orders/{id}", self._order),
            ("GET", "/v2/payments/{id}", self._payment),
            ("GET", "/v2/refunds/{id}", self._refund),
            ("GET", "/v2/locations", self._locations),
            ("GET", "/v2/webhooks/subscriptions", self._list_subscriptions),
            ("POST", "/v2/webhooks/subscriptions", self._subscribe),
            ("PUT", "/v2/webhooks/subscriptions/{id}", self._subscribe),
        )
        routes = [web.route(method, path, self._guarded(handler)) for method, path, handler in guarded]
        return [*routes, web.post("/oauth2/token", self._grant)]

    def config(self) -> dict[str, Any]:
        return {
            "api_url": self.url,
            "application_id": CLIENT["client_id"],
            "application_secret": CLIENT["client_secret"],
            "refresh_token": REFRESH_TOKEN,
            "webhook_signature_key": self.signature_key,
            "notification_url": self.webhooks.address,
        }

    def home(self) -> str:
        return next(iter(self.locations))

    def now(self) -> datetime:
        """Square states milliseconds."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return path == "/v2/inventory/changes/batch-create"

    def expire_tokens(self) -> None:
        """Every token granted so far is refused from now on."""
        self._tokens.clear()

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self._tokens:
                return _error(401, "AUTHENTICATION_ERROR", "UNAUTHORIZED")
            if request.headers.get("Square-Version") != VERSION:
                return _error(400, "INVALID_REQUEST_ERROR", "INVALID_SQUARE_VERSION_FORMAT")
            try:
                return await handler(request)
            except ValidationError as wrong:
                return _error(400, "INVALID_REQUEST_ERROR", "BAD_REQUEST", str(wrong.errors()[0]["loc"]))
            except InventoryRefused as refused:
                return web.json_response({"errors": [refused.error]}, status=400)

        return guarded

    async def _grant(self, request: web.Request) -> web.StreamResponse:
        wanted = models.ObtainToken.model_validate_json(await request.read())
        if (
            wanted.refresh_token != REFRESH_TOKEN
            or {"client_id": wanted.client_id, "client_secret": wanted.client_secret} != CLIENT
        ):
            return _error(401, "AUTHENTICATION_ERROR", "UNAUTHORIZED")
        token = f"EAAA-{uuid.uuid4().hex}"
        self._tokens.add(token)
        expires = stamp(self.now() + timedelta(days=30))
        return web.json_response(
            {"access_token": token, "token_type": "bearer", "expires_at": expires, "refresh_token": REFRESH_TOKEN}
        )

    # Inventory and catalogue

    async def _change(self, request: web.Request) -> web.StreamResponse:
        wanted = models.ChangeInventory.model_validate_json(await request.read())
        kind = request.get(PLAYED)
        if kind is Misbehaviour.ERROR_INSIDE_SUCCESS:
            return _error(200, "API_ERROR", "INTERNAL_SERVER_ERROR")
        pretend = kind is Misbehaviour.NOTHING_CHANGED
        answer = self.inventory.change(wanted, self.now(), self._sold_since, pretend=pretend)
        if answer["counts"]:
            self.webhooks.deliver_soon(self._event("inventory.count.updated", {"inventory_counts": answer["counts"]}))
        return web.json_response(answer)

    def _sold_since(self, sku: str, location_id: str, moment: datetime) -> int:
        later = (order for order in self.orders.values() if order.created_at > moment)
        lines = (line for order in later if order.taken_from == location_id for line in order.lines)
        return sum(line.ordered for line in lines if line.sku == sku)

    async def _counts(self, request: web.Request) -> web.StreamResponse:
        wanted = models.RetrieveCounts.model_validate_json(await request.read())
        found = [
            count
            for count in self.inventory.counts(self.now())
            if wanted.location_ids is None or count["location_id"] in wanted.location_ids
        ]
        return _page("counts", found, wanted.cursor, wanted.limit)

    async def _variations_asked(self, request: web.Request) -> web.StreamResponse:
        wanted = models.RetrieveCatalog.model_validate_json(await request.read()).object_ids
        return web.json_response({"objects": [one for one in self._variation_objects() if one["id"] in wanted]})

    def _variation_objects(self) -> list[dict[str, Any]]:
        return [
            {
                "type": "ITEM_VARIATION",
                "id": variation,
                "version": 1,
                "is_deleted": False,
                "item_variation_data": {
                    "item_id": f"ITEM{variation}",
                    "name": "Regular",
                    "sku": sku,
                    "track_inventory": sku not in self.untracked,
                },
            }
            for sku, variation in self.variations.items()
        ]

    async def _catalog(self, request: web.Request) -> web.StreamResponse:
        wanted = models.SearchCatalog.model_validate_json(await request.read())
        found = self._variation_objects()
        related = [
            {"type": "ITEM", "id": f"ITEM{variation}", "item_data": {"name": sku.title()}}
            for sku, variation in self.variations.items()
        ]
        return _page("objects", found, wanted.cursor, wanted.limit, related_objects=related)

    async def _locations(self, request: web.Request) -> web.StreamResponse:
        found = [{"id": number, "name": name, "status": "ACTIVE"} for number, name in self.locations.items()]
        return web.json_response({"locations": found})

    # Orders

    def _bodies(self) -> list[dict[str, Any]]:
        sales = [order_body(order, self.variations) for order in self.orders.values()]
        returns = [return_body(order, self.variations) for order in self.orders.values() if has_returns(order)]
        return sorted([*sales, *returns], key=lambda body: str(body["updated_at"]))

    async def _search(self, request: web.Request) -> web.StreamResponse:
        wanted = models.SearchOrders.model_validate_json(await request.read())
        start = wanted.query.filter.date_time_filter.updated_at.start_at
        found = [
            body
            for body in self._bodies()
            if body["location_id"] in wanted.location_ids and datetime.fromisoformat(body["updated_at"]) >= start
        ]
        return _page("orders", found, wanted.cursor, wanted.limit)

    async def _orders(self, request: web.Request) -> web.StreamResponse:
        wanted = models.RetrieveOrders.model_validate_json(await request.read())
        return web.json_response({"orders": [body for body in self._bodies() if body["id"] in wanted.order_ids]})

    async def _order(self, request: web.Request) -> web.StreamResponse:
        found = next((body for body in self._bodies() if body["id"] == request.match_info["id"]), None)
        return web.json_response({"order": found}) if found else _error(404, "INVALID_REQUEST_ERROR", "NOT_FOUND")

    async def _payment(self, request: web.Request) -> web.StreamResponse:
        order = self.orders.get(number_of(request.match_info["id"]))
        if order is None:
            return _error(404, "INVALID_REQUEST_ERROR", "NOT_FOUND")
        return web.json_response({"payment": payment_body(order)})

    async def _refund(self, request: web.Request) -> web.StreamResponse:
        order = self.orders.get(number_of(request.match_info["id"]))
        if order is None or not has_returns(order):
            return _error(404, "INVALID_REQUEST_ERROR", "NOT_FOUND")
        return web.json_response({"refund": refund_body(order)})

    # Webhooks

    async def _list_subscriptions(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"subscriptions": list(self.subscriptions.values())})

    async def _subscribe(self, request: web.Request) -> web.StreamResponse:
        change = models.ChangeSubscription.model_validate_json(await request.read()).subscription
        number = request.match_info.get("id") or f"wbhk_{self.new_id()}"
        self.subscriptions[number] = {
            **self.subscriptions.get(number, {}),
            **change.model_dump(exclude_unset=True),
            "id": number,
        }
        return web.json_response({"subscription": self.subscriptions[number]})

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        return [self._event(topic, about_order(topic, order)) for topic in TOPICS[happened]]

    def _event(self, topic: str, about: Mapping[str, Any]) -> Delivery:
        return delivery(topic, about, self.now(), key=self.signature_key, address=self.webhooks.address or "")


def _page(name: str, found: list[Any], cursor: str | None, limit: int, **rest: Any) -> web.Response:
    start = int(cursor or "0")
    following = {"cursor": str(start + limit)} if start + limit < len(found) else {}
    return web.json_response({name: found[start : start + limit], **following, **rest})


def _error(status: int, category: str, code: str, detail: str = "") -> web.Response:
    return web.json_response({"errors": [{"category": category, "code": code, "detail": detail}]}, status=status)
