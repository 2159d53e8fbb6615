"""How far every location is from where a request is sent, as it is known at present."""

from __future__ import annotations

from typing import Protocol

from cachetools import TTLCache

from gateway.inventory.allocation import StrategyName
from gateway.inventory.catalog import NOWHERE, Location
from gateway.inventory.geography import Distance, Whereabouts, Zones
from gateway.inventory.least_cost import Routes, Weights

LOCATIONS_AGE_SECONDS_MAX = 1.0


class LocationReads(Protocol):
    async def all(self) -> list[Location]:
        """Every location, in order of priority."""


class Routing:
    """Finds the routes of requests."""

    def __init__(self, locations: LocationReads, zones: Zones, weights: Weights) -> None:
        self._locations = locations
        self._zones = zones
        self._weights = weights
        self._known: TTLCache[str, list[Location]] = TTLCache(1, LOCATIONS_AGE_SECONDS_MAX)

    async def wanted_by(self, strategy: StrategyName, destination: Whereabouts | None) -> Routes | None:
        """None where the strategy does not ask what it costs."""
        return await self.routes(destination) if strategy is StrategyName.LEAST_COST else None

    async def routes(self, destination: Whereabouts | None) -> Routes:
        """Without a destination every location is equally near."""
        known = self._known.get("all")
        if known is None:
            known = self._known["all"] = await self._locations.all()
        if destination is None or destination == NOWHERE:
            distances = {location.id: Distance(0.0, "no destination") for location in known}
        else:
            distances = {location.id: self._zones.distance(location.whereabouts, destination) for location in known}
        return Routes(distances, self._weights)
