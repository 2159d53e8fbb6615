"""From where a request would be served, and why."""

from __future__ import annotations

from typing import Annotated

import strawberry

from gateway.inventory.access import Scope
from gateway.inventory.allocation import StrategyName
from gateway.inventory.allotting import Allotment
from gateway.inventory.least_cost import Cost, Routes
from gateway.operations.allocation_previews import AllocationPreview
from schema.context import Info
from schema.errors import reading
from schema.requested_lines import DestinationInput, RequestedLineInput, line_requests
from schema.scalars import Quantity


@strawberry.type(description="Units of one line from one location.")
class AllocationShare:
    location_id: str = strawberry.field(description="From where.")
    quantity: Quantity = strawberry.field(description="Units.")
    below_safety_stock: Quantity = strawberry.field(description="Of these, units from below its safety stock.")
    from_quota: Quantity = strawberry.field(description="Of these, units out of the channel's own quotas.")
    why: str = strawberry.field(description="Why there.")


@strawberry.type(description="What one line would get.")
class AllocationLine:
    sku: str = strawberry.field(description="As it was asked for.")
    quantity: Quantity = strawberry.field(description="Units that it would get.")
    shares: list[AllocationShare] = strawberry.field(description="From where.")

    @classmethod
    def of(cls, allotment: Allotment) -> AllocationLine:
        shares = [
            AllocationShare(
                location_id=share.location_id,
                quantity=Quantity(share.quantity),
                below_safety_stock=Quantity(share.below_safety),
                from_quota=Quantity(sum(draw.units for draw in share.draws)),
                why=share.why,
            )
            for share in allotment.shares
        ]
        return cls(sku=allotment.item.sku, quantity=Quantity(allotment.quantity), shares=shares)


@strawberry.type(description="What the way from one location costs.")
class AllocationLeg:
    location_id: str = strawberry.field(description="From where.")
    km: float = strawberry.field(description="How far it is to the destination.")
    distance_from: str = strawberry.field(
        description="What that was taken from: `coordinates`, `zones`, `unknown` or `no destination`."
    )
    cost: float = strawberry.field(description="`km` times GATEWAY_ALLOCATION_COST_PER_KM.")


@strawberry.type(description="What it costs to serve a request from some locations, term by term.")
class AllocationCost:
    total: float = strawberry.field(description="The sum of all terms.")
    legs: list[AllocationLeg] = strawberry.field(description="The ways, one parcel each.")
    further_parcels: float = strawberry.field(
        description="For every parcel but the first, GATEWAY_ALLOCATION_COST_PER_PARCEL."
    )
    safety_stock: float = strawberry.field(
        description="For every unit from below safety stock, GATEWAY_ALLOCATION_COST_BELOW_SAFETY."
    )
    units_below_safety_stock: Quantity = strawberry.field(description="Units from below safety stock.")
    units_missing: Quantity = strawberry.field(description="Units that could not be served.")

    @classmethod
    def of(cls, cost: Cost, routes: Routes) -> AllocationCost:
        return cls(
            total=cost.total,
            legs=[_leg(routes, location_id, amount) for location_id, amount in cost.legs],
            further_parcels=cost.further_parcels,
            safety_stock=cost.safety,
            units_below_safety_stock=Quantity(cost.below_safety),
            units_missing=Quantity(cost.missing),
        )


def _leg(routes: Routes, location_id: str, cost: float) -> AllocationLeg:
    known = routes.distance(location_id)
    return AllocationLeg(location_id=location_id, km=known.km, distance_from=known.source, cost=cost)


@strawberry.type(name="AllocationPreview", description="From where a request would be served at this moment.")
class AllocationPreviewType:
    lines: list[AllocationLine] = strawberry.field(description="In the order asked for.")
    cost: AllocationCost = strawberry.field(description="What that costs, whatever the strategy.")
    exact: bool | None = strawberry.field(
        description="Of LEAST_COST: whether every combination of locations was looked at; null of others."
    )
    alternatives: list[AllocationCost] = strawberry.field(
        description="Of LEAST_COST: the next best of the combinations that were looked at. That no unit is missing "
        "counts first, then that safety stock is kept, and then the total."
    )

    @classmethod
    def of(cls, preview: AllocationPreview) -> AllocationPreviewType:
        choice, routes = preview.choice, preview.routes
        return cls(
            lines=[AllocationLine.of(allotment) for allotment in preview.allotments],
            cost=AllocationCost.of(preview.cost, routes),
            exact=None if choice is None else choice.exact,
            alternatives=[AllocationCost.of(cost, routes) for cost in choice.alternatives] if choice else [],
        )


@strawberry.type
class AllocationQuery:
    @strawberry.field(
        description="From where a reservation of these lines would take its units at this moment, by the very function "
        "that would make it. Nothing is held. Needs `inventory:read`."
    )
    async def allocation_preview(
        self,
        info: Info,
        lines: Annotated[list[RequestedLineInput], strawberry.argument(description="1 to 250 lines over any SKUs.")],
        destination: Annotated[DestinationInput | None, strawberry.argument(description="Where it is sent.")] = None,
        strategy: Annotated[
            StrategyName, strawberry.argument(description="Which locations to prefer.")
        ] = StrategyName.LEAST_COST,
        allow_backorder: Annotated[
            bool, strawberry.argument(description="Let available go down to minus the item's backorder limit.")
        ] = False,
        channel_id: Annotated[str | None, strawberry.argument(description="The channel it is sold through.")] = None,
    ) -> AllocationPreviewType:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            preview = await info.context.services.allocation_previews.of(
                line_requests(lines),
                strategy=strategy,
                destination=None if destination is None else destination.whereabouts(),
                allow_backorder=allow_backorder,
                channel_id=channel_id,
            )
        return AllocationPreviewType.of(preview)
