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
        self._urgent: dict[str, None] = {}
        self._normal: dict[str, None] = {}
        self._taken = 0
        self.overflowed = False

    def __len__(self) -> int:
        return len(self._urgent) + len(self._normal)

    @property
    def room(self) -> int:
        return self._size_max - len(self)

    def add(self, item_id: str, available: int) -> None:
        """An item with `available` units has changed."""
        urgent = available <= NEAR_ZERO_UNITS
        if item_id in self._normal and urgent:
            del self._normal[item_id]
        elif item_id in self._normal or item_id in self._urgent:
            return
        elif self.room <= 0:
            self.overflowed = True
            return
        (self._urgent if urgent else self._normal)[item_id] = None

    def take(self, count: int) -> list[str]:
        """Up to `count` items."""
        slower = min(len(self._normal), (self._taken + count) // SLOWER_EVERY - self._taken // SLOWER_EVERY)
        self._taken += count
        taken = _first(self._urgent, count - slower)
        taken += _first(self._normal, count - len(taken))
        return taken


def _first(lane: dict[str, None], count: int) -> list[str]:
    taken = list(islice(lane, count))
    for item_id in taken:
        del lane[item_id]
    return taken
