"""What the reorder plan suggests."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import strawberry
from strawberry import Private

from gateway.planning.suggestions import SuggestedLine, Suggestion, SuggestionKind, SuggestionState
from schema.descriptions import describe
from schema.scalars import Quantity

strawberry.enum(SuggestionKind, name="ReorderKind", description="How units are to be had.")
describe(
    SuggestionKind,
    {"PURCHASE": "From a supplier.", "TRANSFER": "From a location that can spare them; before any are bought."},
)
strawberry.enum(SuggestionState, name="ReorderState", description="Whether something was made of a suggestion.")
describe(
    SuggestionState,
    {"OPEN": "Nobody has accepted it.", "ACCEPTED": "The purchase was entered, or the transfer drafted."},
)


@strawberry.type(
    name="ReorderLine",
    description="Units of one item, and what they follow from at the location that gets them, as of the plan: "
    "`lacking` = `orderUpTo` - `position`; a purchase is of `lacking` - `moved` in whole packs.",
)
class ReorderLineType:
    line: Private[SuggestedLine]

    @strawberry.field(description="The item, whatever its SKU is by now.")
    def item_id(self) -> strawberry.ID:
        return strawberry.ID(self.line.item_id)

    @strawberry.field(description="Its SKU.")
    def sku(self) -> str:
        return self.line.sku

    @strawberry.field(description="Units to order, or to move.")
    def quantity(self) -> Quantity:
        return Quantity(self.line.quantity)

    @strawberry.field(description="Units available.")
    def available(self) -> Quantity:
        return Quantity(self.line.available)

    @strawberry.field(description="Units on their way.")
    def incoming(self) -> Quantity:
        return Quantity(self.line.incoming)

    @strawberry.field(
        description="Of these, units that no longer count: overdue beyond the grace, or missing from a transfer that "
        "was closed."
    )
    def lapsed(self) -> Quantity:
        return Quantity(self.line.lapsed)

    @strawberry.field(description="Units owed to backorders.")
    def promised(self) -> Quantity:
        return Quantity(self.line.promised)

    @strawberry.field(description="Units that drafted transfers bring; negative: that they take away.")
    def drafted(self) -> Quantity:
        return Quantity(self.line.drafted)

    @strawberry.field(description="`available` + `incoming` - `lapsed` - `promised` + `drafted`.")
    def position(self) -> Quantity:
        return Quantity(self.line.position)

    @strawberry.field(description="An order is due at this position, or below it.")
    def reorder_point(self) -> Quantity:
        return Quantity(self.line.reorder_point)

    @strawberry.field(description="The part of it beyond what is expected to sell.")
    def safety_stock(self) -> float:
        return self.line.safety_stock

    @strawberry.field(description="What the position is to be brought to.")
    def order_up_to(self) -> Quantity:
        return Quantity(self.line.order_up_to)

    @strawberry.field(description="Units that the location lacks.")
    def lacking(self) -> Quantity:
        return Quantity(self.line.lacking)

    @strawberry.field(description="Of these, units suggested to come from other locations.")
    def moved(self) -> Quantity:
        return Quantity(self.line.moved)

    @strawberry.field(description="Units that sell in a day.")
    def units_per_day(self) -> float:
        return self.line.units_per_day

    @strawberry.field(description="How long the available units last; null where nothing sells.")
    def days_of_cover(self) -> float | None:
        return self.line.days_of_cover

    @strawberry.field(description="Mean days from order to arrival.")
    def lead_time_days(self) -> float:
        return self.line.lead_time_days

    @strawberry.field(description="When a purchase of the day of the plan should arrive.")
    def expected_at(self) -> datetime | None:
        return self.line.expected_at

    @strawberry.field(description="Of one unit, by the supplier's terms.")
    def unit_cost(self) -> Decimal | None:
        return self.line.unit_cost


@strawberry.type(name="ReorderSuggestion", description="A purchase or a transfer; up to 100 lines.")
class ReorderSuggestionType:
    suggestion: Private[Suggestion]

    @strawberry.field(description="Its id.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.suggestion.id)

    @strawberry.field(description="Purchase or transfer.")
    def kind(self) -> SuggestionKind:
        return self.suggestion.heading.kind

    @strawberry.field(description="Whom to order from; null in a transfer, and where nobody is known.")
    def supplier(self) -> str | None:
        return self.suggestion.heading.supplier

    @strawberry.field(description="Where a transfer's units come from.")
    def origin_id(self) -> str | None:
        return self.suggestion.heading.origin_id

    @strawberry.field(description="The location that gets the units.")
    def location_id(self) -> str:
        return self.suggestion.heading.location_id

    @strawberry.field(description="What of.")
    def lines(self) -> list[ReorderLineType]:
        return [ReorderLineType(line=line) for line in self.suggestion.lines]

    @strawberry.field(description="Units of all lines.")
    def units(self) -> Quantity:
        return Quantity(self.suggestion.units)

    @strawberry.field(description="Of all units; null where the cost of one is not known.")
    def cost(self) -> Decimal | None:
        return self.suggestion.cost

    @strawberry.field(description="When it was planned.")
    def planned_at(self) -> datetime:
        return self.suggestion.planned_at

    @strawberry.field(description="Whether it was accepted.")
    def state(self) -> SuggestionState:
        return self.suggestion.state

    @strawberry.field(description="The purchase or transfer that was made of it.")
    def document_id(self) -> strawberry.ID | None:
        return None if self.suggestion.document_id is None else strawberry.ID(self.suggestion.document_id)
