"""Writes that a platform refused because it shows another quantity than we believed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

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

    def take(self, item_ids: Iterable[str]) -> dict[str, Mapping[Place, int]]:
        """What is known of these items, for one use: the next moment it may be wrong."""
        return {item_id: self._actual.pop(item_id) for item_id in item_ids if item_id in self._actual}

    def failed(self, item_id: str, actual: Mapping[Place, int]) -> float:
        """Seconds to wait before the item is offered again."""
        tries = self._tries.get(item_id, 0) + 1
        self._tries[item_id] = tries
        if actual:
            self._actual[item_id] = actual
        if actual and tries <= TRIES_AT_ONCE:
            return 0.0
        return retry_seconds(tries, None, random.random())

    def passed(self, item_id: str) -> None:
        self._tries.pop(item_id, None)
