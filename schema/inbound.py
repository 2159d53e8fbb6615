"""Purchases on their way from suppliers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.identifiers import check_count, check_optional_text, check_slug
from gateway.inventory.inbound import InboundLine, InboundOrder, InboundState
from gateway.store.views.inbound import InboundFilter
from gateway.store.views.pages import place_of
from schema.context import Info
from schema.descriptions import describe
from schema.documents import item_id_of, read_place
from schema.errors import reading
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection
from schema.scalars import Quantity
from schema.times import check_time

strawberry.enum(InboundState, name="InboundState", description="How far a purchase is.")
describe(
    InboundState,
    {
        "OPEN": "Nothing has arrived.",
        "PARTLY_RECEIVED": "Some units have arrived, others are expected.",
        "RECEIVED": "Everything has arrived.",
        "CANCELLED": "Nothing more is expected; what had arrived before stays.",
    },
)


@strawberry.type(description="Units of one SKU that a location expects.")
class InboundLineType:
    line: int = strawberry.field(description="The number of this line, from 0.")
    item_id: strawberry.ID = strawberry.field(description="The item, whatever its SKU is by now.")
    sku: str = strawberry.field(description="The SKU when it was ordered.")
    location_id: str = strawberry.field(description="The location that receives them.")
    quantity: Quantity = strawberry.field(description="Units ordered.")
    received: Quantity = strawberry.field(description="Units that arrived and can be sold.")
    unsellable: Quantity = strawberry.field(description="Units that arrived damaged.")
    cancelled: Quantity = strawberry.field(description="Units that were cancelled.")
    outstanding: Quantity = strawberry.field(description="Units still expected: `incoming` at the location.")
    bound: Quantity = strawberry.field(description="Units that backorders wait for.")
    expected_at: datetime | None = strawberry.field(description="When they should arrive.")
    first_expected_at: datetime | None = strawberry.field(description="The first date that was given.")
    arrived_at: datetime | None = strawberry.field(description="When the last units of it came.")

    @classmethod
    def of(cls, number: int, line: InboundLine) -> InboundLineType:
        return cls(
            line=number,
            item_id=strawberry.ID(line.item_id),
            sku=line.sku,
            location_id=line.location_id,
            quantity=Quantity(line.quantity),
            received=Quantity(line.sellable),
            unsellable=Quantity(line.unsellable),
            cancelled=Quantity(line.cancelled),
            outstanding=Quantity(line.outstanding),
            bound=Quantity(line.bound),
            expected_at=line.expected_at,
            first_expected_at=line.first_expected_at,
            arrived_at=line.arrived_at,
        )


@strawberry.type(name="Inbound", description="A purchase on its way from a supplier.")
class InboundType:
    inbound: Private[InboundOrder]

    @strawberry.field(description="Made from the idempotency key, so that a repetition finds the same purchase.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.inbound.id)

    @strawberry.field(description="How far it is.")
    def state(self) -> InboundState:
        return self.inbound.state

    @strawberry.field(description="Who sends it.")
    def supplier(self) -> str:
        return self.inbound.supplier

    @strawberry.field(description="The document behind it, by which the ledger finds it; its own id unless given.")
    def reference(self) -> str | None:
        return self.inbound.reference

    @strawberry.field(description="When it was entered.")
    def created_at(self) -> datetime:
        return self.inbound.created_at

    @strawberry.field(description="When it was last changed.")
    def updated_at(self) -> datetime:
        return self.inbound.updated_at

    @strawberry.field(description="In the order they were given.")
    def lines(self) -> list[InboundLineType]:
        return [InboundLineType.of(number, line) for number, line in enumerate(self.inbound.lines)]


@strawberry.input(
    description="Which purchases to list; what is left out matches everything. SKU, location and expected time must be "
    "those of one line."
)
class InboundFilterInput:
    sku: str | None = strawberry.field(default=None, description="With a line of this item.")
    location_id: str | None = strawberry.field(default=None, description="With a line for this location.")
    supplier: str | None = strawberry.field(default=None, description="From this supplier.")
    reference: str | None = strawberry.field(default=None, description="With this document behind them.")
    states: list[InboundState] | None = strawberry.field(default=None, description="In one of these states.")
    expected_from: datetime | None = strawberry.field(
        default=None, description="With a line that is outstanding, and not expected before this time."
    )
    expected_to: datetime | None = strawberry.field(
        default=None, description="With a line that is outstanding, and expected before this time."
    )

    def criteria(self, item_id: str | None) -> InboundFilter:
        """Raises InvalidInput for what no purchase could ever match."""
        if self.location_id is not None:
            check_slug(self.location_id, ("filter", "locationId"))
        check_optional_text(self.supplier, ("filter", "supplier"))
        check_optional_text(self.reference, ("filter", "reference"))
        check_time(self.expected_from, "filter", "expectedFrom")
        check_time(self.expected_to, "filter", "expectedTo")
        if self.states is not None:
            check_count(self.states, ("filter", "states"), len(InboundState))
        return InboundFilter(
            item_id,
            self.location_id,
            self.supplier,
            self.reference,
            tuple(self.states or ()),
            self.expected_from,
            self.expected_to,
        )


@strawberry.type
class InboundQuery:
    @strawberry.field(description="One purchase; null where there is none. Needs `inventory:read`.")
    async def inbound(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> InboundType | None:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            check_slug(id, ("id",))
            inbound = await info.context.services.inbound_view.by_id(id)
            return InboundType(inbound=inbound) if inbound else None

    @strawberry.field(description="Purchases, the newest first. Needs `inventory:read`.")
    async def inbounds(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        filter: Annotated[InboundFilterInput | None, strawberry.argument(description="Which ones.")] = None,
    ) -> Connection[InboundType]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit, place = check_first(first), read_place(after)
            wanted = filter or InboundFilterInput()
            item_id = await item_id_of(info, wanted.sku)
            criteria = wanted.criteria(item_id)
            unknown = wanted.sku is not None and item_id is None
            found = [] if unknown else await info.context.services.inbound_view.page(criteria, place, limit + 1)
            return connection(
                found,
                limit,
                lambda inbound: InboundType(inbound=inbound),
                lambda inbound: place_of(inbound.created_at, inbound.id),
                after,
            )
