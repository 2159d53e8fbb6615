"""A place that sells day after day and orders at its reorder point: how often it runs out before an order arrives."""

from __future__ import annotations

import random
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, lgamma, log

from gateway.planning.reorder_point import DailyDemand


@dataclass(frozen=True, slots=True)
class DemandShape:
    """Chances of 0, 1, 2, ... units in a day."""

    chances: Sequence[float]

    @property
    def daily(self) -> DailyDemand:
        mean = sum(units * chance for units, chance in enumerate(self.chances))
        square = sum(units**2 * chance for units, chance in enumerate(self.chances))
        return DailyDemand(mean, square - mean**2)

    def days(self, count: int, seed: int) -> list[int]:
        cumulated = list(accumulate(self.chances))
        return random.Random(seed).choices(range(len(cumulated)), cum_weights=cumulated, k=count)


def poisson(mean: float) -> DemandShape:
    most = int(mean + 10 * mean**0.5 + 10)
    return DemandShape([exp(units * log(mean) - mean - lgamma(units + 1)) for units in range(most)])


def negative_binomial(mean: float, variance: float) -> DemandShape:
    size = mean**2 / (variance - mean)
    share = mean / (size + mean)
    return DemandShape(
        [
            exp(lgamma(size + n) - lgamma(size) - lgamma(n + 1) + size * log(1 - share) + n * log(share))
            for n in range(int(mean + 15 * variance**0.5 + 10))
        ]
    )


def seldom(chance: float, size: DemandShape) -> DemandShape:
    """On most days nothing, else one unit and what `size` tells more."""
    return DemandShape([1 - chance, *(chance * share for share in size.chances)])


@dataclass(frozen=True, slots=True)
class LeadTimes:
    """Days of a delivery, all equally likely."""

    choices: Sequence[int]

    @property
    def mean(self) -> float:
        return sum(self.choices) / len(self.choices)

    @property
    def variance(self) -> float:
        return sum((days - self.mean) ** 2 for days in self.choices) / len(self.choices)


def service_achieved(
    shape: DemandShape, lead_times: LeadTimes, reorder_at: int, lot: int, review_days: int, days: int, seed: int
) -> float:
    """Share of the arrivals before which the place had not run out, demand that is not met waiting for the next.

    Each evening of a review, an order brings the position to the reorder point and a lot; it arrives in the morning.
    """
    chance = random.Random(seed)
    stock = position = reorder_at + lot
    due: list[tuple[int, int]] = []
    arrivals = covered = 0
    for day, units in enumerate(shape.days(days, seed + 1)):
        while due and due[0][0] <= day:
            _, quantity = due.pop(0)
            arrivals += 1
            covered += stock >= 0
            stock += quantity
        stock -= units
        position -= units
        if day % review_days == 0 and position <= reorder_at:
            quantity = reorder_at + lot - position
            position += quantity
            insort(due, (day + 1 + chance.choice(lead_times.choices), quantity))
    return covered / arrivals
