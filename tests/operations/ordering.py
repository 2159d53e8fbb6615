"""What the tests of reservations and orders say often."""

from __future__ import annotations

from gateway.bootstrap import Gateway
from gateway.inventory.reservations import Reservation
from gateway.operations.calls import Call
from gateway.operations.sourcing import LineRequest

STOCK = {"LAMP": {"EAST": 5, "WEST": 3}, "DESK": {"EAST": 2}}


def call(key: str, reference: str | None = None) -> Call:
    return Call("tests", key, reference=reference)


def lines(**quantities: int) -> list[LineRequest]:
    return [LineRequest(sku, quantity) for sku, quantity in quantities.items()]


async def level(gateway: Gateway, sku: str, at: str) -> tuple[int, int]:
    """Units available and allocated."""
    found = (await gateway.stock_store.items([sku]))[sku].level(at)
    return found.available, found.allocated


async def hold(gateway: Gateway, key: str, owner: str | None = None, **quantities: int) -> Reservation:
    outcome = await gateway.orders.reservations.create(call(key), lines(**quantities), owner=owner)
    return outcome.reservation
