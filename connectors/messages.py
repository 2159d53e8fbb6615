"""What a platform tells us, in our own words. Every order event carries the order's whole present state, so events
that come twice, late or in the wrong order lead to the same stock: the greatest
`OrderEvent.precedence` wins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import TypeAlias


class MessageKind(StrEnum):
    """What a platform's topic is about. A hint for people and for precedence; the state is in the message."""

    ORDER_CREATED = "order_created"
    ORDER_PAID = "order_paid"
    ORDER_UPDATED = "order_updated"
    ORDER_EDITED = "order_edited"
    ORDER_PARTIALLY_FULFILLED = "order_partially_fulfilled"
    ORDER_FULFILLED = "order_fulfilled"
    ORDER_REFUNDED = "order_refunded"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_DELETED = "order_deleted"
    STOCK_CHANGED = "stock_changed"


class OrderStage(IntEnum):
    """How far an order is, in the order in which it gets there."""

    PENDING = 0
    """Not placed yet: the platform holds no stock for it."""
    OPEN = 1
    FULFILLED = 2
    CANCELLED = 3
    DELETED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """The present state of one line, in units; absolute numbers, never changes.

    The line asks of our stock: available lower by `ordered - released`, of which `allocated` still promised. The rest
    has been shipped (or was written off by a refund without restock).
    """

    line_id: str
    sku: str | None
    """None where the platform did not say; then `platform_ids` lead to the listing."""
    platform_ids: Mapping[str, str] = field(default_factory=dict)
    ordered: int
    """Sold on this line, edits included; refunds and cancellations are not taken off."""
    allocated: int
    """Promised to the buyer and not shipped yet."""
    released: int
    """Not held against stock: the order is not placed yet, is cancelled, or the units were returned to sellable."""
    fulfilled: int = 0
    refunded: int = 0
    """For information: money back, whether restocked or not."""
    location_id: str | None = None
    """The platform's location the units are taken from; None where the platform did not say."""
    return_location_id: str | None = None
    """Where all `released` units, which had left, came back to, when that is another place than `location_id`."""
    tracked: bool = True
    """False: the platform ignores stock for it, say a service. It counts only where it is listed with us."""

    def __post_init__(self) -> None:
        if min(self.ordered, self.allocated, self.released) < 0 or self.allocated + self.released > self.ordered:
            raise ValueError(f"line {self.line_id}: {self.allocated} + {self.released} of {self.ordered} units")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """An order as the platform had it at `occurred_at`."""

    order_id: str
    kind: MessageKind
    occurred_at: datetime
    """When the platform's order was in this state (its own update time, not the delivery's)."""
    stage: OrderStage
    status: str
    """In the platform's own words, for people."""
    lines: tuple[OrderLine, ...] | None
    """None: the platform did not say (a deleted order); what was applied for the order so far stands."""
    name: str | None = None
    """What people call the order, where that is not its id."""

    @property
    def precedence(self) -> tuple[datetime, OrderStage, int]:
        """The greater is the later. Platforms state whole seconds; within one, an order only moves forward."""
        moved = sum(line.fulfilled + line.refunded + line.released for line in self.lines or ())
        return self.occurred_at, self.stage, moved


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReference:
    """Something happened to this order and the notification does not say enough: run `Connector.read_order`."""

    order_id: str
    kind: MessageKind
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StockEcho:
    """The platform says its own count is now `quantity`, because of us, of an order, or of somebody's edit."""

    platform_ids: Mapping[str, str]
    sku: str | None
    location_id: str | None
    quantity: int
    occurred_at: datetime


ChannelMessage: TypeAlias = OrderEvent | OrderReference | StockEcho
