"""The items that one channel is still to be told of: each once, however often it changes."""

from __future__ import annotations

from itertools import islice

PENDING_MAX = 20_000
NEAR_ZERO_UNITS = 10
SLOWER_EVERY = 4
"""Every so manieth item is taken from the slower lane while it has any."""


class Pending:
    """A bounded set with two lanes; the one of items that are nearly sold out goes first, without starving the other.

    Order within a lane is that of arrival. What does not fit is dropped, and `overflowed` says so: the versions in
    the database still tell what is due.
    """

    def __init__(self, size_max: int = PENDING_MAX) -> None:
        self._size_max = size_max
        self._urgent: dict[str, float] = {}
        self._normal: dict[str, float] = {}
        self._taken = 0
        self.overflowed = False

    def __len__(self) -> int:
        return len(self._urgent) + len(self._normal)

    @property
    def room(self) -> int:
        return self._size_max - len(self)

    @property
    def oldest(self) -> float | None:
        """Since when the item waits that waits longest, in seconds since 1970; None when none waits."""
        return min((*self._urgent.values(), *self._normal.values()), default=None)

    def add(self, item_id: str, available: int, since: float) -> None:
        """An item has changed at `since`, to `available` units; one that waits already has waited from then on."""
        urgent = available <= NEAR_ZERO_UNITS
        if item_id in self._normal and urgent:
            since = min(since, self._normal.pop(item_id))
        elif item_id in self._normal or item_id in self._urgent:
            return
        elif self.room <= 0:
            self.overflowed = True
            return
        (self._urgent if urgent else self._normal)[item_id] = since

    def take(self, count: int) -> dict[str, float]:
        """Up to `count` items, with the times since which they have waited."""
        slower = min(len(self._normal), (self._taken + count) // SLOWER_EVERY - self._taken // SLOWER_EVERY)
        self._taken += count
        taken = _first(self._urgent, count - slower)
        return taken | _first(self._normal, count - len(taken))


def _first(lane: dict[str, float], count: int) -> dict[str, float]:
    return {item_id: lane.pop(item_id) for item_id in list(islice(lane, count))}
