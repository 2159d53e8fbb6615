"""Which movements of stock are demand, and what of a ledger entry one item's velocity is computed from."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.inventory.ledger import Kind, OwedLine

DEMAND_KINDS = frozenset(
    {
        Kind.SALE,
        Kind.RESERVE,
        Kind.RELEASE,
        Kind.EXPIRE,
        Kind.CHECKOUT,
        Kind.PAYMENT_START,
        Kind.PAYMENT_FAILURE,
        Kind.CANCEL,
        Kind.RETURN,
    }
)
"""What buyers do. Available units that these take are demand, and those that they give back are none after all.

Adjustments, counts, moves, transfers and purchases are the business's own doing. Shipping takes what was promised
before, so it is not counted again.
"""


BACKORDER_KINDS = frozenset({Kind.BACKORDER_CREATE, Kind.BACKORDER_CANCEL})
"""Units that these promise to buyers before they arrive are demand too, and those that are given up are none after all.

Their arrival only keeps the promise, and another purchase for them changes nothing of it.
"""


@dataclass(frozen=True, slots=True)
class AvailableLine:
    """A change of what is available at one location: `delta` units, leaving `after`."""

    location_id: str
    delta: int
    after: int


@dataclass(frozen=True, slots=True)
class ItemMovement:
    """What one ledger entry did to what is available, and owed to backorders, of one item, left at `version`.

    `channel_id` is the channel that reported it; None for what came through no channel.
    """

    item_id: str
    version: int
    seq: int
    kind: Kind
    channel_id: str | None
    lines: tuple[AvailableLine, ...]
    owed: tuple[OwedLine, ...] = ()

    @property
    def is_demand(self) -> bool:
        return self.kind in DEMAND_KINDS

    @property
    def is_backordered(self) -> bool:
        return self.kind in BACKORDER_KINDS
