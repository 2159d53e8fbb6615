"""Everything that the plan of some items follows from, and the plan."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.inventory.stock import Item
from gateway.operations.clock import Clock
from gateway.operations.lead_times import Supply
from gateway.operations.replenishment import Rules
from gateway.operations.supply_standing import Standing
from gateway.planning.lead_time import LeadTime, unknown_supplier
from gateway.planning.reordering import ItemPlan, PlaceStock, plan_item
from gateway.planning.replenishment import Replenishment
from gateway.planning.supply_terms import SupplyTerms, preferred
from gateway.planning.velocity import ItemVelocity

ITEMS_AT_ONCE = 25
"""Items planned without a break: some milliseconds, in which the process answers nobody."""

Drafts = Mapping[tuple[str, str], int]
"""Units by item and location in transfers that are drafted: to the location, or away from it if negative."""


class Velocities(Protocol):
    async def many(self, item_ids: Collection[str]) -> dict[str, ItemVelocity]: ...


class Terms(Protocol):
    async def of_items(self, item_ids: Collection[str]) -> dict[str, list[SupplyTerms]]: ...


class RuleReads(Protocol):
    async def of_items(self, ids: Collection[str]) -> Rules: ...


class Standings(Protocol):
    async def of_items(self, item_ids: Collection[str]) -> Standing: ...


class LeadTimes(Protocol):
    async def of_many(self, supplies: Collection[Supply]) -> dict[Supply, LeadTime]: ...


class Locations(Protocol):
    async def locations(self, fresh: bool = False) -> Mapping[str, bool]: ...


class DraftReads(Protocol):
    async def units(self) -> Drafts: ...


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """An item's plan, and on which terms it was made; None where its supplier is not known."""

    item: Item
    terms: SupplyTerms | None
    lead_time: LeadTime
    plan: ItemPlan


class ReorderPlanning:
    """Plans items: each by itself, at its active locations."""

    def __init__(
        self,
        velocities: Velocities,
        terms: Terms,
        rules: RuleReads,
        lead_times: LeadTimes,
        standings: Standings,
        locations: Locations,
        drafts: DraftReads,
        clock: Clock,
        *,
        default_days: float,
    ) -> None:
        """`default_days` is the lead time where no supplier is known."""
        self._velocities = velocities
        self._terms = terms
        self._rules = rules
        self._lead_times = lead_times
        self._standings = standings
        self._locations = locations
        self._drafts = drafts
        self._clock = clock
        self._unknown = unknown_supplier(default_days)

    async def drafts(self) -> Drafts:
        return await self._drafts.units()

    async def of(self, items: Sequence[Item], drafts: Drafts) -> list[PlannedItem]:
        """The plans of these items, with the rules, terms and demand of now."""
        ids = [item.id for item in items]
        velocities, terms, rules, standing, active = await asyncio.gather(
            self._velocities.many(ids),
            self._terms.of_items(ids),
            self._rules.of_items(ids),
            self._standings.of_items(ids),
            self._locations.locations(),
        )
        chosen = {item_id: one for item_id, some in terms.items() if (one := preferred(some)) is not None}
        sources = {item_id: Supply(one.supplier, item_id) for item_id, one in chosen.items()}
        lead_times = await self._lead_times.of_many(set(sources.values()))
        now = self._clock()
        planned = []
        for index, item in enumerate(items):
            if index % ITEMS_AT_ONCE == 0:
                await asyncio.sleep(0)
            facts = _Facts(active, rules, drafts, standing, velocities.get(item.id))
            places = list(facts.places(item, now))
            lead_time = lead_times[sources[item.id]] if item.id in sources else self._unknown
            one = chosen.get(item.id)
            planned.append(PlannedItem(item, one, lead_time, plan_item(places, one, lead_time)))
        return planned


@dataclass(frozen=True, slots=True)
class _Facts:
    """What one item's places are planned from."""

    active: Mapping[str, bool]
    rules: Rules
    drafts: Drafts
    standing: Standing
    velocity: ItemVelocity | None

    def places(self, item: Item, now: datetime) -> Iterator[tuple[PlaceStock, Replenishment]]:
        """Every active location where the item is, or was sold."""
        known = {} if self.velocity is None else self.velocity.figures_by_location(now)
        for at in sorted({*item.levels, *known}):
            if self.active.get(at):
                level, place = item.level(at), (item.id, at)
                stock = PlaceStock(
                    at,
                    level.available,
                    level.incoming,
                    known.get(at),
                    planned=self.drafts.get(place, 0),
                    promised=self.standing.owed.get(place, 0),
                    # What was read later may know of more than the level.
                    lapsed=min(self.standing.lapsed.get(place, 0), level.incoming),
                )
                yield stock, self.rules.at(item.id, at)
