"""What the stock was, and why it is what it is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from gateway.inventory.access import Scope
from gateway.inventory.accounts import Source
from gateway.inventory.counts import PastStock
from gateway.inventory.explanations import Explanation, Term
from gateway.inventory.identifiers import check_count
from gateway.inventory.quantities import Bucket
from schema.context import Info
from schema.descriptions import describe
from schema.errors import reading
from schema.items import LOCATIONS_MAX, LevelType
from schema.ledger import LedgerEntryType
from schema.scalars import Quantity
from schema.times import check_time

strawberry.enum(Source, name="TermSource", description="A kind of document with open units.")
describe(
    Source,
    {
        "RESERVATION": "A reservation that is held or committed; its units are allocated.",
        "ORDER": "An order that a channel reported; its unshipped units are allocated.",
        "INBOUND": "A purchase; its outstanding units are incoming.",
        "TRANSFER": "A transfer to this location; its units in transit are incoming.",
    },
)


@strawberry.type(name="PastStock", description="One SKU at a time in the past, as its ledger tells.")
class PastStockType:
    sku: str = strawberry.field(description="Its present SKU.")
    as_of: datetime = strawberry.field(description="The time; movements of that very time are included.")
    levels: list[LevelType] = strawberry.field(
        description="By location id: wherever it was ever stocked, or where asked for; `updatedAt` is null."
    )

    @classmethod
    def of(cls, past: PastStock, as_of: datetime, location_ids: list[str] | None) -> PastStockType:
        stocked = sorted({location_id for location_id, _ in past.quantities})
        wanted = stocked if location_ids is None else location_ids
        return cls(sku=past.item.sku, as_of=as_of, levels=[LevelType.of(at, past.level(at)) for at in wanted])


@strawberry.type(name="Term", description="Units that one open document holds or announces.")
class TermType:
    source: Source = strawberry.field(description="What kind of document it is.")
    document_id: str = strawberry.field(description="Its id; of a channel's order, `channel:order`.")
    units: Quantity = strawberry.field(description="Its open units of the SKU at the location.")
    state: str = strawberry.field(description="Its state, in its own words.")
    reference: str | None = strawberry.field(description="The document behind it.")
    owner: str | None = strawberry.field(
        description="Whose it is: a reservation's owner, an order's channel, a supplier, a transfer's origin."
    )
    due: datetime | None = strawberry.field(description="When the hold expires, or the units are expected.")
    since: datetime = strawberry.field(description="When it was made.")

    @classmethod
    def of(cls, term: Term) -> TermType:
        return cls(
            source=term.source,
            document_id=term.document_id,
            units=Quantity(term.units),
            state=term.state,
            reference=term.reference,
            owner=term.owner,
            due=term.due,
            since=term.since,
        )


@strawberry.type(description="What one quantity consists of. The present quantity is the sum of the other three.")
class BucketExplanation:
    bucket: Bucket = strawberry.field(description="Which quantity.")
    quantity: Quantity = strawberry.field(description="Units now.")
    in_terms: Quantity = strawberry.field(description="Of these, units of the documents listed in `terms`.")
    unlisted: Quantity = strawberry.field(description="Of these, units of documents beyond the listed ones.")
    by_hand: Quantity = strawberry.field(
        description="Of these, units of no document: posted by adjustments, sets, moves and arrivals."
    )
    before_movements: Quantity = strawberry.field(description="Units before the oldest of the listed movements.")


@strawberry.type(name="Explanation", description="Why the quantities of one SKU at one location are what they are.")
class ExplanationType:
    level: LevelType = strawberry.field(description="The quantities now.")
    buckets: list[BucketExplanation] = strawberry.field(description="What each of them consists of.")
    terms: list[TermType] = strawberry.field(description="Open documents, up to 100 of each kind, the oldest first.")
    movements: list[LedgerEntryType] = strawberry.field(
        description="The newest ledger entries that touched the level, up to 20, the newest first."
    )

    @classmethod
    def of(cls, explanation: Explanation) -> ExplanationType:
        return cls(
            level=LevelType.of(explanation.location_id, explanation.level),
            buckets=_buckets(explanation),
            terms=[TermType.of(term) for term in explanation.terms],
            movements=[LedgerEntryType(entry=entry) for entry in explanation.movements],
        )


@strawberry.type
class HistoryQuery:
    @strawberry.field(description="The stock of one SKU at a time in the past. Needs `inventory:read`.")
    async def stock(
        self,
        info: Info,
        sku: Annotated[str, strawberry.argument(description="Its present SKU.")],
        as_of: Annotated[datetime, strawberry.argument(description="The time, with its time zone.")],
        location_ids: Annotated[
            list[str] | None, strawberry.argument(description=f"At most {LOCATIONS_MAX}; answered in this order.")
        ] = None,
    ) -> PastStockType:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            check_time(as_of, "asOf")
            if location_ids is not None:
                check_count(location_ids, ("locationIds",), LOCATIONS_MAX)
            past = await info.context.services.history.stock(sku, as_of)
            return PastStockType.of(past, as_of, location_ids)

    @strawberry.field(
        description="Why the quantities of one SKU at one location are what they are. Needs `inventory:read`."
    )
    async def explain(
        self,
        info: Info,
        sku: Annotated[str, strawberry.argument(description="Its present SKU.")],
        location_id: Annotated[str, strawberry.argument(description="Where.")],
    ) -> ExplanationType:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            return ExplanationType.of(await info.context.services.history.explain(sku, location_id))


def _buckets(explanation: Explanation) -> list[BucketExplanation]:
    return [
        BucketExplanation(
            bucket=bucket,
            quantity=Quantity(explanation.level.quantity(bucket)),
            in_terms=Quantity(explanation.listed(bucket)),
            unlisted=Quantity(explanation.unlisted(bucket)),
            by_hand=Quantity(explanation.by_hand(bucket)),
            before_movements=Quantity(explanation.before_movements(bucket)),
        )
        for bucket in Bucket
    ]
