"""A simulated NetSuite account: signed assertions, SuiteQL, inventory adjustments, and our script in it."""

import hashlib
import hmac
import sqlite3
import time
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from aiohttp import web
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from pydantic import ValidationError

from connectors.simulated.misbehaviour import PLAYED, Handler, Misbehaviour
from connectors.simulated.netsuite_models import Adjustment, Adjustments, Statement
from connectors.simulated.netsuite_records import RETURN_IDS_FROM, Records
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.sales import SoldOrder
from connectors.simulated.webhooks import Delivery

ACCOUNT, CLIENT_ID, CERTIFICATE_ID = "1234567_SB1", "simulated client", "simulated certificate"
LEDGER_ACCOUNT = "58"
BASE = "/services/rest"
ADJUSTMENTS = "/record/v1/inventoryAdjustment"
LOOKS_UNTIL_DONE = 2
HAPPENED = {"created": "create", "cancelled": "cancel", "deleted": "delete"}


class SimulatedNetSuite(SimulatedPlatform):
    """`stock` is what is available at the first location; the others have none of it yet."""

    def __init__(
        self,
        stock: Mapping[str, int],
        *,
        location_names: Iterable[str] = ("Main", "Outlet"),
        hmac_secret: str = "simulated secret",
    ) -> None:
        super().__init__()
        self.hmac_secret = hmac_secret
        self.key = ECKey.generate_key("P-256", private=True)
        self.tokens: set[str] = set()
        self.locations = {str(number): name for number, name in enumerate(location_names, 1)}
        self.items: dict[str, int] = {}
        self.adjustments: dict[str, int] = {}
        self.may_adjust = True
        self.looks_until_done = LOOKS_UNTIL_DONE
        self._jobs: dict[int, int] = {}
        self._job_of_key: dict[str, int] = {}
        for sku, quantity in stock.items():
            self.add_item(sku, quantity)

    def add_item(self, sku: str, quantity: int) -> None:
        self.items[sku] = self.new_id()
        for place in self.locations:
            self.shelf.put(sku, place, quantity if place == self.home() else 0)

    def home(self) -> str | None:
        return next(iter(self.locations))

    def routes(self) -> Iterable[web.RouteDef]:
        guarded = (
            ("POST", "/query/v1/suiteql", self._ask),
            ("GET", ADJUSTMENTS, self._list),
            ("POST", ADJUSTMENTS, self._adjust),
            ("GET", ADJUSTMENTS + "/{id}", self._adjustment),
            ("GET", "/async/v1/job/{id}", self._job),
        )
        routes = [web.route(method, BASE + path, self._guarded(handler)) for method, path, handler in guarded]
        return [web.post(f"{BASE}/auth/oauth2/v1/token", self._grant), *routes]

    def config(self) -> dict[str, Any]:
        return {
            "account_id": ACCOUNT,
            "client_id": CLIENT_ID,
            "certificate_id": CERTIFICATE_ID,
            "private_key_pem": self.key.as_pem(private=True).decode(),
            "hmac_secret": self.hmac_secret,
            "adjustment_account_id": LEDGER_ACCOUNT,
            "api_url": self.url,
        }

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return path == BASE + ADJUSTMENTS and bool(body)

    # Who may

    async def _grant(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        try:
            token = jwt.decode(str(form.get("client_assertion")), self.key, algorithms=["ES256"])
        except (JoseError, ValueError):
            return web.json_response({"error": "invalid_client"}, status=400)
        claims, now = token.claims, time.time()
        right = (
            token.header.get("kid") == CERTIFICATE_ID
            and claims["iss"] == CLIENT_ID
            and claims["scope"] == "rest_webservices"
            and claims["aud"] == f"{self.url}{BASE}/auth/oauth2/v1/token"
            and claims["iat"] <= now < claims["exp"] <= claims["iat"] + 3600
        )
        if not right:
            return web.json_response({"error": "invalid_grant"}, status=400)
        value = f"token-{self.new_id()}"
        self.tokens.add(value)
        return web.json_response({"access_token": value, "expires_in": "3600", "token_type": "Bearer"})

    def expire_tokens(self) -> None:
        self.tokens.clear()

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
                return _error(401, "INVALID_LOGIN", "Invalid login attempt.")
            try:
                return await handler(request)
            except ValidationError as wrong:
                return _error(400, "INVALID_CONTENT", str(wrong.errors()[0]["loc"]))
            except sqlite3.Error as wrong:
                return _error(400, "INVALID_PARAMETER", f"Invalid search query. {wrong}")

        return guarded

    # SuiteQL

    async def _ask(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Prefer") != "transient":
            return _error(400, "INVALID_HEADER", "Prefer: transient is required")
        statement = Statement.model_validate_json(await request.read())
        limit, offset = int(request.query.get("limit", "1000")), int(request.query.get("offset", "0"))
        records = Records(self.items, self.locations, self.shelf, self.orders.values(), self.adjustments)
        return web.json_response(records.ask(statement.q, min(limit, 1000), offset))

    # Adjustments

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if not self.may_adjust:
            return _error(403, "INSUFFICIENT_PERMISSION", "Permission Violation: Adjust Inventory")
        return web.json_response({"count": 0, "hasMore": False, "items": [], "offset": 0, "totalResults": 0})

    async def _adjustment(self, request: web.Request) -> web.StreamResponse:
        wanted = request.match_info["id"].removeprefix("eid:")
        if wanted not in self.adjustments:
            return _error(404, "NONEXISTENT_ID", "The record instance does not exist.")
        return web.json_response({"id": str(self.adjustments[wanted])})

    async def _adjust(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Prefer") == "respond-async":
            return await self._adjust_later(request)
        wrong = self._apply(Adjustment.model_validate_json(await request.read()), request.get(PLAYED))
        if wrong is not None:
            return wrong
        return web.Response(status=204, headers={"Location": f"{self.url}{BASE}{ADJUSTMENTS}/{self._next_id}"})

    async def _adjust_later(self, request: web.Request) -> web.StreamResponse:
        key = request.headers["X-NetSuite-Idempotency-Key"]
        known = self._job_of_key.get(key)
        job = self._job_of_key.setdefault(key, self.new_id())
        headers = {"Location": f"{self.url}{BASE}/async/v1/job/{job}"}
        if known is not None:
            answer = _error(400, "IDEMPOTENCY_ERROR", "The idempotency key has been used.")
            answer.headers.update(headers)
            return answer
        batch = Adjustments.model_validate_json(await request.read())
        self._jobs[job] = 0
        for adjustment in batch.items:
            self._apply(adjustment, request.get(PLAYED))
        return web.Response(status=202, headers=headers)

    async def _job(self, request: web.Request) -> web.StreamResponse:
        job = int(request.match_info["id"])
        self._jobs[job] += 1
        completed = self._jobs[job] >= self.looks_until_done
        return web.json_response({"id": str(job), "completed": completed, "progress": "succeeded"})

    def _apply(self, adjustment: Adjustment, kind: Misbehaviour | None) -> web.Response | None:
        if kind is Misbehaviour.ERROR_INSIDE_SUCCESS:
            return _error(400, "USER_ERROR", "Please configure the inventory detail in line 1", "inventory.items[0]")
        if adjustment.externalId in self.adjustments:
            return _error(400, "USER_ERROR", "This entity already exists.")
        if adjustment.account.id != LEDGER_ACCOUNT:
            return _error(400, "USER_ERROR", f"Invalid Field Value {adjustment.account.id} for account", "account")
        names = {str(number): name for name, number in self.items.items()}
        for line in adjustment.inventory.items:
            if not self.shelf.has(names.get(line.item.id, ""), line.location.id):
                text = f"Invalid Field Value {line.item.id} for the following field: item"
                return _error(400, "USER_ERROR", text, "inventory.items[0].item")
        self.adjustments[adjustment.externalId] = self.new_id()
        if kind is not Misbehaviour.NOTHING_CHANGED:
            for line in adjustment.inventory.items:
                self.shelf.add(names[line.item.id], line.location.id, line.adjustQtyBy)
        return None

    # Our script

    async def delete(self, order: SoldOrder) -> None:
        """Somebody deletes an order of which nothing was shipped."""
        del self.orders[order.order_id]
        for line in order.lines:
            self.shelf.add(line.sku, order.taken_from, line.unshipped)
        await self._tell(order, "deleted")

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        number = order.order_id
        returned = any(part.shipped for line in order.lines for part in line.returned)
        if happened == "fulfilled":
            return [self.delivery("itemfulfillment", "ship", self.new_id(), number)]
        if happened == "refunded" and returned:
            return [self.delivery("itemreceipt", "create", self.new_id(), RETURN_IDS_FROM + number)]
        return [self.delivery("salesorder", HAPPENED.get(happened, "edit"), number, None)]

    def delivery(self, record: str, happened: str, number: int, created_from: int | None) -> Delivery:
        """As `connectors/scripts/netsuite/inventory_gateway.js` sends it."""
        origin = None if created_from is None else str(created_from)
        body = orjson.dumps({"record": record, "happened": happened, "id": str(number), "createdfrom": origin})
        now = time.time()
        timestamp = str(int(now))
        digest = hmac.new(self.hmac_secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-Gateway-Timestamp": timestamp,
            "X-Gateway-Event-Id": f"{ACCOUNT}:{record}:{number}:{happened}:{self.new_id()}",
            "X-Gateway-Signature": f"sha256={digest}",
        }
        return Delivery(headers, body)


def _error(status: int, code: str, detail: str, path: str | None = None) -> web.Response:
    found = {"detail": detail, "o:errorCode": code, **({"o:errorPath": path} if path else {})}
    body = {"type": "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html", "title": "Error", "status": status}
    return web.json_response({**body, "o:errorDetails": [found]}, status=status)
