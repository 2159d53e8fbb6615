"""The wiring of alerts about levels of stock, and following the ledger for them."""

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
from gateway.metrics import Metrics
from gateway.operations.alert_watching import AlertWatching
from gateway.operations.clock import Clock
from gateway.operations.news import News
from gateway.operations.replenishment import ReplenishmentOperations
from gateway.operations.stock_watch import StockWatch
from gateway.store.driver import Database
from gateway.store.leases import LeaseStore
from gateway.store.stock import MongoStockStore
from gateway.store.stock_watches import StockWatchStore
from gateway.store.velocity_ledger import VelocityLedger
from gateway.store.views.alerts import AlertView

LEASE = "stock_watch"
LEASE_SECONDS = 30.0
"""After the death of a process another one goes on; longer than one part of the ledger takes."""
LOOK_SECONDS = 1.0
SHARE = 0.25
"""Part of the time that catching up with many entries may take from the process."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StockAlertServices:
    """Who watches the levels, and who watches the alerts."""

    watch: StockWatch
    watching: AlertWatching
    leases: LeaseStore

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the ledger."""
        following = asyncio.create_task(self._follow(), name="stock alerts")
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def follow(self) -> None:
        """Look at all that can be seen, unless another process does."""
        while lease := await self.leases.acquire(LEASE):
            started = time.monotonic()
            if not await self.watch.step(lease.token):
                return
            await asyncio.sleep((time.monotonic() - started) * (1 / SHARE - 1))

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS * random.uniform(0.8, 1.0))
            try:
                await self.follow()
            except StorageError as error:
                _log.warning("stock_watch_interrupted", error=str(error)[:300])
            except Exception:
                _log.exception("stock_watch_failed")


def create_stock_alert_services(
    database: Database,
    metrics: Metrics,
    stock_store: MongoStockStore,
    replenishment: ReplenishmentOperations,
    news: News,
    clock: Clock,
) -> StockAlertServices:
    """Wire the services; nothing works in the background until `running` is entered."""
    watches = StockWatchStore(database)
    watch = StockWatch(
        VelocityLedger(database),
        watches,
        watches,
        replenishment,
        stock_store,
        clock,
        lambda kind: metrics.stock_alerts.labels(kind.value).inc(),
    )
    leases = LeaseStore(database, uuid4().hex, LEASE_SECONDS)
    return StockAlertServices(watch, AlertWatching(news, AlertView(database)), leases)
