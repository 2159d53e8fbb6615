"""Finding the orders of the order flow again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from gateway.inventory.customer_orders import CustomerOrder, OrderFilter
from gateway.inventory.identifiers import check_optional_text
from gateway.inventory.reservations import Reservation
from gateway.operations.clock import Clock
from gateway.operations.customer_orders import OrderView
from gateway.operations.reservations import Place


class OrderPages(Protocol):
    async def page(self, wanted: OrderFilter, after: Place | None, limit: int) -> list[CustomerOrder]:
        """Newest first, from the one after `after` on."""


class ReservationsById(Protocol):
    async def by_ids(self, reservation_ids: Collection[str]) -> Mapping[str, Reservation]: ...


class OrderLists:
    """Orders with what holds their units, read in two calls however many they are."""

    def __init__(self, orders: OrderPages, reservations: ReservationsById, clock: Clock) -> None:
        self._orders = orders
        self._reservations = reservations
        self._clock = clock

    async def page(self, wanted: OrderFilter, after: Place | None, limit: int) -> list[OrderView]:
        """Up to `limit` orders as they stand now, the newest first, from the one after `after` on."""
        check_optional_text(wanted.owner, ("filter", "owner"))
        check_optional_text(wanted.reference, ("filter", "reference"))
        orders = await self._orders.page(wanted, after, limit)
        held = await self._reservations.by_ids({order.reservation_id for order in orders if order.reservation_id})
        now = self._clock()
        return [OrderView.at(now, order, held.get(order.reservation_id or "")) for order in orders]
