"""The wiring of supply: suppliers' lead times, promises made of what is on its way, and backorders that wait for it."""

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
from gateway.operations.backorders import BackorderOperations
from gateway.operations.clock import Clock
from gateway.operations.lead_time_fold import LeadTimeFold
from gateway.operations.lead_times import LeadTimeOperations
from gateway.operations.promises import PromiseOperations
from gateway.operations.risks import RiskOperations
from gateway.operations.sourcing import ChannelLookup, Sourcing
from gateway.operations.stock import StockOperations
from gateway.order_services import create_routing
from gateway.settings import Settings
from gateway.store.driver import Database
from gateway.store.lead_times import LeadTimeStore
from gateway.store.leases import LeaseStore
from gateway.store.stock import MongoStockStore
from gateway.store.supply import SupplyStore
from gateway.store.views.backorders import BackorderView
from gateway.store.views.inbound import InboundView

LEASE = "lead_times"
LEASE_SECONDS = 60.0
"""After the death of a process another one goes on; longer than one step takes."""
INTERVAL_SECONDS = 30.0
"""Between two looks for purchases that have arrived."""
SHARE = 0.25
"""Part of the time that learning from many purchases may take from the process."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SupplyServices:
    """What is coming, and when."""

    lead_times: LeadTimeOperations
    promises: PromiseOperations
    backorders: BackorderOperations
    risks: RiskOperations
    fold: LeadTimeFold
    leases: LeaseStore

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Learn from what arrives."""
        following = asyncio.create_task(self._follow(), name="lead_times")
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def follow(self) -> None:
        """Learn from all that has arrived, unless another process does."""
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
                _log.warning("lead_times_interrupted", error=str(error)[:300])
            except Exception:
                _log.exception("lead_times_failed")


def create_supply_services(
    settings: Settings,
    database: Database,
    stock_store: MongoStockStore,
    stock: StockOperations,
    channels: ChannelLookup,
    clock: Clock,
) -> SupplyServices:
    """Wire the services; nothing works in the background until `running` is entered."""
    store, sourcing, grace_days = LeadTimeStore(database), Sourcing(channels), settings.supply_grace_days
    lead_times = LeadTimeOperations(stock_store, store, default_days=settings.lead_time_days)
    routing = create_routing(settings, database)
    return SupplyServices(
        lead_times,
        PromiseOperations(
            stock_store, SupplyStore(database), lead_times, sourcing, routing, clock, grace_days=grace_days
        ),
        BackorderOperations(stock, BackorderView(database), sourcing),
        RiskOperations(InboundView(database), clock, grace_days=grace_days),
        LeadTimeFold(store, store, clock),
        LeaseStore(database, uuid4().hex, LEASE_SECONDS),
    )
