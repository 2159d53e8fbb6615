"""Taking an alert on, closing it, and noticing that its cause is gone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Protocol

from gateway.inventory.alerts import Alert, AlertKind, AlertState
from gateway.inventory.errors import Code, Conflict, NotFound, Unavailable
from gateway.inventory.identifiers import check_text
from gateway.inventory.ports import Loaded, Wanted
from gateway.operations.clock import Clock

CHANGE_TRIES = 5
PAGE = 100
OWNER_LENGTH_MAX = 64
RECOVERED = "The units are there again."


class AlertRepository(Protocol):
    async def get(self, alert_id: str) -> Alert | None: ...

    async def unresolved(self, kind: AlertKind, after: str | None, limit: int) -> list[Alert]:
        """By id, after the id `after`."""

    async def replace(self, alert: Alert) -> bool:
        """False when it has been changed meanwhile."""


class StockReader(Protocol):
    async def load(self, wanted: Wanted) -> Loaded: ...


class AlertOperations:
    """Change alerts; only the kernel, and whoever watches the levels and the promises, opens them."""

    def __init__(self, alerts: AlertRepository, stock: StockReader, clock: Clock) -> None:
        self._alerts = alerts
        self._stock = stock
        self._clock = clock

    async def acknowledge(self, alert_id: str, owner: str) -> Alert:
        """Make `owner` the one who is at it, also after another owner. Raises NotFound, Conflict(ALREADY_RESOLVED)."""
        check_text(owner, ("owner",), OWNER_LENGTH_MAX)

        def acknowledged(alert: Alert) -> Alert:
            if alert.state is AlertState.RESOLVED:
                raise Conflict(Code.ALREADY_RESOLVED, "The alert is resolved; there is nothing left to do.", ("id",))
            return replace(alert, state=AlertState.ACKNOWLEDGED, owner=owner, updated_at=self._clock())

        return await self._change(alert_id, acknowledged)

    async def resolve(self, alert_id: str, resolution: str, owner: str) -> Alert:
        """Close it with a reason; closing it again changes nothing. Raises NotFound."""
        check_text(resolution, ("resolution",))

        def resolved(alert: Alert) -> Alert:
            done = alert.state is AlertState.RESOLVED
            return alert if done else alert.resolved(resolution, self._clock(), alert.owner or owner)

        return await self._change(alert_id, resolved)

    async def resolve_recovered(self) -> int:
        """Close the alerts of sales beyond stock whose places all have nothing missing any more; how many."""
        resolved = 0
        after: str | None = None
        while True:
            page = await self._alerts.unresolved(AlertKind.OVERSOLD, after, PAGE)
            if not page:
                return resolved
            after = page[-1].id
            short = await self._short({line.item_id for alert in page for line in alert.lines})
            for alert in page:
                if not any((line.item_id, line.location_id) in short for line in alert.lines):
                    # Changed meanwhile: it is looked at again the next time.
                    resolved += await self._alerts.replace(alert.resolved(RECOVERED, self._clock()))

    async def _short(self, item_ids: Collection[str]) -> set[tuple[str, str]]:
        loaded = await self._stock.load(Wanted(item_ids=set(item_ids)))
        return {
            (item.id, location_id)
            for item in loaded.items.values()
            for location_id, level in item.levels.items()
            if level.available < 0
        }

    async def _change(self, alert_id: str, change: Callable[[Alert], Alert]) -> Alert:
        for _ in range(CHANGE_TRIES):
            alert = await self._alerts.get(alert_id)
            if alert is None:
                raise NotFound(Code.ALERT_NOT_FOUND, "There is no alert with this id.", ("id",))
            after = change(alert)
            if after is alert or await self._alerts.replace(after):
                return after
        raise Unavailable(Code.CONTENTION, "The alert is being changed by others. Send the request again.")
