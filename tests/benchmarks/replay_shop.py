"""One SKU at several outlets: what each shows, who buys, and what the gateway hears and tells, in order of time.

What is offered is computed here, as is what an outlet makes of it: this simulates the gateway's pushes.
"""

from __future__ import annotations

import heapq
import random
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
    not_shown: int = 0
    """Units of available stock that outlets did not show at midnight, summed over outlets and days: withheld by the
    buffer, or told and still on the way."""

    def add(self, other: Tally) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class Report:
    """An order as the gateway hears of it."""

    outlet: int
    units: int


@dataclass(frozen=True, slots=True)
class Lag:
    """How long one push took to show, or one order to be heard of."""

    outlet: int
    reports: bool
    seconds: float


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

    def __init__(self, product: Product, chance: random.Random) -> None:
        """`chance`: for the lags."""
        self.product = product
        self.lags: list[Lag] = []
        """Since they were taken last."""
        self._chance = chance
        self._shown_at = [0.0] * len(OUTLETS)
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
        self.tally.not_shown += sum(available - min(available, shown) for shown in self._shown)
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
        lag = self._lag(buyer.outlet, True)
        self._push(_Event(now + lag, self._next(), buyer.outlet, units))

    def _until(self, now: float, heard: list[Report]) -> None:
        while self._events and self._events[0].at <= now:
            event = heapq.heappop(self._events)
            if event.reported is None:
                self.available -= event.units
                self._reported[event.outlet] += event.units
                heard.append(Report(event.outlet, event.units))
                self._tell(event.at)
            else:
                unreported = self._sold[event.outlet] - event.reported
                # Compare-and-set: what the outlet sold since then, unknown to us, stays off its count.
                kept = 0 if OUTLETS[event.outlet].overwrites else unreported
                self._shown[event.outlet] = max(0, event.units - kept)

    def _tell(self, now: float) -> None:
        for number in range(len(OUTLETS)):
            offered = max(0, self.available - self._buffers[number])
            # One push at a time: none overtakes the one before it.
            at = self._shown_at[number] = max(self._shown_at[number], now + self._lag(number, False))
            self._push(_Event(at, self._next(), number, offered, self._reported[number]))

    def _lag(self, outlet: int, reports: bool) -> float:
        mean = OUTLETS[outlet].report_seconds if reports else OUTLETS[outlet].push_seconds
        lag = Lag(outlet, reports, self._chance.expovariate(1.0 / mean))
        self.lags.append(lag)
        return lag.seconds

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
