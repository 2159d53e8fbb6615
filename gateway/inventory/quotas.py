"""Ring-fenced quotas: units of an item that are kept for one channel, at one location or wherever they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace

QUOTAS_MAX = 100
"""Quotas of one item."""


@dataclass(frozen=True, slots=True)
class Quota:
    """`quantity` units for a channel, of which its sales have `used` some. `location_id` None is any active location.

    Its id is made anew whenever it is: what was drawn from an earlier quota of the channel never comes back to it.
    """

    id: str
    channel_id: str
    location_id: str | None
    quantity: int
    used: int = 0

    @property
    def remaining(self) -> int:
        """Units still kept for the channel."""
        return max(0, self.quantity - self.used)

    def drawn(self, units: int) -> Quota:
        """With so many more units used; fewer where `units` is negative."""
        return replace(self, used=max(0, self.used + units))


@dataclass(frozen=True, slots=True)
class Draw:
    """Units that a sale took out of a quota; negative where it gave them back."""

    quota_id: str
    units: int


Draws = tuple[Draw, ...]


class Fence:
    """What the quotas of one item leave to whom; taking units changes it.

    At each location, units are kept for the quotas of that location first; what is left of all active locations is kept
    for the quotas of any location, and only what is then left is free. Where there is less than the quotas keep, their
    channels share it, whoever comes first, and nobody else gets any.
    """

    def __init__(self, available: Mapping[str, int], active: Mapping[str, bool], quotas: Iterable[Quota]) -> None:
        """`available` units by location; one that `active` does not know has just been created, and counts."""
        self._available = dict(available)
        self._active = active
        self._quotas = {(quota.channel_id, quota.location_id): quota for quota in quotas}
        self._kept: dict[str | None, int] = defaultdict(int)
        for quota in self._quotas.values():
            self._kept[quota.location_id] += quota.remaining
        self._unkept = {at: self._unkept_at(at) for at in self._available}
        self._pool = sum(units for at, units in self._unkept.items() if active.get(at, True))

    def copy(self) -> Fence:
        """Another one, which changes by itself."""
        other = copy(self)
        other._available, other._quotas = self._available.copy(), self._quotas.copy()
        other._kept, other._unkept = self._kept.copy(), self._unkept.copy()
        return other

    def room(self, channel_id: str | None, location_id: str) -> int:
        """Units that the channel (None: a request of no channel) may take there now, from 0."""
        own = min(self._there(location_id), self._remaining(channel_id, location_id))
        unkept = self._unkept.get(location_id, 0)
        if not self._active.get(location_id, True):
            return own + unkept
        shared = max(0, self._pool - self._kept[None]) + min(self._pool, self._remaining(channel_id, None))
        return own + min(unkept, shared)

    def kept_from(self, channel_id: str | None, location_id: str) -> int:
        """Units that other channels' quotas keep from this one there, whether or not there are as many."""
        here = self._kept[location_id] - self._remaining(channel_id, location_id)
        return here + self._kept[None] - self._remaining(channel_id, None)

    def short(self, location_id: str | None) -> int:
        """Units that the quotas of a location, or those of any location, keep and that are not there."""
        there = self._pool if location_id is None else self._there(location_id)
        return max(0, self._kept[location_id] - there)

    def take(self, channel_id: str | None, location_id: str, units: int) -> Draws:
        """Units leave there for the channel, out of its own quotas first; which, and how many of each."""
        draws = []
        left = units
        for where in (location_id, None):
            quota = self._quotas.get((channel_id or "", where))
            drawn = min(left, quota.remaining) if quota else 0
            if quota and drawn:
                draws.append(Draw(quota.id, drawn))
                self._draw(quota, drawn)
                left -= drawn
        self.put(location_id, -units)
        return tuple(draws)

    def give_back(self, draws: Iterable[Draw]) -> None:
        """Undo draws, as far as their quotas still exist; the units themselves come back by `put`."""
        by_id = {quota.id: quota for quota in self._quotas.values()}
        for draw in draws:
            if draw.quota_id in by_id:
                by_id[draw.quota_id] = self._draw(by_id[draw.quota_id], -draw.units)

    def put(self, location_id: str, units: int) -> None:
        """So many more units are there; fewer where `units` is negative."""
        self._available[location_id] = self._available.get(location_id, 0) + units
        self._refresh(location_id)

    def _draw(self, quota: Quota, units: int) -> Quota:
        after = quota.drawn(units)
        self._quotas[quota.channel_id, quota.location_id] = after
        self._kept[quota.location_id] += after.remaining - quota.remaining
        if quota.location_id is not None:
            self._refresh(quota.location_id)
        return after

    def _refresh(self, location_id: str) -> None:
        before, after = self._unkept.get(location_id, 0), self._unkept_at(location_id)
        self._unkept[location_id] = after
        if self._active.get(location_id, True):
            self._pool += after - before

    def _unkept_at(self, location_id: str) -> int:
        return max(0, self._there(location_id) - self._kept[location_id])

    def _there(self, location_id: str) -> int:
        return max(0, self._available.get(location_id, 0))

    def _remaining(self, channel_id: str | None, location_id: str | None) -> int:
        quota = self._quotas.get((channel_id or "", location_id))
        return quota.remaining if quota else 0


def first(draws: Draws, units: int) -> Draws:
    """The draws of the first `units` units: what is sold is sold out of quotas first."""
    kept = []
    for draw in draws:
        part = min(draw.units, units)
        if part > 0:
            kept.append(Draw(draw.quota_id, part))
            units -= part
    return tuple(kept)


def difference(after: Collection[Draw], before: Collection[Draw]) -> Draws:
    """What has to be drawn, or given back where it is negative, for `after` to come of `before`."""
    units: dict[str, int] = defaultdict(int)
    for sign, draws in ((1, after), (-1, before)):
        for draw in draws:
            units[draw.quota_id] += sign * draw.units
    return tuple(Draw(quota_id, delta) for quota_id, delta in units.items() if delta)
