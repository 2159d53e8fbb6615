"""How fast an item sells, and why that is the figure."""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime
from typing import Annotated

import strawberry

from gateway.inventory.access import Scope
from gateway.inventory.errors import InventoryError
from gateway.inventory.ports import StorageError
from gateway.operations.velocity import Velocity
from gateway.planning.figures import DemandFigures, DemandPattern
from schema.context import Info
from schema.descriptions import describe
from schema.errors import UserError, reading, user_error
from schema.scalars import Quantity

strawberry.enum(
    DemandPattern,
    name="DemandPattern",
    description="What demand looks like, by the categories of Syntetos, Boylan and Croston (2005).",
)
describe(
    DemandPattern,
    {
        "NONE": "There was none.",
        "SMOOTH": "On most days, of even size: up to 1.32 days from demand to demand, `sizeVariation` up to 0.49.",
        "ERRATIC": "On most days, of uneven size.",
        "INTERMITTENT": "On few days, of even size.",
        "LUMPY": "On few days, of uneven size.",
    },
)


@strawberry.type(name="DemandFigures", description="Rates over the counted days; a half-life ago counts half.")
class DemandFiguresType:
    pattern: DemandPattern = strawberry.field(description="What the demand looks like.")
    units_per_day: float = strawberry.field(
        description="The rate to plan with: `demandProbability` times `size` where demand is intermittent or lumpy "
        "(Teunter, Syntetos and Babai 2011), else `mean`."
    )
    mean: float = strawberry.field(description="Units per counted day, weighted by age.")
    variance: float | None = strawberry.field(
        description="Of the units of a day, weighted by age, unbiased; null before the second counted day."
    )
    demand_probability: float = strawberry.field(description="Share of days with demand, weighted by age.")
    interval_days: float | None = strawberry.field(description="Days from demand to demand: 1 / `demandProbability`.")
    size: float | None = strawberry.field(
        description="Mean units of a day with demand; each such day counts a tenth less than the next one."
    )
    size_variation: float | None = strawberry.field(description="The squared coefficient of variation of that size.")

    @classmethod
    def of(cls, figures: DemandFigures) -> DemandFiguresType:
        return cls(
            pattern=figures.pattern,
            units_per_day=figures.units_per_day,
            mean=figures.mean,
            variance=figures.variance,
            demand_probability=figures.demand_probability,
            interval_days=figures.interval_days,
            size=figures.size,
            size_variation=figures.size_variation,
        )


@strawberry.type(
    name="Velocity",
    description="Demand of a SKU: units taken by orders and reservations, less units that these gave back or buyers "
    "returned. Days are UTC days.",
)
class VelocityType:
    sku: str = strawberry.field(description="Which SKU.")
    figures: DemandFiguresType | None = strawberry.field(description="Null before the first counted day.")
    half_life_days: float = strawberry.field(description="So many counted days ago, a day counts half.")
    since: date = strawberry.field(description="When the place was first stocked.")
    counted_days: int = strawberry.field(
        description="Days before today with stock at any time, or with demand through any channel; of a channel, "
        "since its first demand there."
    )
    days_without_stock: int = strawberry.field(
        description="Days before today with neither, or with stock at an inactive location only: they say nothing of "
        "what buyers wanted, and are left out."
    )
    demand_days: int = strawberry.field(description="Counted days with demand.")
    units: Quantity = strawberry.field(description="Demand of these days.")
    units_today: Quantity = strawberry.field(
        description="Units taken less units given back today; not in the figures yet."
    )
    credit: Quantity = strawberry.field(
        description="Units given back that are yet to be taken from the demand of the days to come."
    )
    in_stock: bool = strawberry.field(description="Whether any are available there, after the last movement counted.")
    folded_until: datetime = strawberry.field(
        description="The last movement of the item that is counted here; newer ones follow in half a minute."
    )

    @classmethod
    def of(cls, velocity: Velocity) -> VelocityType:
        cell, series = velocity.cell, velocity.series
        return cls(
            sku=velocity.sku,
            figures=None if velocity.figures is None else DemandFiguresType.of(velocity.figures),
            half_life_days=velocity.half_life_days,
            since=velocity.since,
            counted_days=cell.span(series).counted_days,
            days_without_stock=cell.days_without_stock,
            demand_days=series.demand_days,
            units=Quantity(series.units_total),
            units_today=Quantity(series.today),
            credit=Quantity(series.credit),
            in_stock=cell.available > 0,
            folded_until=velocity.folded_until,
        )


@strawberry.type(description="What became of the request.")
class VelocityRebuildPayload:
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


@strawberry.type
class VelocityQuery:
    @strawberry.field(
        description="How fast a SKU sells; null while it has never had stock there. Needs `inventory:read`."
    )
    async def velocity(
        self,
        info: Info,
        sku: Annotated[str, strawberry.argument(description="Its present SKU.")],
        location_id: Annotated[str | None, strawberry.argument(description="From where; anywhere if null.")] = None,
        channel_id: Annotated[
            str | None,
            strawberry.argument(description="As the channel's orders tell; if null, all, also through no channel."),
        ] = None,
    ) -> VelocityType | None:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            found = await info.context.services.velocity.of(sku, location_id, channel_id)
            return None if found is None else VelocityType.of(found)


@strawberry.type
class VelocityMutation:
    @strawberry.mutation(
        description="Compute every velocity anew from the whole ledger, in the background; meanwhile `foldedUntil` "
        "may lie far back. Needs `admin`."
    )
    async def velocity_rebuild(self, info: Info) -> VelocityRebuildPayload:
        work = info.context.services.velocity.rebuild()
        try:
            with closing(work):
                info.context.principal.require(Scope.ADMIN)
                await work
        except (InventoryError, StorageError) as error:
            return VelocityRebuildPayload(user_errors=[user_error(error)])
        return VelocityRebuildPayload(user_errors=[])
