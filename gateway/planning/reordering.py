"""What one item lacks where, and how to get it: from locations that can spare it, else from its supplier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf

from gateway.planning.figures import DemandFigures
from gateway.planning.lead_time import LeadTime
from gateway.planning.lot_size import DAYS_OF_YEAR, Lot, lot
from gateway.planning.rebalancing import Move, Need, moves
from gateway.planning.reorder_point import DailyDemand, ReorderPoint, reorder_point
from gateway.planning.replenishment import Replenishment
from gateway.planning.supply_terms import SupplyTerms

NO_DEMAND = DailyDemand(0.0, 0.0)
SELLING_UNITS_PER_YEAR = 1.0
"""From this rate on a place is stocked because it sells; what is dead is not bought again."""


@dataclass(frozen=True, slots=True)
class PlaceStock:
    """An item at a location: its units, and how fast they sell, as far as that is known.

    `planned` units are in transfers that are drafted and not shipped: to this place, or away from it if negative.
    `promised` units are owed to backorders, whatever became of the purchases that they wait for. `lapsed` units of
    what is incoming no longer count: overdue beyond the grace, or missing from a transfer that was closed.
    """

    location_id: str
    available: int
    incoming: int
    figures: DemandFigures | None
    planned: int = 0
    promised: int = 0
    lapsed: int = 0

    @property
    def counted(self) -> int:
        """Units on their way that can be counted on."""
        return self.incoming - self.lapsed

    @property
    def position(self) -> int:
        """Units that are available, can be counted on and are planned to come, less what is promised."""
        return self.available + self.counted - self.promised + self.planned


@dataclass(frozen=True, slots=True)
class PlacePlan:
    """Every term of what a place needs, in units. It needs no stock where nothing sells, is owed, or was set.

    An order is due once the `position` is at the reorder point or below, and brings it to `order_up_to`, the reorder
    point and a lot. What is available, is not owed, and is beyond the reorder point and what sells until the next look
    is `spare`.
    """

    stock: PlaceStock
    replenishment: Replenishment
    point: ReorderPoint
    lot: Lot
    position: int
    order_up_to: int
    needs_stock: bool
    days_of_cover: float | None
    spare: int

    @property
    def is_due(self) -> bool:
        return self.needs_stock and self.position <= self.point.units

    @property
    def lacking(self) -> int:
        return self.order_up_to - self.position if self.is_due else 0


@dataclass(frozen=True, slots=True)
class Purchase:
    """Units to order for a location. `moved` come from other locations, `lacking` were needed before packs."""

    location_id: str
    units: int
    lacking: int
    moved: int


@dataclass(frozen=True, slots=True)
class ItemPlan:
    places: Mapping[str, PlacePlan]
    moves: Sequence[Move]
    purchases: Sequence[Purchase]

    def units_to(self, location_id: str) -> int:
        """All that is suggested for a place."""
        moved = sum(move.units for move in self.moves if move.destination_id == location_id)
        return moved + sum(purchase.units for purchase in self.purchases if purchase.location_id == location_id)


def plan_item(
    places: Iterable[tuple[PlaceStock, Replenishment]], terms: SupplyTerms | None, lead_time: LeadTime
) -> ItemPlan:
    """Of one item, on the terms of the supplier that it is ordered from."""
    planned = {stock.location_id: plan_place(stock, how, terms, lead_time) for stock, how in places}
    due = {at: place for at, place in planned.items() if place.is_due}
    if not due:
        return ItemPlan(planned, (), ())
    needs = [Need(at, place.lacking, _cover(place)) for at, place in due.items()]
    found = moves(needs, {at: place.spare for at, place in planned.items() if at not in due})
    purchases = []
    for at, place in due.items():
        moved = sum(move.units for move in found if move.destination_id == at)
        lacking = place.lacking - moved
        # What the others could spare may do, up to the next look.
        if lacking and place.position + moved <= place.point.units:
            units = lacking if terms is None else terms.lot(lacking)
            purchases.append(Purchase(at, units, lacking, moved))
    return ItemPlan(planned, found, purchases)


def plan_place(stock: PlaceStock, how: Replenishment, terms: SupplyTerms | None, lead_time: LeadTime) -> PlacePlan:
    """One place by itself."""
    demand = NO_DEMAND if stock.figures is None else DailyDemand.of(stock.figures)
    point = reorder_point(
        demand, lead_time.mean_days, lead_time.variance, how.review_days, how.service_level, how.safety_stock
    )
    size = lot(demand.mean, how.review_days, terms)
    is_kept = demand.mean * DAYS_OF_YEAR >= SELLING_UNITS_PER_YEAR or bool(how.safety_stock)
    # What is promised beyond all that comes is taken from what is there.
    unbacked = max(0, stock.promised - stock.counted)
    unowed = stock.available - unbacked + min(0, stock.planned)
    return PlacePlan(
        stock=stock,
        replenishment=how,
        point=point,
        lot=size,
        position=stock.position,
        order_up_to=point.units + (max(1, ceil(size.units - 1e-9)) if is_kept else 0),
        needs_stock=is_kept or stock.position < 0,
        days_of_cover=max(0, stock.available) / demand.mean if demand.mean > 0.0 else None,
        spare=max(0, unowed - point.units - ceil(size.review_demand)),
    )


def _cover(place: PlacePlan) -> float:
    return inf if place.days_of_cover is None else place.days_of_cover
