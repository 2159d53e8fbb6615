"""What a change of the buffer rules would do to the offers of all listings, before it is made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from gateway.inventory.buffer_rules import BufferRule, BufferSelector, BufferValues
from gateway.inventory.buffers import BufferRules
from gateway.inventory.channels import Channel
from gateway.inventory.errors import Code, InvalidInput, NotFound
from gateway.inventory.identifiers import check_count, check_slug
from gateway.inventory.offering import LearnedAt, Offering
from gateway.inventory.stock import Item
from gateway.operations.buffers import BufferOperations, RuleTarget
from gateway.operations.channel_locations import KnownLocations
from gateway.operations.channel_offers import KnownRules
from gateway.operations.dynamic_buffers import ITEMS_MAX, AllChannels, DemandRisks, Listed, ListedItems, learn
from gateway.planning.delays import ChannelDelays

CHANGES_MAX = 100
LOOKED_AT_MAX = 50_000
"""Listings that one answer may look at."""


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule to make; to delete where there are no `values`."""

    target: RuleTarget
    values: BufferValues | None


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """What one listing is offered over all its places, in units: by the rules in force, and by those to come."""

    channel_id: str
    listing_id: str
    item: Item
    now: int
    then: int


Position = tuple[str, str]
"""Channel id and listing id of the last listing that was looked at."""


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """`position` is where to go on; None where nothing is left."""

    lines: list[PreviewLine]
    position: Position | None


@dataclass(slots=True)
class PreviewTotals:
    """`to_zero` listings would be offered nothing any more, `from_zero` something again.

    They are those of the listings up to `position`, behind which the rest is added up; None where nothing is left.
    """

    listings: int = 0
    changed: int = 0
    units_now: int = 0
    units_then: int = 0
    to_zero: int = 0
    from_zero: int = 0
    position: Position | None = None

    def add(self, line: PreviewLine) -> None:
        self.listings += 1
        self.changed += line.now != line.then
        self.units_now += line.now
        self.units_then += line.then
        self.to_zero += line.now > 0 and line.then == 0
        self.from_zero += line.now == 0 and line.then > 0


@dataclass(frozen=True, slots=True)
class Preview:
    """The rules in force and those to come, for some channels in the order of their ids."""

    now: BufferRules
    then: BufferRules
    channels: Sequence[Channel]
    active: Mapping[str, bool]
    delays: Mapping[str, ChannelDelays]


class OfferPreviews:
    """Looks at one page of listings after the other, so its memory does not grow with their number."""

    def __init__(
        self,
        buffers: BufferOperations,
        rules: KnownRules,
        channels: AllChannels,
        locations: KnownLocations,
        listed: ListedItems,
        risks: DemandRisks,
    ) -> None:
        self._buffers = buffers
        self._rules = rules
        self._channels = channels
        self._locations = locations
        self._listed = listed
        self._risks = risks

    async def of(self, changes: Sequence[RuleChange], channel_id: str | None) -> Preview:
        """Checked. Of one channel's listings, or all. Raises an InventoryError that names what is wrong."""
        check_count(changes, ("changes",), CHANGES_MAX)
        rules, deleted = await self._changed(changes)
        channels = await self._channels.all()
        if channel_id is not None:
            check_slug(channel_id, ("channelId",))
            if channel_id not in channels:
                raise NotFound(Code.CHANNEL_NOT_FOUND, f"There is no channel '{channel_id}'.", ("channelId",))
        now = await self._rules.all()
        asked = [channels[id] for id in sorted(channels) if channel_id in (None, id)]
        active = await self._locations.locations()
        return Preview(now, now.changed(rules, deleted), asked, active, await self._risks.delays())

    async def page(self, preview: Preview, after: Position | None, limit: int, *, only_changed: bool) -> PreviewPage:
        """Up to `limit` listings; fewer, with a position to go on, where few of many change."""
        lines: list[PreviewLine] = []
        looked_at, position = 0, after
        async with aclosing(self._walk(preview, after)) as walk:
            async for line in walk:
                if len(lines) == limit or looked_at == LOOKED_AT_MAX:
                    return PreviewPage(lines, position)
                looked_at += 1
                position = (line.channel_id, line.listing_id)
                if not only_changed or line.now != line.then:
                    lines.append(line)
        return PreviewPage(lines, None)

    async def totals(self, preview: Preview, after: Position | None = None) -> PreviewTotals:
        """Of the listings behind `after`, as many as one answer may look at."""
        totals, position = PreviewTotals(), after
        async with aclosing(self._walk(preview, after)) as walk:
            async for line in walk:
                if totals.listings == LOOKED_AT_MAX:
                    totals.position = position
                    break
                totals.add(line)
                position = (line.channel_id, line.listing_id)
        return totals

    async def _changed(self, changes: Sequence[RuleChange]) -> tuple[list[BufferRule], set[BufferSelector]]:
        rules: list[BufferRule] = []
        deleted: set[BufferSelector] = set()
        for index, change in enumerate(changes):
            path = ("changes", str(index))
            if change.values is None:
                selector = await self._buffers.selector(change.target, path)
                deleted.add(selector)
            else:
                rule = await self._buffers.rule(change.target, change.values, path)
                selector = rule.selector
                rules.append(rule)
            if len({rule.selector for rule in rules} | deleted) <= index:
                raise InvalidInput(Code.DUPLICATE, "This rule is changed twice.", path)
        return rules, deleted

    async def _walk(self, preview: Preview, after: Position | None) -> AsyncGenerator[PreviewLine]:
        for channel in preview.channels:
            if after is not None and channel.id < after[0]:
                continue
            start = after[1] if after is not None and after[0] == channel.id else None
            async for page in self._listed.pages(channel.id, start):
                for first in range(0, len(page), ITEMS_MAX):
                    for line in await self._lines(preview, channel, page[first : first + ITEMS_MAX]):
                        yield line
                    await asyncio.sleep(0)

    async def _lines(self, preview: Preview, channel: Channel, page: Sequence[Listed]) -> list[PreviewLine]:
        now, then = (Offering(channel, preview.active, rules) for rules in (preview.now, preview.then))
        learned = await self._learned(preview, now, then, page)
        return [
            PreviewLine(
                channel.id,
                listing.id,
                item,
                sum(now.offered(item, listing.learned).values()),
                sum(then.offered(item, learned[item.id]).values()),
            )
            for listing, item in page
        ]

    async def _learned(
        self, preview: Preview, now: Offering, then: Offering, page: Sequence[Listed]
    ) -> dict[str, LearnedAt]:
        """By item id, what would be withheld: as now, and learned anew where a dynamic buffer would be another."""
        changed = [item for _, item in page if _dynamic(now, item) != _dynamic(then, item)]
        risks = await self._risks.of(then, changed, preview.delays) if changed else {}
        return {
            item.id: learn(then, listing, item, risks[item.id]) if item.id in risks else listing.learned
            for listing, item in page
        }


def _dynamic(offering: Offering, item: Item) -> object:
    return {place: buffer.dynamic and buffer.dynamic.value for place, (buffer, _) in offering.effective(item).items()}
