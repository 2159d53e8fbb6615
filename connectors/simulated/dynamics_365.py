"""A simulated Dynamics 365 environment: the ERP's OData, and the Inventory Visibility add-in, which applies late."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.simulated.misbehaviour import PLAYED
from connectors.simulated.platform import SimulatedPlatform
from connectors.simulated.sales import SoldLine, SoldOrder
from connectors.simulated.webhooks import Delivery

PLACE = "1/11"
ENVIRONMENT = "4af10637"
PRODUCTS_MAX, PLACES_MAX = 5000, 100

Record = dict[str, Any]


class _Place(BaseModel):
    model_config = ConfigDict(extra="forbid")
    site: str = Field(alias="siteId")
    warehouse: str = Field(alias="locationId")


class _Count(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    organization: str = Field(alias="organizationId", pattern="^usmf$")
    product: str = Field(alias="productId")
    source: str = Field(alias="dimensionDataSource", pattern="^gateway$")
    place: _Place = Field(alias="dimensions")
    quantities: dict[str, dict[str, float]]
    modified: str = Field(alias="modifiedDateTimeUTC")


class SimulatedDynamics365(SimulatedPlatform):
    """Its own orders do not lower the count that we set. `late` looks still see what was before a write."""

    def __init__(self, stock: Mapping[str, int]) -> None:
        super().__init__()
        self.skus = list(stock)
        self.places = [PLACE]
        self.visible = True
        """Whether our app's user may see the legal entity."""
        self.unseen: set[int] = set()
        """Orders that have a number and are not to be seen yet."""
        self.untyped: set[int] = set()
        """Orders whose lines are not typed yet."""
        self.granted = 0
        self.late = 0
        self.tokens: set[str] = set()
        self.webhook_token = "webhook token"
        self._before: dict[str, int] = {}
        for sku, quantity in stock.items():
            self.shelf.put(sku, self.home(), quantity)

    def home(self) -> str:
        return PLACE

    def config(self) -> Record:
        return {
            "tenant_id": "tenant",
            "client_id": "client",
            "client_secret": "hush hush",
            "environment_id": ENVIRONMENT,
            "organization_id": "usmf",
            "iv_endpoint": self.url,
            "fno_url": self.url,
            "warehouses": self.places,
            "webhook_token": self.webhook_token,
            "login_url": self.url,
            "security_url": self.url,
        }

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return "/setonhand/" in path

    async def sell_many(self, units: Mapping[str, int], *, location_id: str | None = None) -> SoldOrder:
        for sku, quantity in units.items():
            self.shelf.add(sku, self.home(), quantity)
        return await super().sell_many(units, location_id=location_id)

    def _take_back(self, order: SoldOrder, line: SoldLine, units: int, *, restock: bool, shipped: bool) -> None:
        super()._take_back(order, line, units, restock=False, shipped=shipped)

    def order_deliveries(self, order: SoldOrder, happened: str) -> list[Delivery]:
        event = {
            "BusinessEventId": "SalesOrderConfirmedBusinessEvent",
            "BusinessEventLegalEntity": "USMF",
            "EventId": f"event-{self.new_id()}",
            "EventTimeIso8601": order.updated_at.isoformat(),
            "SalesOrderNumber": _number(order),
        }
        return [Delivery({"Content-Type": "application/json"}, orjson.dumps(event))] if happened == "created" else []

    def routes(self) -> Iterable[web.RouteDef]:
        environment = f"/api/environment/{ENVIRONMENT}"
        yield web.post("/tenant/oauth2/v2.0/token", self._grant)
        yield web.post("/token", self._lead_on)
        yield web.post("/securityservice/token", self._exchange)
        yield web.get("/data/{entity}", self._entities)
        yield web.post(f"{environment}/setonhand/gateway/bulk", self._set)
        yield web.post(f"{environment}/onhand/indexquery", self._look)

    def _token(self, scope: str) -> web.Response:
        self.granted += 1
        self.tokens.add(token := f"{scope}-{self.granted}")
        return web.json_response({"token_type": "bearer", "access_token": token, "expires_in": 3600})

    async def _grant(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        if (form["client_id"], form["client_secret"]) != ("client", "hush hush"):
            return web.json_response({"error": "invalid_client"}, status=401)
        return self._token("erp" if form["scope"] == f"{self.url}/.default" else "entra")

    async def _lead_on(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": f"{self.url}/securityservice/token"})

    async def _exchange(self, request: web.Request) -> web.StreamResponse:
        asked = orjson.loads(await request.read())
        known = asked["client_assertion"] in self.tokens and asked["client_assertion"].startswith("entra")
        if not known or asked["context"] != ENVIRONMENT or request.headers.get("Api-Version") != "1.0":
            return web.json_response({"error": "invalid_grant"}, status=400)
        return self._token("iv")

    def _admits(self, request: web.Request, scope: str) -> bool:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return token in self.tokens and token.startswith(scope)

    async def _entities(self, request: web.Request) -> web.StreamResponse:
        if not self._admits(request, "erp"):
            return web.json_response({"error": {"code": "", "message": "Unauthorized"}}, status=401)
        entity, condition = request.match_info["entity"], request.query["$filter"]
        if not condition.startswith("dataAreaId eq 'usmf'") or not self.visible:
            return web.json_response({"value": []})
        key = "ItemNumber" if entity == "ReleasedProductsV2" else "SalesOrderNumber"
        records = self._records(entity)
        if named := re.findall(rf"{key} eq '([^']*)'", condition):
            records = [record for record in records if record[key] in named]
        if after := re.search(rf"{key} gt '([^']*)'", condition):
            records = [record for record in records if record[key] > after[1]]
        backwards = request.query["$orderby"].endswith(" desc")
        records = sorted(records, key=lambda record: str(record[key]), reverse=backwards)
        wanted = request.query.get("$select")
        records = [{wanted: record[wanted]} for record in records] if wanted else records
        return web.json_response({"value": records[: int(request.query["$top"])]})

    def _records(self, entity: str) -> list[Record]:
        if entity == "ReleasedProductsV2":
            return [{"ItemNumber": sku, "ProductName": sku.title()} for sku in self.skus]
        seen = [order for order in self.orders.values() if order.order_id not in self.unseen]
        if entity == "SalesOrderHeadersV2":
            return [{"SalesOrderNumber": _number(order)} for order in seen]
        return [_line(order, line) for order in seen if order.order_id not in self.untyped for line in order.lines]

    async def _set(self, request: web.Request) -> web.StreamResponse:
        if not self._admits(request, "iv"):
            return web.Response(status=401)
        try:
            counts = [_Count.model_validate(one) for one in orjson.loads(await request.read())]
        except ValidationError as wrong:
            return web.json_response({"message": str(wrong.errors()[0]["loc"])}, status=400)
        for count in counts if PLAYED not in request else ():
            # Any product's name is taken in silence.
            if self.shelf.has(count.product, place := f"{count.place.site}/{count.place.warehouse}"):
                self._before[count.product] = self.shelf.quantity(count.product, place)
                self.shelf.put(count.product, place, int(count.quantities["gateway"]["inbound"]))
        return web.Response()

    async def _look(self, request: web.Request) -> web.StreamResponse:
        if not self._admits(request, "iv"):
            return web.Response(status=401)
        filters = orjson.loads(await request.read())["filters"]
        wanted, sites, warehouses = filters["productId"], filters["siteId"], filters["locationId"]
        if len(wanted) > PRODUCTS_MAX or len(sites) * len(warehouses) > PLACES_MAX:
            return web.json_response({"message": "Too many products, or sites and locations."}, status=400)
        late = self._before if self.late and self._before else {}
        self.late -= 1 if late else 0
        rows = [
            {
                "productId": sku.lower(),
                "dimensions": {"siteid": site, "locationid": warehouse},
                "quantities": {"gateway": {"inbound": late.get(sku, self.shelf.quantity(sku, f"{site}/{warehouse}"))}},
            }
            for sku in self.skus
            for site in sites
            for warehouse in warehouses
            if sku in wanted and self.shelf.has(sku, f"{site}/{warehouse}")
        ]
        return web.json_response(rows)


def _number(order: SoldOrder) -> str:
    return f"{order.order_id:06}"


def _line(order: SoldOrder, line: SoldLine) -> Record:
    status = "Canceled" if order.cancelled_at else "Delivered" if not line.unshipped else "Backorder"
    site, _, warehouse = (order.taken_from or PLACE).partition("/")
    return {
        "SalesOrderNumber": _number(order),
        "InventoryLotId": f"ID-{line.line_id}",
        "ItemNumber": line.sku,
        "OrderedSalesQuantity": line.ordered,
        "ShippingSiteId": site,
        "ShippingWarehouseId": warehouse,
        "SalesOrderLineStatus": status,
    }
