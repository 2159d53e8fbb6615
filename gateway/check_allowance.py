"""How often a client may ask whether there is enough for a cart."""

from __future__ import annotations

import time
from collections.abc import Callable

from cachetools import LRUCache

from connectors.pacing import Bucket, Pace

BURST_SECONDS = 10
"""A client that has been quiet may ask so many seconds' worth of questions at once."""
CLIENTS_MAX = 10_000


class CheckAllowance:
    """Implements `gateway.operations.carts.Allowance`, each process for itself."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = Pace(burst=max(1.0, per_second * BURST_SECONDS), per_second=per_second)
        self._clock = clock
        self._buckets: LRUCache[str, Bucket] = LRUCache(CLIENTS_MAX)

    def take(self, client: str) -> bool:
        """Whether the client may ask once more now."""
        bucket = self._buckets.get(client)
        if bucket is None:
            bucket = self._buckets[client] = Bucket(self._pace, self._clock)
        if bucket.seconds_until_free > 0:
            return False
        bucket.reserve(1)
        bucket.settle(1)
        return True
