"""Tells people how the channels fare that this process pushes: as metrics, and in the database for every process."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import structlog

from gateway.dispatch.worker import ChannelWorker
from gateway.inventory.channel_health import Breaker, ChannelHealth, PushHealth, PushOutcome
from gateway.inventory.ports import StorageError
from gateway.metrics import Metrics

LOOK_SECONDS = 1.0
HALF_LIFE_SECONDS = 60.0
"""After this time a push counts half in the error rate."""

_BREAKER_VALUES = {Breaker.CLOSED: 0, Breaker.HALF_OPEN: 1, Breaker.OPEN: 2}
_GONE = PushHealth(0.0, 0, True, Breaker.CLOSED, 0)

_log = structlog.get_logger(__name__)


class HealthSink(Protocol):
    async def save(self, health: dict[str, ChannelHealth]) -> None: ...


@dataclass(slots=True)
class ErrorRate:
    """The share of failures, of which those long ago count less and less."""

    failures: float = 0.0
    tries: float = 0.0
    counted_at: float = 0.0

    def count(self, failed: bool, now: float) -> None:
        """`now` in seconds of any clock that does not go back."""
        left = 0.5 ** ((now - self.counted_at) / HALF_LIFE_SECONDS)
        self.failures = self.failures * left + failed
        self.tries = self.tries * left + 1
        self.counted_at = now

    @property
    def value(self) -> float:
        return self.failures / self.tries if self.tries else 0.0


class PushWatch:
    """Counts what becomes of pushes, and looks at the workers every second."""

    def __init__(self, metrics: Metrics, sink: HealthSink) -> None:
        self._metrics = metrics
        self._sink = sink
        self._rates: dict[str, ErrorRate] = defaultdict(ErrorRate)
        self._shown: set[str] = set()

    def count(self, channel_id: str, outcome: PushOutcome, number: int) -> None:
        self._metrics.channel_pushes.labels(channel_id, outcome.value).inc(number)
        self._rates[channel_id].count(outcome is PushOutcome.FAILED, time.monotonic())

    async def run(self, workers: Callable[[], Iterable[ChannelWorker]]) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            seen = {worker.channel.id: worker.health(time.time()) for worker in workers()}
            for channel_id in self._shown - seen.keys():
                # Another process has it now, and tells.
                self._show(channel_id, _GONE)
                self._rates.pop(channel_id, None)
            self._shown = set(seen)
            for channel_id, push in seen.items():
                self._show(channel_id, push)
            now = datetime.now(UTC)
            try:
                await self._sink.save(
                    {id: ChannelHealth(push, self._rates[id].value, now) for id, push in seen.items()}
                )
            except StorageError as error:
                _log.warning("channel_health_not_stored", error=str(error)[:300])

    def _show(self, channel_id: str, push: PushHealth) -> None:
        metrics = self._metrics
        metrics.outbox_lag.labels(channel_id).set(push.lag_seconds)
        metrics.outbox_backlog.labels(channel_id).set(push.backlog)
        metrics.channel_breaker.labels(channel_id).set(_BREAKER_VALUES[push.breaker])
