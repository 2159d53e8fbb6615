"""How many units of an item can be sold: at active locations, or as a channel is offered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from gateway.inventory.availability import sellable
from gateway.inventory.buffers import BufferRules
from gateway.inventory.channels import Channel, Listing
from gateway.inventory.offering import LearnedAt, Offering
from gateway.inventory.stock import Item, ItemStatus


class KnownRules(Protocol):
    async def all(self) -> BufferRules:
        """Every buffer rule, from memory and about a second old at most."""


class ChannelListings(Protocol):
    async def of_channel(self, channel_id: str, item_ids: Collection[str]) -> list[Listing]: ...


class ChannelOffers:
    """Counts by the rules in force now."""

    def __init__(self, rules: KnownRules, listings: ChannelListings) -> None:
        self._rules = rules
        self._listings = listings

    async def sellable(
        self,
        items: Sequence[Item | None],
        channel: Channel | None,
        active: Mapping[str, bool],
        among: Collection[str] | None = None,
    ) -> list[int | None]:
        """Units from 0, of each item over all its places; None for what is no active item.

        `active` tells of every known location whether it is; `among` are the only ones asked for.
        """
        if channel is None:
            return [sellable(item, active, among) for item in items]
        offering = Offering(channel, active, await self._rules.all())
        item_ids = {item.id for item in items if item is not None}
        learns = bool(item_ids) and offering.rules.learn_for(channel.id)
        learned = await self._learned(channel.id, item_ids) if learns else {}
        return [_offered(offering, item, learned, among) for item in items]

    async def _learned(self, channel_id: str, item_ids: Collection[str]) -> dict[str, LearnedAt]:
        listings = await self._listings.of_channel(channel_id, item_ids)
        return {listing.item_id: listing.learned for listing in listings}


def _offered(
    offering: Offering, item: Item | None, learned: Mapping[str, LearnedAt], among: Collection[str] | None
) -> int | None:
    if item is None or item.status is not ItemStatus.ACTIVE:
        return None
    return sum(offering.offered(item, learned.get(item.id, {}), among).values())
