"""The only wiring: which concrete store, committer and operations make up a running gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.channel_services import ChannelServices, open_channel_services
from gateway.measured import MeasuredCommitter, MeasuredStockStore
from gateway.metrics import Metrics
from gateway.movement_services import MovementServices, create_movement_services
from gateway.operations.batches import BatchRunner
from gateway.operations.catalog import CatalogOperations
from gateway.operations.clock import Clock, utc_now
from gateway.operations.committer import Committer
from gateway.operations.keys import KeyOperations
from gateway.operations.quotes import QuoteOperations
from gateway.operations.reclaiming import Reclaimer
from gateway.operations.stock import StockOperations
from gateway.order_services import OrderServices, create_order_services
from gateway.planning_services import PlanningServices, create_planning_services
from gateway.quote_services import create_quotes
from gateway.settings import Settings
from gateway.store.api_keys import ApiKeyStore
from gateway.store.codecs import CODECS
from gateway.store.driver import Database
from gateway.store.indexes import create_indexes
from gateway.store.items import ItemStore
from gateway.store.locations import LocationStore
from gateway.store.records import RecordDocuments
from gateway.store.reservations import ReservationStore
from gateway.store.stock import MongoStockStore


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything that requests and workers act through."""

    settings: Settings
    metrics: Metrics
    database: Database
    stock_store: MongoStockStore
    committer: Committer
    stock: StockOperations
    catalog: CatalogOperations
    keys: KeyOperations
    channels: ChannelServices
    orders: OrderServices
    movements: MovementServices
    planning: PlanningServices
    quotes: QuoteOperations


@asynccontextmanager
async def open_gateway(settings: Settings, mongodb_uri: str, *, clock: Clock = utc_now) -> AsyncIterator[Gateway]:
    """Connect, create the indexes and wire the operations; finish accepted work at the end."""
    database = Database(
        mongodb_uri,
        settings.mongodb_database,
        driver=settings.mongodb_driver,
        timeout_seconds=settings.mongodb_timeout_seconds,
    )
    try:
        await database.limit_transaction_lifetime()
        await create_indexes(database)
        stock_store = MongoStockStore(database, RecordDocuments(database, CODECS))
        deadline_seconds = settings.commit_deadline_seconds
        metrics = Metrics()
        committer = MeasuredCommitter(
            BatchRunner(
                MeasuredStockStore(stock_store, metrics),
                Reclaimer(ReservationStore(database)),
                deadline_seconds=deadline_seconds,
                clock=clock,
            ),
            metrics,
            queue_max=settings.commit_queue_max,
            batch_max=settings.commit_batch_max,
            deadline_seconds=deadline_seconds,
        )
        stock = StockOperations(committer)
        keys = KeyOperations(ApiKeyStore(database))
        async with open_channel_services(settings, metrics, database, stock_store, stock) as channels:
            catalog = CatalogOperations(ItemStore(database), LocationStore(database), stock_store, channels.inbox)
            orders = create_order_services(
                settings, metrics, database, stock_store, committer, channels.directory, clock
            )
            movements = create_movement_services(settings, metrics, database, stock_store, stock, clock)
            planning = create_planning_services(settings, database, stock_store, channels.directory, clock)
            quotes = create_quotes(
                settings,
                database,
                stock,
                stock_store,
                planning.velocity,
                orders.reservations,
                channels.directory,
                clock,
            )
            yield Gateway(
                settings,
                metrics,
                database,
                stock_store,
                committer,
                stock,
                catalog,
                keys,
                channels,
                orders,
                movements,
                planning,
                quotes,
            )
            await committer.close()
    finally:
        await database.close()
