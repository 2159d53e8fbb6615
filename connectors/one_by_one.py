"""For platforms that take one quantity per call."""

from collections.abc import Callable, Sequence

from connectors.errors import Retriable
from connectors.exchange import Flow
from connectors.updates import Deferred, Rejected, StockUpdate, UpdateOutcome, without_writing

WriteOne = Callable[[StockUpdate], Flow[UpdateOutcome]]


def one_by_one(updates: Sequence[StockUpdate], write_one: WriteOne) -> Flow[list[UpdateOutcome]]:
    """One outcome per update. A call that fails for the whole channel puts the rest off, and what is written stays
    written; when nothing is written yet, its error is raised."""
    outcomes: list[UpdateOutcome] = []
    for update in updates:
        try:
            outcomes.append((yield from write_one(update)))
        except Retriable as error:
            if not outcomes:
                raise
            left = len(updates) - len(outcomes)
            return outcomes + [Deferred(error.reason, error.after_seconds)] * left
    return outcomes


def where_different(
    updates: Sequence[StockUpdate], shown: Callable[[StockUpdate], int | Rejected | None], write_one: WriteOne
) -> Flow[list[UpdateOutcome]]:
    """The same for platforms that cannot compare by themselves. `shown` says what the platform was seen to show just
    now: None where it shows nothing yet, `Rejected` where it cannot be written."""

    def compare(update: StockUpdate) -> Flow[UpdateOutcome]:
        seen = shown(update)
        if isinstance(seen, Rejected):
            return seen
        settled = None if seen is None else without_writing(update, seen)
        return settled if settled is not None else (yield from write_one(update))

    return (yield from one_by_one(updates, compare))
