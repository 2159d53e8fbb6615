"""How long a supplier takes from the order to the arrival, and how late that is, from what it has delivered so far.

Each delivery counts half as much as the one `HALF_LIFE_DELIVERIES` later: the simple exponential smoothing of Silver,
Pyke and Thomas, "Inventory and Production Management in Supply Chains" (4th edition, 2017), chapters 3 and 6, where the
lead time's mean and variance go into the reorder point. While there are few deliveries, a prior counts like
`PRIOR_DELIVERIES` of them: that of an item is its supplier's figure, and that of a supplier is a setting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate, pairwise
from math import ceil, sqrt
from statistics import NormalDist

from gateway.inventory.moments import day_of

HALF_LIFE_DELIVERIES = 8
PRIOR_DELIVERIES = 2.0
DELIVERIES_MAX = 40
"""Deliveries remembered of one supplier, and of one item of it: all others together would count 3 %."""

LATE_DAYS_MAX = 120
"""A delivery that is later still, or earlier, counts as if it were so many days late, or early."""
LATE_DEVIATION_PRIOR = 5.0
"""Days by which suppliers of whom nothing is known miss their date, either way: the deviation of a normal curve."""

_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """Units that were ordered, promised and brought together; `expected_at` is the first date that was given."""

    ordered_at: datetime
    expected_at: datetime | None
    arrived_at: datetime

    @property
    def days(self) -> float:
        """From the order to the arrival."""
        return max(0.0, (self.arrived_at - self.ordered_at).total_seconds() / _DAY_SECONDS)

    @property
    def days_late(self) -> int | None:
        """Calendar days (UTC) after the date that was given; None where none was."""
        if self.expected_at is None:
            return None
        late = (day_of(self.arrived_at) - day_of(self.expected_at)).days
        return max(-LATE_DAYS_MAX, min(late, LATE_DAYS_MAX))


@dataclass(frozen=True, slots=True)
class Lateness:
    """By how many days deliveries are late; early ones by fewer than none. The shares add up to 1."""

    shares: Mapping[int, float]

    def within(self, days_late: int, still_out: int | None = None) -> float:
        """The chance that units are here at most `days_late` days after their date.

        `still_out`: they were not here yet so many days after it (negative: before it), which rules out a part.
        """
        beyond = 1.0 if still_out is None else 1.0 - self._until(still_out)
        if beyond <= 1e-9:
            return 0.0
        passed = 0.0 if still_out is None else self._until(still_out)
        return min(1.0, max(0.0, self._until(days_late) - passed) / beyond)

    def quantile(self, probability: float) -> int:
        """The fewest days late within which they are here with that probability."""
        days = sorted(self.shares)
        sums = accumulate(self.shares[day] for day in days)
        return next((day for day, total in zip(days, sums, strict=True) if total >= probability - 1e-9), days[-1])

    @property
    def mean_days(self) -> float:
        return sum(day * share for day, share in self.shares.items())

    def _until(self, days_late: int) -> float:
        return sum(share for day, share in self.shares.items() if day <= days_late)


@dataclass(frozen=True, slots=True)
class LeadTime:
    """Of one delivery: mean and variance of the days from order to arrival, and its lateness.

    `samples` deliveries were looked at, of weight `weight` together; the prior has the weight `prior_weight` and the
    mean `prior_days`, so `mean_days` is the weighted mean of `observed_days` and `prior_days`.
    """

    mean_days: float
    variance: float
    lateness: Lateness
    samples: int = 0
    weight: float = 0.0
    observed_days: float | None = None
    prior_weight: float = 0.0
    prior_days: float | None = None

    @property
    def deviation_days(self) -> float:
        return sqrt(self.variance)


@dataclass(frozen=True, slots=True)
class Observed:
    """Sums over the deliveries, the newest of weight 1: of the days, their squares, and the weight by days late."""

    samples: int = 0
    weight: float = 0.0
    days: float = 0.0
    squares: float = 0.0
    late: Mapping[int, float] = field(default_factory=dict)

    @classmethod
    def of(cls, deliveries: Iterable[Delivery]) -> Observed:
        """Of the newest `DELIVERIES_MAX` of them."""
        newest = sorted(deliveries, key=lambda delivery: (delivery.arrived_at, delivery.days))[-DELIVERIES_MAX:]
        decay = 0.5 ** (1 / HALF_LIFE_DELIVERIES)
        weight = days = squares = 0.0
        late: dict[int, float] = defaultdict(float)
        for age, delivery in enumerate(reversed(newest)):
            share = decay**age
            weight += share
            days += share * delivery.days
            squares += share * delivery.days**2
            if delivery.days_late is not None:
                late[delivery.days_late] += share
        return cls(len(newest), weight, days, squares, dict(late))

    def lead_time(self, prior: LeadTime) -> LeadTime:
        """What to plan with; the prior itself before the first delivery."""
        total = self.weight + PRIOR_DELIVERIES
        mean = (self.days + PRIOR_DELIVERIES * prior.mean_days) / total
        square = (self.squares + PRIOR_DELIVERIES * (prior.variance + prior.mean_days**2)) / total
        return LeadTime(
            mean_days=mean,
            variance=max(0.0, square - mean**2),
            lateness=self._lateness(prior.lateness),
            samples=self.samples,
            weight=self.weight,
            observed_days=self.days / self.weight if self.weight else None,
            prior_weight=PRIOR_DELIVERIES,
            prior_days=prior.mean_days,
        )

    def _lateness(self, prior: Lateness) -> Lateness:
        total = sum(self.late.values()) + PRIOR_DELIVERIES
        shares = {day: PRIOR_DELIVERIES * share / total for day, share in prior.shares.items()}
        for day, weight in self.late.items():
            shares[day] = shares.get(day, 0.0) + weight / total
        return Lateness(shares)


def unknown_supplier(mean_days: float) -> LeadTime:
    """Of a supplier that has never delivered: so many days, give or take half of them, and as often early as late."""
    return LeadTime(mean_days, (mean_days / 2) ** 2, normal_lateness(LATE_DEVIATION_PRIOR))


def normal_lateness(deviation_days: float) -> Lateness:
    """As often early as late, in whole days, up to four deviations either way."""
    curve = NormalDist(0, max(deviation_days, 0.1))
    furthest = min(ceil(4 * deviation_days), LATE_DAYS_MAX)
    levels = [0.0, *(curve.cdf(day + 0.5) for day in range(-furthest, furthest)), 1.0]
    days = range(-furthest, furthest + 1)
    return Lateness({day: after - before for day, (before, after) in zip(days, pairwise(levels), strict=True)})
