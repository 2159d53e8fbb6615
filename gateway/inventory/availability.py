"""What can be sold of an item, exactly or as roughly as a shopper may be told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from gateway.inventory.channels import Channel
from gateway.inventory.stock import Item, ItemStatus


class AvailabilityBand(StrEnum):
    IN_STOCK = "IN_STOCK"
    LOW_STOCK = "LOW_STOCK"
    OUT_OF_STOCK = "OUT_OF_STOCK"


def counting_at(active: Mapping[str, bool], location_ids: Collection[str]) -> Mapping[str, bool]:
    """What `active` says where it is asked for these locations only: none of the others counts."""
    return {at: counts and at in location_ids for at, counts in active.items()}


def sellable(item: Item | None, channel: Channel | None, active: Mapping[str, bool]) -> int | None:
    """Units, at least 0, at the active locations or as the channel is offered; None where no active item is given.

    `active` tells of every location that matters whether it counts.
    """
    if item is None or item.status is not ItemStatus.ACTIVE:
        return None
    if channel is not None:
        return sum(channel.offered(item, active).values())
    return max(0, sum(level.available for at, level in item.levels.items() if active.get(at, False)))


def band(units: int, low_stock_at: int) -> AvailabilityBand:
    if units > low_stock_at:
        return AvailabilityBand.IN_STOCK
    return AvailabilityBand.LOW_STOCK if units else AvailabilityBand.OUT_OF_STOCK
