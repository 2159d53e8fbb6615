"""Rules of what is withheld from channels: writing them, and explaining what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from gateway.inventory.buffer_rules import RULES_MAX, BufferRule, BufferSelector, BufferValues
from gateway.inventory.buffers import BufferTerms, EffectiveBuffer
from gateway.inventory.catalog import TAG_LENGTH_MAX
from gateway.inventory.channels import Channel, Learned, Place
from gateway.inventory.errors import Code, Conflict, NotFound, Path
from gateway.inventory.identifiers import check_optional_text, check_sku, check_slug
from gateway.inventory.offering import Offering
from gateway.inventory.stock import Item
from gateway.operations.channel_offers import ChannelListings, KnownRules
from gateway.operations.clock import Clock
from gateway.operations.dynamic_buffers import DemandRisks
from gateway.operations.sourcing import ChannelLookup
from gateway.planning.dynamic_buffer import DemandAtRisk


@dataclass(frozen=True, slots=True)
class RuleTarget:
    """Which offers a rule is for, as people name them; None is any."""

    channel_id: str | None = None
    location_id: str | None = None
    tag: str | None = None
    sku: str | None = None


class RuleRepository(Protocol):
    async def put(self, rule: BufferRule) -> None: ...

    async def delete(self, selector: BufferSelector) -> bool: ...

    async def count(self) -> int: ...

    async def page(self, after: str | None, limit: int) -> list[BufferRule]: ...


class StockLookup(Protocol):
    async def items(self, skus: Collection[str]) -> Mapping[str, Item]: ...

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]: ...


@dataclass(frozen=True, slots=True)
class PlaceBuffer:
    """One place of a channel: the values in force, the units that follow, and what a dynamic buffer rests on.

    `location_ids` are the active locations that feed it. `learned` is in use; `risk` is what is at risk by now.
    """

    place: Place
    location_ids: tuple[str, ...]
    buffer: EffectiveBuffer
    terms: BufferTerms
    learned: Learned | None
    risk: DemandAtRisk | None


class BufferOperations:
    """Each raises an InventoryError that names what is wrong."""

    def __init__(
        self,
        rules: RuleRepository,
        known: KnownRules,
        stock: StockLookup,
        channels: ChannelLookup,
        listings: ChannelListings,
        risks: DemandRisks,
        clock: Clock,
        *,
        on_change: Callable[[], None],
    ) -> None:
        """`on_change` is called after every change that this process has made."""
        self._rules = rules
        self._known = known
        self._stock = stock
        self._channels = channels
        self._listings = listings
        self._risks = risks
        self._clock = clock
        self._on_change = on_change

    async def set(self, target: RuleTarget, values: BufferValues) -> BufferRule:
        """Make the rule of this target, in place of the one that it has; the channels concerned are told."""
        rule = await self.rule(target, values)
        if rule.selector not in await self._known.all() and await self._rules.count() >= RULES_MAX:
            raise Conflict(Code.TOO_MANY, f"There are {RULES_MAX} rules already. Use tags.")
        await self._rules.put(rule)
        self._on_change()
        return rule

    async def delete(self, target: RuleTarget) -> None:
        """Raises NotFound where the target has no rule."""
        if not await self._rules.delete(await self.selector(target)):
            raise NotFound(Code.BUFFER_RULE_NOT_FOUND, "There is no rule for exactly this.")
        self._on_change()

    async def page(self, after: str | None, limit: int) -> list[BufferRule]:
        """By id, those after rule id `after`."""
        return await self._rules.page(after, limit)

    async def rule(self, target: RuleTarget, values: BufferValues, path: Path = ()) -> BufferRule:
        """Checked, and not stored."""
        values.check(path)
        return BufferRule(await self.selector(target, path), values, self._clock())

    async def selector(self, target: RuleTarget, path: Path = ()) -> BufferSelector:
        """Raises NotFound for what does not exist; a tag may be given to items later."""
        if target.channel_id is not None:
            await self._channel(target.channel_id, (*path, "channelId"))
        if target.location_id is not None:
            await self._check_location(target.location_id, (*path, "locationId"))
        check_optional_text(target.tag, (*path, "tag"), TAG_LENGTH_MAX)
        item = None if target.sku is None else await self._item(target.sku, (*path, "sku"))
        selector = BufferSelector(target.channel_id, target.location_id, target.tag, item.id if item else None)
        selector.check(path)
        return selector

    async def effective(self, sku: str, channel_id: str) -> list[PlaceBuffer]:
        """What is withheld of an item at each place of a channel by now, whether or not it lists the item."""
        item = await self._item(sku, ("sku",))
        channel = await self._channel(channel_id, ("channelId",))
        offering = Offering(channel, await self._stock.locations(), await self._known.all())
        listings = await self._listings.of_channel(channel.id, [item.id])
        learned = listings[0].learned if listings else {}
        risks = (await self._risks.of(offering, [item], await self._risks.delays())).get(item.id, {})
        explained, places = offering.explained(item, learned), offering.effective(item)
        return [
            PlaceBuffer(place, places[place][1], buffer, terms, learned.get(place), risks.get(place))
            for place, (buffer, terms) in explained.items()
        ]

    async def _channel(self, channel_id: str, path: Path) -> Channel:
        check_slug(channel_id, path)
        channel = await self._channels.get(channel_id)
        if channel is None:
            raise NotFound(Code.CHANNEL_NOT_FOUND, f"There is no channel '{channel_id}'.", path)
        return channel

    async def _check_location(self, location_id: str, path: Path) -> None:
        check_slug(location_id, path)
        known = await self._stock.locations()
        if location_id not in known and location_id not in await self._stock.locations(fresh=True):
            raise NotFound(Code.LOCATION_NOT_FOUND, f"There is no location '{location_id}'.", path)

    async def _item(self, sku: str, path: Path) -> Item:
        check_sku(sku, path)
        item = (await self._stock.items([sku])).get(sku)
        if item is None:
            raise NotFound(Code.ITEM_NOT_FOUND, f"There is no item with SKU '{sku}'.", path)
        return item
