"""Transfers of stock between locations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.identifiers import check_count, check_optional_text, check_slug
from gateway.inventory.transfers import Discrepancy, Resolution, StockTransfer, TransferLine, TransferState
from gateway.store.views.pages import place_of
from gateway.store.views.transfers import TransferFilter
from schema.context import Info
from schema.descriptions import describe
from schema.documents import item_id_of, read_place
from schema.errors import reading
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection
from schema.scalars import Quantity

strawberry.enum(TransferState, name="TransferState", description="How far a transfer is.")
describe(
    TransferState,
    {
        "DRAFT": "Planned; nothing has moved.",
        "SHIPPED": "The units have left the origin, and are incoming at the destination.",
        "PARTLY_RECEIVED": "Some have arrived, others are in transit.",
        "RECEIVED": "Nothing more is expected; what had not arrived is a discrepancy.",
        "CANCELLED": "Dropped; units that were in transit are at the origin again.",
    },
)
strawberry.enum(Resolution, name="Resolution", description="How missing units are explained.")
describe(Resolution, {"FOUND": "They have arrived after all.", "LOST": "They never will: they are written off."})


@strawberry.type(description="Units of one SKU in a transfer.")
class TransferLineType:
    line: int = strawberry.field(description="The number of this line, from 0.")
    item_id: strawberry.ID = strawberry.field(description="The item, whatever its SKU is by now.")
    sku: str = strawberry.field(description="The SKU when the transfer was planned.")
    quantity: Quantity = strawberry.field(description="Units planned.")
    shipped: Quantity = strawberry.field(description="Units that left the origin.")
    received: Quantity = strawberry.field(description="Of these, units that arrived and can be sold.")
    unsellable: Quantity = strawberry.field(description="Of these, units that arrived damaged.")
    returned: Quantity = strawberry.field(description="Of these, units that went back to the origin.")
    lost: Quantity = strawberry.field(description="Of these, units that were written off.")
    in_transit: Quantity = strawberry.field(description="Of these, all others: `incoming` at the destination.")

    @classmethod
    def of(cls, number: int, line: TransferLine) -> TransferLineType:
        return cls(
            line=number,
            item_id=strawberry.ID(line.item_id),
            sku=line.sku,
            quantity=Quantity(line.quantity),
            shipped=Quantity(line.shipped),
            received=Quantity(line.sellable),
            unsellable=Quantity(line.unsellable),
            returned=Quantity(line.returned),
            lost=Quantity(line.lost),
            in_transit=Quantity(line.in_transit),
        )


@strawberry.type(name="Discrepancy", description="Units that had not arrived when their transfer was closed.")
class DiscrepancyType:
    line: int = strawberry.field(description="The number of the transfer's line, from 0.")
    quantity: Quantity = strawberry.field(description="Units that were missing.")
    found: Quantity = strawberry.field(description="Of these, units that have arrived after all.")
    lost: Quantity = strawberry.field(description="Of these, units that were written off.")
    open: Quantity = strawberry.field(description="Of these, units that nobody has explained; 0 once it is resolved.")
    reason: str | None = strawberry.field(description="The reason that was given when the transfer was closed.")

    @classmethod
    def of(cls, discrepancy: Discrepancy) -> DiscrepancyType:
        return cls(
            line=discrepancy.line,
            quantity=Quantity(discrepancy.quantity),
            found=Quantity(discrepancy.found),
            lost=Quantity(discrepancy.lost),
            open=Quantity(discrepancy.open),
            reason=discrepancy.reason,
        )


@strawberry.type(name="Transfer", description="Stock on its way from one location to another.")
class TransferType:
    transfer: Private[StockTransfer]

    @strawberry.field(description="Made from the idempotency key, so that a repetition finds the same transfer.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.transfer.id)

    @strawberry.field(description="How far it is.")
    def state(self) -> TransferState:
        return self.transfer.state

    @strawberry.field(description="The location that the units leave.")
    def origin_id(self) -> str:
        return self.transfer.origin_id

    @strawberry.field(description="The location that the units go to.")
    def destination_id(self) -> str:
        return self.transfer.destination_id

    @strawberry.field(description="The document behind it, by which the ledger finds it; its own id unless given.")
    def reference(self) -> str | None:
        return self.transfer.reference

    @strawberry.field(description="When it should arrive.")
    def expected_at(self) -> datetime | None:
        return self.transfer.expected_at

    @strawberry.field(description="When it was planned.")
    def created_at(self) -> datetime:
        return self.transfer.created_at

    @strawberry.field(description="When it was last changed.")
    def updated_at(self) -> datetime:
        return self.transfer.updated_at

    @strawberry.field(description="One per SKU.")
    def lines(self) -> list[TransferLineType]:
        return [TransferLineType.of(number, line) for number, line in enumerate(self.transfer.lines)]

    @strawberry.field(description="What had not arrived when it was closed.")
    def discrepancies(self) -> list[DiscrepancyType]:
        return [DiscrepancyType.of(discrepancy) for discrepancy in self.transfer.discrepancies]


@strawberry.input(description="Which transfers to list; what is left out matches everything.")
class TransferFilterInput:
    sku: str | None = strawberry.field(default=None, description="With a line of this item.")
    origin_id: str | None = strawberry.field(default=None, description="From this location.")
    destination_id: str | None = strawberry.field(default=None, description="To this location.")
    reference: str | None = strawberry.field(default=None, description="With this document behind them.")
    states: list[TransferState] | None = strawberry.field(default=None, description="In one of these states.")
    with_discrepancy: bool = strawberry.field(default=False, description="Only those with units nobody has explained.")

    def criteria(self, item_id: str | None) -> TransferFilter:
        """Raises InvalidInput for what no transfer could ever match."""
        for value, name in ((self.origin_id, "originId"), (self.destination_id, "destinationId")):
            if value is not None:
                check_slug(value, ("filter", name))
        check_optional_text(self.reference, ("filter", "reference"))
        if self.states is not None:
            check_count(self.states, ("filter", "states"), len(TransferState))
        return TransferFilter(
            item_id,
            self.origin_id,
            self.destination_id,
            self.reference,
            tuple(self.states or ()),
            self.with_discrepancy,
        )


@strawberry.type
class TransferQuery:
    @strawberry.field(description="One transfer; null where there is none. Needs `inventory:read`.")
    async def transfer(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> TransferType | None:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            check_slug(id, ("id",))
            transfer = await info.context.services.transfer_view.by_id(id)
            return TransferType(transfer=transfer) if transfer else None

    @strawberry.field(description="Transfers, the newest first. Needs `inventory:read`.")
    async def transfers(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        filter: Annotated[TransferFilterInput | None, strawberry.argument(description="Which ones.")] = None,
    ) -> Connection[TransferType]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit, place = check_first(first), read_place(after)
            wanted = filter or TransferFilterInput()
            item_id = await item_id_of(info, wanted.sku)
            criteria = wanted.criteria(item_id)
            unknown = wanted.sku is not None and item_id is None
            found = [] if unknown else await info.context.services.transfer_view.page(criteria, place, limit + 1)
            return connection(
                found,
                limit,
                lambda transfer: TransferType(transfer=transfer),
                lambda transfer: place_of(transfer.created_at, transfer.id),
                after,
            )
