"""A shop that sells at random moments, while others sell too and answers are lost: once all is reported, it is exact.

Pure: the arithmetic of the pushes against a model of a shop, thousands of random courses of events per ability.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest

from connectors.abilities import StockWrites
from connectors.updates import Confirmed as Shown
from connectors.updates import Stale, StockUpdate, UpdateOutcome
from gateway.dispatch.offers import SETTLING, Present, Write, numbered, offer
from gateway.dispatch.outcomes import settle
from gateway.inventory.channels import Channel, ChannelState, Listing, Place
from gateway.inventory.offering import Offering
from gateway.store.own_movements import OwnMovement
from tests.builders import NOW, item

START = 1_000
SEEDS = 600
STEPS = 40


@dataclass
class Course:
    """A shop, our count, and everything that is on its way between the two."""

    writes: StockWrites
    buffer: int = 0
    chance: random.Random = field(default_factory=random.Random)
    shown: int = START
    counted: int = START
    seq: int = 1
    unreported: list[int] = field(default_factory=list)
    own: list[OwnMovement] = field(default_factory=list)
    seen_keys: set[str] = field(default_factory=set)
    actual: dict[Place, int] = field(default_factory=dict)
    listing: Listing = field(default_factory=lambda: Listing("c", "id-A", "A", {"id": "1"}, NOW))
    returned: int = 0
    """Units by which a write has raised it above the truth."""
    excess_max: int = -START
    """The same, less the units that it had yet to report at that time."""
    raised_max: int = -START
    unreported_max: int = 0

    @property
    def channel(self) -> Channel:
        return Channel("c", "p", "C", {}, b"", None, self.buffer, ChannelState.ACTIVE, None, 1, NOW, NOW)

    def sell_there(self) -> None:
        self.shown -= 1
        self.unreported.append(1)

    def cancel_there(self) -> None:
        self.shown += 1
        self.unreported.append(-1)

    def sell_elsewhere(self) -> None:
        self._count(-1)

    def report(self) -> None:
        if self.unreported:
            units = self.unreported.pop(self.chance.randrange(len(self.unreported)))
            self._count(-units)
            self.own.append(OwnMovement("id-A", self.seq, "WH", -units))

    def _count(self, delta: int) -> None:
        self.counted += delta
        self.seq += 1

    def push(self, lossy: bool = True) -> bool:
        """One round of the worker; whether anything was sent."""
        if self.listing.intents and self.writes is not StockWrites.ABSOLUTE:
            self._send([Write(self.listing, intent) for intent in self.listing.intents], True, lossy)
            return True
        stock = item("A", {"WH": self.counted}, version=self.seq, seq=self.seq)
        oldest = min((some.seq for some in self.listing.confirmed.values()), default=self.seq)
        own = [movement for movement in self.own if movement.seq > oldest]
        present = Present(Offering(self.channel, {"WH": True}), self.writes, NOW)
        actual, self.actual = self.actual, {}
        some = offer(present, self.listing, stock, own, actual)
        if not some.writes:
            self.listing = replace(self.listing, confirmed=some.unchanged)
            return False
        writes = numbered([some], str(self.chance.random()))
        self.listing = replace(self.listing, intents=tuple(write.intent for write in writes))
        self._send(writes, False, lossy)
        return True

    def _send(self, writes: list[Write], resent: bool, lossy: bool) -> None:
        fate = self.chance.random() if lossy else 1.0
        if fate < 0.1:
            return
        outcomes = [self._apply(write) for write in writes]
        if fate < 0.3:
            return
        settlement = settle(writes, outcomes, {}, settles_at=NOW + SETTLING if resent else None)
        [acknowledged] = settlement.acknowledged
        self.listing = replace(self.listing, confirmed=acknowledged.confirmed, intents=acknowledged.intents)
        self.actual = dict(settlement.stale.get("id-A", {}))

    def _apply(self, write: Write) -> UpdateOutcome:
        before = self.shown
        answer = self._change(write.update)
        self._look_at_write(before)
        return answer

    def _change(self, update: StockUpdate) -> UpdateOutcome:
        if self.writes is StockWrites.IDEMPOTENT_DELTA:
            if update.idempotency_key not in self.seen_keys:
                self.seen_keys.add(update.idempotency_key)
                self.shown = update.quantity if update.delta is None else self.shown + update.delta
        elif update.change_from is not None and update.change_from != self.shown:
            return Stale(self.shown)
        else:
            if self.writes is StockWrites.LOOK_AND_SET and self.chance.random() < 0.3:
                # After the look that the connector compares by.
                self.sell_there()
            self.shown = update.quantity
        return Shown(update.quantity)

    def look(self) -> None:
        self.unreported_max = max(self.unreported_max, len(self.unreported))

    def _look_at_write(self, before: int) -> None:
        true = self.counted - sum(self.unreported)
        if self.shown > before:
            self.returned += max(0, self.shown - true)
        self.raised_max = max(self.raised_max, self.shown - true)
        self.excess_max = max(self.excess_max, self.shown - true - len(self.unreported))


def run(course: Course, *, lossy: bool = True) -> Course:
    # Long in step before anything happens, so that the first write overwrites nothing, and is settled.
    course.push(lossy=False)
    confirmed = {place: replace(some, settles_at=None) for place, some in course.listing.confirmed.items()}
    course.listing = replace(course.listing, confirmed=confirmed)

    def push() -> None:
        course.push(lossy)

    moves = [course.sell_there, course.sell_elsewhere, course.report, push, push]
    for _ in range(STEPS):
        course.chance.choice(moves)()
        course.look()
    while course.unreported:
        course.report()
    rounds = 0
    while course.push(lossy=False):
        rounds += 1
        assert rounds < 20, "it never comes to rest"
    return course


@pytest.mark.parametrize("writes", list(StockWrites))
def test_whatever_the_order_of_events_the_shop_ends_with_our_count(writes: StockWrites) -> None:
    for seed in range(SEEDS):
        course = run(Course(writes, chance=random.Random(seed)))
        assert course.shown == course.counted, f"seed {seed}"


@pytest.mark.parametrize("writes", [StockWrites.COMPARE_AND_SET, StockWrites.IDEMPOTENT_DELTA])
def test_a_unit_that_was_sold_and_not_reported_is_never_offered_again(writes: StockWrites) -> None:
    for seed in range(SEEDS):
        course = run(Course(writes, chance=random.Random(seed)), lossy=False)
        assert course.returned == 0, f"seed {seed}"


def test_an_overwritten_shop_offers_too_much_by_no_more_than_it_has_not_reported() -> None:
    for seed in range(SEEDS):
        course = run(Course(StockWrites.ABSOLUTE, chance=random.Random(seed)), lossy=False)
        assert course.excess_max <= 0, f"seed {seed}"


def test_a_buffer_of_the_unreported_units_covers_the_window_whole() -> None:
    for seed in range(SEEDS):
        plain = run(Course(StockWrites.ABSOLUTE, chance=random.Random(seed)), lossy=False)
        course = run(Course(StockWrites.ABSOLUTE, plain.unreported_max, random.Random(seed)), lossy=False)
        assert course.raised_max <= 0, f"seed {seed}"


def test_a_cancellation_that_is_not_reported_survives_a_write_while_the_place_settles() -> None:
    course = Course(StockWrites.COMPARE_AND_SET)
    course.push(lossy=False)
    assert course.listing.confirmed[None].settles_at is not None
    course.cancel_there()
    course.sell_elsewhere()
    while course.push(lossy=False):
        pass
    assert course.shown == START
    course.report()
    while course.push(lossy=False):
        pass
    assert course.shown == course.counted == START


def cancelling(seed: int) -> Course:
    """A course with cancellations and without a lost answer, until all is reported and the shop has been told."""
    course = Course(StockWrites.COMPARE_AND_SET, chance=random.Random(seed))

    def push() -> None:
        course.push(lossy=False)

    push()
    for _ in range(STEPS):
        course.chance.choice([course.sell_there, course.cancel_there, course.sell_elsewhere, course.report, push])()
    while course.unreported:
        course.report()
    for _ in range(20):
        push()
    return course


def test_cancellations_never_raise_a_shop_above_what_is_there() -> None:
    for seed in range(SEEDS):
        course = cancelling(seed)
        assert course.returned == 0, f"seed {seed}"
        assert course.shown <= course.counted, f"seed {seed}"
