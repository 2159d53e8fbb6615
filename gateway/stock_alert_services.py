"""The wiring of alerts about levels of stock, and following the ledger for them."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import uuid4

from gateway.followers import Follower
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


@dataclass(frozen=True, slots=True)
class StockAlertServices:
    """Who watches the levels, and who watches the alerts."""

    watch: StockWatch
    watching: AlertWatching
    leases: LeaseStore

    def running(self) -> AbstractAsyncContextManager[None]:
        """Follow the ledger."""
        return self._follower.running()

    async def follow(self) -> None:
        """Look at all that can be seen, unless another process does."""
        await self._follower.follow()

    @property
    def _follower(self) -> Follower:
        return Follower(LEASE, self.watch, self.leases, LOOK_SECONDS)


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
