"""What of the units on their way can no longer be counted on, and how many are owed to backorders."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gateway.operations.clock import Clock
from gateway.operations.lead_times import Supply
from gateway.planning.lead_time import LeadTime
from gateway.planning.supply import OpenSupply, is_lapsed

Place = tuple[str, str]
"""An item's id and a location's."""


class SupplyReads(Protocol):
    async def of_items(self, item_ids: Collection[str]) -> dict[str, list[OpenSupply]]:
        """What purchases and transfers still bring, by item id."""

    async def missing(self, item_ids: Collection[str]) -> dict[Place, int]:
        """Units that transfers were closed without, which stay incoming until somebody explains them."""

    async def owed(self, item_ids: Collection[str]) -> dict[Place, int]:
        """Units that backorders wait for, whether or not their purchases still bring any."""


class LeadTimes(Protocol):
    async def of_many(self, supplies: Collection[Supply]) -> dict[Supply, LeadTime]: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """Units by place: of what is incoming, those that no longer count; and those that are owed."""

    lapsed: Mapping[Place, int] = field(default_factory=dict)
    owed: Mapping[Place, int] = field(default_factory=dict)


class SupplyStanding:
    """Answers of the moment."""

    def __init__(self, supplies: SupplyReads, lead_times: LeadTimes, clock: Clock, *, grace_days: int) -> None:
        """`grace_days`: how long supply may be overdue and still count."""
        self._supplies = supplies
        self._lead_times = lead_times
        self._clock = clock
        self._grace_days = grace_days

    async def of_items(self, item_ids: Collection[str]) -> Standing:
        found, missing, owed = await asyncio.gather(
            self._supplies.of_items(item_ids), self._supplies.missing(item_ids), self._supplies.owed(item_ids)
        )
        lapsed: dict[Place, int] = defaultdict(int, missing)
        suppliers = {one: Supply(one.supplier or "", one.item_id) for part in found.values() for one in part}
        lead_times = await self._lead_times.of_many(set(suppliers.values()))
        now = self._clock()
        for one, supplier in suppliers.items():
            if is_lapsed(one, now, lead_times[supplier], self._grace_days):
                lapsed[one.item_id, one.location_id] += one.outstanding
        return Standing(lapsed, owed)
