"""The wiring of transfers, purchases, counts, history and the audit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from gateway.auditing import BackgroundAudit
from gateway.metrics import Metrics
from gateway.operations.audit import Auditor
from gateway.operations.clock import Clock
from gateway.operations.counts import CountOperations
from gateway.operations.history import HistoryOperations
from gateway.operations.inbound import InboundOperations
from gateway.operations.stock import StockOperations
from gateway.operations.transfers import TransferOperations
from gateway.settings import Settings
from gateway.store.audit import AuditStore
from gateway.store.driver import Database
from gateway.store.history import HistoryStore
from gateway.store.leases import LeaseStore
from gateway.store.repairs import RepairStore
from gateway.store.stock import MongoStockStore
from gateway.store.views.inbound import InboundView
from gateway.store.views.transfers import TransferView

LEASE_SHARE = 0.85
"""The lease of the audit in intervals: over before the earliest next attempt, so that every interval has one."""


@dataclass(frozen=True, slots=True)
class MovementServices:
    """What stock moves between places through, and what its past is asked of."""

    transfers: TransferOperations
    inbound: InboundOperations
    counts: CountOperations
    history: HistoryOperations
    auditor: Auditor
    background_audit: BackgroundAudit

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Audit at intervals."""
        auditing = asyncio.create_task(self.background_audit.run(), name="audit")
        try:
            yield
        finally:
            auditing.cancel()
            await asyncio.gather(auditing, return_exceptions=True)


def create_movement_services(
    settings: Settings,
    metrics: Metrics,
    database: Database,
    stock_store: MongoStockStore,
    stock: StockOperations,
    clock: Clock,
) -> MovementServices:
    """Wire the services; nothing works in the background until `running` is entered."""
    history = HistoryStore(database)
    auditor = Auditor(AuditStore(database), RepairStore(database), stock_store)
    interval = settings.audit_interval_seconds
    leases = LeaseStore(database, uuid4().hex, interval * LEASE_SHARE)
    return MovementServices(
        TransferOperations(stock, TransferView(database)),
        InboundOperations(stock, InboundView(database)),
        CountOperations(stock, history, clock, timedelta(days=settings.count_age_days_max)),
        HistoryOperations(history, stock_store, clock),
        auditor,
        BackgroundAudit(auditor, leases, metrics, interval),
    )
