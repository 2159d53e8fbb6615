"""A channel's allowance of calls: a token bucket that believes what the platform says about its own.

aiolimiter was considered: its bucket cannot be told how much is left, nor give back what was not used.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What a platform allows one channel, before it has told us better: a burst, then a steady rate."""

    burst: float
    per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What an answer says is left. None keeps what is known."""

    remaining: float | None = None
    per_second: float | None = None
    burst: float | None = None


class Bucket:
    """Costs are taken at once and may go below zero: the debt is the time to wait, in the order of asking."""

    def __init__(self, pace: Pace, clock: Callable[[], float]) -> None:
        self._burst = pace.burst
        self._per_second = pace.per_second
        self._clock = clock
        self._balance = pace.burst
        self._counted_at = clock()
        self._paused_until = -math.inf
        self._in_flight = 0.0
        self._last_cost = 1.0

    @property
    def seconds_until_free(self) -> float:
        """How long a call like the last one would have to wait if it were made now."""
        now = self._count()
        debt = min(self._last_cost, self._burst) - self._balance
        return max(debt / self._per_second, self._paused_until - now, 0.0)

    def reserve(self, cost: float) -> float:
        """Takes the cost; returns the seconds to wait before the call may go. End it with `settle` or `give_back`."""
        now = self._count()
        self._last_cost = cost
        # A call dearer than the whole bucket goes when the bucket is full.
        self._balance -= cost
        self._in_flight += cost
        debt = max(0.0, -self._balance if cost <= self._burst else -self._balance - (cost - self._burst))
        return max(debt / self._per_second, self._paused_until - now, 0.0)

    def settle(self, cost: float) -> None:
        """The call was answered or lost."""
        self._in_flight -= cost

    def give_back(self, cost: float) -> None:
        """The call was not made."""
        self._in_flight -= cost
        self._balance += cost

    def pause(self, seconds: float) -> None:
        """No call for a while: the platform said so."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    def learn(self, allowance: Allowance) -> None:
        """The platform's own count replaces ours; calls still on their way are not in it yet."""
        self._count()
        self._burst = allowance.burst or self._burst
        self._per_second = allowance.per_second or self._per_second
        if allowance.remaining is not None:
            self._balance = min(self._burst, allowance.remaining) - self._in_flight

    def _count(self) -> float:
        now = self._clock()
        self._balance = min(self._burst, self._balance + (now - self._counted_at) * self._per_second)
        self._counted_at = now
        return now
