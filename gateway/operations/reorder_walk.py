"""The plan of everything: all items, page by page, with memory that does not grow with their number."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from gateway.inventory.moments import as_kept
from gateway.inventory.stock import Item
from gateway.operations.clock import Clock
from gateway.operations.reorder_planning import PlannedItem, ReorderPlanning
from gateway.planning.reordering import PlacePlan
from gateway.planning.suggestions import Grouping, Heading, PlanRun, SuggestedLine, Suggestion, SuggestionKind

ITEMS_OF_PAGE = 250


class ItemPages(Protocol):
    async def active_page(self, after_sku: str | None, limit: int) -> list[Item]:
        """Active items in the order of their SKUs, behind one."""


class SuggestionWrites(Protocol):
    async def add(self, suggestions: Sequence[Suggestion]) -> None: ...

    async def publish(self, run: PlanRun, token: int) -> bool: ...


class PlanWatch(Protocol):
    async def planned(self, items: Sequence[PlannedItem]) -> None:
        """These were planned just now."""


Renew = Callable[[], Awaitable[bool]]
"""Keeps the right to plan; False where it is lost."""


class ReorderWalk:
    """Makes plans. One that breaks off is never in force."""

    def __init__(
        self,
        items: ItemPages,
        planning: ReorderPlanning,
        suggestions: SuggestionWrites,
        watch: PlanWatch,
        clock: Clock,
    ) -> None:
        self._items = items
        self._planning = planning
        self._suggestions = suggestions
        self._watch = watch
        self._clock = clock

    async def run(self, token: int, renew: Renew, share: float = 1.0) -> PlanRun | None:
        """Plan everything and put the plan in force; None where another process has taken over. Raises a StorageError.

        `token` is that of the caller's lease; `share` is the part of the time that it may take from the process.
        """
        planned_at = as_kept(self._clock()) or self._clock()
        run_id = f"{token:012}-{planned_at:%Y%m%dT%H%M%S%f}"
        grouping = Grouping(run_id, planned_at)
        drafts = await self._planning.drafts()
        items = suggestions = 0
        after: str | None = None
        while True:
            started = time.monotonic()
            page = await self._items.active_page(after, ITEMS_OF_PAGE)
            if not page:
                break
            after = page[-1].sku
            items += len(page)
            planned = await self._planning.of(page, drafts)
            await self._watch.planned(planned)
            full = [found for one in planned for found in _grouped(grouping, one, planned_at)]
            await self._suggestions.add(full)
            suggestions += len(full)
            if not await renew():
                return None
            await asyncio.sleep((time.monotonic() - started) * (1.0 / share - 1.0))
        rest = list(grouping.rest())
        for start in range(0, len(rest), ITEMS_OF_PAGE):
            await self._suggestions.add(rest[start : start + ITEMS_OF_PAGE])
        run = PlanRun(run_id, planned_at, self._clock(), items, suggestions + len(rest))
        return run if await self._suggestions.publish(run, token) else None


def _grouped(grouping: Grouping, planned: PlannedItem, now: datetime) -> Iterator[Suggestion]:
    """The suggestions that are full with this item's lines."""
    for heading, line in suggested_lines(planned, now):
        yield from grouping.add(heading, line)


def suggested_lines(planned: PlannedItem, now: datetime) -> Iterator[tuple[Heading, SuggestedLine]]:
    """What is suggested of one item."""
    plan, terms = planned.plan, planned.terms
    for purchase in plan.purchases:
        heading = Heading(SuggestionKind.PURCHASE, terms.supplier if terms else None, None, purchase.location_id)
        place = plan.places[purchase.location_id]
        arrival = as_kept(now + timedelta(days=planned.lead_time.mean_days))
        yield heading, _line(planned, place, purchase.units, purchase.moved, arrival)
    for move in plan.moves:
        heading = Heading(SuggestionKind.TRANSFER, None, move.origin_id, move.destination_id)
        yield heading, _line(planned, plan.places[move.destination_id], move.units, move.units, None)


def _line(
    planned: PlannedItem, place: PlacePlan, quantity: int, moved: int, expected_at: datetime | None
) -> SuggestedLine:
    return SuggestedLine(
        item_id=planned.item.id,
        sku=planned.item.sku,
        quantity=quantity,
        available=place.stock.available,
        incoming=place.stock.incoming,
        position=place.position,
        reorder_point=place.point.units,
        safety_stock=place.point.safety_stock,
        order_up_to=place.order_up_to,
        lacking=place.lacking,
        moved=moved,
        units_per_day=place.point.demand.mean,
        days_of_cover=place.days_of_cover,
        lead_time_days=place.point.lead_time_days,
        expected_at=expected_at,
        unit_cost=planned.terms.unit_cost if planned.terms else None,
        lapsed=place.stock.lapsed,
        promised=place.stock.promised,
        drafted=place.stock.planned,
        together=planned.plan.units_to(place.stock.location_id),
    )
