"""Reads that arrive while one is under way share the next one, across requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from itertools import chain, islice
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
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._reader: asyncio.Task[None] | None = None

    def one(self, key: K) -> asyncio.Future[V | None]:
        """The value; None where there is none."""
        future: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(future)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._drain())
        return future

    async def many(self, keys: Collection[K]) -> list[V | None]:
        """One value per key, None where there is none."""
        return await asyncio.gather(*map(self.one, keys))

    async def _drain(self) -> None:
        while self._waiting:
            batch = dict(islice(self._waiting.items(), KEYS_MAX))
            for key in batch:
                del self._waiting[key]
            try:
                found = await self._read(batch.keys())
            except Exception as error:
                for future in chain.from_iterable(batch.values()):
                    if not future.done():
                        future.set_exception(error)
            else:
                for key, futures in batch.items():
                    value = found.get(key)
                    for future in futures:
                        if not future.done():
                            future.set_result(value)
