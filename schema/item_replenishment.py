"""What an item needs at each location, term by term."""

from __future__ import annotations

from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.operations.reorder_planning import PlannedItem
from gateway.planning.quantiles import Distribution
from gateway.planning.reorder_point import ReorderPoint
from gateway.planning.reordering import PlacePlan
from schema.context import Info
from schema.descriptions import describe
from schema.errors import reading
from schema.lead_times import LeadTimeType
from schema.replenishment import ReplenishmentType
from schema.scalars import Quantity
from schema.supply_terms import SupplyTermsType

strawberry.enum(Distribution, name="DemandDistribution", description="From which a quantile of demand is taken.")
describe(
    Distribution,
    {
        "POISSON": "Whole units, few of them, with a variance like the mean.",
        "NEGATIVE_BINOMIAL": "Whole units that vary more.",
        "NORMAL": "Many units: the safety factor times the standard deviation.",
        "GAMMA": "Many units that vary so much that the normal distribution would go below zero.",
    },
)


@strawberry.type(
    name="ReorderPoint",
    description="`units` = `leadTimeDemand` + `undershoot` + `safetyStock`. The variance of the demand until an order "
    "arrives is L var(d) + d^2 var(L) (Silver, Pyke and Thomas 2017), with that of the undershoot added.",
)
class ReorderPointType:
    units: Quantity = strawberry.field(description="An order is due at this position, or below it.")
    demand_per_day: float = strawberry.field(description="Mean units of a day: d.")
    demand_variance: float = strawberry.field(description="Variance of the units of a day: var(d).")
    lead_time_days: float = strawberry.field(description="Mean days from order to arrival: L.")
    lead_time_variance: float = strawberry.field(description="Variance of these days: var(L).")
    lead_time_demand: float = strawberry.field(description="Units that sell until the arrival: d L.")
    undershoot: float = strawberry.field(
        description="Units that the position is below the point by when an order is placed, on average."
    )
    variance: float = strawberry.field(description="Of demand until the arrival and undershoot together.")
    safety_stock: float = strawberry.field(description="Units beyond what is expected to sell.")
    distribution: Distribution | None = strawberry.field(
        description="The safety stock reaches its quantile at the service level; null where a rule sets the stock."
    )

    @classmethod
    def of(cls, point: ReorderPoint) -> ReorderPointType:
        return cls(
            units=Quantity(point.units),
            demand_per_day=point.demand.mean,
            demand_variance=point.demand.variance,
            lead_time_days=point.lead_time_days,
            lead_time_variance=point.lead_time_variance,
            lead_time_demand=point.lead_time_demand,
            undershoot=point.undershoot,
            variance=point.variance,
            safety_stock=point.safety_stock,
            distribution=point.distribution,
        )


@strawberry.type(name="PlaceReplenishment", description="What an item needs at a location, as of now.")
class PlaceReplenishmentType:
    place: Private[PlacePlan]
    planned: Private[PlannedItem]

    @strawberry.field(description="The location.")
    def location_id(self) -> str:
        return self.place.stock.location_id

    @strawberry.field(description="What counts here.")
    def replenishment(self) -> ReplenishmentType:
        return ReplenishmentType(how=self.place.replenishment)

    @strawberry.field(description="When an order is due.")
    def reorder_point(self) -> ReorderPointType:
        return ReorderPointType.of(self.place.point)

    @strawberry.field(description="Units available.")
    def available(self) -> Quantity:
        return Quantity(self.place.stock.available)

    @strawberry.field(description="Units on their way.")
    def incoming(self) -> Quantity:
        return Quantity(self.place.stock.incoming)

    @strawberry.field(
        description="Of these, units that no longer count: overdue beyond the grace, or missing from a transfer that "
        "was closed."
    )
    def lapsed(self) -> Quantity:
        return Quantity(self.place.stock.lapsed)

    @strawberry.field(description="Units owed to backorders, whatever became of the purchases that they wait for.")
    def promised(self) -> Quantity:
        return Quantity(self.place.stock.promised)

    @strawberry.field(description="Units that drafted transfers bring; negative: that they take away.")
    def drafted(self) -> Quantity:
        return Quantity(self.place.stock.planned)

    @strawberry.field(description="`available` + `incoming` - `lapsed` - `promised` + `drafted`.")
    def position(self) -> Quantity:
        return Quantity(self.place.position)

    @strawberry.field(description="How long the available units last; null where nothing sells.")
    def days_of_cover(self) -> float | None:
        return self.place.days_of_cover

    @strawberry.field(
        description="Units that an order is best of, by its cost and that of keeping them; null where costs are not "
        "known (Harris 1913); a year's demand at most."
    )
    def economic_order_quantity(self) -> float | None:
        return self.place.lot.economic

    @strawberry.field(
        description="What an order brings the position to: the reorder point, and the larger of that quantity and "
        "what sells until the next review."
    )
    def order_up_to(self) -> Quantity:
        return Quantity(self.place.order_up_to)

    @strawberry.field(description="Whether an order is due.")
    def is_due(self) -> bool:
        return self.place.is_due

    @strawberry.field(
        description="Units for other locations: beyond the reorder point and what sells until the next review."
    )
    def spare(self) -> Quantity:
        return Quantity(self.place.spare)

    @strawberry.field(description="Units suggested to be moved here.")
    def to_move_here(self) -> Quantity:
        at = self.place.stock.location_id
        return Quantity(sum(move.units for move in self.planned.plan.moves if move.destination_id == at))

    @strawberry.field(description="Units suggested to be bought, in whole packs.")
    def to_buy(self) -> Quantity:
        at = self.place.stock.location_id
        return Quantity(sum(one.units for one in self.planned.plan.purchases if one.location_id == at))


@strawberry.type(name="ItemReplenishment", description="What an item needs, as of now.")
class ItemReplenishmentType:
    planned: Private[PlannedItem]

    @strawberry.field(description="The SKU.")
    def sku(self) -> str:
        return self.planned.item.sku

    @strawberry.field(description="On which terms it is ordered; null where no supplier is known.")
    def terms(self) -> SupplyTermsType | None:
        return None if self.planned.terms is None else SupplyTermsType(terms=self.planned.terms)

    @strawberry.field(description="The lead time that is planned with.")
    def lead_time(self) -> LeadTimeType:
        return LeadTimeType.of(self.planned.lead_time)

    @strawberry.field(description="By location; active ones only.")
    def places(self) -> list[PlaceReplenishmentType]:
        return [PlaceReplenishmentType(place=one, planned=self.planned) for one in self.planned.plan.places.values()]


@strawberry.type
class ReplenishmentQuery:
    @strawberry.field(
        description="What an item needs as of now, where, and why, with every term. Needs `inventory:read`."
    )
    async def replenishment(
        self, info: Info, sku: Annotated[str, strawberry.argument(description="Its present SKU.")]
    ) -> ItemReplenishmentType:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            return ItemReplenishmentType(planned=await info.context.services.reorder.explain(sku))
