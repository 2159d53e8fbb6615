"""How fast an item sells at some places together, and how long its units last, also where nothing was ever sold.

Where nothing was sold on n days, demand on more than a share of 3 / n of all days is unlikely (at 95 %): the rule of
three of Hanley and Lippman-Hand, "If nothing goes wrong, is everything all right?", Journal of the American Medical
Association 249 (1983). So dead stock has a cover as well, which grows with each day that it is not sold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.planning.figures import DemandFigures

NEVER_SOLD_DAYS_MIN = 30
"""Counted days before which nobody can tell whether an item that was never sold is dead or new."""


@dataclass(frozen=True, slots=True)
class SellingRate:
    """`units_per_day` is the rate to plan with; `counted_days` are those that it was learnt from."""

    units_per_day: float
    counted_days: int

    @property
    def never_sold(self) -> bool:
        return self.units_per_day == 0.0

    @property
    def units_per_day_max(self) -> float | None:
        """The rate itself; where nothing was ever sold, the most that is likely, or None while nobody can tell."""
        if not self.never_sold:
            return self.units_per_day
        return 3.0 / self.counted_days if self.counted_days >= NEVER_SOLD_DAYS_MIN else None


def selling_rate(item: Mapping[str, DemandFigures], location_ids: Iterable[str]) -> SellingRate | None:
    """Of an item, known by location, at some of them together.

    None where nothing is known, and where it only sells elsewhere: what is here may be there to feed those.
    """
    here = [item[at] for at in location_ids if at in item]
    if not here:
        return None
    rate = SellingRate(sum(one.units_per_day for one in here), max(one.counted_days for one in here))
    feeds_others = rate.never_sold and any(one.units_per_day > 0.0 for one in item.values())
    return None if feeds_others else rate
