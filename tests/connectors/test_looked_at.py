"""Writing between looks, and one by one what differs, on a platform made of a dictionary."""

from collections.abc import Mapping, Sequence

import pytest

from connectors.exchange import Flow, Request, Wait
from connectors.looked_at import write_between_looks
from connectors.one_by_one import where_different
from connectors.updates import Confirmed, Deferred, Rejected, Stale, StockUpdate, UpdateOutcome, as_kept
from tests.connectors.case import answer, drive

LOOK = Request(method="GET", url="https://platform.example/look")


def update(sku: str, quantity: int, change_from: int | None = None) -> StockUpdate:
    return StockUpdate(
        platform_ids={"id": sku}, sku=sku, quantity=quantity, change_from=change_from, idempotency_key=sku
    )


class Platform:
    """Shows what it was told only after `slow` looks more."""

    def __init__(self, slow: int = 0, **shown: int) -> None:
        self.shown, self.slow = shown, slow
        self.told: dict[str, int] = {}

    def look(self, updates: Sequence[StockUpdate]) -> Flow[Mapping[str, int]]:
        yield LOOK
        if self.told and self.slow == 0:
            self.shown |= self.told
        self.slow -= bool(self.told)
        return {some.sku: self.shown[some.sku] for some in updates if some.sku in self.shown}

    def write(self, updates: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        yield LOOK
        self.told = {some.sku: some.quantity for some in updates if some.sku != "UNCOUNTED"}
        return [Confirmed(some.quantity) if some.sku != "BAD" else Rejected("bad", "") for some in updates]


def outcomes(platform: Platform, updates: Sequence[StockUpdate], waits: Sequence[float] = ()) -> list[UpdateOutcome]:
    flow = write_between_looks(updates, platform.look, platform.write, waits)
    return _driven(flow)


def _driven(flow: Flow[list[UpdateOutcome]]) -> list[UpdateOutcome]:
    step = next(flow)
    try:
        while True:
            step = next(flow) if isinstance(step, Wait) else flow.send(answer({}))
    except StopIteration as finished:
        found: list[UpdateOutcome] = finished.value
        return found


def test_only_what_differs_is_written_and_what_shows_is_confirmed() -> None:
    platform = Platform(A=5, B=5, C=5, NEW=0)
    updates = [update("A", 5), update("B", 4, 5), update("C", 4, 6), update("NEW", 1), update("BAD", 1)]
    expected = [Confirmed(5), Confirmed(4), Stale(5), Confirmed(1), Rejected("bad", "")]
    assert outcomes(platform, updates) == expected
    assert platform.told == {"B": 4, "NEW": 1, "BAD": 1}


def test_what_shows_no_count_after_a_write_is_not_tracked() -> None:
    (outcome,) = outcomes(Platform(), [update("UNCOUNTED", 4)])
    assert isinstance(outcome, Rejected) and outcome.code == "not_tracked"


@pytest.mark.parametrize(("slow", "expected"), [(0, Confirmed), (2, Confirmed), (3, Deferred)])
def test_a_write_that_shows_late_is_waited_for_and_no_longer_than_that(slow: int, expected: type) -> None:
    (outcome,) = outcomes(Platform(slow=slow, A=5), [update("A", 4)], waits=(0.5, 1.0))
    assert isinstance(outcome, expected)


def test_nothing_is_called_when_everything_agrees() -> None:
    platform = Platform(A=5)
    requests, found = drive(write_between_looks([update("A", 5)], platform.look, platform.write), [answer({})])
    assert (len(requests), found, platform.told) == (1, [Confirmed(5)], {})


def test_one_by_one_only_what_differs_is_written() -> None:
    shown: dict[str, int | Rejected] = {"A": 5, "B": 5, "C": 5, "GONE": Rejected("gone", "")}

    def write(some: StockUpdate) -> Flow[UpdateOutcome]:
        yield LOOK
        return as_kept(some, some.quantity)

    updates = [update("A", 5), update("B", 4, 6), update("GONE", 1), update("C", 3), update("NEW", 2)]
    requests, found = drive(where_different(updates, lambda some: shown.get(some.sku), write), [answer({})] * 2)
    assert found == [Confirmed(5), Stale(5), Rejected("gone", ""), Confirmed(3), Confirmed(2)] and len(requests) == 2


def test_a_write_that_was_not_kept_is_put_off_with_what_shows_instead() -> None:
    for kept, words in ((5, "shows 5"), (None, "shows no count")):
        outcome = as_kept(update("A", 4), kept)
        assert isinstance(outcome, Deferred) and words in outcome.reason
