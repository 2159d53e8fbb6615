"""At most two immediate tries, of calls that may be repeated. Everything longer belongs to dispatch alone: retries
inside retries multiply."""

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random

from connectors.breaker import ChannelSuspended
from connectors.errors import Retriable, Throttled
from connectors.exchange import Request

TRIES_MAX = 2
PAUSE_SECONDS_MAX = 0.2


def _worth_a_second_try(error: BaseException) -> bool:
    """A lost answer or a passing fault; not when the platform, or our own breaker, asks for patience."""
    patience = isinstance(error, Throttled | ChannelSuspended)
    return isinstance(error, Retriable) and not patience and error.after_seconds is None


def immediate_tries(request: Request) -> AsyncRetrying:
    return AsyncRetrying(
        stop=stop_after_attempt(TRIES_MAX if request.repeatable else 1),
        wait=wait_random(0, PAUSE_SECONDS_MAX),
        retry=retry_if_exception(_worth_a_second_try),
        reraise=True,
    )
