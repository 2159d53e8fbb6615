"""What answers say of a platform's limit, for platforms that say it in plain numbers."""

import time
from dataclasses import dataclass

from connectors.exchange import Response
from connectors.pacing import Allowance
from connectors.status import RETRY_AFTER_SECONDS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitHeaders:
    """Names of headers; empty where the platform has no such one."""

    left: str = ""
    """How many calls are left of the present window."""
    used: str = ""
    """How many are used, as `1/90` of the whole."""
    size: str = ""
    per_second: str = ""
    reset_milliseconds: str = ""
    """How long until there are calls again; instead of the usual `Retry-After`."""
    next_at_milliseconds: str = ""
    """Since when there are calls again, in milliseconds since 1970."""
    window_seconds: float | None = None
    """For a limit of `size` calls in each window of this length."""

    def allowance(self, response: Response) -> Allowance | None:
        """None when the answer says nothing that can be understood."""
        used, _, whole = response.headers.get(self.used, "").partition("/")
        size = _number(whole or response.headers.get(self.size, ""))
        left = _number(response.headers.get(self.left, ""))
        if left is None and size is not None and (taken := _number(used)) is not None:
            left = size - taken
        rate = _number(response.headers.get(self.per_second, ""))
        if rate is None and size is not None and self.window_seconds is not None:
            rate = size / self.window_seconds
        known = Allowance(remaining=left, per_second=rate, burst=size)
        return None if known == Allowance() else known

    def reset_seconds(self, response: Response) -> float | None:
        reset = _number(response.headers.get(self.reset_milliseconds, ""))
        if reset is None and (moment := _number(response.headers.get(self.next_at_milliseconds, ""))) is not None:
            reset = max(0.0, moment - time.time() * 1000)
        return None if reset is None else min(reset / 1000, RETRY_AFTER_SECONDS_MAX)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
