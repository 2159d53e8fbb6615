"""Writes to platforms that only take changes: several in one document, each of which is an entry in a ledger."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from connectors.exchange import Flow
from connectors.parts import SendPart, write_in_parts
from connectors.updates import Confirmed, Rejected, StockUpdate, UpdateOutcome

Available = Callable[[Sequence[StockUpdate]], Flow[Mapping[str, int]]]
"""What can be sold now, by the idempotency key of the update; without those that the platform keeps no count of."""


def write_changes(updates: Sequence[StockUpdate], available: Available, post: SendPart) -> Flow[list[UpdateOutcome]]:
    """One outcome per update. `post` is given updates of one location that all have a `delta` other than zero.

    Where the change is not known it is the difference to what is there now, and the update gets a key of its own for
    it. Those are posted apart: after a lost answer their differences are others, and the known changes must be sent
    again under the same key.
    """
    unknown = [update for update in updates if update.delta is None]
    there = (yield from available(unknown)) if unknown else {}
    outcomes: dict[str, UpdateOutcome] = {}
    due: dict[tuple[bool, str | None], list[tuple[str, StockUpdate]]] = {}
    for update in updates:
        key, known = update.idempotency_key, update.delta is not None
        change = _with_change(update, there)
        if change is None:
            outcomes[key] = Rejected("not_tracked", "The platform has no such product, or keeps no count of it.")
        elif not change.delta:
            outcomes[key] = Confirmed(update.quantity)
        else:
            due.setdefault((known, update.location_id), []).append((key, change))
    for part in due.values():
        written = yield from write_in_parts([change for _, change in part], post)
        outcomes |= {key: outcome for (key, _), outcome in zip(part, written, strict=True)}
    return [outcomes[update.idempotency_key] for update in updates]


def document_key(updates: Sequence[StockUpdate]) -> str:
    """The same for the same updates, as 40 hexadecimal digits."""
    return sha256("\n".join(update.idempotency_key for update in updates).encode()).hexdigest()[:40]


def _with_change(update: StockUpdate, there: Mapping[str, int]) -> StockUpdate | None:
    if update.delta is not None:
        return update
    if update.idempotency_key not in there:
        return None
    change = update.quantity - there[update.idempotency_key]
    return replace(update, delta=change, idempotency_key=f"{update.idempotency_key}/{change}")
