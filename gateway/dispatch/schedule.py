"""When to try again: a pure function of how often it was tried."""

from __future__ import annotations

RETRY_SECONDS_FIRST = 0.5
RETRY_SECONDS_MAX = 60.0
JITTER = 0.2


def retry_seconds(attempt: int, wished: float | None, chance: float) -> float:
    """Seconds until try number `attempt + 1`: doubling, never less than the platform wished, spread by a fifth.

    `chance` is a random number from 0 to 1.
    """
    step = min(RETRY_SECONDS_MAX, RETRY_SECONDS_FIRST * 2.0 ** min(max(attempt - 1, 0), 20))
    spread = step * (1 - JITTER + 2 * JITTER * chance)
    return max(spread, wished or 0.0)
