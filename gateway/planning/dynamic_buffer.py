"""How many units may sell before a channel hears of it: what a dynamic buffer withholds.

Units that sell elsewhere are still offered by a channel until it has acknowledged the lower count. A unit that sells at
another channel is told us after that channel's report delay D, and reaches this one after its own propagation lag L,
so the demand at risk is that of every other channel k during L + D(k), and what is sold through no channel during L.
Where the platform takes absolute counts, our write gives back what the channel has sold and not told us yet: there, its
own demand during D is at risk as well. So a faster channel earns a smaller buffer.

Demand during a random time T with a rate of r units a day and a daily variance v has mean r E[T] and variance
v E[T] + r^2 Var[T]: the demand during a random lead time of Silver, Pyke and Thomas, "Inventory and Production
Management in Supply Chains", 4th edition (2017), chapter 6. As the lag L is the same for all that sells elsewhere, its
variance counts with the square of the sum of those rates.

The quantile is that of the negative binomial distribution with this mean and variance (Agrawal and Smith, "Estimating
negative binomial demand for retail inventory management with unobservable lost sales", Naval Research Logistics 43
(1996)), and of the Poisson distribution where the variance is not above the mean.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gateway.inventory.buffer_rules import DynamicBuffer
from gateway.inventory.channels import Learned
from gateway.planning.delays import ChannelDelays, Delay
from gateway.planning.figures import DemandFigures, figures, figures_over
from gateway.planning.quantiles import counted_units
from gateway.planning.series import ALL_CHANNELS, Cell, Series

DAY_SECONDS = 86_400.0

BAND = 0.25
"""Units in use stay while demand a quarter higher, or as much lower, would ask for them: so they do not flap."""


@dataclass(frozen=True, slots=True)
class DailyDemand:
    """Units per day, and their variance."""

    mean: float = 0.0
    variance: float = 0.0

    def __add__(self, other: DailyDemand) -> DailyDemand:
        return DailyDemand(self.mean + other.mean, self.variance + other.variance)

    def less(self, other: DailyDemand) -> DailyDemand:
        return DailyDemand(max(0.0, self.mean - other.mean), max(0.0, self.variance - other.variance))


@dataclass(frozen=True, slots=True)
class RiskSource:
    """What sells through one channel, or through none, before the channel hears of it.

    `mean` units and their `variance`, at `demand` during `seconds` on average.
    """

    channel_id: str | None
    demand: DailyDemand
    seconds: float
    mean: float
    variance: float


@dataclass(frozen=True, slots=True)
class DemandAtRisk:
    """The sum of the `sources`; `lag_variance` is that of the lag which all that sells elsewhere has in common."""

    sources: tuple[RiskSource, ...]
    lag_variance: float

    @property
    def mean(self) -> float:
        return sum(source.mean for source in self.sources)

    @property
    def variance(self) -> float:
        return self.lag_variance + sum(source.variance for source in self.sources)


def demand_by_channel(cells: Collection[Cell]) -> dict[str | None, DailyDemand]:
    """The daily demand of these places together, by channel; None is what came through no channel.

    That is what all demand leaves of itself once the channels' is taken off, each over the same days. A channel's own
    demand is that since it began to sell.
    """
    found: dict[str | None, DailyDemand] = {None: DailyDemand()}
    for cell in cells:
        all_days = cell.span(Series())
        whole = named = DailyDemand()
        for key, series in cell.series.items():
            over_all_days = _daily(figures_over(all_days, series))
            if key == ALL_CHANNELS:
                whole = over_all_days
            else:
                named += over_all_days
                found[key] = found.get(key, DailyDemand()) + _daily(figures(cell, series))
        found[None] += whole.less(named)
    return found


def demand_at_risk(
    channel_id: str, demand: Mapping[str | None, DailyDemand], delays: Mapping[str, ChannelDelays]
) -> DemandAtRisk:
    """What may sell before the channel hears of it."""
    own = delays.get(channel_id, ChannelDelays())
    sources, elsewhere = [], 0.0
    for seller, daily in demand.items():
        reports = Delay() if seller is None else delays.get(seller, ChannelDelays()).reports
        if seller != channel_id:
            elsewhere += daily.mean
            sources.append(_source(seller, daily, own.propagation.mean + reports.mean, reports.variance))
        elif own.overwrites:
            sources.append(_source(seller, daily, reports.mean, reports.variance))
    return DemandAtRisk(tuple(sources), elsewhere**2 * own.propagation.variance / DAY_SECONDS**2)


def learned(risk: DemandAtRisk, rule: DynamicBuffer, before: Learned | None) -> Learned:
    """What is to be withheld: the units in use while they are within the band, else the quantile."""
    if before is not None and before.quantile == rule.quantile:
        least, most = (_quantile_units(risk, rule, scale) for scale in (1 / (1 + BAND), 1 + BAND))
        if least <= before.units <= most:
            return before
    return Learned(exact_units(risk, rule), rule.quantile)


def exact_units(risk: DemandAtRisk, rule: DynamicBuffer) -> int:
    """The quantile itself, at most `units_max`."""
    return _quantile_units(risk, rule, 1.0)


def _quantile_units(risk: DemandAtRisk, rule: DynamicBuffer, scale: float) -> int:
    """Were `scale` times as much at risk."""
    return counted_units(scale * risk.mean, scale * risk.variance, rule.quantile, rule.units_max)


def _daily(known: DemandFigures | None) -> DailyDemand:
    if known is None:
        return DailyDemand()
    rate = known.units_per_day
    return DailyDemand(rate, rate if known.variance is None else known.variance)


def _source(channel_id: str | None, daily: DailyDemand, seconds: float, seconds_variance: float) -> RiskSource:
    days = seconds / DAY_SECONDS
    variance = daily.variance * days + daily.mean**2 * seconds_variance / DAY_SECONDS**2
    return RiskSource(channel_id, daily, seconds, daily.mean * days, variance)
