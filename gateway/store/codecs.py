"""How each kind of record is stored: one line per collection."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.inventory.alerts import ALERTS
from gateway.inventory.backorders import BACKORDERS
from gateway.inventory.customer_orders import CUSTOMER_ORDERS
from gateway.inventory.inbound import INBOUND
from gateway.inventory.orders import ORDERS
from gateway.inventory.quotes import QUOTES
from gateway.inventory.reservations import RESERVATIONS
from gateway.inventory.transfers import TRANSFERS
from gateway.store.alerts import alert_document, read_alert
from gateway.store.backorders import backorder_document, read_backorder
from gateway.store.customer_orders import customer_order_document, read_customer_order
from gateway.store.inbound import inbound_document, read_inbound
from gateway.store.orders import order_document, read_order
from gateway.store.quotes import quote_document, read_quote
from gateway.store.records import Codec
from gateway.store.reservations import read_reservation, reservation_document
from gateway.store.transfers import read_transfer, transfer_document

CODECS: Mapping[str, Codec] = {
    RESERVATIONS: Codec(reservation_document, read_reservation),
    ORDERS: Codec(order_document, read_order),
    CUSTOMER_ORDERS: Codec(customer_order_document, read_customer_order),
    TRANSFERS: Codec(transfer_document, read_transfer),
    INBOUND: Codec(inbound_document, read_inbound),
    BACKORDERS: Codec(backorder_document, read_backorder),
    ALERTS: Codec(alert_document, read_alert),
    QUOTES: Codec(quote_document, read_quote),
}
