"""How places are replenished: what is set for them, and what counts."""

from __future__ import annotations

from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.identifiers import check_count
from gateway.operations.replenishment import BATCH_MAX, NamedRule
from gateway.planning.replenishment import Replenishment, ReplenishmentLayer, ReplenishmentRule, ReplenishmentValues
from schema.context import Info
from schema.descriptions import describe
from schema.documents import taken
from schema.errors import UserError
from schema.requested_lines import Input
from schema.scalars import Quantity

strawberry.enum(
    ReplenishmentLayer,
    name="ReplenishmentLayer",
    description="Where a value comes from; a later one of these wins over an earlier one.",
)
describe(
    ReplenishmentLayer,
    {
        "SETTINGS": "The gateway's settings.",
        "LOCATION": "A rule for the location.",
        "ITEM": "A rule for the item, wherever it is.",
        "PLACE": "A rule for the item at the location.",
    },
)


@strawberry.type(name="Replenishment", description="What counts at a place, and which rule says so.")
class ReplenishmentType:
    how: Private[Replenishment]

    @strawberry.field(description="Days between two orders that a buyer could place.")
    def review_days(self) -> int:
        return self.how.review_days

    @strawberry.field(description="Share of the replenishments before which the place does not run out.")
    def service_level(self) -> float:
        return self.how.service_level

    @strawberry.field(description="Units that take the place of the computed safety stock; null: computed.")
    def safety_stock(self) -> Quantity | None:
        return None if self.how.safety_stock is None else Quantity(self.how.safety_stock)

    @strawberry.field(description="The place is overstocked with units for more days than this; 0: never.")
    def overstock_days(self) -> float:
        return self.how.overstock_days

    @strawberry.field(description="The place is low on stock with so many units or fewer; 0: never.")
    def low_stock_at(self) -> Quantity:
        return Quantity(self.how.low_stock_at)

    @strawberry.field(description="Where the review days come from.")
    def review_days_from(self) -> ReplenishmentLayer:
        return self.how.layer("review_days")

    @strawberry.field(description="Where the service level comes from.")
    def service_level_from(self) -> ReplenishmentLayer:
        return self.how.layer("service_level")

    @strawberry.field(description="Where the safety stock comes from.")
    def safety_stock_from(self) -> ReplenishmentLayer:
        return self.how.layer("safety_stock")

    @strawberry.field(description="Where the days of overstock come from.")
    def overstock_days_from(self) -> ReplenishmentLayer:
        return self.how.layer("overstock_days")

    @strawberry.field(description="Where the units of low stock come from.")
    def low_stock_at_from(self) -> ReplenishmentLayer:
        return self.how.layer("low_stock_at")


@strawberry.input(description="A rule for a SKU, a location, or a SKU at a location; it sets what is given.")
class ReplenishmentRuleInput:
    sku: str | None = strawberry.field(default=None, description="For this item.")
    location_id: str | None = strawberry.field(default=None, description="For this location.")
    review_days: int | None = strawberry.field(
        default=None, description="Days between two orders that a buyer could place; up to 366."
    )
    service_level: float | None = strawberry.field(
        default=None, description="Share of the replenishments before which it does not run out; 0.5 to 0.9999."
    )
    safety_stock: Quantity | None = strawberry.field(
        default=None, description="Units that take the place of the computed safety stock."
    )
    overstock_days: float | None = strawberry.field(
        default=None, description="It is overstocked with units for more days than this; 0: never."
    )
    low_stock_at: Quantity | None = strawberry.field(
        default=None, description="It is low on stock with so many units or fewer; 0: never."
    )

    def rule(self) -> NamedRule:
        values = ReplenishmentValues(
            self.review_days, self.service_level, self.safety_stock, self.overstock_days, self.low_stock_at
        )
        return NamedRule(self.sku, self.location_id, values)


@strawberry.input(description="Rules to set.")
class ReplenishmentSetInput:
    rules: list[ReplenishmentRuleInput] = strawberry.field(
        description="1 to 250, all or none, each in place of the former one; without any value it is gone."
    )


@strawberry.type(description="What became of a change of rules.")
class ReplenishmentPayload:
    rules_set: int = strawberry.field(default=0, description="How many were set.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


@strawberry.type
class ReplenishmentMutation:
    @strawberry.mutation(
        description="Say how places are replenished and watched; to send it again changes nothing. Needs "
        "`inventory:write`."
    )
    async def replenishment_set(
        self, info: Info, input: Annotated[ReplenishmentSetInput, Input]
    ) -> ReplenishmentPayload:
        return await taken(
            info,
            _set(info, input),
            lambda rules: ReplenishmentPayload(rules_set=len(rules), user_errors=[]),
            lambda errors: ReplenishmentPayload(user_errors=errors),
        )


async def _set(info: Info, input: ReplenishmentSetInput) -> list[ReplenishmentRule]:
    check_count(input.rules, ("rules",), BATCH_MAX)
    return await info.context.services.replenishment.set([rule.rule() for rule in input.rules])
