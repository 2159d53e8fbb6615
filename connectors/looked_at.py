"""Writes to platforms that can neither compare nor tell what they kept: a look before, and looks after."""

from collections.abc import Callable, Mapping, Sequence

from connectors.exchange import Flow, Wait
from connectors.updates import Confirmed, Rejected, StockUpdate, UpdateOutcome, as_kept, without_writing

Look = Callable[[Sequence[StockUpdate]], Flow[Mapping[str, int]]]
"""What the platform shows now, by the idempotency key of the update; without those that it shows no count of."""
WriteAll = Callable[[Sequence[StockUpdate]], Flow[list[UpdateOutcome]]]
"""One outcome per update; `Confirmed` means no more than that the platform took it."""


def write_between_looks(
    updates: Sequence[StockUpdate], look: Look, write: WriteAll, waits_seconds: Sequence[float] = ()
) -> Flow[list[UpdateOutcome]]:
    """One outcome per update: only what differs is written, and confirmed is what the platform shows then.

    `waits_seconds`: the pauses between looks, for platforms that apply a write after they have answered.
    """
    before = yield from look(updates)
    outcomes: dict[str, UpdateOutcome] = {}
    for update in updates:
        shown = before.get(update.idempotency_key)
        if shown is not None and (settled := without_writing(update, shown)) is not None:
            outcomes[update.idempotency_key] = settled
    due = [update for update in updates if update.idempotency_key not in outcomes]
    written = (yield from write(due)) if due else []
    outcomes |= {update.idempotency_key: outcome for update, outcome in zip(due, written, strict=True)}
    told = [update for update in due if isinstance(outcomes[update.idempotency_key], Confirmed)]
    after = (yield from look(told)) if told else {}
    for seconds in waits_seconds:
        if all(after.get(update.idempotency_key) == update.quantity for update in told):
            break
        yield Wait(seconds)
        after = yield from look(told)
    outcomes |= {update.idempotency_key: _taken(update, after) for update in told}
    return [outcomes[update.idempotency_key] for update in updates]


def _taken(update: StockUpdate, after: Mapping[str, int]) -> UpdateOutcome:
    if update.idempotency_key in after:
        return as_kept(update, after[update.idempotency_key])
    return Rejected("not_tracked", "The platform keeps no count of it: switch on that it tracks this product's stock.")
