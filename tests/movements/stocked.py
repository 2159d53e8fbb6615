"""Items with stock, and what is asked of them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from gateway.bootstrap import Gateway
from gateway.inventory.stock import Level
from gateway.operations.calls import Call
from tests.kernel import stock_up

_numbers = itertools.count()


def call(**named: str) -> Call:
    """A request with a key of its own."""
    return Call("tests", f"call-{next(_numbers)}", **named)


async def open_locations(gateway: Gateway) -> None:
    for location_id in ("EAST", "WEST", "CLOSING"):
        await gateway.catalog.create_location(location_id, location_id, 0)


async def stocked(gateway: Gateway, levels: Mapping[str, int]) -> str:
    """A new SKU with so many units available at each location."""
    sku = f"SKU-{next(_numbers)}"
    await stock_up(gateway, {sku: levels})
    return sku


async def level(gateway: Gateway, sku: str, location_id: str) -> tuple[int, int, int, int]:
    """Available, allocated, incoming, unavailable."""
    known: Level = (await gateway.stock_store.items([sku]))[sku].level(location_id)
    return known.available, known.allocated, known.incoming, known.unavailable
