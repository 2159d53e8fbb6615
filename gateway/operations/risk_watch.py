"""Alerts about purchases that do not keep what was promised of them, also where only time has passed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from gateway.inventory.alerts import Alert
from gateway.inventory.inbound import InboundOrder
from gateway.operations.clock import Clock
from gateway.operations.risks import Place
from gateway.planning.risk_alerts import after_look, risk_alert_id
from gateway.planning.risks import promises_at_risk

PAGE = 50
"""Purchases looked at at once."""


class Purchases(Protocol):
    async def risky(self, overdue_before: datetime, after: Place | None, limit: int) -> list[InboundOrder]:
        """Purchases that hurt a backorder, the newest first, from the one after `after` on."""

    async def by_ids(self, inbound_ids: Collection[str]) -> list[InboundOrder]:
        """Those that exist."""

    def place(self, inbound: InboundOrder) -> Place:
        """Behind which the next page begins."""


class Alerts(Protocol):
    async def by_ids(self, alert_ids: Collection[str]) -> list[Alert]: ...

    async def lasting(self, after: str | None, limit: int) -> list[Alert]:
        """Those whose cause was there at the last look, by id, after the id `after`."""

    async def add(self, alert: Alert) -> None:
        """Store a new one; nothing happens where there is one of its id by now."""

    async def replace(self, alert: Alert) -> bool:
        """False when it has been changed meanwhile."""


class RiskWatch:
    """To look twice changes nothing; what is changed by others meanwhile is looked at again the next time."""

    def __init__(self, purchases: Purchases, alerts: Alerts, clock: Clock, *, grace_days: int) -> None:
        """`grace_days`: how long supply may be overdue before what was promised of it is at risk."""
        self._purchases = purchases
        self._alerts = alerts
        self._clock = clock
        self._grace = timedelta(days=grace_days)

    async def step(self, token: int) -> bool:
        """Look at all purchases at risk, and at those that were. Raises a StorageError."""
        now = self._clock()
        after: Place | None = None
        while page := await self._purchases.risky(now - self._grace, after, PAGE):
            after = self._purchases.place(page[-1])
            await self._tell(page, await self._alerts.by_ids([risk_alert_id(inbound.id) for inbound in page]), now)
        over: str | None = None
        while lasting := await self._alerts.lasting(over, PAGE):
            over = lasting[-1].id
            ids = {alert.inbound_id for alert in lasting if alert.inbound_id is not None}
            await self._tell(await self._purchases.by_ids(ids), lasting, now)
        return False

    async def _tell(self, purchases: Sequence[InboundOrder], alerts: Iterable[Alert], now: datetime) -> None:
        known = {alert.id: alert for alert in alerts}
        for inbound in purchases:
            before = known.get(risk_alert_id(inbound.id))
            alert = after_look(before, inbound.id, promises_at_risk(inbound, now, self._grace), now)
            if alert is None:
                continue
            if before is None:
                await self._alerts.add(alert)
            else:
                await self._alerts.replace(alert)
