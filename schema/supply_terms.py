"""On which terms suppliers bring items."""

from __future__ import annotations

from collections.abc import Coroutine
from decimal import Decimal
from typing import Annotated, Any

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.identifiers import check_count
from gateway.operations.supply_terms import BATCH_MAX
from gateway.planning.supply_terms import SupplyTerms
from schema.context import Info
from schema.documents import taken
from schema.errors import UserError, reading
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection, read_cursor
from schema.requested_lines import Input


@strawberry.type(name="SupplyTerms", description="What one supplier asks for one item; money in your own currency.")
class SupplyTermsType:
    terms: Private[SupplyTerms]

    @strawberry.field(description="The item, whatever its SKU is by now.")
    def item_id(self) -> strawberry.ID:
        return strawberry.ID(self.terms.item_id)

    @strawberry.field(description="Its SKU; null when it is gone.")
    async def sku(self, info: Info) -> str | None:
        item = await info.context.services.items_by_id.one(self.terms.item_id)
        return None if item is None else item.sku

    @strawberry.field(description="Who supplies it.")
    def supplier(self) -> str:
        return self.terms.supplier

    @strawberry.field(description="Of one unit.")
    def unit_cost(self) -> Decimal | None:
        return self.terms.unit_cost

    @strawberry.field(description="Of placing one order for the item, whatever its quantity.")
    def order_cost(self) -> Decimal | None:
        return self.terms.order_cost

    @strawberry.field(description="What keeping a unit for a year costs, as a share of its cost.")
    def holding_rate(self) -> float | None:
        return self.terms.holding_rate

    @strawberry.field(description="Orders are of whole packs of so many units.")
    def pack_size(self) -> int:
        return self.terms.pack_size

    @strawberry.field(description="Fewest units of an order.")
    def quantity_min(self) -> int:
        return self.terms.quantity_min

    @strawberry.field(description="From order to arrival as the supplier declares it; deliveries correct it.")
    def lead_time_days(self) -> float | None:
        return self.terms.lead_time_days

    @strawberry.field(description="Whether the item is ordered here; else where it is cheapest.")
    def preferred(self) -> bool:
        return self.terms.preferred


@strawberry.input(description="Terms of one supplier for one SKU, in place of the former ones.")
class SupplyTermsInput:
    sku: str = strawberry.field(description="Which item.")
    supplier: str = strawberry.field(
        description="As in purchases; spaces around it and capitals do not matter. Up to 200 characters."
    )
    unit_cost: Decimal | None = strawberry.field(default=None, description="Of one unit, up to six decimal places.")
    order_cost: Decimal | None = strawberry.field(
        default=None, description="Of placing one order for the item, whatever its quantity."
    )
    holding_rate: float | None = strawberry.field(
        default=None, description="What keeping a unit for a year costs, as a share of its cost; up to 10."
    )
    pack_size: int = strawberry.field(default=1, description="Orders are of whole packs of so many units.")
    quantity_min: int = strawberry.field(default=1, description="Fewest units of an order.")
    lead_time_days: float | None = strawberry.field(
        default=None, description="From order to arrival as the supplier declares it; up to 730."
    )
    preferred: bool = strawberry.field(
        default=False, description="Order the item here; another supplier of it is preferred no longer."
    )

    def terms(self) -> SupplyTerms:
        return SupplyTerms(
            item_id="",
            supplier=self.supplier.strip(),
            unit_cost=self.unit_cost,
            order_cost=self.order_cost,
            holding_rate=self.holding_rate,
            pack_size=self.pack_size,
            quantity_min=self.quantity_min,
            lead_time_days=self.lead_time_days,
            preferred=self.preferred,
        )


@strawberry.input(description="Terms to set.")
class SupplyTermsSetInput:
    terms: list[SupplyTermsInput] = strawberry.field(description="1 to 250; all are set or none.")


@strawberry.input(description="Whose terms for which SKU.")
class SuppliedItemInput:
    sku: str = strawberry.field(description="Which item.")
    supplier: str = strawberry.field(description="Who supplied it.")


@strawberry.input(description="Terms to forget.")
class SupplyTermsDeleteInput:
    terms: list[SuppliedItemInput] = strawberry.field(description="1 to 250.")


@strawberry.type(description="What became of a change of terms.")
class SupplyTermsPayload:
    terms: list[SupplyTermsType] = strawberry.field(description="As they are kept; empty where they were refused.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


@strawberry.type
class SupplyTermsQuery:
    @strawberry.field(description="Suppliers' terms, by item. Needs `inventory:read`.")
    async def supply_terms(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        supplier: Annotated[str | None, strawberry.argument(description="Of this supplier; of all if null.")] = None,
    ) -> Connection[SupplyTermsType]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit, place = check_first(first), read_cursor(after, str, str)
            behind = None if place is None else f"{place[0]}/{place[1]}"
            found = await info.context.services.supply_terms.page(supplier, behind, limit + 1)
            return connection(
                found,
                limit,
                lambda terms: SupplyTermsType(terms=terms),
                lambda terms: (terms.item_id, terms.supplier_key),
                after,
            )


@strawberry.type
class SupplyTermsMutation:
    @strawberry.mutation(
        description="Set suppliers' terms; to send them again changes nothing. Needs `inventory:write`."
    )
    async def supply_terms_set(self, info: Info, input: Annotated[SupplyTermsSetInput, Input]) -> SupplyTermsPayload:
        return await _payload(info, _set(info, input))

    @strawberry.mutation(description="Forget suppliers' terms. Needs `inventory:write`.")
    async def supply_terms_delete(
        self, info: Info, input: Annotated[SupplyTermsDeleteInput, Input]
    ) -> SupplyTermsPayload:
        return await _payload(info, _delete(info, input))


async def _set(info: Info, input: SupplyTermsSetInput) -> list[SupplyTerms]:
    check_count(input.terms, ("terms",), BATCH_MAX)
    return await info.context.services.supply_terms.set([(one.sku, one.terms()) for one in input.terms])


async def _delete(info: Info, input: SupplyTermsDeleteInput) -> list[SupplyTerms]:
    await info.context.services.supply_terms.delete([(one.sku, one.supplier) for one in input.terms])
    return []


async def _payload(info: Info, work: Coroutine[Any, Any, list[SupplyTerms]]) -> SupplyTermsPayload:
    return await taken(
        info,
        work,
        lambda found: SupplyTermsPayload(terms=[SupplyTermsType(terms=one) for one in found], user_errors=[]),
        lambda errors: SupplyTermsPayload(terms=[], user_errors=errors),
    )
