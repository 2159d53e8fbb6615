"""The alert about a purchase that does not keep what was promised of it: one for as long as that is so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from gateway.inventory.alerts import Alert, AlertKind, AlertLine, AlertState
from gateway.planning.risks import PromiseAtRisk

KEPT = "The promises can be kept, or nobody waits for them any more."


def risk_alert_id(inbound_id: str) -> str:
    return f"{AlertKind.PROMISE_AT_RISK}:{inbound_id}"


def after_look(known: Alert | None, inbound_id: str, risks: Iterable[PromiseAtRisk], now: datetime) -> Alert | None:
    """The purchase's alert where it has to change; None where it stays as it is.

    More units at risk at a place than when it was opened open it again, its owner kept. Until all of them are out of
    danger, what a person has resolved stays so.
    """
    lines = _missing(risks)
    if not lines:
        if known is None or not known.lasts:
            return None
        over = known if known.state is AlertState.RESOLVED else known.resolved(KEPT, now)
        return replace(over, lasts=False)
    if known is None:
        kind, alert_id = AlertKind.PROMISE_AT_RISK, risk_alert_id(inbound_id)
        opened = Alert(alert_id, kind, AlertState.OPEN, None, None, lines, now, now, raised_at=now)
        return replace(opened, inbound_id=inbound_id, lasts=True)
    before = {(line.item_id, line.location_id): line.missing for line in known.lines if known.lasts}
    if all(line.missing <= before.get((line.item_id, line.location_id), 0) for line in lines):
        return None
    return replace(
        known, state=AlertState.OPEN, lines=lines, resolution=None, updated_at=now, raised_at=now, lasts=True
    )


def _missing(risks: Iterable[PromiseAtRisk]) -> tuple[AlertLine, ...]:
    units: dict[tuple[str, str, str], int] = defaultdict(int)
    for risk in risks:
        units[risk.item_id, risk.sku, risk.location_id] += risk.quantity
    return tuple(AlertLine(*place, missing) for place, missing in units.items())
