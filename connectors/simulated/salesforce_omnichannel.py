"""A simulated site of Salesforce B2C Commerce whose stock is in Omnichannel Inventory."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any
from uuid import UUID

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from connectors.simulated.misbehaviour import PLAYED, Misbehaviour
from connectors.simulated.salesforce_commerce_cloud import SimulatedSalesforce

GROUP = "tenant-group"
AVAILABILITY = f"/inventory/availability/v1/organizations/{GROUP}/availability-records/actions"
EXPORTS = f"/inventory/impex/v1/organizations/{GROUP}/availability-records/exports"
NO_PLACE = "LocationDoesNotExist", "A location provided in the request does not exist."

Record = dict[str, Any]
Sku = Annotated[str, StringConstraints(pattern=r"^[^\\<>;%/\s]*$", min_length=2, max_length=250)]


class _Update(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    location: str
    sku: Sku
    id: str
    on_hand: int = Field(alias="onHand", ge=0)
    effective: str = Field(alias="effectiveDate")


class _Updates(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    records: list[_Update] = Field(max_length=100)


class _Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    skus: list[Sku]
    locations: list[str]


class SimulatedSalesforceOmnichannel(SimulatedSalesforce):
    """`late` looks still see what was before a write, and `export_looks` an export at work."""

    def __init__(
        self, stock: Mapping[str, int], *, locations: tuple[str, ...] = ("warehouse5", "outlet"), export_looks: int = 0
    ) -> None:
        self.locations = locations
        super().__init__(stock)
        self.late = 0
        self.export_looks = export_looks
        self.exports: dict[str, tuple[str, int]] = {}
        self._applied: set[tuple[str, str]] = set()
        self._before: dict[tuple[str, str], Record] = {}

    def home(self) -> str:
        return self.locations[0]

    def config(self) -> Record:
        return super().config() | {"mode": "oci", "tenant_group_id": GROUP, "location_ids": list(self.locations)}

    def is_stock_write(self, path: str, body: bytes) -> bool:
        return path.endswith("/batch-update")

    def stock_routes(self) -> Iterable[web.RouteDef]:
        availability, impex = "sfcc.inventory.availability.rw", "sfcc.inventory.impex-inventory"
        return [
            web.post(f"{AVAILABILITY}/get-availability", self.guarded(availability, self._look)),
            web.post(f"{AVAILABILITY}/batch-update", self.guarded(availability, self._update)),
            web.post(EXPORTS, self.guarded(impex, self._begin)),
            web.get(f"{EXPORTS}/{{id}}/status", self.guarded(impex, self._status)),
            web.get(f"{EXPORTS}/{{id}}/file-content", self.guarded(impex, self._file)),
        ]

    async def _look(self, request: web.Request) -> web.StreamResponse:
        wanted = _Wanted.model_validate_json(await request.read())
        if len(wanted.skus) * len(wanted.locations) > 100:
            return _refused("InvalidRequestParameter", "Too many combinations of SKUs and locations.")
        if not set(wanted.locations) <= set(self.locations):
            return _refused(*NO_PLACE)
        late = self.late > 0
        self.late -= late
        found = [
            {
                "id": place,
                "records": [self._seen(sku, place, late) for sku in wanted.skus if self.shelf.has(sku, place)],
            }
            for place in wanted.locations
        ]
        return web.json_response({"locations": found, "groups": []})

    async def _update(self, request: web.Request) -> web.StreamResponse:
        updates = _Updates.model_validate_json(await request.read()).records
        errors = [error for update in updates if (error := self._apply(update, request.get(PLAYED)))]
        return web.json_response({"errors": errors}) if errors else web.Response(status=204)

    def _apply(self, update: _Update, played: Misbehaviour | None) -> Record | None:
        """What is wrong with it. The same id has an effect once."""
        code, message = "InventoryReset", "Inventory record update failed"
        if update.location not in self.locations:
            code, message = NO_PLACE
        elif played is not Misbehaviour.ERROR_INSIDE_SUCCESS:
            if played is None and (update.sku, update.id) not in self._applied:
                self._applied.add((update.sku, update.id))
                at = update.sku, update.location
                self._before[at] = self._record(*at) if self.shelf.has(*at) else {"sku": update.sku}
                self.count(update.sku, update.location, update.on_hand)
            return None
        details = {"locationId": update.location, "sku": update.sku, "id": update.id, "externalRefId": None}
        return {"details": details, "errorCode": code, "message": message}

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        (place,) = orjson.loads(await request.read())["objects"]["locations"]
        if place not in self.locations:
            return _refused(*NO_PLACE)
        export_id = str(UUID(int=self.new_id()))
        self.exports[export_id] = place, self.export_looks
        return web.json_response({"exportId": export_id, "exportStatusLink": f"{EXPORTS}/{export_id}/status"})

    async def _status(self, request: web.Request) -> web.StreamResponse:
        export_id = request.match_info["id"]
        place, looks = self.exports[export_id]
        self.exports[export_id] = place, looks - 1
        return web.json_response({"id": export_id, "status": "RUNNING" if looks > 0 else "COMPLETED"})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        place, looks = self.exports[request.match_info["id"]]
        if looks >= 0:
            return web.json_response({"errorCode": "ExportInProcess", "message": "?"}, status=409)
        skus = sorted({change.sku for change in self.shelf.changes if change.location_id == place})
        entries: list[Record] = [{"locationId": place}, *(self._record(sku, place) for sku in skus)]
        lines = [orjson.dumps(entry) for entry in [*entries, {"deltaToken": "eyJ0eXBlIjoiTE9DQVRJT04ifQ"}]]
        return web.Response(body=b"\n".join(lines), content_type="application/text")

    def _seen(self, sku: str, place: str, late: bool) -> Record:
        return self._before.get((sku, place), self._record(sku, place)) if late else self._record(sku, place)

    def _record(self, sku: str, place: str) -> Record:
        on_hand, reserved = float(self.on_hand(sku, place)), float(self.held(sku, place))
        free = max(0.0, on_hand - reserved)
        return {"sku": sku, "onHand": on_hand, "reserved": reserved, "atf": free, "ato": free, "safetyStockCount": 0.0}


def _refused(code: str, message: str) -> web.Response:
    return web.json_response({"type": "about:blank", "errorCode": code, "message": message}, status=400)
