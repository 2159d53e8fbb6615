"""A simulated shop's own count, with everything that ever happened to it."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass

CHANGES_MAX = 100_000


@dataclass(frozen=True, slots=True)
class ShelfChange:
    at: float
    """`time.monotonic`."""
    sku: str
    location_id: str | None
    quantity: int


class Shelf:
    """Available units by SKU and location (None in shops that know no locations)."""

    def __init__(self) -> None:
        self._quantities: dict[tuple[str, str | None], int] = {}
        self._changed = asyncio.Event()
        self.changes: deque[ShelfChange] = deque(maxlen=CHANGES_MAX)

    def put(self, sku: str, location_id: str | None, quantity: int) -> None:
        self._quantities[sku, location_id] = quantity
        self.changes.append(ShelfChange(time.monotonic(), sku, location_id, quantity))
        self._changed.set()
        self._changed = asyncio.Event()

    def add(self, sku: str, location_id: str | None, units: int) -> None:
        self.put(sku, location_id, self.quantity(sku, location_id) + units)

    def quantity(self, sku: str, location_id: str | None = None) -> int:
        """Raises `KeyError` for what the shop does not have there."""
        return self._quantities[sku, location_id]

    def has(self, sku: str, location_id: str | None) -> bool:
        return (sku, location_id) in self._quantities

    async def until(self, sku: str, quantity: int, location_id: str | None = None, *, seconds_max: float = 30) -> None:
        """Returns once the shop shows the quantity; raises `TimeoutError` naming what it shows instead."""
        try:
            async with asyncio.timeout(seconds_max):
                while self.quantity(sku, location_id) != quantity:
                    await self._changed.wait()
        except TimeoutError:
            shown = self.quantity(sku, location_id)
            raise TimeoutError(f"{sku} shows {shown}, not {quantity}, after {seconds_max} s") from None
