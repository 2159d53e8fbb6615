"""How many operations may be streamed at once by this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from gateway.transport.refusals import RequestRefused


class TooManySubscriptions(RequestRefused):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "TOO_MANY_SUBSCRIPTIONS"


class SubscriptionSlots:
    def __init__(self, slots_max: int) -> None:
        self._free = slots_max

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold a slot for the time of the block; raise `TooManySubscriptions` when none is free."""
        if self._free == 0:
            raise TooManySubscriptions("This process serves as many subscriptions as it may")
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1
