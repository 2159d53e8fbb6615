"""How places are to be replenished: what may be set for a location, an item, or both, and which setting wins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

from gateway.inventory.errors import Code, InvalidInput, Path
from gateway.inventory.quantities import check_range

REVIEW_DAYS_MAX = 366
OVERSTOCK_DAYS_MAX = 100_000.0
SERVICE_LEVEL_MIN, SERVICE_LEVEL_MAX = 0.5, 0.9999
UNITS_MAX = 1_000_000_000


class ReplenishmentLayer(StrEnum):
    """How specific a value is; a later one of these wins over an earlier one."""

    SETTINGS = "settings"
    LOCATION = "location"
    ITEM = "item"
    PLACE = "place"
    """An item at one location."""


@dataclass(frozen=True, slots=True)
class ReplenishmentValues:
    """What one rule says; None is left to the layer below.

    `review_days` pass between two orders that a buyer could place. `service_level` is the share of replenishments
    before which the place does not run out. `safety_stock` takes the place of the computed one, in units. The place
    is overstocked with units for more than `overstock_days` (0: never), and low on stock at `low_stock_at` units or
    fewer (0: never).
    """

    review_days: int | None = None
    service_level: float | None = None
    safety_stock: int | None = None
    overstock_days: float | None = None
    low_stock_at: int | None = None

    @property
    def is_empty(self) -> bool:
        return all(getattr(self, name) is None for name in VALUES)

    def check(self, path: Path) -> None:
        """Raises InvalidInput."""
        for name, units, most in [
            ("safetyStock", self.safety_stock, UNITS_MAX),
            ("lowStockAt", self.low_stock_at, UNITS_MAX),
            ("reviewDays", self.review_days, REVIEW_DAYS_MAX),
        ]:
            if units is not None:
                check_range(units, (*path, name), minimum=1 if name == "reviewDays" else 0, maximum=most)
        if self.service_level is not None and not SERVICE_LEVEL_MIN <= self.service_level <= SERVICE_LEVEL_MAX:
            message = f"A service level is from {SERVICE_LEVEL_MIN} to {SERVICE_LEVEL_MAX}."
            raise InvalidInput(Code.OUT_OF_RANGE, message, (*path, "serviceLevel"))
        if self.overstock_days is not None and not 0 <= self.overstock_days <= OVERSTOCK_DAYS_MAX:
            message = f"Days of cover are from 0 to {OVERSTOCK_DAYS_MAX:g}."
            raise InvalidInput(Code.OUT_OF_RANGE, message, (*path, "overstockDays"))


VALUES = tuple(value.name for value in fields(ReplenishmentValues))


@dataclass(frozen=True, slots=True)
class ReplenishmentRule:
    """Values for a location, for an item wherever it is, or for an item at one location."""

    item_id: str | None
    location_id: str | None
    values: ReplenishmentValues

    @property
    def id(self) -> str:
        return f"{self.item_id or ''}/{self.location_id or ''}"

    @property
    def layer(self) -> ReplenishmentLayer:
        if self.item_id is None:
            return ReplenishmentLayer.LOCATION
        return ReplenishmentLayer.ITEM if self.location_id is None else ReplenishmentLayer.PLACE


@dataclass(frozen=True, slots=True)
class Replenishment:
    """What counts at a place. `layers` tells by a value's name where it comes from; the settings unless named."""

    review_days: int
    service_level: float
    safety_stock: int | None
    overstock_days: float
    low_stock_at: int
    layers: Mapping[str, ReplenishmentLayer] = field(default_factory=dict)

    def layer(self, name: str) -> ReplenishmentLayer:
        return self.layers.get(name, ReplenishmentLayer.SETTINGS)


def effective(
    defaults: Replenishment, rules: Iterable[ReplenishmentRule], item_id: str, location_id: str
) -> Replenishment:
    """Each value from the most specific of the rules that sets it."""
    values: dict[str, object] = {name: getattr(defaults, name) for name in VALUES}
    layers: dict[str, ReplenishmentLayer] = {}
    matching = [rule for rule in rules if rule.item_id in (None, item_id) and rule.location_id in (None, location_id)]
    order = list(ReplenishmentLayer)
    for rule in sorted(matching, key=lambda rule: order.index(rule.layer)):
        for name in VALUES:
            value = getattr(rule.values, name)
            if value is not None:
                values[name], layers[name] = value, rule.layer
    return Replenishment(**values, layers=layers)  # type: ignore[arg-type]
