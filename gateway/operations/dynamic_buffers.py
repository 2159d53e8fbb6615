"""Learning, in the background, what the dynamic buffers of all listings withhold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from gateway.inventory.channels import Channel, Learned, Listing, Place
from gateway.inventory.offering import Offering
from gateway.inventory.stock import Item
from gateway.operations.channel_locations import KnownLocations
from gateway.operations.channel_offers import KnownRules
from gateway.operations.clock import Clock
from gateway.planning.delays import ChannelDelays
from gateway.planning.dynamic_buffer import DemandAtRisk, demand_at_risk, demand_by_channel, learned
from gateway.planning.series import Cell
from gateway.planning.velocity import ALL_LOCATIONS, ItemVelocity

ITEMS_MAX = 100
"""Listings worked on at once: some milliseconds, in which the process answers nobody."""

Listed = tuple[Listing, Item]


class ListedItems(Protocol):
    def pages(self, channel_id: str, start: str | None = None) -> AsyncIterator[list[Listed]]:
        """All listings of the channel with their items in the order of their ids, those after id `start`."""


class LearnedRepository(Protocol):
    async def put(self, learned: Mapping[str, Mapping[Place, Learned]]) -> None:
        """Store by listing id; whoever pushes a listing is told."""


class VelocityRepository(Protocol):
    async def many(self, item_ids: Collection[str]) -> dict[str, ItemVelocity]: ...


class DelayRepository(Protocol):
    async def all(self) -> dict[str, ChannelDelays]:
        """By channel; those of which nothing was measured are left out."""


class AllChannels(Protocol):
    async def all(self) -> Mapping[str, Channel]: ...


class DemandRisks:
    """Tells, of listings at hand, what may sell before their channel hears of it."""

    def __init__(self, velocities: VelocityRepository, delays: DelayRepository, clock: Clock) -> None:
        self._velocities = velocities
        self._delays = delays
        self._clock = clock

    async def delays(self) -> dict[str, ChannelDelays]:
        return await self._delays.all()

    async def of(
        self, offering: Offering, items: Collection[Item], delays: Mapping[str, ChannelDelays]
    ) -> dict[str, dict[Place, DemandAtRisk]]:
        """By item id and place, where a rule gives that place a dynamic buffer."""
        asked = {item.id: places for item in items if (places := _learning_places(offering, item))}
        if not asked:
            return {}
        velocities = await self._velocities.many(asked)
        now = self._clock()
        risks: dict[str, dict[Place, DemandAtRisk]] = {}
        for item_id, places in asked.items():
            velocity = velocities.get(item_id)
            for place, locations in places.items():
                cells = [] if velocity is None else list(_cells(velocity, locations, now))
                risk = demand_at_risk(offering.channel.id, demand_by_channel(cells), delays)
                risks.setdefault(item_id, {})[place] = risk
        return risks


class DynamicBuffers:
    """Goes through all listings with a dynamic buffer; what is done twice, by whom ever, changes nothing."""

    def __init__(
        self,
        channels: AllChannels,
        locations: KnownLocations,
        rules: KnownRules,
        listed: ListedItems,
        learned: LearnedRepository,
        risks: DemandRisks,
    ) -> None:
        self._channels = channels
        self._locations = locations
        self._rules = rules
        self._listed = listed
        self._learned = learned
        self._risks = risks

    async def refresh(self) -> int:
        """Learn anew; how many listings withhold another number of units now. Raises a StorageError."""
        active, rules = await self._locations.locations(), await self._rules.all()
        delays = await self._risks.delays()
        changes = 0
        for channel in (await self._channels.all()).values():
            if not rules.learn_for(channel.id):
                continue
            offering = Offering(channel, active, rules)
            async for page in self._listed.pages(channel.id):
                for start in range(0, len(page), ITEMS_MAX):
                    changes += await self._refresh(offering, page[start : start + ITEMS_MAX], delays)
        return changes

    async def _refresh(self, offering: Offering, page: Sequence[Listed], delays: Mapping[str, ChannelDelays]) -> int:
        risks = await self._risks.of(offering, [item for _, item in page], delays)
        after = {listing.id: learn(offering, listing, item, risks.get(item.id, {})) for listing, item in page}
        changed = {listing.id: after[listing.id] for listing, _ in page if after[listing.id] != listing.learned}
        if changed:
            await self._learned.put(changed)
        await asyncio.sleep(0)
        return len(changed)


def learn(
    offering: Offering, listing: Listing, item: Item, risks: Mapping[Place, DemandAtRisk]
) -> dict[Place, Learned]:
    """What the listing is to withhold at each place where a rule asks for it."""
    after = {}
    for place, (buffer, _) in offering.effective(item).items():
        if buffer.dynamic is not None and place in risks:
            after[place] = learned(risks[place], buffer.dynamic.value, listing.learned.get(place))
    return after


def _learning_places(offering: Offering, item: Item) -> dict[Place, Collection[str]]:
    """With the cells of the velocity that feed them: all as one, or some of the locations."""
    if not offering.rules.learn_for(offering.channel.id):
        return {}
    whole = offering.channel.locations is None
    effective = offering.effective(item)
    return {place: (ALL_LOCATIONS,) if whole else at for place, (buffer, at) in effective.items() if buffer.dynamic}


def _cells(velocity: ItemVelocity, location_keys: Iterable[str], now: datetime) -> Iterable[Cell]:
    return (cell for key in location_keys if (cell := velocity.cell_at(None if key == ALL_LOCATIONS else key, now)))
