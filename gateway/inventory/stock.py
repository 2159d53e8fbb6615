"""An item's stock, and the postings that change it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.inventory.errors import Path
from gateway.inventory.quantities import Bucket
from gateway.inventory.quotas import Draws, Fence, Quota


@dataclass(frozen=True, slots=True)
class Level:
    """The quantities of one SKU at one location, in units. `total` = available + allocated."""

    available: int = 0
    allocated: int = 0
    incoming: int = 0
    unavailable: int = 0
    updated_at: datetime | None = None

    @property
    def total(self) -> int:
        return self.available + self.allocated

    @property
    def on_hand(self) -> int:
        return self.available + self.allocated + self.unavailable

    def quantity(self, bucket: Bucket) -> int:
        quantity: int = getattr(self, bucket)
        return quantity

    def posted(self, bucket: Bucket, delta: int, at: datetime) -> Level:
        """The level once `delta` units were added to one bucket."""
        # Spelled out: `dataclasses.replace` is a tenth of a batch's time.
        return Level(
            self.available + delta if bucket is Bucket.AVAILABLE else self.available,
            self.allocated + delta if bucket is Bucket.ALLOCATED else self.allocated,
            self.incoming + delta if bucket is Bucket.INCOMING else self.incoming,
            self.unavailable + delta if bucket is Bucket.UNAVAILABLE else self.unavailable,
            at,
        )


NO_STOCK = Level()


class ItemStatus(StrEnum):
    ACTIVE = "active"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Item:
    """One SKU with all its levels.

    `version` rises by one with every movement and has no gaps; `revision` rises when the definition (SKU, name,
    backorder limit, status) changes; `seq` is the ledger position of the last movement.
    """

    id: str
    sku: str
    name: str | None
    version: int
    revision: int
    seq: int
    status: ItemStatus
    backorder_limit: int
    levels: Mapping[str, Level]
    created_at: datetime
    updated_at: datetime
    quotas: Mapping[str, Quota] = field(default_factory=dict)
    """By id."""
    tags: tuple[str, ...] = ()
    """Sorted; what rules can be made for."""
    safety_stock: Mapping[str, int] = field(default_factory=dict)
    """Units by location below which it is not to serve orders that another location can serve."""

    def level(self, location_id: str) -> Level:
        return self.levels.get(location_id, NO_STOCK)

    def fence(self, active: Mapping[str, bool]) -> Fence | None:
        """What the quotas leave to whom; None where there are none. `active` tells which locations count."""
        if not self.quotas:
            return None
        return Fence({at: level.available for at, level in self.levels.items()}, active, self.quotas.values())

    def available_to(
        self, channel_id: str | None, location_ids: Iterable[str], active: Mapping[str, bool]
    ) -> dict[str, int]:
        """Units by location that a channel (None: a request of no channel) may take all together.

        What is kept for other channels is left out; below 0 where more was promised than there is.
        """
        levels = {at: self.level(at).available for at in location_ids}
        fence = self.fence(active)
        if fence is None:
            return levels
        for at, units in levels.items():
            levels[at] = min(units, fence.room(channel_id, at))
            fence.take(channel_id, at, max(0, levels[at]))
        return levels


@dataclass(frozen=True, slots=True)
class Posting:
    """Add `delta` units to one bucket. `path` names the request's line for error messages.

    `draws` tells which quotas units of `available` are taken out of, or go back to.
    """

    item_id: str
    location_id: str
    bucket: Bucket
    delta: int
    path: Path = field(default=(), compare=False)
    draws: Draws = ()


class Floor(StrEnum):
    """How far down a movement may take `available`; every other bucket always stops at zero."""

    ZERO = "zero"
    BACKORDER = "backorder"
    """Down to minus the item's backorder limit."""
    FACT = "fact"
    """No floor: a channel reports what it has already sold, and refusing would only make the count wrong."""
