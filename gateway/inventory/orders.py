"""What a channel's order has done to the stock so far, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from gateway.inventory.quotas import Draws
from gateway.inventory.records import RecordKey

ORDERS = "orders"


class Precedence(NamedTuple):
    """Which of two reports of an order is the later one: the greater.

    Platforms state whole seconds, so within one it counts how far the order is and how many units have moved on.
    """

    occurred_at: datetime
    stage: int
    moved: int


@dataclass(frozen=True, slots=True)
class OrderLine:
    """Units of one line: of `ordered`, `allocated` are promised, `shipped` have left, the rest is not held.

    They were taken from `location_id` of ours, `draws` out of the channel's quotas.
    """

    item_id: str
    sku: str
    location_id: str
    ordered: int
    allocated: int
    shipped: int
    draws: Draws = ()

    @property
    def taken(self) -> int:
        """Units that are no longer available to other buyers."""
        return self.allocated + self.shipped


@dataclass(frozen=True, slots=True)
class Order:
    """A record of the kernel: it changes in the same transaction as the stock.

    `precedence` is that of the newest report applied, `counted` that of the newest one that told the lines (None while
    none has): a deletion may tell of no lines, and reports from before it that come after it still count.
    `oversold` stays true once a line took more than was available, `took_kept` once one took units that quotas kept
    for other channels.
    """

    channel_id: str
    order_id: str
    name: str | None
    status: str
    precedence: Precedence
    lines: Mapping[str, OrderLine] = field(default_factory=dict)
    oversold: bool = False
    revision: int = 0
    counted: Precedence | None = None
    took_kept: bool = False

    def takes(self, precedence: Precedence, *, lines_told: bool) -> bool:
        """Whether there is news in a report of this precedence."""
        newest = self.counted if lines_told else self.precedence
        return newest is None or precedence >= newest

    @property
    def id(self) -> str:
        return order_key(self.channel_id, self.order_id).id


def order_key(channel_id: str, order_id: str) -> RecordKey:
    return RecordKey(ORDERS, f"{channel_id}:{order_id}")
