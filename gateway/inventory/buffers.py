"""What is withheld from a channel: which rule decides each value, and the units that follow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, Generic, TypeVar

from gateway.inventory.buffer_rules import BufferRule, BufferSelector, BufferValues, DynamicBuffer
from gateway.inventory.channels import Channel
from gateway.inventory.stock import Item

T = TypeVar("T")

RESOLVED_MAX = 10_000

_CHANNEL_RANK = BufferSelector(channel_id="any").rank


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """A value in force, and the rule that set it; None is the channel's own `buffer`."""

    value: T
    rule: BufferSelector | None


@dataclass(frozen=True, slots=True)
class BufferTerms:
    """How `offered` units follow from the `available` ones; `withheld` is the most of the three before it."""

    available: int
    fixed: int
    percent: int
    dynamic: int
    withheld: int
    offered: int


@dataclass(frozen=True, slots=True)
class EffectiveBuffer:
    """The values in force for one item at one place of a channel; None where no rule sets one."""

    fixed: Setting[int] | None = None
    percent: Setting[int] | None = None
    list_at_most: Setting[int] | None = None
    stop_at: Setting[int] | None = None
    dynamic: Setting[DynamicBuffer] | None = None

    def terms(self, available: int, learned: int) -> BufferTerms:
        """What is offered of `available` units where the dynamic buffer has learned to withhold `learned`.

        In this order: nothing at `stop_at` and below; else what is left after the largest of the fixed, the percent
        (of what is available, rounded up) and the dynamic buffer; of that no more than `list_at_most`.
        """
        there = max(0, available)
        fixed = self.fixed.value if self.fixed else 0
        percent = -(-there * self.percent.value // 100) if self.percent else 0
        dynamic = self.learned_units(learned)
        withheld = max(fixed, percent, dynamic)
        offered = max(0, there - withheld)
        if self.stop_at is not None and available <= self.stop_at.value:
            offered = 0
        if self.list_at_most is not None:
            offered = min(offered, self.list_at_most.value)
        return BufferTerms(available, fixed, percent, dynamic, withheld, offered)

    def learned_units(self, learned: int) -> int:
        """Of the units learned, those that a rule in force asks for."""
        return min(learned, self.dynamic.value.units_max) if self.dynamic else 0

    def name(self, learned: int) -> str:
        """Differs for buffers that may lead to different offers; empty for what only the channel's own sets."""
        others = (self.percent, self.list_at_most, self.stop_at)
        own_only = self.fixed is None or self.fixed.rule is None
        if own_only and not any(others) and self.dynamic is None:
            return ""
        values = [some.value if some else None for some in (self.fixed, *others)]
        return f"{values}{self.learned_units(learned)}"


class BufferRules:
    """All rules at one time. Each value is that of the most specific rule which sets it.

    Two rules can be equally specific where an item has several tags or a place several locations: then the more
    careful value wins, the one by which less is offered.
    """

    def __init__(self, rules: Iterable[BufferRule] = ()) -> None:
        self._rules = {rule.selector: rule for rule in rules}
        self._items = {selector.item_id for selector in self._rules if selector.item_id is not None}
        self._locations = {selector.location_id for selector in self._rules if selector.location_id is not None}
        self._tags = {selector.tag for selector in self._rules if selector.tag is not None}
        self._learning = {rule.selector.channel_id for rule in self if rule.values.dynamic is not None}
        # Most items come under the same few rules.
        self._effective = lru_cache(RESOLVED_MAX)(self._resolve)

    def __len__(self) -> int:
        return len(self._rules)

    def __contains__(self, selector: object) -> bool:
        """Whether there is a rule of exactly this selector."""
        return selector in self._rules

    def __iter__(self) -> Iterator[BufferRule]:
        return iter(self._rules.values())

    def changed(self, rules: Iterable[BufferRule], deleted: Collection[BufferSelector] = ()) -> BufferRules:
        """With these in place of what they replace."""
        after = self._rules | {rule.selector: rule for rule in rules}
        return BufferRules(rule for selector, rule in after.items() if selector not in deleted)

    def of_channel(self, channel_id: str) -> frozenset[BufferRule]:
        """Those that may concern the channel."""
        return frozenset(rule for rule in self if rule.selector.channel_id in (None, channel_id))

    def learn_for(self, channel_id: str) -> bool:
        """Whether any rule gives the channel a dynamic buffer."""
        return not self._learning.isdisjoint((None, channel_id))

    def effective(self, channel: Channel, item: Item, location_ids: Iterable[str]) -> EffectiveBuffer:
        """What is in force for the item at a place of the channel that these locations feed."""
        if not self._rules:
            return EffectiveBuffer(Setting(channel.buffer, None) if channel.buffer else None)
        return self._effective(
            channel.id,
            channel.buffer,
            item.id if item.id in self._items else None,
            tuple(tag for tag in item.tags if tag in self._tags),
            tuple(at for at in location_ids if at in self._locations),
        )

    def _resolve(
        self, channel_id: str, buffer: int, item_id: str | None, tags: tuple[str, ...], location_ids: tuple[str, ...]
    ) -> EffectiveBuffer:
        subjects = {(None, None), (item_id, None), *((None, tag) for tag in tags)}
        named = product(subjects, (None, *location_ids), (None, channel_id))
        selectors = (BufferSelector(channel, at, tag, item) for (item, tag), at, channel in named)
        found = [self._rules[selector] for selector in selectors if selector in self._rules]
        fixed = _won(found, lambda values: values.fixed, lambda units: units)
        if buffer and (fixed is None or fixed.rule is None or fixed.rule.rank < _CHANNEL_RANK):
            fixed = Setting(buffer, None)
        return EffectiveBuffer(
            fixed,
            _won(found, lambda values: values.percent, lambda percent: percent),
            _won(found, lambda values: values.list_at_most, lambda units: -units),
            _won(found, lambda values: values.stop_at, lambda units: units),
            _won(found, lambda values: values.dynamic, lambda dynamic: (dynamic.quantile, dynamic.units_max)),
        )


NO_RULES = BufferRules()


def _won(
    found: Collection[BufferRule], value_of: Callable[[BufferValues], T | None], care: Callable[[T], Any]
) -> Setting[T] | None:
    """The value of the most specific rule that sets it; among equals, the one with the most `care`."""
    setting = [(rule.selector, value) for rule in found if (value := value_of(rule.values)) is not None]
    if not setting:
        return None
    selector, value = max(setting, key=lambda some: (some[0].rank, care(some[1]), some[0].id))
    return Setting(value, selector)
