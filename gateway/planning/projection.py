"""What will be there, day by day, and what of it can be promised.

Available to promise as in Silver, Pyke and Thomas, "Inventory and Production Management in Supply Chains" (4th edition,
2017), chapter 15, cumulative and with look-ahead: what is promised for a day must not be missing on any later one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from itertools import accumulate

HORIZON_DAYS = 180
"""Days after today that are looked at; supply beyond them does not count."""


class Projection:
    """The units of one item at one location on each day, today being day 0; promising some changes it."""

    def __init__(self, available: int, changes: Iterable[tuple[int, int]]) -> None:
        """`available` today; `changes` are (day, units), units that leave being negative."""
        self._changes = defaultdict(int, {0: available})
        for day, units in changes:
            if day <= HORIZON_DAYS:
                self._changes[day] += units
        self._settle()

    def projected(self, day: int) -> int:
        """Units at the end of a day if nothing more is promised; below 0 where too much was."""
        return self._projected[bisect_right(self._days, day) - 1]

    def promisable(self, day: int) -> int:
        """ATP: the least that is projected from that day to the horizon, at least 0. It never falls."""
        return self._promisable[bisect_right(self._days, day) - 1]

    def earliest(self, units: int) -> int | None:
        """The first day on which so many, at least 1, can be promised; None within the horizon."""
        index = bisect_left(self._promisable, units)
        return self._days[index] if index < len(self._days) else None

    def promise(self, day: int, units: int) -> None:
        """Units leave on that day."""
        self._changes[day] -= units
        self._settle()

    def _settle(self) -> None:
        # Only days on which something changes are kept: most items have few of them.
        self._days = sorted(self._changes)
        self._projected = list(accumulate(self._changes[day] for day in self._days))
        lowest = list(accumulate(reversed(self._projected), min))
        self._promisable = [max(0, units) for units in reversed(lowest)]
