"""The wiring of reservations and the order flow, and their work in the background."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.check_allowance import CheckAllowance
from gateway.metrics import Metrics
from gateway.operations.availability import AvailabilityOperations
from gateway.operations.carts import CartOperations
from gateway.operations.clock import Clock
from gateway.operations.committer import Committer
from gateway.operations.customer_orders import OrderOperations
from gateway.operations.order_lists import OrderLists
from gateway.operations.reservations import ReservationOperations
from gateway.operations.sourcing import ChannelLookup, Sourcing
from gateway.operations.stock import StockOperations
from gateway.operations.sweeping import Sweeper
from gateway.settings import Settings
from gateway.store.customer_orders import CustomerOrderStore
from gateway.store.driver import Database
from gateway.store.reservations import ReservationStore
from gateway.store.stock import MongoStockStore


@dataclass(frozen=True, slots=True)
class OrderServices:
    """What storefronts act through: availability, carts, orders and reservations."""

    reservations: ReservationOperations
    orders: OrderOperations
    order_lists: OrderLists
    carts: CartOperations
    availability: AvailabilityOperations
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
    clock: Clock,
) -> OrderServices:
    """Wire the services; nothing works in the background until `running` is entered."""
    stock, holds, sourcing = StockOperations(committer), ReservationStore(database), Sourcing(channels)
    order_store = CustomerOrderStore(database)
    return OrderServices(
        ReservationOperations(stock, holds, sourcing, clock, default_seconds=settings.reservation_seconds),
        OrderOperations(
            stock,
            order_store,
            holds,
            stock_store,
            sourcing,
            clock,
            payment_seconds=settings.payment_seconds,
        ),
        OrderLists(order_store, holds, clock),
        CartOperations(stock_store, holds, sourcing, clock, CheckAllowance(settings.cart_checks_per_second)),
        AvailabilityOperations(stock_store, channels, low_stock_at=settings.low_stock_at),
        Sweeper(committer, holds, clock, metrics.expired_reservations.inc),
    )
