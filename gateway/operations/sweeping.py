"""The sweeper: gives back what expired holds held, within a second of their time, whichever process comes first."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from gateway.inventory.decision import Outcome, Submission
from gateway.inventory.errors import InventoryError
from gateway.inventory.ports import StorageError
from gateway.inventory.reservations import Reservation
from gateway.operations.clock import Clock
from gateway.operations.committer import Committer
from gateway.operations.reclaiming import expired

SWEEP_SECONDS_MAX = 0.5
"""Between two looks at the clock; jitter makes it less, so that processes rarely sweep at the same moment."""
CHUNK_HOLDS_MAX = 100
"""Holds that one transaction gives back: more would be hardly faster, and keep buyers waiting for longer."""
CHUNK_LINES_MAX = 2_000
"""Lines that one transaction gives back; a single hold may have as many by itself."""

_log = structlog.get_logger(__name__)


class OverdueStore(Protocol):
    async def overdue(self, now: datetime, limit: int, after: Reservation | None = None) -> list[Reservation]:
        """Up to `limit` holds whose time has passed, the longest overdue first, beginning behind `after`."""


class Sweeper:
    """Expires holds; any number of processes may do so at once, and each hold expires once."""

    def __init__(
        self, committer: Committer, holds: OverdueStore, clock: Clock, swept: Callable[[int], None] = lambda count: None
    ) -> None:
        """`swept` is told how many holds this process has just expired."""
        self._committer = committer
        self._holds = holds
        self._clock = clock
        self._swept = swept

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self.sweep()
            except (StorageError, InventoryError) as error:
                # Nobody is refused meanwhile: a request that is short takes expired holds back by itself.
                _log.warning("sweep_interrupted", error=str(error)[:300])
            except Exception:
                _log.exception("sweep_failed")
            await asyncio.sleep(SWEEP_SECONDS_MAX * random.uniform(0.6, 1.0))

    async def sweep(self) -> int:
        """Expire everything overdue at this moment; returns how many holds this call has expired."""
        now = self._clock()
        count = 0
        last: Reservation | None = None
        while holds := await self._holds.overdue(now, CHUNK_HOLDS_MAX, last):
            for chunk in _chunks(holds):
                count += await self._expire(chunk)
            # A hold that cannot be expired must not keep the others waiting.
            last = holds[-1]
        return count

    async def _expire(self, holds: Sequence[Reservation]) -> int:
        results = await self._committer.submit(Submission(tuple(expired(hold) for hold in holds)))
        count = sum(isinstance(result, Outcome) and not result.replayed for result in results)
        self._swept(count)
        return count


def _chunks(holds: Sequence[Reservation]) -> Iterator[list[Reservation]]:
    chunk: list[Reservation] = []
    lines = 0
    for hold in holds:
        if chunk and lines + len(hold.lines) > CHUNK_LINES_MAX:
            yield chunk
            chunk, lines = [], 0
        chunk.append(hold)
        lines += len(hold.lines)
    yield chunk
