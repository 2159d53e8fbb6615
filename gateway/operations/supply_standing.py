"""What of the units on their way can no longer be counted on, and how many are owed to backorders."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

from gateway.operations.clock import Clock
from gateway.planning.lead_time import LeadTime
from gateway.planning.supply import Cell, OpenSupply, is_lapsed


class SupplyReads(Protocol):
    async def of_items(self, item_ids: Collection[str]) -> dict[str, list[OpenSupply]]:
        """What purchases and transfers still bring, by item id."""

    async def missing(self, item_ids: Collection[str]) -> dict[Cell, int]:
        """Units that transfers were closed without, which stay incoming until somebody explains them."""

    async def owed(self, item_ids: Collection[str]) -> dict[Cell, int]:
        """Units that backorders wait for, whether or not their purchases still bring any."""


class LeadTimes(Protocol):
    async def of_supplies(self, supplies: Iterable[OpenSupply]) -> dict[OpenSupply, LeadTime]: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """Units by place: of what is incoming, those that no longer count; and those that are owed."""

    lapsed: Mapping[Cell, int] = field(default_factory=dict)
    owed: Mapping[Cell, int] = field(default_factory=dict)


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
        lapsed: dict[Cell, int] = defaultdict(int, missing)
        lead_times = await self._lead_times.of_supplies(chain.from_iterable(found.values()))
        now = self._clock()
        for one, lead_time in lead_times.items():
            if is_lapsed(one, now, lead_time, self._grace_days):
                lapsed[one.cell] += one.outstanding
        return Standing(lapsed, owed)
