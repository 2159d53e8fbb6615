"""Rates computed from what is remembered of the demand, with the terms that they consist of.

The exponentially weighted mean and variance are those of Finch, "Incremental calculation of weighted mean and
variance" (2009), corrected for the days that there were not (as reliability weights). The categories are
those of Syntetos, Boylan and Croston, "On the categorization of demand patterns", Journal of the Operational Research
Society 56 (2005). Intermittent demand is estimated as by Teunter, Syntetos and Babai, "Intermittent demand: linking
forecasting to inventory obsolescence", European Journal of Operational Research 214 (2011): it differs from Croston's
method in that the chance of demand is updated on every day and not only when there is demand. So it has no bias of an
inverted interval to correct, and a dead item's rate goes to zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.planning.series import Cell, Series, Span

INTERVAL_DAYS_SMOOTH = 1.32
"""Mean days from demand to demand up to which demand is not intermittent; Syntetos, Boylan and Croston (2005)."""

SIZE_VARIATION_EVEN = 0.49
"""Squared coefficient of variation of a day's demand up to which its size is even; the same source."""


class DemandPattern(StrEnum):
    NONE = "none"
    SMOOTH = "smooth"
    ERRATIC = "erratic"
    INTERMITTENT = "intermittent"
    LUMPY = "lumpy"

    @property
    def is_intermittent(self) -> bool:
        return self in (DemandPattern.INTERMITTENT, DemandPattern.LUMPY)


@dataclass(frozen=True, slots=True)
class DemandFigures:
    """The demand of one series over its counted days, in units.

    `mean` and `variance` are those of a day, weighted by age; `variance` is None before the second counted day.
    `demand_probability` is the weighted share of days with demand, `size` the mean demand on one of those, and
    `size_variation` its squared coefficient of variation.
    """

    mean: float
    variance: float | None
    demand_probability: float
    size: float | None
    size_variation: float | None
    counted_days: int

    @property
    def interval_days(self) -> float | None:
        """Mean days from one day with demand to the next."""
        return 1.0 / self.demand_probability if self.demand_probability else None

    @property
    def pattern(self) -> DemandPattern:
        interval = self.interval_days
        if interval is None or self.size_variation is None:
            return DemandPattern.NONE
        even = self.size_variation <= SIZE_VARIATION_EVEN
        if interval <= INTERVAL_DAYS_SMOOTH:
            return DemandPattern.SMOOTH if even else DemandPattern.ERRATIC
        return DemandPattern.INTERMITTENT if even else DemandPattern.LUMPY

    @property
    def units_per_day(self) -> float:
        """The rate to plan with: `demand_probability` times `size` where demand is intermittent, else `mean`."""
        if self.pattern.is_intermittent and self.size is not None:
            return self.demand_probability * self.size
        return self.mean


def figures(cell: Cell, series: Series) -> DemandFigures | None:
    """None before the first counted day, about which nothing can be said."""
    return figures_over(cell.span(series), series)


def figures_over(span: Span, series: Series) -> DemandFigures | None:
    """The same, as if the series were known over other days than its own."""
    if span.counted_days <= 0:
        return None
    mean = series.units / span.weight
    size = variation = None
    if series.size_weight:
        size = series.size_units / series.size_weight
        variation = max(0.0, series.size_squares / series.size_weight / size**2 - 1.0)
    variance, probability = _variance(span, series, mean), series.days_with / span.weight
    return DemandFigures(mean, variance, probability, size, variation, span.counted_days)


def _variance(span: Span, series: Series, mean: float) -> float | None:
    if span.counted_days < 2:
        return None
    weight_squared = span.weight**2
    biased = max(0.0, series.squares / span.weight - mean**2)
    return biased * weight_squared / (weight_squared - span.weight_squares)
