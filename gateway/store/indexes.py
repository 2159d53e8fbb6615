"""Creating every index, idempotently and by any number of processes at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pymongo import IndexModel
from pymongo.errors import PyMongoError

from gateway.inventory.alerts import ALERTS
from gateway.inventory.backorders import BACKORDERS
from gateway.inventory.customer_orders import CUSTOMER_ORDERS
from gateway.inventory.inbound import INBOUND
from gateway.inventory.orders import ORDERS
from gateway.inventory.quotes import QUOTES
from gateway.inventory.reservations import RESERVATIONS
from gateway.inventory.transfers import TRANSFERS
from gateway.store.alerts import ALERT_INDEXES
from gateway.store.api_keys import API_KEY_INDEXES, API_KEYS
from gateway.store.backorders import BACKORDER_INDEXES
from gateway.store.customer_orders import CUSTOMER_ORDER_INDEXES
from gateway.store.deliveries import DELIVERIES, DELIVERY_INDEXES
from gateway.store.drifts import DRIFT_INDEXES
from gateway.store.driver import Database, as_storage_error
from gateway.store.hints import HINT_INDEXES
from gateway.store.inbound import INBOUND_INDEXES
from gateway.store.inbox import INBOX_INDEXES
from gateway.store.listings import LISTING_INDEXES
from gateway.store.open_documents import OPEN_ORDER_INDEX, OPEN_RESERVATION_INDEX
from gateway.store.orders import ORDER_INDEXES
from gateway.store.quotes import QUOTE_INDEXES
from gateway.store.registrations import REGISTRATION_INDEXES, REGISTRATIONS
from gateway.store.replenishment import REPLENISHMENT, REPLENISHMENT_INDEXES
from gateway.store.reservations import RESERVATION_INDEXES
from gateway.store.stock import ITEM_INDEXES, LEDGER_INDEXES
from gateway.store.stock_watches import STOCK_WATCH_INDEXES, STOCK_WATCHES
from gateway.store.suggestions import SUGGESTION_INDEXES, SUGGESTIONS
from gateway.store.supply_terms import SUPPLY_TERMS, SUPPLY_TERMS_INDEXES
from gateway.store.transfers import TRANSFER_INDEXES

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "items": ITEM_INDEXES,
    "ledger": LEDGER_INDEXES,
    RESERVATIONS: [*RESERVATION_INDEXES, OPEN_RESERVATION_INDEX],
    CUSTOMER_ORDERS: CUSTOMER_ORDER_INDEXES,
    ORDERS: [*ORDER_INDEXES, OPEN_ORDER_INDEX],
    TRANSFERS: TRANSFER_INDEXES,
    INBOUND: INBOUND_INDEXES,
    BACKORDERS: BACKORDER_INDEXES,
    ALERTS: ALERT_INDEXES,
    QUOTES: QUOTE_INDEXES,
    DELIVERIES: DELIVERY_INDEXES,
    SUPPLY_TERMS: SUPPLY_TERMS_INDEXES,
    REPLENISHMENT: REPLENISHMENT_INDEXES,
    SUGGESTIONS: SUGGESTION_INDEXES,
    STOCK_WATCHES: STOCK_WATCH_INDEXES,
    "drifts": DRIFT_INDEXES,
    "listings": [*LISTING_INDEXES, *HINT_INDEXES],
    "inbox": INBOX_INDEXES,
    REGISTRATIONS: REGISTRATION_INDEXES,
    API_KEYS: API_KEY_INDEXES,
}


async def create_indexes(database: Database) -> None:
    """Create what is missing. Raises a StorageError when the database is away."""
    try:
        for collection, models in INDEXES.items():
            await database[collection].create_indexes(list(models))
    except PyMongoError as error:
        raise as_storage_error(error) from error
