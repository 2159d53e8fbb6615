"""Orders a simulated shop took by itself."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class ReturnedUnits:
    units: int
    restocked: bool
    shipped: bool
    """They had left the house: a return, not a cancellation."""
    place: str | None = None
    """Where they came back to."""


@dataclass(slots=True)
class SoldLine:
    line_id: int
    sku: str
    ordered: int
    fulfilled: int = 0
    returned: list[ReturnedUnits] = field(default_factory=list)

    @property
    def refunded(self) -> int:
        return sum(part.units for part in self.returned)

    @property
    def unshipped(self) -> int:
        return self.ordered - self.fulfilled - sum(part.units for part in self.returned if not part.shipped)


@dataclass(slots=True)
class SoldOrder:
    order_id: int
    lines: list[SoldLine]
    created_at: datetime
    updated_at: datetime
    location_id: str | None = None
    """Set for a till's sale."""
    taken_from: str | None = None
    """Where the shop took the units from."""
    cancelled_at: datetime | None = None
