"""Backorders: units on their way that are promised to buyers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.backorders import Backorder, BackorderLine, BackorderState
from gateway.inventory.identifiers import check_count, check_optional_text, check_slug
from gateway.store.views.backorders import BackorderFilter
from gateway.store.views.pages import place_of
from schema.context import Info
from schema.descriptions import describe
from schema.documents import item_id_of, read_place
from schema.errors import reading
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection
from schema.scalars import Quantity

RESERVATIONS_SHOWN_MAX = 1_000

strawberry.enum(BackorderState, name="BackorderState", description="How far a backorder is.")
describe(
    BackorderState,
    {
        "WAITING": "Units of it have yet to arrive.",
        "ALLOCATED": "Whatever was not cancelled has arrived, and was given to reservations.",
        "CANCELLED": "It waits for nothing, and got nothing.",
    },
)


@strawberry.type(name="BackorderLine", description="Units of one line of a purchase that are promised.")
class BackorderLineType:
    line: int = strawberry.field(description="The number of this line, from 0.")
    inbound_id: strawberry.ID = strawberry.field(description="The purchase that brings them.")
    inbound_line: int = strawberry.field(description="The number of its line, from 0.")
    item_id: strawberry.ID = strawberry.field(description="The item, whatever its SKU is by now.")
    sku: str = strawberry.field(description="The SKU when it was ordered.")
    location_id: str = strawberry.field(description="Where they arrive.")
    quantity: Quantity = strawberry.field(description="Units promised at first.")
    waiting: Quantity = strawberry.field(description="Of these, units that have yet to arrive.")
    allocated: Quantity = strawberry.field(description="Of these, units that arrived and are held by reservations.")
    cancelled: Quantity = strawberry.field(description="Of these, units no longer waited for, or moved.")
    promised_for: datetime | None = strawberry.field(description="The time that was promised; null for none.")

    @classmethod
    def of(cls, number: int, line: BackorderLine) -> BackorderLineType:
        return cls(
            line=number,
            inbound_id=strawberry.ID(line.inbound_id),
            inbound_line=line.inbound_line,
            item_id=strawberry.ID(line.item_id),
            sku=line.sku,
            location_id=line.location_id,
            quantity=Quantity(line.quantity),
            waiting=Quantity(line.waiting),
            allocated=Quantity(line.allocated),
            cancelled=Quantity(line.cancelled),
            promised_for=line.promised_for,
        )


@strawberry.type(name="Backorder", description="Units of purchases that are promised to an owner before they arrive.")
class BackorderType:
    backorder: Private[Backorder]

    @strawberry.field(description="Made from the idempotency key, so that a repetition finds the same backorder.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.backorder.id)

    @strawberry.field(description="How far it is.")
    def state(self) -> BackorderState:
        return self.backorder.state

    @strawberry.field(description="Whose it is, such as an order.")
    def owner(self) -> str | None:
        return self.backorder.owner

    @strawberry.field(description="The document behind it; its own id unless another was given.")
    def reference(self) -> str | None:
        return self.backorder.reference

    @strawberry.field(description="The channel it is sold through; null for none.")
    def channel_id(self) -> str | None:
        return self.backorder.channel_id

    @strawberry.field(
        description=f"Committed reservations of what has arrived, one per arrival, the newest {RESERVATIONS_SHOWN_MAX}."
    )
    def reservation_ids(self) -> list[strawberry.ID]:
        last = self.backorder.allocations
        first = max(1, last - RESERVATIONS_SHOWN_MAX + 1)
        return [strawberry.ID(self.backorder.reservation_id(number)) for number in range(first, last + 1)]

    @strawberry.field(description="When it was made.")
    def created_at(self) -> datetime:
        return self.backorder.created_at

    @strawberry.field(description="When it was last changed.")
    def updated_at(self) -> datetime:
        return self.backorder.updated_at

    @strawberry.field(description="In the order they were given; then those that moving units has added.")
    def lines(self) -> list[BackorderLineType]:
        return [BackorderLineType.of(number, line) for number, line in enumerate(self.backorder.lines)]


@strawberry.input(description="Which backorders to list; what is left out matches everything.")
class BackorderFilterInput:
    sku: str | None = strawberry.field(default=None, description="With a line of this item.")
    owner: str | None = strawberry.field(default=None, description="Of this owner.")
    reference: str | None = strawberry.field(default=None, description="With this document behind them.")
    states: list[BackorderState] | None = strawberry.field(default=None, description="In one of these states.")

    def criteria(self, item_id: str | None) -> BackorderFilter:
        """Raises InvalidInput for what no backorder could ever match."""
        check_optional_text(self.owner, ("filter", "owner"))
        check_optional_text(self.reference, ("filter", "reference"))
        if self.states is not None:
            check_count(self.states, ("filter", "states"), len(BackorderState))
        return BackorderFilter(item_id, self.owner, self.reference, tuple(self.states or ()))


@strawberry.type
class BackorderQuery:
    @strawberry.field(description="One backorder; null where there is none. Needs `inventory:read`.")
    async def backorder(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> BackorderType | None:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            check_slug(id, ("id",))
            backorder = await info.context.services.backorder_view.by_id(id)
            return BackorderType(backorder=backorder) if backorder else None

    @strawberry.field(description="Backorders, the newest first. Needs `inventory:read`.")
    async def backorders(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        filter: Annotated[BackorderFilterInput | None, strawberry.argument(description="Which ones.")] = None,
    ) -> Connection[BackorderType]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit, place = check_first(first), read_place(after)
            wanted = filter or BackorderFilterInput()
            item_id = await item_id_of(info, wanted.sku)
            criteria = wanted.criteria(item_id)
            unknown = wanted.sku is not None and item_id is None
            found = [] if unknown else await info.context.services.backorder_view.page(criteria, place, limit + 1)
            return connection(
                found,
                limit,
                lambda backorder: BackorderType(backorder=backorder),
                lambda backorder: place_of(backorder.created_at, backorder.id),
                after,
            )
