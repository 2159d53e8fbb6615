"""What a platform can do with a stock write. The engine takes the best way a connector declares."""

from dataclasses import dataclass
from enum import StrEnum


class StockWrites(StrEnum):
    """How a sale that is still in flight from the platform is kept from being trampled, best first."""

    COMPARE_AND_SET = "compare_and_set"
    """Set, on condition that the count is still what we believe: a sale in between makes the write fail, or is kept."""
    IDEMPOTENT_DELTA = "idempotent_delta"
    """Change by what happened elsewhere, once for each key: a sale in between is kept."""
    LOOK_AND_SET = "look_and_set"
    """Set, on condition that a look just before shows what we believe: a sale in the moment between look and write is
    lost until its report arrives."""
    ABSOLUTE = "absolute"
    """Overwrite: a sale the platform has not reported yet is lost until its report arrives."""


class CountedQuantity(StrEnum):
    """What the platform's number means."""

    AVAILABLE = "available"
    """Its own open orders are already taken off."""
    ON_HAND = "on_hand"
    """Physical: its own open orders are still in it, see `ChannelStock.committed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockAbilities:
    writes: StockWrites
    updates_max: int
    """Updates that one `write_stock` flow accepts."""
    per_location: bool
    counted: CountedQuantity = CountedQuantity.AVAILABLE
    echoes: bool = False
    """Our own writes come back as notifications."""
    shows_counts: bool = True
    """False: it only takes counts, so it cannot be compared, and `read_stock` says so."""
    counts_returns: bool = True
    """False: what comes back raises no count of its own, so it is told of that like of any other change."""
