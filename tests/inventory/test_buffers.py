"""What is withheld from a channel: which rule wins, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inventory.buffer_rules import BufferLayer, BufferRule, BufferSelector, BufferValues, DynamicBuffer
from gateway.inventory.buffers import BufferRules
from gateway.inventory.channels import Channel, ChannelState, Learned, Listing
from gateway.inventory.errors import Code, InvalidInput
from gateway.inventory.offering import LearnedAt, Offering
from gateway.inventory.stock import Item, ItemStatus
from tests.builders import NOW, item

EVERYWHERE = {"EAST": True, "WEST": True, "SHOP": True}
WEB = Channel(
    "web", "p", "Web", {}, b"", {"EAST": "1", "WEST": "1", "SHOP": "2"}, 0, ChannelState.ACTIVE, None, 1, NOW, NOW
)


def rule(values: BufferValues, **names: str) -> BufferRule:
    return BufferRule(BufferSelector(**names), values, NOW)


def offered(units: int, *rules: BufferRule, buffer: int = 0, learned: int = 0) -> int:
    """Of an item tagged `fragile`, at the only place of a channel of all locations."""
    channel = replace(WEB, locations=None, buffer=buffer)
    known: LearnedAt = {None: Learned(learned, 0.9)} if learned else {}
    lamp = item("LAMP", {"EAST": units}, tags=("fragile",))
    return Offering(channel, EVERYWHERE, BufferRules(rules)).offered(lamp, known)[None]


@pytest.mark.parametrize(
    ("units", "values", "left"),
    [
        (10, BufferValues(fixed=3), 7),
        (2, BufferValues(fixed=3), 0),
        (-4, BufferValues(fixed=3), 0),
        # A tenth of 11 is 2 whole units.
        (11, BufferValues(percent=10), 9),
        (10, BufferValues(percent=100), 0),
        (-4, BufferValues(percent=10), 0),
        # The most of the three, not their sum.
        (20, BufferValues(fixed=1, percent=10), 18),
        (20, BufferValues(fixed=4, percent=10), 16),
        (20, BufferValues(fixed=4, percent=10, dynamic=DynamicBuffer(0.9, 100)), 13),
        (20, BufferValues(dynamic=DynamicBuffer(0.9, 5)), 15),
        (20, BufferValues(list_at_most=6), 6),
        (4, BufferValues(list_at_most=6), 4),
        (20, BufferValues(list_at_most=6, fixed=17), 3),
        (5, BufferValues(stop_at=5), 0),
        (6, BufferValues(stop_at=5), 6),
        # What is withheld does not bring it down to the stop.
        (6, BufferValues(stop_at=5, fixed=3), 3),
    ],
)
def test_what_is_left_of_what_is_available(units: int, values: BufferValues, left: int) -> None:
    assert offered(units, rule(values), learned=7) == left


def test_what_was_learned_counts_only_while_a_rule_asks_for_it() -> None:
    assert offered(20, learned=7) == 20


def test_each_value_is_that_of_the_most_specific_rule_that_sets_it() -> None:
    rules = [
        rule(BufferValues(fixed=1, list_at_most=50)),
        rule(BufferValues(fixed=2, stop_at=3), channel_id="web"),
        rule(BufferValues(fixed=3), location_id="EAST"),
        rule(BufferValues(fixed=4, percent=0), tag="fragile"),
        rule(BufferValues(fixed=5), item_id="id-LAMP"),
        rule(BufferValues(fixed=99), item_id="id-LAMP", channel_id="other"),
    ]
    assert [offered(60, *rules[:count]) for count in range(1, 7)] == [50, 50, 50, 50, 50, 50]
    assert [offered(40, *rules[:count]) for count in range(1, 7)] == [39, 38, 37, 36, 35, 35]
    assert offered(3, *rules) == 0


def test_the_channels_own_buffer_is_what_it_sets_unless_a_rule_does() -> None:
    assert offered(10, buffer=2) == 8
    assert offered(10, rule(BufferValues(fixed=5)), buffer=2) == 8
    assert offered(10, rule(BufferValues(percent=30)), buffer=2) == 7
    assert offered(10, rule(BufferValues(fixed=0), channel_id="web"), buffer=2) == 10


def test_of_equally_specific_rules_the_one_by_which_less_is_offered_wins() -> None:
    lamp = item("LAMP", {"EAST": 10, "WEST": 10}, tags=("fragile", "rare"))
    rules = [
        rule(BufferValues(fixed=1, list_at_most=9), tag="fragile"),
        rule(BufferValues(fixed=2, list_at_most=12), tag="rare"),
        rule(BufferValues(percent=50), location_id="EAST"),
        rule(BufferValues(percent=60), location_id="WEST"),
    ]
    [(buffer, _), *_] = Offering(WEB, EVERYWHERE, BufferRules(rules)).explained(lamp, {}).values()
    assert (buffer.fixed and buffer.fixed.value, buffer.list_at_most and buffer.list_at_most.value) == (2, 9)
    assert buffer.percent and buffer.percent.rule == BufferSelector(location_id="WEST")


def test_a_rule_for_a_location_is_for_the_places_that_it_feeds_while_it_is_active() -> None:
    lamp = item("LAMP", {"EAST": 10, "WEST": 10, "SHOP": 10})
    rules = BufferRules([rule(BufferValues(fixed=4), location_id="EAST")])
    assert Offering(WEB, EVERYWHERE, rules).offered(lamp, {}) == {"1": 16, "2": 10}
    assert Offering(WEB, {**EVERYWHERE, "EAST": False}, rules).offered(lamp, {}) == {"1": 10, "2": 10}


@pytest.mark.parametrize(
    ("names", "layer"),
    [
        ({}, BufferLayer.EVERYWHERE),
        ({"channel_id": "web"}, BufferLayer.CHANNEL),
        ({"channel_id": "web", "location_id": "EAST"}, BufferLayer.LOCATION),
        ({"location_id": "EAST", "tag": "a/b"}, BufferLayer.TAG),
        ({"channel_id": "web", "item_id": "i"}, BufferLayer.ITEM),
    ],
)
def test_a_rule_belongs_to_the_most_specific_that_it_names(names: dict[str, str], layer: BufferLayer) -> None:
    assert BufferSelector(**names).layer is layer


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        (BufferValues(), (), Code.EMPTY),
        (BufferValues(fixed=-1), ("fixed",), Code.OUT_OF_RANGE),
        (BufferValues(percent=101), ("percent",), Code.OUT_OF_RANGE),
        (BufferValues(dynamic=DynamicBuffer(0.4, 1)), ("dynamic", "quantile"), Code.OUT_OF_RANGE),
        (BufferValues(dynamic=DynamicBuffer(float("nan"), 1)), ("dynamic", "quantile"), Code.OUT_OF_RANGE),
        (BufferValues(dynamic=DynamicBuffer(0.9, -1)), ("dynamic", "unitsMax"), Code.OUT_OF_RANGE),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(values: BufferValues, field: tuple[str, ...], code: Code) -> None:
    with pytest.raises(InvalidInput) as refused:
        values.check(())
    assert (refused.value.path, refused.value.code) == (field, code)


def test_a_rule_names_an_item_or_a_tag() -> None:
    with pytest.raises(InvalidInput):
        BufferSelector(tag="fragile", item_id="i").check(())


SELECTORS = st.builds(
    BufferSelector,
    channel_id=st.sampled_from([None, "web", "other"]),
    location_id=st.sampled_from([None, "EAST", "WEST", "SHOP"]),
    tag=st.sampled_from([None, "fragile", "rare", "none has it"]),
    item_id=st.sampled_from([None, "id-LAMP", "id-OTHER"]),
).filter(lambda selector: selector.tag is None or selector.item_id is None)
VALUES = st.builds(
    BufferValues,
    fixed=st.none() | st.integers(0, 9),
    percent=st.none() | st.integers(0, 100),
    list_at_most=st.none() | st.integers(0, 30),
    stop_at=st.none() | st.integers(0, 9),
    dynamic=st.none() | st.builds(DynamicBuffer, st.sampled_from([0.5, 0.9]), st.integers(0, 9)),
)
RULES = st.dictionaries(SELECTORS, VALUES, max_size=8).map(
    lambda found: [BufferRule(selector, values, NOW) for selector, values in found.items()]
)
ITEMS = st.builds(
    lambda east, west, shop, tags: item("LAMP", {"EAST": east, "WEST": west, "SHOP": shop}, tags=tuple(sorted(tags))),
    st.integers(-5, 40),
    st.integers(-5, 40),
    st.integers(-5, 40),
    st.sets(st.sampled_from(["fragile", "rare"])),
)
LEARNED = st.dictionaries(st.sampled_from(["1", "2"]), st.builds(Learned, st.integers(0, 12), st.just(0.9)))
CARE: dict[str, Callable[[Any], Any]] = {
    "list_at_most": lambda units: -units,
    "dynamic": lambda dynamic: (dynamic.quantile, dynamic.units_max),
}


def concerns(selector: BufferSelector, lamp: Item, place: str) -> bool:
    feeding = {"1": ("EAST", "WEST"), "2": ("SHOP",)}[place]
    return (
        selector.channel_id in (None, "web")
        and (selector.location_id is None or selector.location_id in feeding)
        and (selector.tag is None or selector.tag in lamp.tags)
        and selector.item_id in (None, lamp.id)
    )


def order(selector: BufferSelector) -> tuple[bool, bool, bool, bool]:
    """By item, else by tag, else by location, else by channel."""
    parts = (selector.item_id, selector.tag, selector.location_id, selector.channel_id)
    return tuple(part is not None for part in parts)  # type: ignore[return-value]


@given(rules=RULES, lamp=ITEMS)
def test_every_value_is_found_by_looking_at_all_rules_too(rules: list[BufferRule], lamp: Item) -> None:
    for place, (buffer, _) in Offering(WEB, EVERYWHERE, BufferRules(rules)).effective(lamp).items():
        assert place is not None
        for name in BufferValues.__dataclass_fields__:
            setting = [
                (order(some.selector), CARE.get(name, int)(value), value)
                for some in rules
                if concerns(some.selector, lamp, place) and (value := getattr(some.values, name)) is not None
            ]
            won = getattr(buffer, name)
            assert (won and won.value) == (max(setting, key=lambda some: some[:2])[2] if setting else None)


@given(rules=RULES, lamp=ITEMS, learned=LEARNED)
def test_never_more_is_offered_than_there_is_nor_less_than_nothing(
    rules: list[BufferRule], lamp: Item, learned: LearnedAt
) -> None:
    explained = Offering(WEB, EVERYWHERE, BufferRules(rules)).explained(lamp, learned)
    assert all(0 <= terms.offered <= max(0, terms.available) for _, terms in explained.values())


@given(before=RULES, after=RULES, lamp=ITEMS, learned=LEARNED, learned_after=LEARNED)
def test_whatever_alters_an_offer_alters_its_policy(
    before: list[BufferRule],
    after: list[BufferRule],
    lamp: Item,
    learned: LearnedAt,
    learned_after: LearnedAt,
) -> None:
    old, new = (Offering(WEB, EVERYWHERE, BufferRules(rules)) for rules in (before, after))
    if old.policy(lamp, learned) == new.policy(lamp, learned_after):
        assert old.offered(lamp, learned) == new.offered(lamp, learned_after)
    if old.agrees_with(new):
        assert old.policy(lamp, learned) == new.policy(lamp, learned)


def test_a_listing_is_due_only_when_its_own_values_have_changed() -> None:
    lamp, sofa = item("LAMP", {"EAST": 5}, tags=("fragile",)), item("SOFA", {"EAST": 5})
    before = Offering(WEB, EVERYWHERE)
    after = Offering(WEB, EVERYWHERE, BufferRules([rule(BufferValues(fixed=1), tag="fragile")]))
    told = [Listing("web", some.id, some.sku, {}, NOW, 0, before.policy(some, {})) for some in (lamp, sofa)]
    assert [after.is_due(listing, some) for listing, some in zip(told, (lamp, sofa), strict=True)] == [True, False]
    assert not after.agrees_with(before)
    other = Offering(WEB, EVERYWHERE, BufferRules([rule(BufferValues(fixed=1), channel_id="other")]))
    assert other.agrees_with(before)


def test_nothing_is_offered_of_an_archived_item_whatever_the_rules() -> None:
    gone = item("LAMP", {"EAST": 5}, status=ItemStatus.ARCHIVED)
    rules = BufferRules([rule(BufferValues(list_at_most=3))])
    assert Offering(WEB, EVERYWHERE, rules).offered(gone, {}) == {"1": 0, "2": 0}
