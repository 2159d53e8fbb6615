"""Locations."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import closing
from datetime import datetime

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.catalog import Location, LocationChange
from gateway.inventory.errors import InventoryError
from gateway.inventory.ports import StorageError
from schema.context import Info
from schema.errors import UserError, reading, user_error
from schema.paging import check_first


@strawberry.type(name="Location", description="A place that holds stock.")
class LocationType:
    location: Private[Location]

    @strawberry.field(description="Chosen when it was created; 1 to 64 of A-Z a-z 0-9 _ -.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.location.id)

    @strawberry.field
    def name(self) -> str:
        return self.location.name

    @strawberry.field(description="Stock at an inactive location is not available to sell; it can only leave.")
    def active(self) -> bool:
        return self.location.active

    @strawberry.field(description="Locations with a lower number serve first.")
    def priority(self) -> int:
        return self.location.priority

    @strawberry.field
    def updated_at(self) -> datetime:
        return self.location.updated_at


@strawberry.type
class LocationQuery:
    @strawberry.field(description="Locations in order of priority, up to 100 from `offset` on.")
    async def locations(self, info: Info, first: int = 100, offset: int = 0) -> list[LocationType]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit, start = check_first(first), max(offset, 0)
            found = await info.context.services.locations.all()
            return [LocationType(location=location) for location in found[start : start + limit]]


@strawberry.input
class LocationCreateInput:
    id: str = strawberry.field(description="1 to 64 of A-Z a-z 0-9 _ -; it never changes.")
    name: str | None = None
    priority: int = strawberry.field(default=0, description="Lower serves first.")


@strawberry.input(description="What is left out stays as it is.")
class LocationUpdateInput:
    id: str
    name: str | None = None
    priority: int | None = None


@strawberry.input
class LocationDeactivateInput:
    id: str
    active: bool = strawberry.field(default=False, description="true reactivates the location.")


@strawberry.type
class LocationPayload:
    location: LocationType | None = None
    user_errors: list[UserError]


@strawberry.type
class LocationMutation:
    @strawberry.mutation(description="Create an active location. Needs `inventory:write`.")
    async def location_create(self, info: Info, input: LocationCreateInput) -> LocationPayload:
        work = info.context.services.catalog.create_location(input.id, input.name, input.priority)
        return await _payload(info, work)

    @strawberry.mutation(description="Rename or re-rank a location. Needs `inventory:write`.")
    async def location_update(self, info: Info, input: LocationUpdateInput) -> LocationPayload:
        change = LocationChange(input.name, input.priority)
        return await _payload(info, info.context.services.catalog.change_location(input.id, change))

    @strawberry.mutation(
        description="Take a location out of service or back into it: its stock stays and can be moved out, but is not "
        "available to sell. Needs `inventory:write`."
    )
    async def location_deactivate(self, info: Info, input: LocationDeactivateInput) -> LocationPayload:
        change = LocationChange(active=input.active)
        return await _payload(info, info.context.services.catalog.change_location(input.id, change))


async def _payload(info: Info, work: Coroutine[None, None, Location]) -> LocationPayload:
    try:
        with closing(work):
            info.context.principal.require(Scope.INVENTORY_WRITE)
            return LocationPayload(location=LocationType(location=await work), user_errors=[])
    except (InventoryError, StorageError) as error:
        return LocationPayload(user_errors=[user_error(error, "input")])
