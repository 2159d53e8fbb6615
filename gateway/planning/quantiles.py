"""How much demand is not exceeded with a given probability, from its mean and variance alone.

The choice of the distribution is that of Silver, Pyke and Thomas, "Inventory and Production Management in Supply
Chains" (4th edition, 2017), section 6.7, and of Axsäter, "Inventory Control" (3rd edition, 2015), section 5.1: whole
units where demand is low (Poisson, or the negative binomial distribution where it varies more), else the normal
distribution, or the gamma distribution where the normal one would have much below zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import ceil, exp, log, sqrt
from statistics import NormalDist

LOW_UNITS_MAX = 50.0
"""Mean up to which units are counted one by one."""
NORMAL_VARIATION_MAX = 0.5
"""Coefficient of variation up to which the normal distribution has next to nothing below zero."""
GAMMA_VARIATION_MAX = 1.0
"""That up to which the approximation of the gamma distribution is good."""
POISSON_SPREAD = 0.1
"""Part by which a variance may differ from the mean of a Poisson distribution."""
STEPS_MAX = 50_000


class Distribution(StrEnum):
    POISSON = "poisson"
    NEGATIVE_BINOMIAL = "negative_binomial"
    NORMAL = "normal"
    GAMMA = "gamma"


@dataclass(frozen=True, slots=True)
class Quantile:
    """Whole units that demand does not exceed with the probability asked for, and how they were found."""

    units: int
    distribution: Distribution


def quantile(mean: float, variance: float, probability: float) -> Quantile:
    """`mean` and `variance` of the demand of a span of time, in units; `probability` from 0.5 to less than 1."""
    if mean <= 0.0:
        return Quantile(0, Distribution.POISSON)
    variation = sqrt(variance) / mean
    even = variance < mean * (1.0 - POISSON_SPREAD)
    if not even and (mean <= LOW_UNITS_MAX or variation > GAMMA_VARIATION_MAX):
        if variance <= mean * (1.0 + POISSON_SPREAD):
            return Quantile(counted_units(mean, mean, probability, STEPS_MAX), Distribution.POISSON)
        units = counted_units(mean, variance, probability, STEPS_MAX)
        return Quantile(units, Distribution.NEGATIVE_BINOMIAL)
    z = standard_normal(probability)
    if variation <= NORMAL_VARIATION_MAX or even:
        # Demand is of whole units: half a unit of it lies on either side of each.
        return Quantile(_whole(mean + z * sqrt(variance) - 0.5), Distribution.NORMAL)
    # Wilson and Hilferty (1931): the cube root of a gamma variate is almost normal.
    shape = 1.0 / variation**2
    return Quantile(_whole(mean * (1.0 - 1.0 / (9.0 * shape) + z / (3.0 * sqrt(shape))) ** 3 - 0.5), Distribution.GAMMA)


@lru_cache(maxsize=1_000)
def standard_normal(probability: float) -> float:
    """The safety factor: standard deviations above the mean."""
    return NormalDist().inv_cdf(probability)


def _whole(units: float) -> int:
    return max(0, ceil(units - 1e-9))


def counted_units(mean: float, variance: float, probability: float, units_max: int) -> int:
    """The least units that are enough with this probability, at most `units_max`.

    The chances are summed from zero on, as logarithms: of a large mean, that of no unit at all is below any float.
    """
    if mean <= 0.0:
        return 0
    spread = variance > mean * (1 + 1e-9)
    size = mean**2 / (variance - mean) if spread else 0.0
    log_chance = size * log(mean / variance) if spread else -mean
    enough = exp(log_chance)
    units = 0
    while enough < probability and units < units_max:
        step = (units + size) * (1.0 - mean / variance) if spread else mean
        log_chance += log(step / (units + 1))
        enough += exp(log_chance)
        units += 1
    return units
