"""Writes that a platform refused because it shows another quantity than we believed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping

from cachetools import LRUCache

from gateway.dispatch.schedule import retry_seconds
from gateway.inventory.channels import Place

COMPARISONS_MAX = 20_000
TRIES_AT_ONCE = 3


class Comparisons:
    """What the platform says it shows instead, and how often in a row it has refused; bounded, and only a hint."""

    def __init__(self) -> None:
        self._actual: LRUCache[str, Mapping[Place, int]] = LRUCache(COMPARISONS_MAX)
        self._tries: LRUCache[str, int] = LRUCache(COMPARISONS_MAX)
        self._waiting: dict[str, asyncio.TimerHandle] = {}

    @property
    def waiting(self) -> int:
        """Items that are to be offered again."""
        return len(self._waiting)

    def take(self, item_ids: Iterable[str]) -> dict[str, Mapping[Place, int]]:
        """What is known of these items, for one use: the next moment it may be wrong."""
        return {item_id: self._actual.pop(item_id) for item_id in item_ids if item_id in self._actual}

    def failed(self, item_id: str, actual: Mapping[Place, int], again: Callable[[], None]) -> None:
        """Call `again`, which offers the item again, after a while.

        In place of any earlier wish: one that is always refused would have one more with each of its changes, for ever.
        """
        tries = self._tries.get(item_id, 0) + 1
        self._tries[item_id] = tries
        if actual:
            self._actual[item_id] = actual
        at_once = actual and tries <= TRIES_AT_ONCE
        seconds = 0.0 if at_once else retry_seconds(tries, None, random.random())
        self._cancel(item_id)
        self._waiting[item_id] = asyncio.get_running_loop().call_later(seconds, self._offer, item_id, again)

    def passed(self, item_id: str) -> None:
        self._tries.pop(item_id, None)
        self._cancel(item_id)

    def _offer(self, item_id: str, again: Callable[[], None]) -> None:
        del self._waiting[item_id]
        again()

    def _cancel(self, item_id: str) -> None:
        if (before := self._waiting.pop(item_id, None)) is not None:
            before.cancel()
