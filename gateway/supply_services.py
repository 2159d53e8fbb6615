"""The wiring of supply: suppliers' lead times, promises made of what is on its way, and backorders that wait for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from gateway.followers import Follower
from gateway.operations.backorders import BackorderOperations
from gateway.operations.clock import Clock
from gateway.operations.incoming import IncomingSupply
from gateway.operations.lead_time_fold import LeadTimeFold
from gateway.operations.lead_times import LeadTimeOperations
from gateway.operations.promises import PromiseOperations
from gateway.operations.replacements import ReplacementOperations
from gateway.operations.risk_watch import RiskWatch
from gateway.operations.risks import RiskOperations
from gateway.operations.sourcing import ChannelLookup, Sourcing
from gateway.operations.stock import StockOperations
from gateway.order_services import create_routing
from gateway.settings import Settings
from gateway.store.alerts import AlertStore
from gateway.store.driver import Database
from gateway.store.lead_times import LeadTimeStore
from gateway.store.leases import LeaseStore
from gateway.store.stock import MongoStockStore
from gateway.store.supply import SupplyStore
from gateway.store.supply_terms import SupplyTermsStore
from gateway.store.views.backorders import BackorderView
from gateway.store.views.inbound import InboundView

LEASE = "lead_times"
RISKS_LEASE = "promise_risks"
LEASE_SECONDS = 60.0
"""After the death of a process another one goes on; longer than one step takes."""
INTERVAL_SECONDS = 30.0
"""Between two looks for purchases that have arrived, or do not keep their promises."""


@dataclass(frozen=True, slots=True)
class SupplyServices:
    """What is coming, and when."""

    lead_times: LeadTimeOperations
    promises: PromiseOperations
    backorders: BackorderOperations
    risks: RiskOperations
    replacements: ReplacementOperations
    fold: LeadTimeFold
    risk_watch: RiskWatch
    leases: LeaseStore

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Learn from what arrives, and raise alerts about what does not."""
        risks = Follower(RISKS_LEASE, self.risk_watch, self.leases, INTERVAL_SECONDS)
        async with self._follower.running(), risks.running():
            yield

    async def follow(self) -> None:
        """Learn from all that has arrived, unless another process does."""
        await self._follower.follow()

    @property
    def _follower(self) -> Follower:
        return Follower(LEASE, self.fold, self.leases, INTERVAL_SECONDS)


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
    terms = SupplyTermsStore(database)
    lead_times = LeadTimeOperations(stock_store, store, terms, default_days=settings.lead_time_days)
    incoming = IncomingSupply(SupplyStore(database), lead_times, grace_days=grace_days)
    routing, purchases = create_routing(settings, database), InboundView(database)
    return SupplyServices(
        lead_times,
        PromiseOperations(stock_store, incoming, sourcing, routing, clock),
        BackorderOperations(stock, BackorderView(database), purchases, sourcing),
        RiskOperations(purchases, clock, grace_days=grace_days),
        ReplacementOperations(stock_store, incoming, clock),
        LeadTimeFold(store, store, clock),
        RiskWatch(purchases, AlertStore(database), clock, grace_days=grace_days),
        LeaseStore(database, uuid4().hex, LEASE_SECONDS),
    )
