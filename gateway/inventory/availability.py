"""What can be sold of an item, exactly or as roughly as a shopper may be told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from gateway.inventory.stock import Item, ItemStatus


class AvailabilityBand(StrEnum):
    IN_STOCK = "IN_STOCK"
    LOW_STOCK = "LOW_STOCK"
    OUT_OF_STOCK = "OUT_OF_STOCK"


def sellable(item: Item | None, active: Mapping[str, bool], among: Collection[str] | None = None) -> int | None:
    """Units, at least 0, to requests of no channel; None where no active item is given.

    `active` tells of every known location whether it is; `among` are the only ones asked for.
    """
    if item is None or item.status is not ItemStatus.ACTIVE:
        return None
    wanted = (at for at in item.levels if active.get(at) and (among is None or at in among))
    return max(0, sum(item.available_to(None, wanted, active).values()))


def band(units: int, low_stock_at: int) -> AvailabilityBand:
    if units > low_stock_at:
        return AvailabilityBand.IN_STOCK
    return AvailabilityBand.LOW_STOCK if units else AvailabilityBand.OUT_OF_STOCK
