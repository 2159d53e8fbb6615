"""The wiring of planning, and its work in the background."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import uuid4

from gateway.followers import Follower
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


@dataclass(frozen=True, slots=True)
class PlanningServices:
    """What is known of demand."""

    velocity: VelocityOperations
    fold: VelocityFold
    leases: LeaseStore

    def running(self) -> AbstractAsyncContextManager[None]:
        """Follow the ledger."""
        return self._follower.running()

    async def follow(self) -> None:
        """Fold in all that has settled, unless another process does."""
        await self._follower.follow()

    @property
    def _follower(self) -> Follower:
        return Follower(LEASE, self.fold, self.leases, INTERVAL_SECONDS)


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
