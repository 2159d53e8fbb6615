"""Repetitions that come while the first request with their idempotency key is still at work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeVar

from gateway.rest.problems import Refused

T = TypeVar("T")

WAIT_SECONDS_MAX = 1.0


class InProgress:
    """The keys at work in this process. Between processes the ledger alone sees to it that each is applied once."""

    def __init__(self, wait_seconds_max: float = WAIT_SECONDS_MAX) -> None:
        self._wait_seconds_max = wait_seconds_max
        self._ended: dict[tuple[str, str], asyncio.Event] = {}

    async def run(self, client: str, key: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work of the first request, or, once that has ended, of a repetition, which finds its outcome.

        Raises Refused with 409 where the first one takes too long.
        https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
        """
        name = (client, key)
        first = self._ended.get(name)
        if first is not None:
            await self._wait(first)
            return await work()
        ended = self._ended[name] = asyncio.Event()
        try:
            return await work()
        finally:
            del self._ended[name]
            ended.set()

    async def _wait(self, first: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(self._wait_seconds_max):
                await first.wait()
        except TimeoutError:
            message = "The first request with this key is still being worked on. Send it again a little later."
            path = ("Idempotency-Key",)
            raise Refused(HTTPStatus.CONFLICT, "IDEMPOTENCY_KEY_IN_USE", message, path, retryable=True) from None
