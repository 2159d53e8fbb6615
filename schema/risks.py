"""Promises to buyers that can no longer be kept as they were given."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime, timedelta

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.inbound import InboundOrder
from gateway.planning.promising import LinePromise
from gateway.planning.risks import PromiseAtRisk, RiskReason
from gateway.store.views.pages import place_of
from schema.context import Info
from schema.descriptions import describe
from schema.documents import read_place
from schema.errors import reading
from schema.inbound import InboundType
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection
from schema.promises import PromiseSource
from schema.scalars import Quantity

strawberry.enum(RiskReason, name="RiskReason", description="Why a promise is at risk.")
describe(
    RiskReason,
    {
        "NO_LONGER_EXPECTED": "The units were damaged or cancelled.",
        "LATER": "They are expected after the time that was promised.",
        "OVERDUE": "They should have been here, and nobody knows when they will be.",
        "NO_DATE": "They were promised for a time, and are expected at none.",
    },
)


@strawberry.type(description="Units that can be had instead of those that a purchase does not bring in time.")
class PromiseReplacement:
    date: Date = strawberry.field(description="When all of them can be had.")
    confidence: float = strawberry.field(
        description="The chance that all are there on that day, by the suppliers' lateness so far."
    )
    sources: list[PromiseSource] = strawberry.field(description="What it relies on, and where.")

    @classmethod
    def of(cls, today: Date, line: LinePromise) -> PromiseReplacement:
        days = line.day or 0
        return cls(
            date=today + timedelta(days=days),
            confidence=line.chance_by(days),
            sources=[PromiseSource.of(today, peg) for peg in line.pegs],
        )


@strawberry.type(name="PromiseAtRisk", description="Units that a backorder waits for and will miss or get too late.")
class PromiseAtRiskType:
    inbound_id: strawberry.ID = strawberry.field(description="The purchase that it relies on.")
    inbound_line: int = strawberry.field(description="The number of its line, from 0.")
    sku: str = strawberry.field(description="The SKU when it was ordered.")
    location_id: str = strawberry.field(description="Where the units were to arrive.")
    backorder_id: strawberry.ID = strawberry.field(description="The backorder.")
    backorder_line: int = strawberry.field(description="The number of its line, from 0.")
    reference: str | None = strawberry.field(description="The document behind the backorder.")
    quantity: Quantity = strawberry.field(description="Units concerned.")
    promised_for: datetime | None = strawberry.field(description="The time promised; null where there was none.")
    now_expected: datetime | None = strawberry.field(description="When they are expected by now; null: nobody knows.")
    reason: RiskReason = strawberry.field(description="Why.")
    risk: Private[PromiseAtRisk]

    @strawberry.field(
        description="When and from where the units can be had instead, as of now: from stock, or from other supply, to "
        "which `backorderMove` can bind them. Each promise of a purchase is offered what those before it left. Null "
        "where nothing brings them, and beyond the first 1,000 promises of an answer."
    )
    async def replacement(self, info: Info) -> PromiseReplacement | None:
        found = await info.context.loaders.replacement_of_risk.load(self.risk)
        return None if found is None else PromiseReplacement.of(*found)

    @classmethod
    def of(cls, risk: PromiseAtRisk) -> PromiseAtRiskType:
        return cls(
            inbound_id=strawberry.ID(risk.inbound_id),
            inbound_line=risk.line,
            sku=risk.sku,
            location_id=risk.location_id,
            backorder_id=strawberry.ID(risk.binding.backorder_id),
            backorder_line=risk.binding.backorder_line,
            reference=risk.binding.reference,
            quantity=Quantity(risk.quantity),
            promised_for=risk.binding.promised_for,
            now_expected=risk.now_expected,
            reason=risk.reason,
            risk=risk,
        )


@strawberry.type(description="A purchase that does not keep promises.")
class PurchaseAtRisk:
    purchase: Private[InboundOrder]

    @strawberry.field(description="The purchase.")
    def inbound(self) -> InboundType:
        return InboundType(inbound=self.purchase)

    @strawberry.field(description="The promises that it hurts, at most 1,000, in the order in which they are served.")
    def hurts(self, info: Info) -> list[PromiseAtRiskType]:
        return hurts(info, self.purchase)


@strawberry.type
class RiskQuery:
    @strawberry.field(
        description="Purchases that hurt promises, by their newest date or because they are overdue; the newest "
        "purchase first. Needs `inventory:read`."
    )
    async def promises_at_risk(
        self, info: Info, first: First = FIRST_DEFAULT, after: After = None
    ) -> Connection[PurchaseAtRisk]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit, place = check_first(first), read_place(after)
            return connection(
                await info.context.services.risks.page(place, limit + 1),
                limit,
                lambda inbound: PurchaseAtRisk(purchase=inbound),
                lambda inbound: place_of(inbound.created_at, inbound.id),
                after,
            )


def hurts(info: Info, inbound: InboundOrder) -> list[PromiseAtRiskType]:
    """The promises that a purchase, as it stands, does not keep."""
    return [PromiseAtRiskType.of(risk) for risk in info.context.services.risks.of(inbound)]
