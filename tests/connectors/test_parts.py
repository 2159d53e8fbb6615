"""Batches that are taken or refused as a whole, and units that are not."""

from collections.abc import Sequence

import pytest

from connectors.exchange import Flow
from connectors.parts import CALLS_MAX, Refusal, write_in_parts
from connectors.quantities import units_taken, units_there
from connectors.updates import Confirmed, Deferred, Rejected, StockUpdate, UpdateOutcome

UPDATES = [
    StockUpdate(platform_ids={"id": str(number)}, sku=str(number), quantity=number, idempotency_key=str(number))
    for number in range(100)
]


class Platform:
    def __init__(self, bad: set[int], *, names_the_line: bool) -> None:
        self.bad, self.names_the_line = bad, names_the_line
        self.calls: list[list[int]] = []

    def send(self, updates: Sequence[StockUpdate]) -> Flow[Sequence[UpdateOutcome] | Refusal]:
        yield from ()
        numbers = [update.quantity for update in updates]
        self.calls.append(numbers)
        wrong = [position for position, number in enumerate(numbers) if number in self.bad]
        if wrong:
            return Refusal("BAD", "no such thing", wrong[0] if self.names_the_line else None)
        return [Confirmed(number) for number in numbers]


def outcomes(platform: Platform, updates: Sequence[StockUpdate]) -> list[UpdateOutcome]:
    try:
        next(write_in_parts(updates, platform.send))
    except StopIteration as finished:
        result: list[UpdateOutcome] = finished.value
        return result
    raise AssertionError("it made a call of its own")


@pytest.mark.parametrize("names_the_line", [True, False])
def test_the_lines_at_fault_are_found_and_the_others_written(names_the_line: bool) -> None:
    platform = Platform({3, 77}, names_the_line=names_the_line)
    got = outcomes(platform, UPDATES)
    assert [number for number, outcome in enumerate(got) if isinstance(outcome, Rejected)] == [3, 77]
    assert [outcome for outcome in got if not isinstance(outcome, Rejected)] == [
        Confirmed(number) for number in range(100) if number not in (3, 77)
    ]
    assert len(platform.calls) <= (3 if names_the_line else 30)


def test_a_named_line_costs_one_more_call() -> None:
    platform = Platform({50}, names_the_line=True)
    outcomes(platform, UPDATES)
    assert [len(call) for call in platform.calls] == [100, 99]


def test_the_parts_of_a_repetition_are_the_same() -> None:
    first, again = Platform({3, 77}, names_the_line=False), Platform({3, 77}, names_the_line=False)
    outcomes(first, UPDATES)
    outcomes(again, UPDATES)
    assert first.calls == again.calls


def test_a_batch_full_of_faults_ends_and_leaves_the_rest_for_later() -> None:
    platform = Platform(set(range(100)), names_the_line=False)
    got = outcomes(platform, UPDATES)
    assert len(platform.calls) == CALLS_MAX
    assert {type(outcome) for outcome in got} == {Rejected, Deferred}


@pytest.mark.parametrize(
    ("quantity", "taken", "there"),
    [("53", 53, 53), ("1.25000", 2, 1), (45.0, 45, 45), (0.1 + 0.2, 1, 0), (2.9999999999, 3, 3), (-0.5, 0, -1)],
)
def test_fractions_err_on_the_side_of_too_few(quantity: str | float, taken: int, there: int) -> None:
    assert (units_taken(quantity), units_there(quantity)) == (taken, there)


def test_what_is_no_number_is_no_quantity() -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        units_there("many")
