"""What is looked at every few seconds: how much the inbox still owes, and which alerts have become pointless."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog

from gateway.inventory.events import EventState
from gateway.inventory.ports import StorageError
from gateway.metrics import Metrics
from gateway.operations.alerts import AlertOperations
from gateway.store.views.alerts import AlertView
from gateway.store.views.inbox import InboxView

INTERVAL_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class ReceptionWatch:
    """Any number of processes may run it: each publishes what it sees, and an alert is resolved once."""

    def __init__(self, view: InboxView, alerts: AlertOperations, alert_view: AlertView, metrics: Metrics) -> None:
        self._view = view
        self._alerts = alerts
        self._alert_view = alert_view
        self._metrics = metrics

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except StorageError as error:
                _log.warning("inbox_not_watched", error=str(error)[:300])
            await asyncio.sleep(INTERVAL_SECONDS)

    async def look(self) -> None:
        """Once. Raises a StorageError."""
        owed = await self._view.owed()
        for state in (EventState.RECEIVED, EventState.WAITING, EventState.FAILED):
            self._metrics.inbox_events.labels(state.value).set(owed.counts.get(state, 0))
        oldest = owed.oldest_received_at
        lag = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        self._metrics.inbox_lag.set(max(0.0, lag))
        self._metrics.alerts_resolved.inc(await self._alerts.resolve_recovered())
        self._metrics.alerts_unresolved.set(await self._alert_view.unresolved())
