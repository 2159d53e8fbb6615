"""The wiring of reservations and the order flow, and their work in the background."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.check_allowance import CheckAllowance
from gateway.inventory.geography import Zones
from gateway.inventory.least_cost import Weights
from gateway.metrics import Metrics
from gateway.operations.allocation_previews import AllocationPreviews
from gateway.operations.availability import AvailabilityOperations
from gateway.operations.carts import CartOperations
from gateway.operations.channel_offers import ChannelOffers
from gateway.operations.clock import Clock
from gateway.operations.committer import Committer
from gateway.operations.customer_orders import OrderOperations
from gateway.operations.order_lists import OrderLists
from gateway.operations.quotas import QuotaOperations
from gateway.operations.reservations import ReservationOperations
from gateway.operations.routing import Routing
from gateway.operations.sourcing import ChannelLookup, Sourcing
from gateway.operations.stock import StockOperations
from gateway.operations.sweeping import Sweeper
from gateway.settings import Settings
from gateway.store.customer_orders import CustomerOrderStore
from gateway.store.driver import Database
from gateway.store.reservations import ReservationStore
from gateway.store.stock import MongoStockStore
from gateway.store.views.locations import LocationView


@dataclass(frozen=True, slots=True)
class OrderServices:
    """What storefronts act through: availability, carts, orders and reservations; and what is kept for whom."""

    reservations: ReservationOperations
    orders: OrderOperations
    order_lists: OrderLists
    carts: CartOperations
    availability: AvailabilityOperations
    quotas: QuotaOperations
    allocation_previews: AllocationPreviews
    sweeper: Sweeper

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Expire holds when their time has come."""
        sweeping = asyncio.create_task(self.sweeper.run(), name="sweeper")
        try:
            yield
        finally:
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)


def create_order_services(
    settings: Settings,
    metrics: Metrics,
    database: Database,
    stock_store: MongoStockStore,
    committer: Committer,
    channels: ChannelLookup,
    offers: ChannelOffers,
    clock: Clock,
) -> OrderServices:
    """Wire the services; nothing works in the background until `running` is entered."""
    stock, holds, sourcing = StockOperations(committer), ReservationStore(database), Sourcing(channels)
    routing = create_routing(settings, database)
    order_store = CustomerOrderStore(database)
    return OrderServices(
        ReservationOperations(stock, holds, sourcing, routing, clock, default_seconds=settings.reservation_seconds),
        OrderOperations(
            stock,
            order_store,
            holds,
            stock_store,
            sourcing,
            routing,
            clock,
            payment_seconds=settings.payment_seconds,
        ),
        OrderLists(order_store, holds, clock),
        CartOperations(stock_store, holds, sourcing, routing, clock, CheckAllowance(settings.cart_checks_per_second)),
        AvailabilityOperations(stock_store, channels, offers, low_stock_at=settings.low_stock_at),
        QuotaOperations(stock, sourcing),
        AllocationPreviews(stock_store, sourcing, routing, clock),
        Sweeper(committer, holds, clock, metrics.expired_reservations.inc),
    )


def create_routing(settings: Settings, database: Database) -> Routing:
    """How far every location is from a destination."""
    weights = Weights(
        settings.allocation_cost_per_km, settings.allocation_cost_per_parcel, settings.allocation_cost_below_safety
    )
    return Routing(LocationView(database), Zones(settings.allocation_zone_km, settings.allocation_unknown_km), weights)
