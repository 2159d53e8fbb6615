"""When a place is to be reordered, explained to an agent."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from gateway.inventory.errors import Code, NotFound
from gateway.operations.reorder_planning import PlannedItem
from gateway.planning.lead_time import LeadTime
from gateway.planning.quantiles import Distribution
from gateway.planning.reorder_point import ReorderPoint
from gateway.planning.replenishment import Replenishment, ReplenishmentLayer
from gateway.planning.supply_terms import SupplyTerms
from gateway.rest.answers import Answer
from gateway.rest.bodies import Body
from gateway.rest.texts import Sku, Slug


class ReorderPointForm(Body):
    """Which place."""

    sku: Sku
    location_id: Slug


class PointAnswer(Answer):
    """`units` = `leadTimeDemand` + `undershoot` + `safetyStock`."""

    units: int = Field(description="An order is due at this position, or below it.")
    demand_per_day: float = Field(description="Mean units of a day: d.")
    demand_variance: float = Field(description="Of the units of a day: var(d).")
    lead_time_days: float = Field(description="Mean days from order to arrival: L.")
    lead_time_variance: float = Field(description="Of these days: var(L).")
    lead_time_demand: float = Field(description="Units that sell until the arrival: d L.")
    undershoot: float = Field(description="Units that the position is below the point by when an order is placed.")
    variance: float = Field(description="L var(d) + d^2 var(L), and that of the undershoot.")
    safety_stock: float = Field(description="Units beyond what is expected to sell.")
    distribution: Distribution | None = Field(
        description="Of which the safety stock reaches the quantile of the service level; null where it was set."
    )

    @classmethod
    def of(cls, point: ReorderPoint) -> PointAnswer:
        return cls(
            units=point.units,
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


class LeadTimeAnswer(Answer):
    """`meanDays` is the mean of `observedDays` and `priorDays`, by `weight` and `priorWeight`."""

    mean_days: float
    deviation_days: float = Field(description="Standard deviation of a delivery's days.")
    samples: int = Field(description="Deliveries looked at.")
    weight: float = Field(description="What these count for together; newer ones count more.")
    observed_days: float | None = Field(description="Their weighted mean; null without any.")
    prior_weight: float
    prior_days: float | None = Field(description="Of all the supplier's items, as it declares them, or by a setting.")

    @classmethod
    def of(cls, lead_time: LeadTime) -> LeadTimeAnswer:
        return cls(
            mean_days=lead_time.mean_days,
            deviation_days=lead_time.deviation_days,
            samples=lead_time.samples,
            weight=lead_time.weight,
            observed_days=lead_time.observed_days,
            prior_weight=lead_time.prior_weight,
            prior_days=lead_time.prior_days,
        )


class SupplyTermsAnswer(Answer):
    """On which terms it is ordered; money in the business's own currency."""

    supplier: str
    unit_cost: Decimal | None
    order_cost: Decimal | None = Field(description="Of placing one order, whatever its quantity.")
    holding_rate: float | None = Field(description="What keeping a unit for a year costs, as a share of its cost.")
    pack_size: int
    quantity_min: int = Field(description="Fewest units of an order.")

    @classmethod
    def of(cls, terms: SupplyTerms) -> SupplyTermsAnswer:
        return cls(
            supplier=terms.supplier,
            unit_cost=terms.unit_cost,
            order_cost=terms.order_cost,
            holding_rate=terms.holding_rate,
            pack_size=terms.pack_size,
            quantity_min=terms.quantity_min,
        )


class RulesAnswer(Answer):
    """What is set for the place, and by which layer of settings and rules."""

    review_days: int = Field(description="Days between two orders that a buyer could place.")
    review_days_from: ReplenishmentLayer
    service_level: float = Field(description="Share of the replenishments before which it does not run out.")
    service_level_from: ReplenishmentLayer
    safety_stock: int | None = Field(description="Units in place of the computed safety stock; null: computed.")
    safety_stock_from: ReplenishmentLayer

    @classmethod
    def of(cls, how: Replenishment) -> RulesAnswer:
        return cls(
            review_days=how.review_days,
            review_days_from=how.layer("review_days"),
            service_level=how.service_level,
            service_level_from=how.layer("service_level"),
            safety_stock=how.safety_stock,
            safety_stock_from=how.layer("safety_stock"),
        )


class ReorderPointAnswer(Answer):
    """What a SKU needs at a location as of now, and why. Nothing is ordered by asking."""

    sku: str
    location_id: str
    reorder_point: PointAnswer
    lead_time: LeadTimeAnswer
    supply_terms: SupplyTermsAnswer | None = Field(description="Null where no supplier is known.")
    rules: RulesAnswer
    available: int
    incoming: int
    lapsed: int = Field(description="Of the incoming units, those that no longer count: overdue or missing.")
    promised: int = Field(description="Units owed to backorders.")
    drafted: int = Field(description="Units that drafted transfers bring; negative: that they take away.")
    position: int = Field(description="`available` + `incoming` - `lapsed` - `promised` + `drafted`.")
    is_due: bool = Field(description="Whether an order is due.")
    order_up_to: int = Field(
        description="What an order brings the position to: the reorder point, and the larger of "
        "`economicOrderQuantity` and what sells until the next review."
    )
    economic_order_quantity: float | None = Field(description="Null where costs are not known.")
    suggested: int = Field(description="Units to be moved here or bought, in whole packs.")
    days_of_cover: float | None = Field(description="How long the available units last; null where nothing sells.")

    @classmethod
    def of(cls, planned: PlannedItem, location_id: str) -> ReorderPointAnswer:
        """Raises NotFound where nothing is planned."""
        place = planned.plan.places.get(location_id)
        if place is None:
            message = f"'{planned.item.sku}' is not planned at '{location_id}': it is no active location, or had none."
            raise NotFound(Code.LOCATION_NOT_FOUND, message, ("locationId",))
        stock = place.stock
        return cls(
            sku=planned.item.sku,
            location_id=location_id,
            reorder_point=PointAnswer.of(place.point),
            lead_time=LeadTimeAnswer.of(planned.lead_time),
            supply_terms=None if planned.terms is None else SupplyTermsAnswer.of(planned.terms),
            rules=RulesAnswer.of(place.replenishment),
            available=stock.available,
            incoming=stock.incoming,
            lapsed=stock.lapsed,
            promised=stock.promised,
            drafted=stock.planned,
            position=place.position,
            is_due=place.is_due,
            order_up_to=place.order_up_to,
            economic_order_quantity=place.lot.economic,
            suggested=planned.plan.units_to(location_id),
            days_of_cover=place.days_of_cover,
        )
