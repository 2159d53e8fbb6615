"""How much to order at once.

The economic order quantity, sqrt(2 D A / v r), weighs what an order costs (A) against what keeping the units costs a
year (the unit's cost v times the rate r), for a year's demand D: Harris (1913); Silver, Pyke and Thomas, "Inventory and
Production Management in Supply Chains" (4th edition, 2017), section 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from gateway.planning.supply_terms import SupplyTerms

DAYS_OF_YEAR = 365.0


@dataclass(frozen=True, slots=True)
class Lot:
    """Units that an order brings beyond the reorder point, before packs and minimums: the larger of the two.

    `economic` is None where costs are not known; it is a year's demand at most. `review_demand` is what sells until
    the next order could be placed.
    """

    units: float
    economic: float | None
    review_demand: float


def lot(units_per_day: float, review_days: int, terms: SupplyTerms | None) -> Lot:
    review_demand = units_per_day * review_days
    economic = None if terms is None else economic_order_quantity(units_per_day * DAYS_OF_YEAR, terms)
    return Lot(max(review_demand, economic or 0.0), economic, review_demand)


def economic_order_quantity(units_per_year: float, terms: SupplyTerms) -> float | None:
    """None where one of the costs is not known, or where keeping units costs nothing."""
    if terms.order_cost is None or not terms.unit_cost or terms.holding_rate is None:
        return None
    keeping = float(terms.unit_cost) * terms.holding_rate
    return min(sqrt(2.0 * units_per_year * float(terms.order_cost) / keeping), units_per_year)
