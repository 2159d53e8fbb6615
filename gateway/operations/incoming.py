"""What is on its way, and from which day on it can be promised."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Protocol

from gateway.inventory.stock import Item
from gateway.operations.lead_times import LeadTimeOperations
from gateway.planning.supply import Cell, ExpectedSupply, OpenSupply, expected, unbacked


class SupplyReads(Protocol):
    async def of_items(self, item_ids: Collection[str]) -> dict[str, list[OpenSupply]]:
        """What purchases and transfers still bring, by item id."""

    async def owed(self, item_ids: Collection[str]) -> dict[Cell, int]:
        """Units that backorders wait for, whether or not their purchases still bring any."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """Supplies by item id; `owed` are units that backorders wait for and none of the supplies that count brings."""

    supplies: Mapping[str, Sequence[ExpectedSupply]]
    owed: Mapping[Cell, int]


class IncomingSupply:
    """Answers of the moment."""

    def __init__(self, supplies: SupplyReads, lead_times: LeadTimeOperations, *, grace_days: int) -> None:
        """`grace_days`: how long supply may be overdue and still count."""
        self._supplies = supplies
        self._lead_times = lead_times
        self._grace_days = grace_days

    async def of_items(self, item_ids: Collection[str], now: datetime) -> Incoming:
        found, owed = await asyncio.gather(self._supplies.of_items(item_ids), self._supplies.owed(item_ids))
        lead_times = await self._lead_times.of_supplies(chain.from_iterable(found.values()))
        supplies = {
            item_id: [expected(one, now, lead_times[one], self._grace_days) for one in part]
            for item_id, part in found.items()
        }
        return Incoming(supplies, unbacked(owed, chain.from_iterable(supplies.values())))


def places_of(item: Item, supplies: Mapping[str, Sequence[ExpectedSupply]]) -> set[str]:
    """The locations where an item is, or is to arrive; `supplies` are by item id."""
    return {*item.levels, *(one.supply.location_id for one in supplies.get(item.id, ()))}


def by_cell(supplies: Mapping[str, Sequence[ExpectedSupply]]) -> dict[Cell, list[ExpectedSupply]]:
    cells: dict[Cell, list[ExpectedSupply]] = defaultdict(list)
    for one in chain.from_iterable(supplies.values()):
        cells[one.supply.cell].append(one)
    return cells
