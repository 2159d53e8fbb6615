"""The only wiring: which concrete store, committer and operations make up a running gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.buffer_services import BufferServices, create_buffer_services
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
from gateway.reorder_services import ReorderServices, create_reorder_services
from gateway.settings import Settings
from gateway.stock_alert_services import StockAlertServices, create_stock_alert_services
from gateway.store.api_keys import ApiKeyStore
from gateway.store.codecs import CODECS
from gateway.store.driver import Database
from gateway.store.indexes import create_indexes
from gateway.store.items import ItemStore
from gateway.store.locations import LocationStore
from gateway.store.records import RecordDocuments
from gateway.store.reservations import ReservationStore
from gateway.store.stock import MongoStockStore
from gateway.store.stock_watches import StockWatchStore
from gateway.supply_services import SupplyServices, create_supply_services
from gateway.webhook_services import WebhookServices, open_webhook_services


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
    buffers: BufferServices
    orders: OrderServices
    movements: MovementServices
    planning: PlanningServices
    quotes: QuoteOperations
    supply: SupplyServices
    reorder: ReorderServices
    stock_alerts: StockAlertServices
    webhooks: WebhookServices


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
        await LocationStore(database).date_inactive()
        stock_store = MongoStockStore(database, RecordDocuments(database, CODECS))
        metrics = Metrics()
        committer = _create_committer(settings, metrics, database, stock_store, clock)
        stock = StockOperations(committer)
        keys = KeyOperations(ApiKeyStore(database))
        async with (
            open_channel_services(settings, metrics, database, stock_store, stock) as channels,
            open_webhook_services(settings, database, clock) as webhooks,
        ):
            catalog = _create_catalog(database, stock_store, channels, clock)
            orders = create_order_services(
                settings, metrics, database, stock_store, committer, channels.directory, channels.offers, clock
            )
            movements = create_movement_services(settings, metrics, database, stock_store, stock, clock)
            planning = create_planning_services(settings, database, stock_store, channels.directory, clock)
            supply = create_supply_services(settings, database, stock_store, stock, channels.directory, clock)
            reorder = create_reorder_services(settings, database, stock_store, supply, movements, clock)
            stock_alerts = create_stock_alert_services(
                database, metrics, stock_store, reorder.replenishment, channels.watching.news, clock
            )
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
                create_buffer_services(database, stock_store, channels, clock),
                orders,
                movements,
                planning,
                quotes,
                supply,
                reorder,
                stock_alerts,
                webhooks,
            )
            await committer.close()
    finally:
        await database.close()


def _create_catalog(
    database: Database, stock_store: MongoStockStore, channels: ChannelServices, clock: Clock
) -> CatalogOperations:
    return CatalogOperations(
        ItemStore(database), LocationStore(database), stock_store, channels.inbox, StockWatchStore(database), clock
    )


def _create_committer(
    settings: Settings, metrics: Metrics, database: Database, stock_store: MongoStockStore, clock: Clock
) -> MeasuredCommitter:
    deadline_seconds = settings.commit_deadline_seconds
    return MeasuredCommitter(
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
