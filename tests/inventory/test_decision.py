"""What one batch decides, without any database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from gateway.inventory.batch import BatchStock
from gateway.inventory.commands import Command
from gateway.inventory.decision import Atomicity, Decision, Outcome, Result, Submission
from gateway.inventory.errors import Code, CompareQuantityStale, IdempotencyKeyReused, InventoryError
from gateway.inventory.quantities import QUANTITY_MAX, Bucket
from gateway.inventory.stock import Item, ItemStatus, Level
from tests.builders import NOW, adjust, item, move, set_available

LOCATIONS = {"EAST": True, "WEST": True, "CLOSED": False}


def decide(items: Sequence[Item], *commands: Command, atomicity: Atomicity = Atomicity.PER_ADJUSTMENT) -> Decided:
    decision = Decision(BatchStock({i.id: i for i in items}, LOCATIONS, NOW), {}, seq=0)
    results = decision.submit(Submission(commands, atomicity))
    return Decided(decision, results)


class Decided:
    def __init__(self, decision: Decision, results: list[Result]) -> None:
        self.decision = decision
        self.results = results

    @property
    def codes(self) -> list[str]:
        return [result.code if isinstance(result, InventoryError) else "OK" for result in self.results]

    def available(self, sku: str) -> Mapping[str, int]:
        [change] = [c for c in self.decision.stock.changes.values() if c.before.sku == sku]
        return {at: level.available for at, level in change.after(NOW).levels.items()}

    def outcome(self, index: int = 0) -> Outcome:
        result = self.results[index]
        assert isinstance(result, Outcome)
        return result

    def error(self, index: int = 0) -> InventoryError:
        result = self.results[index]
        assert isinstance(result, InventoryError)
        return result


def test_an_adjustment_changes_all_its_locations_at_once() -> None:
    decided = decide([item("LAMP", {"EAST": 10, "WEST": 10})], adjust("k", "LAMP", {"EAST": -5, "WEST": -2}))
    assert decided.available("LAMP") == {"EAST": 5, "WEST": 8}
    entry = decided.outcome().entry
    assert [(line.location_id, line.delta, line.after) for line in entry.lines] == [("EAST", -5, 5), ("WEST", -2, 8)]
    assert [(mark.version, mark.total_available) for mark in entry.items] == [(1, 13)]


def test_an_adjustment_with_one_short_location_changes_none() -> None:
    decided = decide([item("LAMP", {"EAST": 10, "WEST": 1})], adjust("k", "LAMP", {"EAST": -5, "WEST": -2}))
    assert decided.codes == [Code.INSUFFICIENT_STOCK]
    assert decided.error().path == ("adjustments", "1")
    assert decided.available("LAMP") == {"EAST": 10, "WEST": 1}


def test_a_later_command_sees_the_effect_of_an_earlier_one() -> None:
    commands = [adjust(f"k{n}", "LAMP", {"EAST": -2}) for n in range(3)]
    decided = decide([item("LAMP", {"EAST": 5})], *commands)
    assert decided.codes == ["OK", "OK", Code.INSUFFICIENT_STOCK]
    assert [decided.outcome(n).entry.items[0].version for n in range(2)] == [1, 2]


def test_the_ledger_position_grows_along_an_items_versions_even_when_the_clock_went_back() -> None:
    ahead = item("LAMP", {"EAST": 5}, seq=10**18)
    decided = decide([ahead], adjust("a", "LAMP", {"EAST": 1}), adjust("b", "LAMP", {"EAST": 1}))
    assert [decided.outcome(n).entry.seq for n in range(2)] == [10**18 + 1, 10**18 + 2]


def test_an_all_or_nothing_submission_is_taken_back_when_one_part_is_refused() -> None:
    items = [item("LAMP", {"EAST": 5}), item("DESK", {"EAST": 1})]
    parts = (adjust("a", "LAMP", {"EAST": -5}), adjust("b", "DESK", {"EAST": -2}), adjust("c", "LAMP", {"WEST": 1}))
    decided = decide(items, *parts, atomicity=Atomicity.ALL)
    assert decided.codes == [Code.NOT_APPLIED, Code.INSUFFICIENT_STOCK, Code.NOT_APPLIED]
    assert decided.decision.entries == {}
    assert all(change.movements == 0 for change in decided.decision.stock.changes.values())


def test_the_same_key_and_request_in_one_batch_applies_once() -> None:
    decided = decide([item("LAMP", {"EAST": 5})], *[adjust("k", "LAMP", {"EAST": -1}) for _ in range(3)])
    assert [decided.outcome(n).replayed for n in range(3)] == [False, True, True]
    assert decided.available("LAMP") == {"EAST": 4}


def test_the_same_key_with_another_request_names_what_differs() -> None:
    first = adjust("k", "LAMP", {"EAST": -1, "WEST": -1})
    second = adjust("k", "LAMP", {"EAST": -1, "WEST": -2}, reason="damaged")
    decided = decide([item("LAMP", {"EAST": 5, "WEST": 5})], first, second)
    error = decided.error(1)
    assert isinstance(error, IdempotencyKeyReused)
    assert error.differing_paths == ("adjustments.WEST", "reason")


def test_the_order_and_splitting_of_lines_does_not_change_a_request() -> None:
    first = adjust("k", "LAMP", {"EAST": -1, "WEST": -2})
    assert first.fingerprint == adjust("k", "LAMP", {"WEST": -2, "EAST": -1}).fingerprint
    split = type(first)(first.scope, "k", first.cause, "LAMP", (*first.adjustments[1:], first.adjustments[0]))
    assert split.fingerprint == first.fingerprint


def test_a_set_to_a_stale_compare_quantity_returns_the_actual_one() -> None:
    decided = decide([item("LAMP", {"EAST": 5})], set_available("k", "LAMP", "EAST", 9, compare=4))
    error = decided.error()
    assert isinstance(error, CompareQuantityStale)
    assert error.actual == 5
    assert error.path == ("quantities", "0", "compareQuantity")


def test_a_set_without_compare_quantity_overwrites() -> None:
    decided = decide([item("LAMP", {"EAST": 5})], set_available("k", "LAMP", "WEST", 9))
    assert decided.available("LAMP") == {"EAST": 5, "WEST": 9}


def test_a_move_between_buckets_leaves_the_sum_alone() -> None:
    decided = decide([item("LAMP", {"EAST": 5})], move("k", "LAMP", 2, "EAST", ("EAST", Bucket.UNAVAILABLE)))
    [change] = decided.decision.stock.changes.values()
    assert change.after(NOW).level("EAST").on_hand == 5
    assert decided.outcome().entry.items[0].total_available == 3


def test_a_backorder_goes_down_to_its_limit_and_no_further() -> None:
    lamp = item("LAMP", {"EAST": 1}, backorder_limit=3)
    allowed, refused, strict = (
        adjust("a", "LAMP", {"EAST": -4}, allow_backorder=True),
        adjust("b", "LAMP", {"EAST": -1}, allow_backorder=True),
        adjust("c", "LAMP", {"EAST": -1}),
    )
    assert decide([lamp], allowed, refused, strict).codes == ["OK", "INSUFFICIENT_STOCK", "INSUFFICIENT_STOCK"]


def test_stock_below_its_floor_can_be_raised_but_not_lowered() -> None:
    oversold = item("LAMP", {"EAST": -3})
    assert decide([oversold], adjust("a", "LAMP", {"EAST": 1})).codes == ["OK"]
    assert decide([oversold], adjust("a", "LAMP", {"EAST": -1})).codes == [Code.INSUFFICIENT_STOCK]


def test_an_inactive_location_can_be_emptied_but_takes_no_stock() -> None:
    lamp = item("LAMP", {"CLOSED": 5})
    emptied = decide([lamp], move("a", "LAMP", 5, "CLOSED", "EAST"))
    assert emptied.outcome().entry.items[0].total_available == 5
    assert decide([lamp], adjust("b", "LAMP", {"CLOSED": 1})).codes == [Code.LOCATION_INACTIVE]
    inside = move("c", "LAMP", 5, "CLOSED", ("CLOSED", Bucket.UNAVAILABLE))
    assert decide([lamp], inside).codes == ["OK"]


def test_unknown_and_archived_things_are_refused_by_name() -> None:
    archived = item("OLD", {"EAST": 1}, status=ItemStatus.ARCHIVED)
    commands = [
        adjust("a", "NONE", {"EAST": 1}),
        adjust("b", "OLD", {"EAST": 1}),
        adjust("c", "LAMP", {"NOWHERE": 1}),
    ]
    decided = decide([archived, item("LAMP", {})], *commands)
    assert decided.codes == [Code.ITEM_NOT_FOUND, Code.ITEM_ARCHIVED, Code.LOCATION_NOT_FOUND]
    assert [decided.error(n).path for n in range(3)] == [("sku",), ("sku",), ("adjustments", "0", "locationId")]


def test_neither_a_bucket_nor_the_items_sum_may_pass_the_largest_quantity() -> None:
    full = item("LAMP", {"EAST": Level(QUANTITY_MAX - 1)})
    assert decide([full], adjust("a", "LAMP", {"EAST": 1})).codes == ["OK"]
    assert decide([full], adjust("a", "LAMP", {"EAST": 2})).codes == [Code.OUT_OF_RANGE]
    assert decide([full], adjust("a", "LAMP", {"WEST": 2})).codes == [Code.OUT_OF_RANGE]


@pytest.mark.parametrize(
    ("build", "code", "path"),
    [
        (lambda: adjust("k", "LAMP", {"EAST": 0}), Code.ZERO_DELTA, ("adjustments", "0", "delta")),
        (lambda: adjust("k", "LAMP", {"EAST": 2**53}), Code.OUT_OF_RANGE, ("adjustments", "0", "delta")),
        (lambda: adjust("k", "LAMP", {"EAST": -(2**63)}), Code.OUT_OF_RANGE, ("adjustments", "0", "delta")),
        (lambda: adjust("k", "LAMP", {}), Code.EMPTY, ("adjustments",)),
        (lambda: adjust("k", "LAMP", {f"L{n}": 1 for n in range(251)}), Code.TOO_MANY, ("adjustments",)),
        (lambda: adjust("k", "LAMP", {"A.B": 1}), Code.INVALID_CHARACTERS, ("adjustments", "0", "locationId")),
        (lambda: adjust("k", "LAMP", {"$inc": 1}), Code.INVALID_CHARACTERS, ("adjustments", "0", "locationId")),
        (lambda: adjust("", "LAMP", {"EAST": 1}), Code.BLANK, ("idempotencyKey",)),
        (lambda: adjust("k" * 10_000, "LAMP", {"EAST": 1}), Code.TOO_LONG, ("idempotencyKey",)),
        (lambda: adjust("a\nb", "LAMP", {"EAST": 1}), Code.INVALID_CHARACTERS, ("idempotencyKey",)),
        (lambda: adjust("k", " LAMP", {"EAST": 1}), Code.INVALID_CHARACTERS, ("sku",)),
        (lambda: adjust("k", "LAMP", {"EAST": 1}, reason="x" * 501), Code.TOO_LONG, ("reason",)),
        (lambda: set_available("k", "LAMP", "EAST", -1), Code.OUT_OF_RANGE, ("quantities", "0", "quantity")),
        (lambda: move("k", "LAMP", 0, "EAST", "WEST"), Code.OUT_OF_RANGE, ("moves", "0", "quantity")),
        (lambda: move("k", "LAMP", 1, "EAST", "EAST"), Code.INVALID_INPUT, ("moves", "0", "to")),
    ],
)
def test_malformed_input_is_refused_before_anything_is_read(build: object, code: Code, path: tuple[str, ...]) -> None:
    with pytest.raises(InventoryError) as refusal:
        build()  # type: ignore[operator]
    assert (refusal.value.code, refusal.value.path) == (code, path)
