"""Stops a channel before a run empties or rewrites much of it, and asks a person."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from cachetools import LRUCache, TTLCache

from gateway.dispatch.offers import Offer
from gateway.inventory.channels import Channel, Listing
from gateway.inventory.drifts import Drift
from gateway.inventory.ledger import Kind
from gateway.inventory.offering import Offering
from gateway.inventory.safety import STOP_LINES_MAX, ChannelRules, SafetyStop, StopLine, StopState
from gateway.inventory.stock import Item
from gateway.store.listing_walks import LastFall, ListingWalk
from gateway.store.safety import SafetyStore

WINDOW_SECONDS = 600.0
"""What is set to zero within this time counts as one run."""
SURVEY_SECONDS = 30.0
"""How long the answer of a survey of the whole channel is good for, unless much more is set to zero meanwhile."""
CHANNELS_MAX = 1_000
ZEROS_REMEMBERED_MAX = 50_000
UNITS_SOLD_AT_ONCE_MAX = 10

SELLING = frozenset(
    kind.value for kind in (Kind.SALE, Kind.RESERVE, Kind.CHECKOUT, Kind.PAYMENT_START, Kind.PAYMENT_SUCCESS, Kind.SHIP)
)
"""What empties a shelf in the course of business. It is never held back: holding it back would oversell."""

Pause = Callable[[str, str], Awaitable[object]]
"""Stops a channel, for a reason."""

_log = structlog.get_logger(__name__)


class ValveShut(Exception):
    """The channel has been stopped: nothing may be sent."""


@dataclass(slots=True)
class _Recent:
    """Of one channel: the items that were set to zero lately, and until when, and for how many more of them, a survey
    has found that to be right."""

    zeroed: TTLCache[str, None] = field(default_factory=lambda: TTLCache(ZEROS_REMEMBERED_MAX, WINDOW_SECONDS))
    fine_until: float = 0.0
    fine_for: int = 0


class SafetyValve:
    """Counts per channel what is about to be set to zero without having been sold."""

    def __init__(self, store: SafetyStore, walk: ListingWalk, pause: Pause) -> None:
        self._store = store
        self._walk = walk
        self._pause = pause
        self._recent: LRUCache[str, _Recent] = LRUCache(CHANNELS_MAX)

    async def check(self, offering: Offering, offers: Sequence[Offer]) -> None:
        """Let these writes pass, or stop the channel and raise ValveShut.

        A few listings may always be set to zero. Beyond them all that is due on the channel is surveyed first.
        """
        zeroing = [some.listing.item_id for some in offers if _empties(some)]
        if not zeroing:
            return
        channel = offering.channel
        recent = self._recent.setdefault(channel.id, _Recent())
        recent.fine_for -= sum(item_id not in recent.zeroed for item_id in zeroing)
        recent.zeroed.update(dict.fromkeys(zeroing))
        if recent.fine_for >= 0 and time.monotonic() < recent.fine_until:
            return
        rules, stop = await self._store.rules(channel.id), await self._store.stop(channel.id)
        if _is_approved(stop):
            return
        # A channel that was stopped and merely resumed gets no free listings again.
        if stop is None and len(recent.zeroed) <= rules.listings_min:
            return
        # More of them may be a wipe that has only begun.
        recent.fine_for = max(rules.listings_min, await self._survey(offering, rules, recent))
        recent.fine_until = time.monotonic() + SURVEY_SECONDS

    async def check_repairs(self, channel: Channel, repairs: int, zeros: int, lines: Sequence[Drift]) -> None:
        """The same for the repairs of a reconciliation, all of which are known before the first is done."""
        rules, stop = await self._store.rules(channel.id), await self._store.stop(channel.id)
        listings = await self._walk.count(channel.id)
        if _is_approved(stop) or (repairs <= rules.changes_max(listings) and zeros <= rules.zeros_max(listings)):
            return
        shown = [StopLine(drift.sku, drift.theirs, drift.ours or 0) for drift in lines[:STOP_LINES_MAX]]
        await self._stop(channel, "reconcile", zeros, repairs, listings, shown)

    async def _survey(self, offering: Offering, rules: ChannelRules, recent: _Recent) -> int:
        """Go through all that is due, beside what was set to zero lately; how many more may be."""
        channel = offering.channel
        listings = await self._walk.count(channel.id)
        zeroed = set(recent.zeroed)
        zeros = changes = 0
        lines: list[StopLine] = []
        async for page in self._walk.pages(channel.id):
            due = [(some, item) for some, item in page if offering.is_due(some, item)]
            changes += len(due)
            empty = [(some, item) for some, item in page if _may_empty(some, item, offering, zeroed)]
            for listing, _ in await self._unsold(empty):
                zeros += 1
                if len(lines) < STOP_LINES_MAX:
                    lines.append(StopLine(listing.sku, listing.offered, 0))
        if zeros > rules.zeros_max(listings):
            await self._stop(channel, "push", zeros, changes, listings, lines)
        return rules.zeros_max(listings) - zeros

    async def _unsold(self, empty: list[tuple[Listing, Item]]) -> list[tuple[Listing, Item]]:
        """Without those that were simply sold out."""
        falls = await self._walk.last_falls([item.id for _, item in empty])
        return [pair for pair in empty if not _was_sold(pair[1], falls.get(pair[1].id))]

    async def _stop(
        self, channel: Channel, during: str, zeros: int, changes: int, listings: int, lines: Sequence[StopLine]
    ) -> None:
        reason = (
            f"Safety valve: {zeros} of {listings} listings would be set to zero and {changes} changed in one run. "
            "See `safetyStop`, then approve or resume the channel."
        )
        stop = SafetyStop(
            channel_id=channel.id,
            state=StopState.STOPPED,
            during=during,
            reason=reason,
            zeros=zeros,
            changes=changes,
            listings=listings,
            lines=tuple(lines),
            at=datetime.now(UTC),
        )
        await self._store.save_stop(stop)
        await self._pause(channel.id, reason)
        self._recent.pop(channel.id, None)
        _log.error("safety_valve_shut", channel=channel.id, zeros=zeros, changes=changes, listings=listings)
        raise ValveShut(reason)


def _is_approved(stop: SafetyStop | None) -> bool:
    return stop is not None and stop.approved_until is not None and stop.approved_until > datetime.now(UTC)


def _empties(some: Offer) -> bool:
    """Whether the channel will offer nothing of it, where it offered something or we do not know what it shows."""
    if not some.writes or some.listing.offered == 0:
        return False
    after = {place: confirmed.quantity for place, confirmed in some.unchanged.items()}
    after |= {intent.place: intent.quantity for intent in some.writes}
    return sum(after.values()) == 0


def _may_empty(listing: Listing, item: Item, offering: Offering, zeroed: Container[str]) -> bool:
    if not offering.is_due(listing, item):
        return listing.item_id in zeroed and listing.offered == 0
    return listing.offered != 0 and sum(offering.offered(item, listing.learned).values()) == 0


def _was_sold(item: Item, fall: LastFall | None) -> bool:
    if fall is None or any(level.available > 0 for level in item.levels.values()):
        # Never had any, or has some that a buffer, a mapping or an inactive location keeps from the channel.
        return False
    return fall.kind in SELLING or (fall.kind == Kind.ADJUST.value and fall.units <= UNITS_SOLD_AT_ONCE_MAX)
