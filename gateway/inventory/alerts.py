"""What a person has to look at, such as a sale of more than there was; it changes in one transaction with its cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gateway.inventory.orders import Order
from gateway.inventory.records import RecordKey

ALERTS = "alerts"


class AlertKind(StrEnum):
    OVERSOLD = "oversold"
    """A channel sold units that were not there: somebody has to buy, move or cancel."""
    OVERPROMISED = "overpromised"
    """More than what may be backordered is owed at a place, whatever took it."""
    OUT_OF_STOCK = "out_of_stock"
    LOW_STOCK = "low_stock"
    OVERSTOCK = "overstock"
    """A place has units for more days than it should."""
    PROMISE_AT_RISK = "promise_at_risk"
    """A purchase does not bring in time what was promised of it."""


class AlertState(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    """Somebody, the alert's owner, is at it."""
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class AlertLine:
    """Units of an item that were missing at a place, or at risk to be, when the alert was opened.

    Where the alert is about a level, `available` units were there then, and `threshold` is what they had crossed.
    """

    item_id: str
    sku: str
    location_id: str
    missing: int
    available: int | None = None
    threshold: int | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A record of the kernel. `resolution` says why it is resolved: in a person's words, or in ours.

    `raised_at` is when it was opened last; alerts from before that was kept have none. One about a purchase
    (`inbound_id`) `lasts` while its cause does, whatever a person has made of it.
    """

    id: str
    kind: AlertKind
    state: AlertState
    channel_id: str | None
    order_id: str | None
    lines: tuple[AlertLine, ...]
    opened_at: datetime
    updated_at: datetime
    owner: str | None = None
    resolution: str | None = None
    raised_at: datetime | None = None
    revision: int = 0
    inbound_id: str | None = None
    lasts: bool = False

    def resolved(self, resolution: str, at: datetime, owner: str | None = None) -> Alert:
        state = AlertState.RESOLVED
        return replace(self, state=state, resolution=resolution, updated_at=at, owner=owner or self.owner)


def oversold_key(channel_id: str, order_id: str) -> RecordKey:
    return RecordKey(ALERTS, f"{AlertKind.OVERSOLD}:{channel_id}:{order_id}")


def after_report(
    known: Alert | None, key: RecordKey, order: Order, missing: Iterable[AlertLine], now: datetime
) -> Mapping[RecordKey, Alert]:
    """The alert of an order that has just been brought to a reported state; empty where it stays as it is.

    Units that are missing open it, also again. It is resolved once the order has let go of all that it lacked.
    """
    lines = tuple(missing)
    if lines:
        kind, state = AlertKind.OVERSOLD, AlertState.OPEN
        if known is None:
            opened = Alert(key.id, kind, state, order.channel_id, order.order_id, lines, now, now, raised_at=now)
            return {key: opened}
        before = () if known.state is AlertState.RESOLVED else known.lines
        lines = _added(before, lines)
        return {key: replace(known, state=state, lines=lines, resolution=None, updated_at=now, raised_at=now)}
    if known is None or known.state is AlertState.RESOLVED:
        return {}
    taken = {(line.item_id, line.location_id) for line in order.lines.values() if line.taken}
    if any((line.item_id, line.location_id) in taken for line in known.lines):
        return {}
    return {key: known.resolved("The order has let go of the units.", now)}


def _added(before: Iterable[AlertLine], more: Iterable[AlertLine]) -> tuple[AlertLine, ...]:
    lines = {(line.item_id, line.location_id): line for line in before}
    for line in more:
        known = lines.get((line.item_id, line.location_id))
        lines[line.item_id, line.location_id] = replace(line, missing=line.missing + (known.missing if known else 0))
    return tuple(lines.values())
