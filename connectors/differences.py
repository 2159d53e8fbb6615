"""Writes to platforms whose number is moved rather than set, or is another one than what they have to sell."""

from collections.abc import Callable, Mapping, Sequence

from connectors.exchange import Flow
from connectors.looked_at import Look, write_between_looks
from connectors.updates import Rejected, StockUpdate, UpdateOutcome

Post = Callable[[Sequence[StockUpdate], Mapping[str, int]], Flow[list[UpdateOutcome]]]
"""Moves what the platform has to sell by so many units, by the idempotency key of the update."""
NOT_COUNTED = Rejected("not_counted", "The platform keeps no count of it there: assign it to the place, or track it.")


def write_differences(updates: Sequence[StockUpdate], look: Look, post: Post) -> Flow[list[UpdateOutcome]]:
    """One outcome per update. The change is always that to what was seen just before, so a write of which no answer
    came is not done again when it is repeated; confirmed is what the platform shows afterwards."""
    before: dict[str, int] = {}

    def remembering(some: Sequence[StockUpdate]) -> Flow[Mapping[str, int]]:
        shown = yield from look(some)
        before.update((key, units) for key, units in shown.items() if key not in before)
        return shown

    def write(due: Sequence[StockUpdate]) -> Flow[list[UpdateOutcome]]:
        known = [update for update in due if update.idempotency_key in before]
        changes = {update.idempotency_key: update.quantity - before[update.idempotency_key] for update in known}
        posted = iter((yield from post(known, changes)) if known else ())
        return [next(posted) if update.idempotency_key in before else NOT_COUNTED for update in due]

    return (yield from write_between_looks(updates, remembering, write))
