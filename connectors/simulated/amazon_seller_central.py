"""A simulated Amazon: Login with Amazon, listings, feeds, orders, notifications posted by a forwarder."""

import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from aiohttp import web
from pydantic import ValidationError

from connectors.simulated.amazon_seller_central_feeds import Feeds
from connectors.simulated.amazon_seller_central_models import DocumentOrder, FeedOrder, ListingPatch
from connectors.simulated.amazon_seller_central_orders import (
    notification,
    order_body,
    order_change,
    order_id_of,
    stated,
)
from connectors.simulated.misbehaviour import PLAYED, Handler, Misbehaviour
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.sales import SoldOrder
from connectors.simulated.webhooks import Delivery

SELLER, MARKETPLACE = "A3EXAMPLE1", "ATVPDKIKX0DER"
CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN = "amzn1.application-oa2-client.1", "simulated-secret", "Atzr|simulated"
NOTIFICATIONS_SCOPE = "sellingpartnerapi::notifications"
LISTING = "/listings/2021-08-01/items/{seller}"
ORDERS = "/orders/2026-01-01/orders"
DESTINATIONS = "/notifications/v1/destinations"
SUBSCRIPTION = "/notifications/v1/subscriptions/ORDER_CHANGE"
FEEDS = "/feeds/2021-06-30"


