"""How far it is from a location to where things are sent: by coordinates, or by a table of zones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.inventory.errors import Code, InvalidInput, Path
from gateway.inventory.identifiers import check_slug

EARTH_RADIUS_KM = 6371.0088
"""The mean radius of the ellipsoid GRS 80 (H. Moritz, Geodetic Reference System 1980, Journal of Geodesy 74, 2000)."""


@dataclass(frozen=True, slots=True)
class Point:
    """In degrees; north and east are positive."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a location is, or where things are sent, as far as it is known: a point, a zone (or country), or both."""

    point: Point | None = None
    zone: str | None = None

    def canonical(self) -> dict[str, object]:
        """What of it is known, for the fingerprint of a request."""
        point = {} if self.point is None else {"latitude": self.point.latitude, "longitude": self.point.longitude}
        return {**point, **({} if self.zone is None else {"zone": self.zone})}


@dataclass(frozen=True, slots=True)
class Distance:
    """`km` and what they were taken from."""

    km: float
    source: str


@dataclass(frozen=True, slots=True)
class Zones:
    """Kilometres that count between zones, in either direction; `unknown_km` where nothing says how far it is."""

    km: Mapping[str, Mapping[str, float]]
    unknown_km: float

    def distance(self, origin: Whereabouts, destination: Whereabouts) -> Distance:
        """By coordinates where both have them, else by the table; within a zone that is not in it, 0."""
        if origin.point is not None and destination.point is not None:
            return Distance(haversine_km(origin.point, destination.point), "coordinates")
        if origin.zone is not None and destination.zone is not None:
            there = self.km.get(origin.zone, {}).get(destination.zone)
            back = self.km.get(destination.zone, {}).get(origin.zone)
            listed = there if there is not None else back
            if listed is not None or origin.zone == destination.zone:
                return Distance(listed or 0.0, "zones")
        return Distance(self.unknown_km, "unknown")


def haversine_km(one: Point, other: Point) -> float:
    """Great-circle distance by the haversine formula (R. W. Sinnott, Virtues of the Haversine, Sky and Telescope 68(2),
    1984, p. 159), on a sphere: within half a percent of the ellipsoid's."""
    here, there = math.radians(one.latitude), math.radians(other.latitude)
    north = math.sin((there - here) / 2) ** 2
    east = math.sin(math.radians(other.longitude - one.longitude) / 2) ** 2
    haversine = north + math.cos(here) * math.cos(there) * east
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, haversine)))


def checked_whereabouts(
    latitude: float | None, longitude: float | None, zone: str | None, path: Path = ()
) -> Whereabouts:
    """Raises InvalidInput for half a point, one that is not on the earth, or a zone of other characters."""
    if zone is not None:
        check_slug(zone, (*path, "zone"))
    if latitude is None and longitude is None:
        return Whereabouts(None, zone)
    if latitude is None or longitude is None:
        missing = "latitude" if latitude is None else "longitude"
        raise InvalidInput(Code.INVALID_INPUT, "Give both coordinates, or none.", (*path, missing))
    for name, degrees, most in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        if not -most <= degrees <= most:  # what is no number is not either
            raise InvalidInput(Code.OUT_OF_RANGE, f"{degrees} is outside -{most} to {most} degrees.", (*path, name))
    return Whereabouts(Point(latitude, longitude), zone)
