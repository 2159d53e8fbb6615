"""When to order: the reorder point, and the terms that it consists of.

A place orders once its inventory position (available, plus what is on its way) is at the reorder point or below it.
The demand until the order arrives has the mean d L and the variance L var(d) + d^2 var(L), with the demand d of a day
and the lead time L: Silver, Pyke and Thomas, "Inventory and Production Management in Supply Chains" (4th edition,
2017), section 6.10; Axsäter, "Inventory Control" (3rd edition, 2015), section 5.11. Since buyers look only every
review period, and demand comes several units at a time, the position is below the point by then: the undershoot, with
the moments of the renewal theory that Tijms and Groenevelt use, "Simple approximations for the reorder point in
periodic and continuous review (s, S) inventory systems with service level constraints", European Journal of
Operational Research 17 (1984), here for whole units. The reorder point covers both with the probability of the
service level: no stockout before the arrival (the cycle service level, "P1").
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from gateway.planning.figures import DemandFigures
from gateway.planning.quantiles import Distribution, quantile


@dataclass(frozen=True, slots=True)
class DailyDemand:
    """Units of a day: mean and variance."""

    mean: float
    variance: float

    @classmethod
    def of(cls, known: DemandFigures) -> DailyDemand:
        """To plan with. Of intermittent demand from its chance and size, which follow its end; else as weighed."""
        mean, size, variation = known.units_per_day, known.size, known.size_variation
        if known.pattern.is_intermittent and size is not None and variation is not None:
            square = known.demand_probability * size**2 * (1.0 + variation)
            return cls(mean, max(0.0, square - mean**2))
        return cls(mean, mean if known.variance is None else known.variance)


@dataclass(frozen=True, slots=True)
class ReorderPoint:
    """`units` = `lead_time_demand` + `undershoot` + `safety_stock`, rounded to what covers the service level.

    `variance` is that of demand until the arrival and undershoot together; `distribution` is None where the safety
    stock was given and not computed. Days and units.
    """

    units: int
    demand: DailyDemand
    lead_time_days: float
    lead_time_variance: float
    review_days: int
    service_level: float
    lead_time_demand: float
    undershoot: float
    variance: float
    safety_stock: float
    distribution: Distribution | None


def reorder_point(
    demand: DailyDemand,
    lead_time_days: float,
    lead_time_variance: float,
    review_days: int,
    service_level: float,
    safety_stock: int | None = None,
) -> ReorderPoint:
    """`safety_stock` takes the place of the computed one."""
    until_arrival = demand.mean * lead_time_days
    undershoot, undershoot_variance = _undershoot(demand.mean * review_days, demand.variance * review_days)
    variance = lead_time_days * demand.variance + demand.mean**2 * lead_time_variance + undershoot_variance
    expected = until_arrival + undershoot
    distribution = None
    if safety_stock is None:
        found = quantile(expected, variance, service_level)
        units, distribution = found.units, found.distribution
    else:
        units = ceil(expected + safety_stock - 1e-9)
    return ReorderPoint(
        units=units,
        demand=demand,
        lead_time_days=lead_time_days,
        lead_time_variance=lead_time_variance,
        review_days=review_days,
        service_level=service_level,
        lead_time_demand=until_arrival,
        undershoot=undershoot,
        variance=variance,
        safety_stock=units - expected,
        distribution=distribution,
    )


def _undershoot(mean: float, variance: float) -> tuple[float, float]:
    """Mean and variance of the units below the point when that is noticed; of the demand between two looks.

    The factorial moments of the excess are E[x(x-1)] / 2 E[x] and E[x(x-1)(x-2)] / 3 E[x]; those of x are taken
    from the negative binomial distribution, which has the Poisson and the binomial ones as its limits.
    """
    if mean <= 0.0:
        return 0.0, 0.0
    spread = (variance - mean) / mean**2
    first = max(0.0, mean * (1.0 + spread) / 2.0)
    second = max(0.0, mean**2 * (1.0 + spread) * (1.0 + 2.0 * spread) / 3.0)
    return first, max(0.0, second + first - first**2)
