"""Reads that arrive while one is under way share the next one, across requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

KEYS_MAX = 1_000


class Coalesced(Generic[K, V]):
    """One read in flight at a time; every key asked for meanwhile is in the next one.

    Nothing is kept, so an answer is never older than its question.
    """

    def __init__(self, read: Callable[[Collection[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._read = read
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._reader: asyncio.Task[None] | None = None

    async def many(self, keys: Collection[K]) -> list[V | None]:
        """One value per key, None where there is none."""
        loop = asyncio.get_running_loop()
        futures = [self._waiting.setdefault(key, loop.create_future()) for key in keys]
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._drain())
        # Shielded: a caller that is cancelled must not cancel what others wait for too.
        return [await asyncio.shield(future) for future in futures]

    async def _drain(self) -> None:
        while self._waiting:
            batch = dict(list(self._waiting.items())[:KEYS_MAX])
            for key in batch:
                del self._waiting[key]
            try:
                found = await self._read(batch.keys())
            except Exception as error:
                _fail(batch.values(), error)
            else:
                for key, future in batch.items():
                    future.set_result(found.get(key))


def _fail(futures: Collection[asyncio.Future[V | None]], error: Exception) -> None:
    for future in futures:
        future.set_exception(error)
        future.exception()  # marks it as seen: whoever waited may be gone
