"""What is on its way, and from which day on it can be promised."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from gateway.operations.lead_times import LeadTimeOperations, Supply
from gateway.planning.supply import ExpectedSupply, OpenSupply, expected


class SupplyReads(Protocol):
    async def of_items(self, item_ids: Collection[str]) -> dict[str, list[OpenSupply]]:
        """What purchases and transfers still bring, by item id."""


class IncomingSupply:
    """Answers of the moment."""

    def __init__(self, supplies: SupplyReads, lead_times: LeadTimeOperations, *, grace_days: int) -> None:
        """`grace_days`: how long supply may be overdue and still count."""
        self._supplies = supplies
        self._lead_times = lead_times
        self._grace_days = grace_days

    async def of_items(self, item_ids: Collection[str], now: datetime) -> dict[str, list[ExpectedSupply]]:
        """By item id."""
        found = await self._supplies.of_items(item_ids)
        suppliers = {one: Supply(one.supplier or "", one.item_id) for part in found.values() for one in part}
        lead_times = await self._lead_times.of_many(set(suppliers.values()))
        return {
            item_id: [expected(one, now, lead_times[suppliers[one]], self._grace_days) for one in part]
            for item_id, part in found.items()
        }
