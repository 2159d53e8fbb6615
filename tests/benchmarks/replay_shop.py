"""One SKU at several outlets: what each shows, who buys, and what the gateway hears and tells, in order of time."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.benchmarks.replay_demand import DAY_SECONDS, OUTLETS, Buyer, Product


@dataclass(slots=True)
class Tally:
    """Units, over all SKUs and days."""

    wanted: int = 0
    sold: int = 0
    oversold: int = 0
    """Sold where nothing was left."""
    lost_without_stock: int = 0
    lost_with_stock: int = 0
    """Not sold although they were there: the outlet did not show them."""
    withheld: int = 0
    """Units of available stock that outlets did not show at midnight, summed over outlets and days."""

    def add(self, other: Tally) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class Report:
    """An order as the gateway hears of it."""

    outlet: int
    units: int


@dataclass(order=True, slots=True)
class _Event:
    at: float
    number: int
    outlet: int = field(compare=False)
    units: int = field(compare=False)
    """Sold; or, where `reported` is not None, offered."""
    reported: int | None = field(compare=False, default=None)


class SimulatedSku:
    """The gateway's count, and what each outlet shows of it. Seconds since the first day."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.available = product.target
        self.tally = Tally()
        self._left = product.target
        self._buffers = [0] * len(OUTLETS)
        self._shown = [product.target] * len(OUTLETS)
        self._sold = [0] * len(OUTLETS)
        self._reported = [0] * len(OUTLETS)
        self._events: list[_Event] = []
        self._orders: deque[tuple[int, int]] = deque()
        self._number = 0

    def day(self, day: int, buyers: Sequence[Buyer], buffers: Sequence[int]) -> tuple[int, list[Report]]:
        """Units received, and the orders that were heard of, this day."""
        start = day * DAY_SECONDS
        received = self._receive(day)
        if received or list(buffers) != self._buffers:
            self._buffers = list(buffers)
            self._tell(start)
        heard: list[Report] = []
        for buyer in buyers:
            self._until(start + buyer.second, heard)
            self._buy(start + buyer.second, buyer)
        self._until(start + DAY_SECONDS, heard)
        self._reorder(day)
        available = max(0, self.available)
        self.tally.withheld += sum(available - min(available, shown) for shown in self._shown)
        return received, heard

    def finish(self) -> list[Report]:
        """Hear of every order that is still on its way."""
        heard: list[Report] = []
        self._until(float("inf"), heard)
        return heard

    def _buy(self, now: float, buyer: Buyer) -> None:
        tally, units = self.tally, buyer.units
        tally.wanted += units
        if self._shown[buyer.outlet] < units:
            if self._left >= units:
                tally.lost_with_stock += units
            else:
                tally.lost_without_stock += units
            return
        tally.sold += units
        tally.oversold += units - max(0, min(units, self._left))
        self._left -= units
        self._shown[buyer.outlet] -= units
        self._sold[buyer.outlet] += units
        self._push(_Event(now + OUTLETS[buyer.outlet].report_seconds, self._next(), buyer.outlet, units))

    def _until(self, now: float, heard: list[Report]) -> None:
        while self._events and self._events[0].at <= now:
            event = heapq.heappop(self._events)
            if event.reported is None:
                self.available -= event.units
                self._reported[event.outlet] += event.units
                heard.append(Report(event.outlet, event.units))
                self._tell(event.at)
            else:
                # Compare-and-set: what the outlet sold since then, unknown to us, stays off its count.
                unreported = self._sold[event.outlet] - event.reported
                self._shown[event.outlet] = max(0, event.units - unreported)

    def _tell(self, now: float) -> None:
        for number, outlet in enumerate(OUTLETS):
            offered = max(0, self.available - self._buffers[number])
            event = _Event(now + outlet.push_seconds, self._next(), number, offered, self._reported[number])
            self._push(event)

    def _receive(self, day: int) -> int:
        received = 0
        while self._orders and self._orders[0][0] <= day:
            received += self._orders.popleft()[1]
        self.available += received
        self._left += received
        return received

    def _reorder(self, day: int) -> None:
        position = self.available + sum(units for _, units in self._orders)
        if position <= self.product.reorder_at:
            self._orders.append((day + self.product.lead_days, self.product.target - position))

    def _push(self, event: _Event) -> None:
        heapq.heappush(self._events, event)

    def _next(self) -> int:
        self._number += 1
        return self._number
