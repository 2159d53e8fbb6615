"""The wiring of planning, and its work in the background."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import structlog

from gateway.inventory.ports import StorageError
from gateway.operations.clock import Clock
from gateway.operations.sourcing import ChannelLookup
from gateway.operations.velocity import VelocityOperations
from gateway.operations.velocity_fold import VelocityFold
from gateway.settings import Settings
from gateway.store.driver import Database
from gateway.store.leases import LeaseStore
from gateway.store.stock import MongoStockStore
from gateway.store.velocity import VelocityStore
from gateway.store.velocity_ledger import VelocityLedger

LEASE = "velocity"
LEASE_SECONDS = 60.0
"""After the death of a process another one goes on; longer than one part of the ledger takes."""
INTERVAL_SECONDS = 10.0
"""Between two looks for new entries; the ledger is only read once it has settled for longer than that anyhow."""
SHARE = 0.25
"""Part of the time that catching up with a long ledger may take from the process."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PlanningServices:
    """What is known of demand."""

    velocity: VelocityOperations
    fold: VelocityFold
    leases: LeaseStore

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the ledger."""
        following = asyncio.create_task(self._follow(), name="velocity")
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def follow(self) -> None:
        """Fold in all that has settled, unless another process does."""
        while lease := await self.leases.acquire(LEASE):
            started = time.monotonic()
            if not await self.fold.step(lease.token):
                return
            await asyncio.sleep((time.monotonic() - started) * (1 / SHARE - 1))

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_SECONDS * random.uniform(0.9, 1.1))
            try:
                await self.follow()
            except StorageError as error:
                _log.warning("velocity_interrupted", error=str(error)[:300])
            except Exception:
                _log.exception("velocity_failed")


def create_planning_services(
    settings: Settings, database: Database, stock_store: MongoStockStore, channels: ChannelLookup, clock: Clock
) -> PlanningServices:
    """Wire the services; nothing works in the background until `running` is entered."""
    velocities = VelocityStore(database)
    return PlanningServices(
        VelocityOperations(stock_store, channels, velocities, clock),
        VelocityFold(VelocityLedger(database), velocities, clock, settings.velocity_half_life_days),
        LeaseStore(database, uuid4().hex, LEASE_SECONDS),
    )
