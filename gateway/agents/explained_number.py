"""Why the quantities of a SKU at a location are what they are, explained to an agent."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from gateway.inventory.accounts import Source
from gateway.inventory.explanations import Explanation, Term
from gateway.inventory.ledger import LedgerEntry
from gateway.inventory.quantities import Bucket
from gateway.rest.answers import Answer
from gateway.rest.bodies import Body
from gateway.rest.texts import Sku, Slug


class ExplainForm(Body):
    """Which number."""

    sku: Sku
    location_id: Slug


class TermAnswer(Answer):
    """Units that one open document holds or announces."""

    source: Source
    document_id: str
    units: int
    state: str
    reference: str | None
    owner: str | None
    due: datetime | None

    @classmethod
    def of(cls, term: Term) -> TermAnswer:
        return cls(
            source=term.source,
            document_id=term.document_id,
            units=term.units,
            state=term.state,
            reference=term.reference,
            owner=term.owner,
            due=term.due,
        )


class MovementAnswer(Answer):
    """One entry of the ledger, as far as it touched this place."""

    at: datetime
    kind: str
    actor: str
    reason: str | None
    reference: str | None
    channel_id: str | None
    deltas: dict[Bucket, int]

    @classmethod
    def of(cls, entry: LedgerEntry, item_id: str, location_id: str) -> MovementAnswer:
        here = [line for line in entry.lines if (line.item_id, line.location_id) == (item_id, location_id)]
        cause = entry.cause
        return cls(
            at=entry.at,
            kind=entry.kind,
            actor=cause.actor,
            reason=cause.reason,
            reference=cause.reference,
            channel_id=cause.channel_id,
            deltas={line.bucket: line.delta for line in here},
        )


class ExplanationAnswer(Answer):
    """Why the quantities of a SKU at a location are what they are: open documents, and the newest movements."""

    sku: str
    location_id: str
    quantities: dict[Bucket, int]
    documents: list[TermAnswer]
    by_hand: dict[Bucket, int] = Field(description="Of the quantities, units that no open document accounts for.")
    movements: list[MovementAnswer] = Field(description="The newest first.")

    @classmethod
    def of(cls, explanation: Explanation) -> ExplanationAnswer:
        item, at = explanation.item, explanation.location_id
        return cls(
            sku=item.sku,
            location_id=at,
            quantities={bucket: explanation.level.quantity(bucket) for bucket in Bucket},
            documents=[TermAnswer.of(term) for term in explanation.terms],
            by_hand={bucket: explanation.by_hand(bucket) for bucket in Bucket},
            movements=[MovementAnswer.of(entry, item.id, at) for entry in explanation.movements],
        )
