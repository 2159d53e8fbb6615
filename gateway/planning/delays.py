"""How long news takes, measured: the mean and the spread of what was seen, of which the old counts less and less."""

from __future__ import annotations

from dataclasses import dataclass

NEWEST_SHARE = 0.02
"""What the newest of many measurements counts; so half of the mean is that of the last 34."""

SECONDS_MAX = 6 * 3600.0
"""What takes longer counts as this long: Shopify, for one, tries to tell of an order for four hours."""


@dataclass(frozen=True, slots=True)
class Delay:
    """`mean` in seconds and its `variance`, of `samples` measurements.

    Exponentially weighted, by the incremental formulas of Finch, "Incremental calculation of weighted mean and
    variance" (2009); the first ones all count the same, so that none of them lingers.
    """

    mean: float = 0.0
    variance: float = 0.0
    samples: int = 0

    def measured(self, seconds: float) -> Delay:
        """With one more measurement."""
        share = max(NEWEST_SHARE, 1.0 / (self.samples + 1))
        difference = min(max(seconds, 0.0), SECONDS_MAX) - self.mean
        mean = self.mean + share * difference
        variance = (1.0 - share) * (self.variance + share * difference**2)
        return Delay(mean, variance, self.samples + 1)


UNMEASURED = Delay(60.0, 60.0**2)
"""What is assumed before the first measurement."""


@dataclass(frozen=True, slots=True)
class ChannelDelays:
    """Of one channel: from a commit until its platform has acknowledged it, and from an order until we hear of it.

    `overwrites`: its platform takes absolute counts, so that what it has sold and not told can be overwritten.
    """

    propagation: Delay = UNMEASURED
    reports: Delay = UNMEASURED
    overwrites: bool = True
