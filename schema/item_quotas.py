"""What an item keeps back: for channels, and for safety."""

from __future__ import annotations

from collections.abc import Mapping

import strawberry

from gateway.inventory.stock import Item
from schema.scalars import Quantity


@strawberry.type(description="Units that a location is to keep while another one can serve an order.")
class SafetyStock:
    location_id: str = strawberry.field(description="Where.")
    quantity: Quantity = strawberry.field(description="Units, from 1.")

    @classmethod
    def all_of(cls, item: Item) -> list[SafetyStock]:
        """By location."""
        return [cls(location_id=at, quantity=Quantity(units)) for at, units in sorted(item.safety_stock.items())]


@strawberry.type(description="Units of an item that are kept for one channel.")
class ItemQuota:
    channel_id: str = strawberry.field(description="For which channel.")
    location_id: str | None = strawberry.field(description="Where; null for units of any active location.")
    quantity: Quantity = strawberry.field(description="Units kept when nothing was used yet.")
    used: Quantity = strawberry.field(description="Of these, units that the channel's sales have taken.")
    remaining: Quantity = strawberry.field(description="Of these, units still kept.")
    missing: Quantity = strawberry.field(
        description="Units that all quotas of this place together keep and that are not there, since reported orders, "
        "counts or moves took them; the channels share what is left, whoever comes first."
    )

    @classmethod
    def all_of(cls, item: Item, active: Mapping[str, bool]) -> list[ItemQuota]:
        """By channel, then location."""
        fence = item.fence(active)
        if fence is None:
            return []
        ranked = sorted(item.quotas.values(), key=lambda quota: (quota.channel_id, quota.location_id or ""))
        return [
            cls(
                channel_id=quota.channel_id,
                location_id=quota.location_id,
                quantity=Quantity(quota.quantity),
                used=Quantity(quota.used),
                remaining=Quantity(quota.remaining),
                missing=Quantity(fence.short(quota.location_id)),
            )
            for quota in ranked
        ]
