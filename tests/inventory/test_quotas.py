"""What quotas keep for whom: the rules, and that no order of commands gets around them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

import pytest

from gateway.inventory.batch import BatchStock
from gateway.inventory.commands import Command
from gateway.inventory.decision import Atomicity, Decision, Outcome, Result, Submission
from gateway.inventory.errors import Code, InventoryError, KeptForOthers
from gateway.inventory.offering import Offering
from gateway.inventory.orders import Order
from gateway.inventory.quotas import Quota
from gateway.inventory.records import Record, RecordKey
from gateway.inventory.reservations import Reservation
from gateway.inventory.stock import Item, Level
from tests.builders import NOW, adjust, item, move, set_available
from tests.inventory.quota_model import clear, hold, quota, release, report, used
from tests.selling import channel

LOCATIONS = {"EAST": True, "WEST": True, "CLOSED": False}
SEEDS = range(80)


class Book:
    """One item and its records, to which commands are applied one batch after the other."""

    def __init__(self, **levels: int) -> None:
        self.item = item("LAMP", {at: Level(units) for at, units in levels.items()})
        self.records: dict[RecordKey, Record] = {}

    def apply(self, *commands: Command, atomicity: Atomicity = Atomicity.PER_ADJUSTMENT) -> list[Result]:
        stock = BatchStock({self.item.id: self.item}, LOCATIONS, NOW, self.records)
        decision = Decision(stock, {}, self.item.seq)
        results = decision.submit(Submission(commands, atomicity))
        if self.item.id in stock.changes:
            self.item = stock.changes[self.item.id].after(NOW)
        for change in stock.records.changes():
            assert isinstance(change.after, Reservation | Order) or change.key.collection == "alerts"
            self.records[change.key] = replace(change.after, revision=change.revision_before + 1)  # type: ignore[type-var]
        return results

    def codes(self, *commands: Command) -> list[str]:
        return [r.code if isinstance(r, InventoryError) else "OK" for r in self.apply(*commands)]

    def held(self, key: str) -> Reservation:
        found = self.records[RecordKey("reservations", f"r-{key}")]
        assert isinstance(found, Reservation)
        return found

    @property
    def available(self) -> Mapping[str, int]:
        return {at: level.available for at, level in self.item.levels.items()}


def test_others_can_take_what_the_quotas_leave_and_no_more() -> None:
    book = Book(EAST=10)
    assert book.codes(quota("q", "web", 4)) == ["OK"]
    assert book.codes(hold("a", "till", 7), hold("b", None, 7), hold("c", "till", 6)) == [
        Code.INSUFFICIENT_STOCK,
        Code.INSUFFICIENT_STOCK,
        "OK",
    ]
    assert book.codes(hold("d", None, 1), hold("e", "web", 4), hold("f", "web", 1)) == [
        Code.INSUFFICIENT_STOCK,
        "OK",
        Code.INSUFFICIENT_STOCK,
    ]
    assert used(book.item) == {("web", None): (4, 0)}


def test_a_channel_uses_its_own_quota_first_and_then_what_is_free() -> None:
    book = Book(EAST=10)
    book.apply(quota("q", "web", 4), quota("t", "till", 3))
    assert book.codes(hold("a", "web", 7)) == ["OK"]
    assert used(book.item) == {("web", None): (4, 0), ("till", None): (0, 3)}
    assert book.codes(hold("b", "web", 1), hold("c", "till", 3)) == [Code.INSUFFICIENT_STOCK, "OK"]


def test_a_release_gives_back_what_it_drew() -> None:
    book = Book(EAST=10)
    book.apply(quota("q", "web", 4), hold("a", "web", 6))
    book.apply(release("back", book.held("a")))
    assert used(book.item) == {("web", None): (0, 4)}
    assert book.available == {"EAST": 10}


def test_what_has_been_shipped_was_sold_out_of_the_quota_first() -> None:
    book = Book(EAST=10)
    book.apply(quota("q", "web", 4), hold("a", "web", 6))
    shipped = replace(book.held("a").lines[0], fulfilled=3)
    assert [draw.units for draw in shipped.open_draws] == [1]
    assert replace(shipped, fulfilled=5).open_draws == ()


def test_a_quota_at_a_location_keeps_units_there_only() -> None:
    book = Book(EAST=5, WEST=5)
    book.apply(quota("q", "web", 4, "EAST"))
    assert book.codes(hold("a", "till", 2, "EAST"), hold("b", "till", 5, "WEST")) == [Code.INSUFFICIENT_STOCK, "OK"]
    assert book.codes(hold("c", "web", 5, "EAST")) == ["OK"]


def test_a_quota_of_any_location_leaves_open_where_the_units_are() -> None:
    book = Book(EAST=5, WEST=5)
    book.apply(quota("q", "web", 4))
    assert book.codes(hold("a", "till", 5, "EAST"), hold("b", "till", 2, "WEST")) == ["OK", Code.INSUFFICIENT_STOCK]
    assert book.codes(hold("c", "till", 1, "WEST"), hold("d", "web", 4, "WEST")) == ["OK", "OK"]


def test_stock_at_an_inactive_location_covers_no_quota_of_any_location() -> None:
    book = Book(EAST=5, CLOSED=50)
    book.apply(quota("q", "web", 4))
    assert book.codes(hold("a", "till", 2), hold("b", "till", 1)) == [Code.INSUFFICIENT_STOCK, "OK"]


def test_an_adjustment_takes_none_that_are_kept_for_others_and_uses_its_own_channels() -> None:
    book = Book(EAST=10)
    book.apply(quota("q", "web", 4))
    [refused] = book.apply(adjust("a", "LAMP", {"EAST": -7}))
    assert isinstance(refused, KeptForOthers)
    assert refused.actual == 6
    assert book.codes(adjust("b", "LAMP", {"EAST": -7}, channel_id="web")) == ["OK"]
    assert used(book.item) == {("web", None): (4, 0)}


def test_counts_and_moves_are_facts_and_what_is_then_missing_is_told() -> None:
    book = Book(EAST=10)
    book.apply(quota("q", "web", 4), quota("e", "till", 3, "EAST"))
    assert book.codes(set_available("count", "LAMP", "EAST", 2)) == ["OK"]
    fence = book.item.fence(LOCATIONS)
    assert fence is not None
    assert (fence.short("EAST"), fence.short(None)) == (1, 4)
    # What is left is shared by those that units were kept for; a quota of a location goes first.
    assert book.codes(hold("a", None, 1), hold("b", "web", 1), hold("c", "till", 2)) == [
        Code.INSUFFICIENT_STOCK,
        Code.INSUFFICIENT_STOCK,
        "OK",
    ]


def test_where_less_is_there_than_is_kept_its_channels_share_it_whoever_comes_first() -> None:
    book = Book(EAST=3)
    book.apply(quota("q", "web", 5), quota("t", "till", 5))
    assert book.codes(hold("a", None, 1), hold("b", "web", 2), hold("c", "till", 2), hold("d", "till", 1)) == [
        Code.INSUFFICIENT_STOCK,
        "OK",
        Code.INSUFFICIENT_STOCK,
        "OK",
    ]


def test_nobody_backorders_where_units_are_kept_for_others() -> None:
    book = Book(EAST=2)
    book.item = replace(book.item, backorder_limit=10)
    book.apply(quota("q", "web", 1))
    short, own = hold("a", "till", 4), hold("b", "web", 4)
    short.allow_backorder = own.allow_backorder = True
    assert book.codes(short, own) == [Code.INSUFFICIENT_STOCK, "OK"]
    assert book.available == {"EAST": -2}


def test_a_reported_order_is_applied_uses_its_quota_and_is_flagged_where_it_takes_what_is_kept() -> None:
    book = Book(EAST=10)
    book.apply(quota("q", "web", 4), quota("t", "till", 5))
    book.apply(report("1", "web", "o-1", book.item, 6, "EAST"))
    assert used(book.item) == {("web", None): (4, 0), ("till", None): (0, 5)}
    [order] = [record for record in book.records.values() if isinstance(record, Order)]
    assert order.took_kept
    book.apply(report("2", "web", "o-1", book.item, 1, "EAST"))
    assert used(book.item)["web", None] == (1, 3)


def test_a_line_that_changes_its_place_takes_its_draws_along() -> None:
    book = Book(EAST=5, WEST=5)
    book.apply(quota("q", "web", 4), quota("w", "web", 2, "WEST"))
    book.apply(report("1", "web", "o-1", book.item, 4, "EAST"))
    assert used(book.item) == {("web", None): (4, 0), ("web", "WEST"): (0, 2)}
    book.apply(report("2", "web", "o-1", book.item, 4, "WEST"))
    assert used(book.item) == {("web", None): (2, 2), ("web", "WEST"): (2, 0)}


def test_a_quota_set_again_keeps_what_was_used_and_one_set_anew_owes_nothing_to_the_old() -> None:
    book = Book(EAST=10)
    book.apply(quota("q", "web", 4), hold("a", "web", 3))
    book.apply(quota("more", "web", 6))
    assert used(book.item) == {("web", None): (3, 3)}
    book.apply(clear("c", "web"), quota("new", "web", 5), hold("b", "web", 2))
    book.apply(release("back", book.held("a")))
    assert used(book.item) == {("web", None): (2, 3)}


def test_a_change_of_quotas_is_a_movement_without_lines() -> None:
    book = Book(EAST=10)
    [outcome] = book.apply(quota("q", "web", 4))
    assert isinstance(outcome, Outcome)
    assert (outcome.entry.lines, outcome.entry.items[0].version, book.item.version) == ((), 1, 1)


def test_an_all_or_nothing_group_that_is_taken_back_leaves_the_quotas_as_they_were() -> None:
    book = Book(EAST=10)
    book.apply(quota("q", "web", 4))
    book.apply(hold("a", "web", 3), clear("c", "web"), adjust("x", "LAMP", {"EAST": -99}), atomicity=Atomicity.ALL)
    assert used(book.item) == {("web", None): (0, 4)}
    assert book.available == {"EAST": 10}


def test_a_channel_is_offered_what_quotas_leave_it_at_all_its_places_together() -> None:
    book = Book(EAST=5, WEST=5)
    book.apply(quota("q", "web", 3), quota("t", "till", 2, "EAST"))
    for channel_id, expected in (("web", {"e": 3, "w": 5}), ("till", {"e": 5, "w": 2}), ("app", {"e": 3, "w": 2})):
        sold_through = channel(channel_id, {"EAST": "e", "WEST": "w"})
        assert Offering(sold_through, LOCATIONS).offered(book.item, {}) == expected


def test_a_quota_that_is_not_there_cannot_be_cleared() -> None:
    assert Book(EAST=1).codes(clear("c", "web")) == [Code.QUOTA_NOT_FOUND]


def kept_from(quotas: Mapping[str, Quota], channel_id: str | None, at: str | None) -> int:
    return sum(q.remaining for q in quotas.values() if q.location_id == at and q.channel_id != channel_id)


def assert_nobody_took_what_is_kept(before: Item, after: Item, channel_id: str | None) -> None:
    """From the definition: what a channel took beyond its own quotas left as much as all quotas together keep."""
    drawn = {
        at: sum(q.used - before.quotas[q.id].used for q in after.quotas.values() if q.location_id == at)
        for at in ("EAST", "WEST", None)
    }
    left: dict[str, int] = {}
    beyond_own = 0
    for at in ("EAST", "WEST"):
        took = before.level(at).available - after.level(at).available
        kept = kept_from(after.quotas, None, at)
        left[at] = max(0, after.level(at).available - kept)
        if took > drawn[at]:
            assert after.level(at).available >= kept, f"{at}: {took} taken, {drawn[at]} of its own, {kept} are kept"
            beyond_own += took - drawn[at]
    if beyond_own > drawn[None]:
        assert sum(left.values()) >= kept_from(after.quotas, None, None)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_course_of_reservations_takes_what_is_kept_for_others(seed: int) -> None:
    chance = random.Random(seed)
    book = Book(EAST=chance.randrange(12), WEST=chance.randrange(12))
    channels, places = ("web", "till", None), ("EAST", "WEST", None)
    for number in range(chance.randrange(4)):
        book.apply(quota(f"q{number}", chance.choice(("web", "till")), chance.randint(1, 8), chance.choice(places)))
    held: list[str] = []
    for step in range(12):
        if held and chance.random() < 0.3:
            key = held.pop(chance.randrange(len(held)))
            total = sum(q.used for q in book.item.quotas.values())
            drawn = sum(draw.units for line in book.held(key).lines for draw in line.draws)
            book.apply(release(f"back-{key}", book.held(key)))
            assert sum(q.used for q in book.item.quotas.values()) == total - drawn
            continue
        before, channel_id = book.item, chance.choice(channels)
        wanted, at = chance.randint(1, 6), chance.choice(places)
        room = sum(before.available_to(channel_id, [at] if at else ["EAST", "WEST"], LOCATIONS).values())
        [result] = book.apply(hold(f"{step}", channel_id, wanted, at, partial=True))
        if isinstance(result, Outcome):
            held.append(f"{step}")
            taken = sum(line.quantity for line in book.held(f"{step}").lines)
        else:
            taken = 0
        assert taken == min(wanted, max(room, 0)), f"seed {seed}, step {step}: offered and held differ"
        assert_nobody_took_what_is_kept(before, book.item, channel_id)
        assert all(0 <= q.used <= q.quantity for q in book.item.quotas.values())
    for key in held:
        book.apply(release(f"end-{key}", book.held(key)))
    assert all(q.used == 0 for q in book.item.quotas.values())


def test_a_move_needs_no_leave_of_any_quota() -> None:
    book = Book(EAST=5)
    book.apply(quota("q", "web", 4, "EAST"))
    assert book.codes(move("m", "LAMP", 5, "EAST", "WEST")) == ["OK"]
