"""When to leave a failing channel alone: decisions only, no clock and no storage."""

from dataclasses import dataclass, replace
from enum import StrEnum

from connectors.errors import Retriable


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class ChannelSuspended(Retriable):
    """Not sent: the channel is given time, because it failed too often or its allowance is used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    failures_max: int = 5
    """In a row, before the channel is left alone."""
    open_seconds: float = 5
    """Doubled after every trial that fails."""
    open_seconds_max: float = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    policy: BreakerPolicy = BreakerPolicy()
    failures: int = 0
    open_until: float | None = None

    def state(self, now: float) -> BreakerState:
        if self.open_until is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self.open_until else BreakerState.HALF_OPEN

    def admit(self, now: float) -> "Breaker":
        """The breaker after one more call is let through; raises `ChannelSuspended` when it may not go."""
        match self.state(now):
            case BreakerState.CLOSED:
                return self
            case BreakerState.OPEN:
                wait = (self.open_until or now) - now
                raise ChannelSuspended("the channel failed repeatedly and is left alone", after_seconds=wait)
            case BreakerState.HALF_OPEN:
                # One trial: whoever comes before its result finds the breaker open.
                return replace(self, open_until=now + self.policy.open_seconds)

    def after_answer(self) -> "Breaker":
        """Somebody is there: calls may go again. Whether what they say makes sense is not known yet."""
        return replace(self, open_until=None)

    def after_success(self) -> "Breaker":
        return replace(self, failures=0, open_until=None)

    def after_failure(self, now: float) -> "Breaker":
        failures = self.failures + 1
        excess = failures - self.policy.failures_max
        if excess < 0:
            return replace(self, failures=failures)
        seconds = min(self.policy.open_seconds_max, self.policy.open_seconds * 2.0 ** min(excess, 30))
        return replace(self, failures=failures, open_until=now + seconds)
