"""How fast a SKU sells, explained to an agent."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime

from pydantic import Field

from gateway.operations.velocity import Velocity
from gateway.planning.figures import DemandFigures, DemandPattern
from gateway.rest.answers import Answer
from gateway.rest.bodies import Body
from gateway.rest.texts import Sku, Slug


class VelocityForm(Body):
    """Which demand."""

    sku: Sku
    location_id: Slug | None = Field(default=None, description="From this location; from anywhere unless given.")
    channel_id: Slug | None = Field(
        default=None, description="Through this sales channel; all, also through none, unless given."
    )


class FiguresAnswer(Answer):
    """Rates over the counted days, weighted by age."""

    units_per_day: float = Field(
        description="The rate to plan with: `demandProbability` times `size` where demand is intermittent or lumpy, "
        "else `mean`."
    )
    pattern: DemandPattern
    mean: float = Field(description="Units of a counted day.")
    variance: float | None = Field(description="Of the units of a day; null before the second counted day.")
    demand_probability: float = Field(description="Share of days with demand.")
    interval_days: float | None = Field(description="Days from demand to demand.")
    size: float | None = Field(description="Mean units of a day with demand.")
    size_variation: float | None = Field(description="Squared coefficient of variation of that size.")

    @classmethod
    def of(cls, figures: DemandFigures) -> FiguresAnswer:
        return cls(
            units_per_day=figures.units_per_day,
            pattern=figures.pattern,
            mean=figures.mean,
            variance=figures.variance,
            demand_probability=figures.demand_probability,
            interval_days=figures.interval_days,
            size=figures.size,
            size_variation=figures.size_variation,
        )


class DemandAnswer(Answer):
    """What the figures come from. Days are UTC days."""

    figures: FiguresAnswer | None = Field(description="Null before the first counted day.")
    half_life_days: float = Field(description="So many counted days ago, a day counts half.")
    since: Date = Field(description="When the place was first stocked.")
    counted_days: int = Field(description="Days with stock, or with demand.")
    days_without_stock: int = Field(description="Days that say nothing of demand, and are not counted.")
    demand_days: int = Field(description="Of the counted days, those with demand.")
    units: int = Field(description="Demand of these days.")
    units_today: int = Field(description="Units taken less units given back today; not in the figures yet.")
    credit: int = Field(description="Units given back, to be taken from the demand of the days to come.")
    folded_until: datetime = Field(description="The last movement that is counted; newer ones follow in half a minute.")

    @classmethod
    def of(cls, velocity: Velocity) -> DemandAnswer:
        cell, series = velocity.cell, velocity.series
        return cls(
            figures=None if velocity.figures is None else FiguresAnswer.of(velocity.figures),
            half_life_days=velocity.half_life_days,
            since=velocity.since,
            counted_days=cell.span(series).counted_days,
            days_without_stock=cell.days_without_stock,
            demand_days=series.demand_days,
            units=series.units_total,
            units_today=series.today,
            credit=series.credit,
            folded_until=velocity.folded_until,
        )


class VelocityAnswer(Answer):
    """How fast a SKU sells, and why that is the figure."""

    sku: str
    demand: DemandAnswer | None = Field(description="Null while it has never had stock there.")

    @classmethod
    def of(cls, sku: str, velocity: Velocity | None) -> VelocityAnswer:
        return cls(sku=sku, demand=None if velocity is None else DemandAnswer.of(velocity))
