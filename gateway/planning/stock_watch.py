"""When a place is short of stock, or has too much: one alert per crossing of a threshold, however the level dances.

An alert opens at its threshold and is over only once the level is clear of it by a fifth of the threshold, or a unit.
A place that never had more than a threshold has not crossed it: nothing is raised when its first few units arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import ceil

from gateway.inventory.alerts import Alert, AlertKind
from gateway.planning.demand import ItemMovement

HYSTERESIS = 0.2
"""Part of a threshold by which a level has to be clear of it."""

WATCHED = (AlertKind.OVERPROMISED, AlertKind.OUT_OF_STOCK, AlertKind.LOW_STOCK, AlertKind.OVERSTOCK)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """In units: a place is low on stock at `low_at` or fewer (0: never), and may owe `owed_max` on purpose."""

    low_at: int
    owed_max: int = 0


ThresholdsAt = Callable[[str], Thresholds | None]
"""Those of an item at a location; None where it is not watched."""


@dataclass(frozen=True, slots=True)
class PlaceWatch:
    """A level as it was last looked at, with the units from which on it is too much (None: never).

    What is `armed` opens an alert at the next crossing; `open` are the ids of those that were opened.
    """

    available: int = 0
    low_at: int = 0
    overstock_at: int | None = None
    armed: frozenset[AlertKind] = frozenset({AlertKind.OVERPROMISED, AlertKind.OVERSTOCK})
    open: Mapping[AlertKind, str] = field(default_factory=dict)

    def level(self, kind: AlertKind, thresholds: Thresholds | None) -> int | None:
        """At which an alert of this kind opens; None where none does."""
        if thresholds is None:
            return None
        match kind:
            case AlertKind.LOW_STOCK:
                return thresholds.low_at or None
            case AlertKind.OUT_OF_STOCK:
                return 0
            case AlertKind.OVERPROMISED:
                return -thresholds.owed_max - 1
            case _:
                return self.overstock_at


@dataclass(frozen=True, slots=True)
class Opened:
    """A crossing: units that were available then, and the threshold."""

    alert_id: str
    kind: AlertKind
    location_id: str
    available: int
    threshold: int


@dataclass(frozen=True, slots=True)
class Closed:
    """The level is clear of the threshold again, or nobody watches it any more."""

    alert_id: str
    available: int
    watched: bool

    @property
    def resolution(self) -> str:
        return f"{self.available} are available." if self.watched else "The threshold is not watched any more."


Crossing = Opened | Closed


@dataclass(slots=True)
class ItemWatch:
    """What is remembered of one item, up to `version` and `seq` of its ledger; `revision` is the store's."""

    item_id: str
    version: int = 0
    seq: int = -1
    revision: int = 0
    places: dict[str, PlaceWatch] = field(default_factory=dict)
    crossings: list[Crossing] = field(default_factory=list)
    """Since it was read from the store."""

    @property
    def is_new(self) -> bool:
        return self.revision == 0 and self.version == 0

    def follows(self, movement: ItemMovement) -> bool:
        """Whether nothing is missing before the movement; of an item that is new here, the past does not matter."""
        return self.is_new or movement.version == self.version + 1

    def take_in(self, movement: ItemMovement, thresholds_at: ThresholdsAt) -> None:
        for line in movement.lines:
            at = line.location_id
            if at not in self.places:
                self.places[at] = PlaceWatch(line.after - line.delta)
                self.judge(at, thresholds_at(at))
            self.places[at] = replace(self.places[at], available=line.after)
            self.judge(at, thresholds_at(at))
        self.version, self.seq = movement.version, movement.seq

    def judge(self, location_id: str, thresholds: Thresholds | None) -> None:
        """Open and close what is to be at a place."""
        place = self.places[location_id]
        armed, alerts = set(place.armed), dict(place.open)
        for kind in WATCHED:
            level = place.level(kind, thresholds)
            crossed, clear = _sides(kind, place.available, level)
            if kind in alerts:
                if clear or level is None:
                    self.crossings.append(Closed(alerts.pop(kind), place.available, level is not None))
                    armed.add(kind)
            elif crossed and level is not None and kind in armed:
                alerts[kind] = self._alert_id(kind, location_id)
                armed.discard(kind)
                self.crossings.append(Opened(alerts[kind], kind, location_id, place.available, level))
            elif clear and thresholds is not None:
                armed.add(kind)
        low_at = thresholds.low_at if thresholds else 0
        self.places[location_id] = replace(place, low_at=low_at, armed=frozenset(armed), open=alerts)

    def _alert_id(self, kind: AlertKind, location_id: str) -> str:
        # The next revision is written once, whoever writes it.
        return f"{kind.value}:{self.item_id}:{location_id}:{self.revision + 1}.{len(self.crossings)}"


def _sides(kind: AlertKind, available: int, level: int | None) -> tuple[bool, bool]:
    """Whether a level has crossed a threshold, and whether it is clear of it."""
    at = level or 0
    band = max(1, ceil(abs(at) * HYSTERESIS)) if kind in (AlertKind.LOW_STOCK, AlertKind.OVERSTOCK) else 1
    if kind is AlertKind.OVERSTOCK:
        return available >= at, level is not None and available < at - band
    return available <= at, available > at + band


@dataclass(frozen=True, slots=True)
class WatchedItem:
    """What of an item's definition matters here."""

    sku: str
    backorder_limit: int
    archived: bool


@dataclass(frozen=True, slots=True)
class WatchChange:
    """An item as it is to be remembered, with the alerts that are opened at that, and those that are resolved."""

    watch: ItemWatch
    opened: tuple[Alert, ...]
    closed: tuple[Closed, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class WatchMark:
    """New thresholds of an item, from a plan: units of too much by location. `added` are places not watched before."""

    item_id: str
    overstock_at: Mapping[str, int | None]
    added: Mapping[str, PlaceWatch]
