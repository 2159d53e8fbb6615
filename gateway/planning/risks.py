"""Promises to backorders that can no longer be kept by the purchase that they rely on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.inventory.bindings import Binding
from gateway.inventory.inbound import InboundLine, InboundOrder


class RiskReason(StrEnum):
    NO_LONGER_EXPECTED = "no_longer_expected"
    """The units were damaged or cancelled."""
    LATER = "later"
    """They are expected after the time that was promised."""
    OVERDUE = "overdue"
    """They should have been here, and nobody knows when they will be."""
    NO_DATE = "no_date"
    """They were promised for a time, and are expected at none."""


@dataclass(frozen=True, slots=True)
class PromiseAtRisk:
    """`quantity` units of a binding; `now_expected` is None where that is not known."""

    inbound_id: str
    line: int
    item_id: str
    sku: str
    location_id: str
    binding: Binding
    quantity: int
    now_expected: datetime | None
    reason: RiskReason


def promises_at_risk(inbound: InboundOrder, now: datetime | None, grace: timedelta) -> Iterator[PromiseAtRisk]:
    """Of one purchase. Where `now` is None, only what does not depend on the time."""
    for number, line in enumerate(inbound.lines):
        left = line.outstanding
        for binding in line.bindings:
            coming = min(left, binding.quantity)
            left -= coming
            parts = [
                (binding.quantity - coming, RiskReason.NO_LONGER_EXPECTED),
                (coming, _lateness(line, binding, now, grace)),
            ]
            for units, reason in parts:
                if units and reason is not None:
                    at = line.expected_at if reason is RiskReason.LATER else None
                    place = (line.item_id, line.sku, line.location_id)
                    yield PromiseAtRisk(inbound.id, number, *place, binding, units, at, reason)


def _lateness(line: InboundLine, binding: Binding, now: datetime | None, grace: timedelta) -> RiskReason | None:
    if now is not None and line.expected_at is not None and line.expected_at + grace < now:
        return RiskReason.OVERDUE
    if binding.promised_for is None:
        return None
    if line.expected_at is None:
        return RiskReason.NO_DATE
    return RiskReason.LATER if line.expected_at > binding.promised_for else None