class SimulatedAmazon(SimulatedPlatform):
    def __init__(self, stock: Mapping[str, int], *, forwarder_secret: str = "simulated forwarder") -> None:
        super().__init__()
        self.forwarder_secret = forwarder_secret
        self.created: dict[str, datetime] = {}
        self.feeds = Feeds(self.shelf)
        self.tokens: dict[str, str] = {}
        """What each granted token is good for: a seller, or a scope."""
        self.destinations: list[dict[str, Any]] = []
        self.subscription: dict[str, Any] | None = None
        self.most_shown = 1000
        for sku, quantity in stock.items():
            self.add_listing(sku, quantity)

    def add_listing(self, sku: str, quantity: int) -> None:
        self.created[sku] = datetime.fromisoformat("2026-01-01T00:00:00+00:00") + timedelta(seconds=len(self.created))
        self.shelf.put(sku, None, quantity)

    def routes(self) -> Iterable[web.RouteDef]:
        seller = (
            ("GET", LISTING, self._search_listings),
            ("PATCH", LISTING + "/{sku}", self._patch_listing),
            ("GET", ORDERS, self._search_orders),
            ("GET", ORDERS + "/{id}", self._order),
            ("GET", SUBSCRIPTION, self._subscription),
            ("POST", SUBSCRIPTION, self._subscribe),
            ("POST", FEEDS + "/documents", self._make_document),
            ("GET", FEEDS + "/documents/{id}", self._document),
            ("POST", FEEDS + "/feeds", self._make_feed),
            ("GET", FEEDS + "/feeds", self._search_feeds),
            ("GET", FEEDS + "/feeds/{id}", self._feed),
        )
        grantless = (("GET", DESTINATIONS, self._destinations), ("POST", DESTINATIONS, self._make_destination))
        stored = (("PUT", "/storage/{id}", self._upload), ("GET", "/storage/{id}", self._download))
        return [
            web.post("/auth/o2/token", self._grant),
            *(web.route(method, path, self._guarded(handler, SELLER)) for method, path, handler in seller),
            *(
                web.route(method, path, self._guarded(handler, NOTIFICATIONS_SCOPE))
                for method, path, handler in grantless
            ),
            *(web.route(method, path, handler) for method, path, handler in stored),
        ]

    def config(self) -> dict[str, Any]:
        return {
            "region": "na",
            "seller_id": SELLER,
            "marketplace_ids": [MARKETPLACE],
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
            "forwarder_secret": self.forwarder_secret,
            "api_url": self.url,
            "token_url": f"{self.url}/auth/o2/token",
        }

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return path.startswith("/listings/") and bool(body)

    # Who may

    async def _grant(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        if form.get("client_id") != CLIENT_ID or form.get("client_secret") != CLIENT_SECRET:
            return web.json_response({"error": "invalid_client"}, status=401)
        token = f"Atza|{self.new_id()}"
        match form.get("grant_type"), form.get("refresh_token"), form.get("scope"):
            case "refresh_token", token_given, None if token_given == REFRESH_TOKEN:
                self.tokens[token] = SELLER
            case "client_credentials", None, scope if scope == NOTIFICATIONS_SCOPE:
                self.tokens[token] = NOTIFICATIONS_SCOPE
            case _:
                return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response({"access_token": token, "token_type": "bearer", "expires_in": 3600})

    def expire_tokens(self) -> None:
        self.tokens.clear()

    def _guarded(self, handler: Handler, good_for: str) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if self.tokens.get(request.headers.get("x-amz-access-token", "")) != good_for:
                return _error(403, "Unauthorized", "Access to requested resource is denied.")
            if not request.headers.get("x-amz-date"):
                return _error(400, "InvalidInput", "x-amz-date is missing")
            try:
                response = await handler(request)
            except ValidationError as wrong:
                return _error(400, "InvalidInput", str(wrong.errors()[0]["loc"]))
            response.headers.setdefault("x-amzn-RateLimit-Limit", "5.0")
            return response

        return guarded

    # Listings

    async def _search_listings(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        since = query.get("createdAfter", "")
        found = [sku for sku, created in self.created.items() if stated(created) >= since]
        start, size = int(query.get("pageToken", "0")), int(query.get("pageSize", "10"))
        shown = found[start : min(start + size, self.most_shown)]
        more = start + size < min(len(found), self.most_shown)
        pagination = {"pagination": {"nextToken": str(start + size)}} if more else {}
        items = [self._listing(sku) for sku in shown]
        return web.json_response({"numberOfResults": len(found), **pagination, "items": items})

    def _listing(self, sku: str) -> dict[str, Any]:
        summary = {
            "marketplaceId": MARKETPLACE,
            "asin": "B0EXAMPLE1",
            "productType": "PRODUCT",
            "status": ["BUYABLE"],
            "itemName": sku.title(),
            "createdDate": stated(self.created[sku]),
            "lastUpdatedDate": stated(self.now()),
        }
        availability = [{"fulfillmentChannelCode": "DEFAULT", "quantity": self.shelf.quantity(sku)}]
        return {"sku": sku, "summaries": [summary], "fulfillmentAvailability": availability}

    async def _patch_listing(self, request: web.Request) -> web.StreamResponse:
        sku, kind = request.match_info["sku"], request.get(PLAYED)
        if not self.shelf.has(sku, None):
            return _error(404, "NOT_FOUND", f"SKU '{sku}' not found in marketplace {MARKETPLACE}")
        patch = ListingPatch.model_validate_json(await request.read())
        answer: dict[str, Any] = {"sku": sku, "status": "ACCEPTED", "submissionId": str(self.new_id()), "issues": []}
        if kind is Misbehaviour.ERROR_INSIDE_SUCCESS:
            issue = {"code": "90220", "severity": "ERROR", "message": "'quantity' is required", "attributeNames": []}
            return web.json_response(answer | {"status": "INVALID", "issues": [issue]})
        if kind is not Misbehaviour.NOTHING_CHANGED and self.shelf.quantity(sku) != patch.quantity:
            self.shelf.put(sku, None, patch.quantity)
            self.webhooks.deliver_soon(self.quantity_delivery(sku))
        return web.json_response(answer)

    # Orders

    async def _search_orders(self, request: web.Request) -> web.StreamResponse:
        after = datetime.fromisoformat(request.query.get("lastUpdatedAfter") or request.query["createdAfter"])
        found = sorted((o for o in self.orders.values() if o.updated_at >= after), key=lambda order: order.updated_at)
        start, size = int(request.query.get("paginationToken", "0")), int(request.query.get("maxResultsPerPage", "100"))
        more = {"pagination": {"nextToken": str(start + size)}} if start + size < len(found) else {}
        return web.json_response({"orders": [order_body(o, MARKETPLACE) for o in found[start : start + size]], **more})

    async def _order(self, request: web.Request) -> web.StreamResponse:
        wanted = request.match_info["id"]
        order = next((order for order in self.orders.values() if order_id_of(order) == wanted), None)
        if order is None:
            return _error(404, "NotFound", "The order does not exist.")
        return web.json_response({"order": order_body(order, MARKETPLACE)})

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        payload = order_change(order, SELLER, MARKETPLACE)
        return [self.delivery(notification("ORDER_CHANGE", order.updated_at, payload, f"notification-{self.new_id()}"))]

    def quantity_delivery(self, sku: str) -> Delivery:
        """As it comes through an EventBridge rule."""
        payload = {
            "SellerId": SELLER,
            "FulfillmentChannelCode": "DEFAULT",
            "Sku": sku,
            "Quantity": self.shelf.quantity(sku),
        }
        kind = "LISTINGS_ITEM_MFN_QUANTITY_CHANGE"
        detail = notification(kind, self.now(), payload, f"notification-{self.new_id()}")
        return self.delivery({"version": "0", "detail-type": kind, "detail": detail})

    def delivery(self, message: Mapping[str, Any]) -> Delivery:
        """Posted by a forwarder between the queue and the webhook."""
        body, timestamp = orjson.dumps(message), str(int(time.time()))
        digest = hmac.new(self.forwarder_secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
        return Delivery({"X-Gateway-Timestamp": timestamp, "X-Gateway-Signature": f"sha256={digest.hexdigest()}"}, body)

    # Notifications

    async def _destinations(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"payload": self.destinations})

    async def _make_destination(self, request: web.Request) -> web.StreamResponse:
        made = await request.json()
        resource = {"sqs": made["resourceSpecification"]["sqs"]}
        self.destinations.append({"name": made["name"], "destinationId": str(self.new_id()), "resource": resource})
        return web.json_response({"payload": self.destinations[-1]})

    async def _subscription(self, request: web.Request) -> web.StreamResponse:
        if self.subscription is None:
            return _error(404, "NotFound", "There is no such subscription.")
        return web.json_response({"payload": self.subscription})

    async def _subscribe(self, request: web.Request) -> web.StreamResponse:
        self.subscription = {"subscriptionId": str(self.new_id()), **(await request.json())}
        return web.json_response({"payload": self.subscription})

    # Feeds

    async def _make_document(self, request: web.Request) -> web.StreamResponse:
        DocumentOrder.model_validate_json(await request.read())
        document_id = f"document-{self.new_id()}"
        url = f"{self.url}/storage/{document_id}"
        return web.json_response({"feedDocumentId": document_id, "url": url}, status=201)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        # The address is the key; storage refuses calls with a header that was not signed into it.
        if any(name.lower().startswith("x-amz-") for name in request.headers):
            return web.Response(status=403, text="<Error><Code>AccessDenied</Code></Error>")
        self.feeds.documents[request.match_info["id"]] = await request.read()
        return web.Response()

    async def _make_feed(self, request: web.Request) -> web.StreamResponse:
        feed_id = str(self.new_id())
        self.feeds.take(FeedOrder.model_validate_json(await request.read()), feed_id, stated(self.now()))
        return web.json_response({"feedId": feed_id}, status=202)

    async def _search_feeds(self, request: web.Request) -> web.StreamResponse:
        found = self.feeds.search(set(request.query["processingStatuses"].split(",")))
        return web.json_response({"feeds": found[: int(request.query["pageSize"])]})

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self.feeds.look(request.match_info["id"]))

    async def _document(self, request: web.Request) -> web.StreamResponse:
        document_id = request.match_info["id"]
        url = f"{self.url}/storage/{document_id}"
        return web.json_response({"feedDocumentId": document_id, "url": url, "compressionAlgorithm": "GZIP"})

    async def _download(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.feeds.documents[request.match_info["id"]])


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"errors": [{"code": code, "message": message, "details": ""}]}, status=status)
