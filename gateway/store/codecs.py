"""How each kind of record is stored: one line per collection."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.inventory.orders import ORDERS
from gateway.inventory.reservations import RESERVATIONS
from gateway.store.orders import order_document, read_order
from gateway.store.records import Codec
from gateway.store.reservations import read_reservation, reservation_document

CODECS: Mapping[str, Codec] = {
    RESERVATIONS: Codec(reservation_document, read_reservation),
    ORDERS: Codec(order_document, read_order),
}
