"""Measures how long channels take to hear of a change, and we to hear of their orders."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

import structlog

from gateway.inventory.ports import StorageError
from gateway.store.delays import DelayStore, Measurements

FOLD_SECONDS = 5.0
KEPT_MAX = 100
"""Measurements of a channel that wait to be folded in; of more, the newest."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Waiting:
    propagation: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_MAX))
    reports: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_MAX))
    overwrites: bool | None = None


class DelayWatch:
    """Notes at once and stores every few seconds; a crash loses the last of them."""

    def __init__(self, store: DelayStore) -> None:
        self._store = store
        self._waiting: dict[str, _Waiting] = {}

    def propagated(self, channel_id: str, seconds: float, overwrites: bool) -> None:
        """A request has told a channel of changes, the oldest of them committed so long before.

        `overwrites`: its platform takes absolute counts.
        """
        waiting = self._waiting.setdefault(channel_id, _Waiting())
        waiting.propagation.append(seconds)
        waiting.overwrites = overwrites

    def reported(self, channel_id: str, seconds: float) -> None:
        """We have heard of an order of the channel so long after it was made."""
        self._waiting.setdefault(channel_id, _Waiting()).reports.append(seconds)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(FOLD_SECONDS)
            try:
                await self.fold()
            except StorageError as error:
                _log.warning("delays_not_stored", error=str(error)[:300])

    async def fold(self) -> None:
        """Store what was noted; what somebody else was faster with is kept for the next time."""
        for channel_id in list(self._waiting):
            waiting = self._waiting.pop(channel_id)
            measured = Measurements(tuple(waiting.propagation), tuple(waiting.reports), waiting.overwrites)
            if not await self._store.fold(channel_id, measured):
                self._keep(channel_id, waiting)

    def _keep(self, channel_id: str, waiting: _Waiting) -> None:
        newer = self._waiting.pop(channel_id, _Waiting())
        waiting.propagation.extend(newer.propagation)
        waiting.reports.extend(newer.reports)
        waiting.overwrites = waiting.overwrites if newer.overwrites is None else newer.overwrites
        self._waiting[channel_id] = waiting
