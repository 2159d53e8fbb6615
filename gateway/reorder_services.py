"""The wiring of the reorder plan, and of what it follows from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from gateway.movement_services import MovementServices
from gateway.nightly_plan import LEASE_SECONDS, NightlyPlan
from gateway.operations.clock import Clock
from gateway.operations.overstock import OverstockMarks
from gateway.operations.reorder import ReorderOperations
from gateway.operations.reorder_planning import ReorderPlanning
from gateway.operations.reorder_walk import ReorderWalk
from gateway.operations.replenishment import ReplenishmentOperations
from gateway.operations.supply_standing import SupplyStanding
from gateway.operations.supply_terms import SupplyTermsOperations
from gateway.planning.replenishment import Replenishment
from gateway.settings import Settings
from gateway.store.draft_transfers import DraftTransferStore
from gateway.store.driver import Database
from gateway.store.leases import LeaseStore
from gateway.store.replenishment import ReplenishmentStore
from gateway.store.stock import MongoStockStore
from gateway.store.stock_watches import StockWatchStore
from gateway.store.suggestions import SuggestionStore
from gateway.store.supply import SupplyStore
from gateway.store.supply_terms import SupplyTermsStore
from gateway.store.velocity import VelocityStore
from gateway.store.views.items import ItemView
from gateway.supply_services import SupplyServices


@dataclass(frozen=True, slots=True)
class ReorderServices:
    """What to order, from whom, and why."""

    terms: SupplyTermsOperations
    replenishment: ReplenishmentOperations
    reorder: ReorderOperations
    walk: ReorderWalk
    nightly: NightlyPlan

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Plan every night, and on request."""
        planning = asyncio.create_task(self.nightly.run(), name="reorder plan")
        try:
            yield
        finally:
            planning.cancel()
            await asyncio.gather(planning, return_exceptions=True)


def create_reorder_services(
    settings: Settings,
    database: Database,
    stock_store: MongoStockStore,
    supply: SupplyServices,
    movements: MovementServices,
    clock: Clock,
) -> ReorderServices:
    """Wire the services; nothing works in the background until `running` is entered."""
    terms, suggestions = SupplyTermsStore(database), SuggestionStore(database)
    watches = StockWatchStore(database)
    replenishment = ReplenishmentOperations(
        stock_store, ReplenishmentStore(database), watches, replenishment_defaults(settings)
    )
    planning = ReorderPlanning(
        VelocityStore(database),
        terms,
        replenishment,
        supply.lead_times,
        SupplyStanding(SupplyStore(database), supply.lead_times, clock, grace_days=settings.supply_grace_days),
        stock_store,
        DraftTransferStore(database),
        clock,
        default_days=settings.lead_time_days,
    )
    walk = ReorderWalk(ItemView(database), planning, suggestions, OverstockMarks(watches), clock)
    leases = LeaseStore(database, uuid4().hex, LEASE_SECONDS)
    return ReorderServices(
        SupplyTermsOperations(stock_store, terms),
        replenishment,
        ReorderOperations(suggestions, planning, stock_store, movements.inbound, movements.transfers, clock),
        walk,
        NightlyPlan(walk, suggestions, leases, clock, settings.reorder_hour),
    )


def replenishment_defaults(settings: Settings) -> Replenishment:
    """What counts where nobody has set anything."""
    return Replenishment(
        review_days=settings.reorder_review_days,
        service_level=settings.reorder_service_level,
        safety_stock=None,
        overstock_days=settings.overstock_days,
        low_stock_at=settings.low_stock_at,
    )
