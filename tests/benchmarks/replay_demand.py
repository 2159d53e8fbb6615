"""Two years of buyers, from a seed: 500 SKUs at five channels, with seasons, weekdays, promotions and slow movers."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

TRIED_SEED = 20261121
"""The quantiles of the learning buffer that are compared were chosen on this one."""
SEED = 20271121
"""What is reported: nothing was chosen on it."""
DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Outlet:
    """A channel: its share of demand, seconds until it shows a change of ours, and until we hear of its orders.

    Both are means: each time is drawn from an exponential distribution. `overwrites`: it takes absolute counts.
    """

    id: str
    share: float
    push_seconds: float
    report_seconds: float
    units_mean: float = 1.1
    overwrites: bool = False


OUTLETS = (
    Outlet("web", 0.40, 0.3, 0.5),
    Outlet("till", 0.20, 1.0, 2.0),
    Outlet("market-a", 0.20, 30.0, 60.0),
    Outlet("market-b", 0.15, 600.0, 900.0, overwrites=True),
    Outlet("b2b", 0.05, 3_600.0, 3_600.0, units_mean=4.0),
)
"""Lags as the platforms have them: webhooks, a till, polled marketplaces, and an ERP that is asked every hour."""


@dataclass(frozen=True, slots=True)
class Product:
    """A SKU. `units_per_day` is its mean over the year; filled up to `target` units `lead_days` after it is ordered."""

    sku: str
    units_per_day: float
    shares: tuple[float, ...]
    lead_days: int
    reorder_at: int
    target: int


@dataclass(frozen=True, slots=True)
class Buyer:
    """`second` of the day, outlet by its number, and units wanted: all or none."""

    second: float
    outlet: int
    units: int


def products(count: int, chance: random.Random) -> list[Product]:
    """From a few units in a season to dozens a day; most are slow."""
    made = []
    for number in range(count):
        rate = min(chance.lognormvariate(-1.2, 1.2), 30.0)
        shares = [outlet.share * chance.uniform(0.4, 1.6) for outlet in OUTLETS]
        total = sum(shares)
        lead_days = chance.randint(4, 14)
        # Enough for most cycles and not for all: near zero is where buffers matter.
        reorder_at = math.ceil(rate * lead_days + 1.3 * math.sqrt(rate * lead_days))
        target = reorder_at + max(2, math.ceil(rate * 14))
        made.append(Product(f"SKU-{number:04}", rate, tuple(s / total for s in shares), lead_days, reorder_at, target))
    return made


def buyers(product: Product, day: int, chance: random.Random) -> Sequence[Buyer]:
    """The buyers of one day, in the order in which they come."""
    season = 1.0 + 0.35 * math.sin(2.0 * math.pi * day / 365.0)
    weekday = (0.8, 0.85, 0.9, 1.0, 1.25, 1.4, 0.8)[day % 7]
    rate = product.units_per_day * season * weekday
    found = [_buyer(product, chance, chance.uniform(0.0, DAY_SECONDS)) for _ in range(_poisson(rate, chance))]
    if chance.random() < 1 / 90:
        # A promotion on one outlet: several days' demand in two hours of the evening.
        outlet = chance.choices(range(len(OUTLETS)), product.shares)[0]
        begins = 18 * 3_600.0
        wanted = _poisson(max(4.0, 6.0 * rate), chance)
        found += [Buyer(begins + chance.uniform(0.0, 7_200.0), outlet, 1) for _ in range(wanted)]
    return sorted(found, key=lambda buyer: buyer.second)


def _buyer(product: Product, chance: random.Random, second: float) -> Buyer:
    outlet = chance.choices(range(len(OUTLETS)), product.shares)[0]
    extra = OUTLETS[outlet].units_mean - 1.0
    units = 1 + (_geometric(extra / (1.0 + extra), chance) if extra else 0)
    return Buyer(second, outlet, units)


def _geometric(probability: float, chance: random.Random) -> int:
    """Successes before the first failure."""
    count = 0
    while count < 50 and chance.random() < probability:
        count += 1
    return count


def _poisson(mean: float, chance: random.Random) -> int:
    """Knuth, "The Art of Computer Programming" volume 2, 3.4.1: in steps, so that no mean is too large."""
    count = 0
    while mean > 0.0:
        step = min(mean, 50.0)
        mean -= step
        limit, product = math.exp(-step), chance.random()
        while product > limit:
            count += 1
            product *= chance.random()
    return count
