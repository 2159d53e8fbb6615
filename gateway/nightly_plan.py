"""The reorder plan in the background: every night, and when somebody asks for it, in whichever process comes first."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta

import structlog

from gateway.inventory.ports import StorageError
from gateway.operations.clock import Clock
from gateway.operations.reorder_walk import ReorderWalk
from gateway.planning.suggestions import PlanRun
from gateway.store.leases import LeaseStore
from gateway.store.suggestions import SuggestionStore

LEASE = "reorder"
LEASE_SECONDS = 60.0
"""After the death of a process another one may plan; longer than one page of items takes."""
LOOK_SECONDS = 5.0
SHARE = 0.25
"""Part of the time that planning in the background may take from a process that serves."""

_log = structlog.get_logger(__name__)


class NightlyPlan:
    """Plans once after `hour` o'clock (UTC) of every day."""

    def __init__(
        self, walk: ReorderWalk, suggestions: SuggestionStore, leases: LeaseStore, clock: Clock, hour: int
    ) -> None:
        self._walk = walk
        self._suggestions = suggestions
        self.leases = leases
        self._clock = clock
        self._hour = hour

    async def run(self) -> None:
        """Plan when it is due, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS * random.uniform(0.9, 1.1))
            try:
                if await self.is_due():
                    await self.plan(SHARE)
            except StorageError as error:
                _log.warning("plan_interrupted", error=str(error)[:300])
            except Exception:
                _log.exception("plan_failed")

    async def is_due(self) -> bool:
        state = await self._suggestions.state()
        if state.is_requested or state.run is None:
            return True
        return state.run.planned_at < latest_hour(self._clock(), self._hour)

    async def plan(self, share: float = 1.0) -> PlanRun | None:
        """Plan now, unless another process is at it; None where that is so, or where it has taken over."""
        lease = await self.leases.acquire(LEASE)
        if lease is None:
            return None

        async def renew() -> bool:
            renewed = await self.leases.acquire(LEASE)
            return renewed is not None and renewed.token == lease.token

        try:
            run = await self._walk.run(lease.token, renew, share)
        finally:
            await self.leases.release(lease)
        if run is not None:
            seconds = (run.finished_at - run.planned_at).total_seconds()
            _log.info("plan_finished", items=run.items, suggestions=run.suggestions, seconds=round(seconds, 1))
        return run


def latest_hour(now: datetime, hour: int) -> datetime:
    """When it was last so many o'clock."""
    at = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return at if at <= now else at - timedelta(days=1)
