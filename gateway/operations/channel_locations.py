"""Which of our locations may feed a channel, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gateway.inventory.channels import CHANNEL_LOCATIONS_MAX, Place
from gateway.inventory.errors import Code, InvalidInput, NotFound
from gateway.inventory.identifiers import check_count
from gateway.operations.platforms import Platforms

_PATH = ("locations",)


class KnownLocations(Protocol):
    async def locations(self, fresh: bool = False) -> Mapping[str, bool]:
        """Every known location and whether it is active."""


class LocationMapping:
    """Checks a mapping of our locations to the places of a platform."""

    def __init__(self, locations: KnownLocations, platforms: Platforms) -> None:
        self._locations = locations
        self._platforms = platforms

    async def check(self, platform: str, mapping: Mapping[str, Place] | None) -> None:
        """Raises InvalidInput, or NotFound for a location that we do not have."""
        places = set((mapping or {}).values())
        if self._platforms.keeps_locations(platform) and (not places or None in places):
            message = f"{platform} keeps stock per location: map each of ours to one of its own."
            raise InvalidInput(Code.INVALID_INPUT, message, _PATH)
        if mapping is None:
            return
        check_count(mapping, _PATH, CHANNEL_LOCATIONS_MAX)
        if None in places and len(places) > 1:
            message = "Either every location is mapped to one of the platform's, or none is."
            raise InvalidInput(Code.INVALID_INPUT, message, _PATH)
        await self._check_known(mapping)

    async def _check_known(self, mapping: Mapping[str, Place]) -> None:
        known = await self._locations.locations()
        if not mapping.keys() <= known.keys():
            known = await self._locations.locations(fresh=True)
        for index, location_id in enumerate(mapping):
            if location_id not in known:
                message = f"There is no location '{location_id}'. Create it first."
                raise NotFound(Code.LOCATION_NOT_FOUND, message, (*_PATH, str(index), "locationId"))
