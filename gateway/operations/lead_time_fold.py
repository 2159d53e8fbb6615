"""Learning lead times from purchases as they arrive, a part at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from gateway.inventory.inbound import InboundOrder, supplier_key
from gateway.operations.clock import Clock
from gateway.planning.deliveries import History, HistoryKey, Learnt, deliveries
from gateway.planning.lead_time import Delivery

SETTLED_AFTER = timedelta(seconds=60)
"""Age from which the order of arrivals is final: a commit takes up to ten seconds, and clocks differ a little."""

PURCHASES_MAX = 20
"""Purchases looked at in one step; each may be of hundreds of items."""

KEYS_MAX = 50
"""Suppliers and items worked on at once: some milliseconds, in which the process answers nobody."""


class Arrivals(Protocol):
    async def arrived(self, after: Learnt, until: datetime, limit: int) -> list[InboundOrder]:
        """Purchases of which something arrived, by when they settled and by id, behind `after` and up to `until`."""


class Histories(Protocol):
    async def progress(self) -> Learnt | None: ...

    async def put_progress(self, learnt: Learnt) -> bool: ...

    async def histories(self, keys: Collection[HistoryKey]) -> dict[HistoryKey, History]: ...

    async def put_histories(self, histories: Mapping[HistoryKey, History]) -> None: ...


class LeadTimeFold:
    """Follows the arrivals. To look at a purchase twice changes nothing: its deliveries replace what was known."""

    def __init__(self, purchases: Arrivals, histories: Histories, clock: Clock) -> None:
        self._purchases = purchases
        self._histories = histories
        self._clock = clock

    async def step(self, token: int) -> bool:
        """Learn from the next purchases; whether there may be more. `token` is that of the caller's lease."""
        known = await self._histories.progress() or Learnt()
        found = await self._purchases.arrived(known, self._clock() - SETTLED_AFTER, PURCHASES_MAX)
        if not found:
            return False
        await self._learn(found)
        last = Learnt(found[-1].settled_at or known.settled_at, found[-1].id, token)
        return await self._histories.put_progress(last) and len(found) == PURCHASES_MAX

    async def _learn(self, purchases: Sequence[InboundOrder]) -> None:
        brought: dict[HistoryKey, dict[str, Sequence[Delivery]]] = defaultdict(dict)
        for inbound in purchases:
            for item_id, part in deliveries(inbound).items():
                brought[supplier_key(inbound.supplier), item_id][inbound.id] = part
        keys = list(brought)
        for start in range(0, len(keys), KEYS_MAX):
            some = keys[start : start + KEYS_MAX]
            known = await self._histories.histories(some)
            await self._histories.put_histories(
                {key: known.get(key, History()).with_purchases(brought[key]) for key in some}
            )
