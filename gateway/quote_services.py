"""The wiring of quotes."""

from __future__ import annotations

from gateway.operations.clock import Clock
from gateway.operations.quotes import QuoteOperations
from gateway.operations.reservations import ReservationOperations
from gateway.operations.sourcing import ChannelLookup, Sourcing
from gateway.operations.stock import StockOperations
from gateway.operations.velocity import VelocityOperations
from gateway.order_services import create_routing
from gateway.settings import Settings
from gateway.store.driver import Database
from gateway.store.quotes import QuoteStore
from gateway.store.stock import MongoStockStore


def create_quotes(
    settings: Settings,
    database: Database,
    stock: StockOperations,
    stock_store: MongoStockStore,
    velocity: VelocityOperations,
    reservations: ReservationOperations,
    channels: ChannelLookup,
    clock: Clock,
) -> QuoteOperations:
    return QuoteOperations(
        stock,
        stock_store,
        velocity,
        QuoteStore(database),
        reservations,
        Sourcing(channels),
        create_routing(settings, database),
        clock,
        default_seconds=settings.reservation_seconds,
    )
