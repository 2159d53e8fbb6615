"""Promises to backorders that can no longer be kept as they were given."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from gateway.inventory.inbound import InboundOrder
from gateway.operations.clock import Clock
from gateway.planning.risks import PromiseAtRisk, promises_at_risk

Place = tuple[int, str]
"""Where a page ended: when its last purchase was made, in milliseconds since 1970, and its id."""


class RiskyPurchases(Protocol):
    async def risky(self, overdue_before: datetime, after: Place | None, limit: int) -> list[InboundOrder]:
        """Purchases that hurt a backorder, the newest first, from the one after `after` on."""


class RiskOperations:
    def __init__(self, purchases: RiskyPurchases, clock: Clock, *, grace_days: int) -> None:
        self._purchases = purchases
        self._clock = clock
        self._grace = timedelta(days=grace_days)

    def of(self, inbound: InboundOrder) -> list[PromiseAtRisk]:
        """The promises that a purchase, as it stands, does not keep."""
        return list(promises_at_risk(inbound, self._clock(), self._grace))

    async def page(self, after: Place | None, limit: int) -> list[InboundOrder]:
        """Up to `limit` purchases that do not keep their promises."""
        return await self._purchases.risky(self._clock() - self._grace, after, limit)
