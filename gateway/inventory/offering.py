"""What a channel is offered of an item: the stock that feeds each of its places, less what is withheld there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

from gateway.inventory.buffers import NO_RULES, BufferRules, BufferTerms, EffectiveBuffer
from gateway.inventory.channels import Channel, Learned, Listing, Place
from gateway.inventory.stock import Item, ItemStatus

LearnedAt = Mapping[Place, Learned]
"""What the dynamic buffer of a listing withholds, by place."""


@dataclass(frozen=True)
class Offering:
    """What decides, besides the items themselves, what a channel is offered.

    `active` tells of every known location whether it counts; one that is not known yet has just been created.
    """

    channel: Channel
    active: Mapping[str, bool]
    rules: BufferRules = NO_RULES

    def offered(self, item: Item, learned: LearnedAt, among: Collection[str] | None = None) -> dict[Place, int]:
        """Units that the channel may sell at each place, from 0; of an archived item none.

        `among` are the only locations asked for.
        """
        explained = self.explained(item, learned, among)
        return {place: terms.offered for place, (_, terms) in explained.items()}

    def explained(
        self, item: Item, learned: LearnedAt, among: Collection[str] | None = None
    ) -> dict[Place, tuple[EffectiveBuffer, BufferTerms]]:
        """The same with the values in force at each place and the units that follow from them."""
        units = item.available_to(self.channel.id, self._feeding(item), self.active) if self._sells(item) else {}
        explained = {}
        for place, locations in self._places(item).items():
            buffer = self.rules.effective(self.channel, item, locations)
            available = sum(units.get(at, 0) for at in locations if among is None or at in among)
            explained[place] = (buffer, buffer.terms(available, _units(learned, place)))
        return explained

    def effective(self, item: Item) -> dict[Place, tuple[EffectiveBuffer, tuple[str, ...]]]:
        """What is in force at each place, and the active locations that feed it."""
        places = self._places(item)
        return {place: (self.rules.effective(self.channel, item, at), at) for place, at in places.items()}

    def policy(self, item: Item, learned: LearnedAt) -> str:
        """Names what decides, besides the stock, what is offered of the item: under another one a listing is due."""
        if not self._sells(item):
            return f"{self._base}/{item.status.value}"
        if not self.rules:
            return self._base
        names = {place: buffer.name(_units(learned, place)) for place, (buffer, _) in self.effective(item).items()}
        if not any(names.values()):
            return self._base
        return f"{self._base}/{blake2b(f'{names}'.encode(), digest_size=8).hexdigest()}"

    def is_due(self, listing: Listing, item: Item) -> bool:
        """Whether the channel has yet to hear of the item as it is now; never of a parked listing."""
        if listing.error is not None:
            return False
        return listing.synced_version < item.version or listing.synced_policy != self.policy(item, listing.learned)

    def agrees_with(self, other: Offering) -> bool:
        """Whether both offer the same of every item."""
        if self._base != other._base:
            return False
        channel_id = self.channel.id
        return self.rules is other.rules or self.rules.of_channel(channel_id) == other.rules.of_channel(channel_id)

    @cached_property
    def _base(self) -> str:
        return self.channel.policy(self.active)

    def _sells(self, item: Item) -> bool:
        return item.status is ItemStatus.ACTIVE

    def _feeding(self, item: Item) -> tuple[str, ...]:
        return tuple(at for locations in self._places(item).values() for at in locations)

    def _places(self, item: Item) -> Mapping[Place, tuple[str, ...]]:
        """The active locations that feed each place; there is one for a channel of all locations in any case."""
        if self.channel.locations is not None:
            return self._mapped
        return {None: tuple(at for at in item.levels if self.active.get(at, True))}

    @cached_property
    def _mapped(self) -> Mapping[Place, tuple[str, ...]]:
        places: dict[Place, list[str]] = {}
        for at, place in (self.channel.locations or {}).items():
            feeding = places.setdefault(place, [])
            if self.active.get(at, True):
                feeding.append(at)
        return {place: tuple(locations) for place, locations in places.items()}


def _units(learned: LearnedAt, place: Place) -> int:
    known = learned.get(place)
    return 0 if known is None else known.units
