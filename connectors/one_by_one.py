"""For platforms that take one quantity per call."""

from collections.abc import Callable, Sequence

from connectors.errors import Retriable
from connectors.exchange import Flow
from connectors.updates import Deferred, StockUpdate, UpdateOutcome

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
