"""Locations."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.catalog import Location, LocationChange
from gateway.inventory.geography import Whereabouts, checked_whereabouts
from gateway.inventory.quantities import check_range
from schema.context import Info
from schema.documents import taken
from schema.errors import UserError, reading
from schema.paging import FIRST_MAX, First, check_first
from schema.scalars import Quantity


@strawberry.type(description="What is at one location, over all items.")
class LocationStock:
    items: Quantity = strawberry.field(description="Items that have units there, in whatever bucket.")
    available: Quantity = strawberry.field(description="Units that can be promised, as soon as the location is active.")
    allocated: Quantity = strawberry.field(description="Units promised.")
    incoming: Quantity = strawberry.field(description="Units on their way there.")
    unavailable: Quantity = strawberry.field(description="Units there but not sellable.")


@strawberry.type(name="Location", description="A place that holds stock.")
class LocationType:
    location: Private[Location]

    @strawberry.field(description="Chosen when it was created; 1 to 64 of A-Z a-z 0-9 _ -.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.location.id)

    @strawberry.field(description="For people; the id unless another was given.")
    def name(self) -> str:
        return self.location.name

    @strawberry.field(description="Stock at an inactive location is not available to sell; it can only leave.")
    def active(self) -> bool:
        return self.location.active

    @strawberry.field(description="Locations with a lower number serve first.")
    def priority(self) -> int:
        return self.location.priority

    @strawberry.field(description="In degrees, north is positive; null where it is not known.")
    def latitude(self) -> float | None:
        point = self.location.whereabouts.point
        return None if point is None else point.latitude

    @strawberry.field(description="In degrees, east is positive; null where it is not known.")
    def longitude(self) -> float | None:
        point = self.location.whereabouts.point
        return None if point is None else point.longitude

    @strawberry.field(description="A zone of yours, such as a country; null where none was given.")
    def zone(self) -> str | None:
        return self.location.whereabouts.zone

    @strawberry.field(description="When it was last changed.")
    def updated_at(self) -> datetime:
        return self.location.updated_at

    @strawberry.field(description="What is there now. Reads every item, so ask for it seldom. Needs `inventory:read`.")
    async def stock(self, info: Info) -> LocationStock:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            items, level = await info.context.loaders.stock_of_location.load(self.location.id)
        return LocationStock(
            items=Quantity(items),
            available=Quantity(level.available),
            allocated=Quantity(level.allocated),
            incoming=Quantity(level.incoming),
            unavailable=Quantity(level.unavailable),
        )


@strawberry.type
class LocationQuery:
    @strawberry.field(description="Locations in order of priority, then id. Needs `inventory:read`.")
    async def locations(
        self,
        info: Info,
        first: First = FIRST_MAX,
        offset: Annotated[int, strawberry.argument(description="How many to pass over.")] = 0,
    ) -> list[LocationType]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit = check_first(first)
            check_range(offset, ("offset",), minimum=0)
            found = await info.context.services.locations.all()
            return [LocationType(location=location) for location in found[offset : offset + limit]]


@strawberry.input
class WhereaboutsInput:
    """Where a location is."""

    latitude: float | None = strawberry.field(default=None, description="In degrees, north is positive.")
    longitude: float | None = strawberry.field(default=None, description="In degrees, east is positive.")
    zone: str | None = strawberry.field(
        default=None, description="A zone of yours, such as a country; counts where coordinates are not known."
    )

    def whereabouts(self) -> Whereabouts:
        """Raises InvalidInput."""
        return checked_whereabouts(self.latitude, self.longitude, self.zone)


@strawberry.input(description="A new location.")
class LocationCreateInput(WhereaboutsInput):
    id: str = strawberry.field(description="1 to 64 of A-Z a-z 0-9 _ -; it never changes.")
    name: str | None = strawberry.field(default=None, description="For people; the id unless given.")
    priority: int = strawberry.field(default=0, description="From 0; lower serves first.")


@strawberry.input(description="New values of a location; what is left out stays as it is.")
class LocationUpdateInput(WhereaboutsInput):
    id: str = strawberry.field(description="Which location.")
    name: str | None = strawberry.field(default=None, description="For people.")
    priority: int | None = strawberry.field(default=None, description="From 0; lower serves first.")


@strawberry.input(description="Which location to take out of service.")
class LocationDeactivateInput:
    id: str = strawberry.field(description="Which location.")
    active: bool = strawberry.field(default=False, description="true puts the location back into service.")


@strawberry.type(description="What became of a change of a location.")
class LocationPayload:
    location: LocationType | None = strawberry.field(
        default=None, description="The location as it is now; null where the request was refused."
    )
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


Input = strawberry.argument(description="What to do.")


@strawberry.type
class LocationMutation:
    @strawberry.mutation(
        description="Create an active location; TAKEN where the id is in use. Needs `inventory:write`."
    )
    async def location_create(self, info: Info, input: Annotated[LocationCreateInput, Input]) -> LocationPayload:
        return await _payload(info, _create(info, input))

    @strawberry.mutation(description="Rename, re-rank or place a location. Needs `inventory:write`.")
    async def location_update(self, info: Info, input: Annotated[LocationUpdateInput, Input]) -> LocationPayload:
        return await _payload(info, _change(info, input))

    @strawberry.mutation(
        description="Take a location out of service (or back into it): its stock stays and can be moved out, but is "
        "not available to sell; `location.stock` says what is still there. Needs `inventory:write`."
    )
    async def location_deactivate(
        self, info: Info, input: Annotated[LocationDeactivateInput, Input]
    ) -> LocationPayload:
        change = LocationChange(active=input.active)
        return await _payload(info, info.context.services.catalog.change_location(input.id, change))


async def _create(info: Info, input: LocationCreateInput) -> Location:
    catalog = info.context.services.catalog
    return await catalog.create_location(input.id, input.name, input.priority, input.whereabouts())


async def _change(info: Info, input: LocationUpdateInput) -> Location:
    change = LocationChange(input.name, input.priority, whereabouts=input.whereabouts())
    return await info.context.services.catalog.change_location(input.id, change)


async def _payload(info: Info, work: Coroutine[Any, Any, Location]) -> LocationPayload:
    return await taken(
        info,
        work,
        lambda location: LocationPayload(location=LocationType(location=location), user_errors=[]),
        lambda errors: LocationPayload(user_errors=errors),
    )
