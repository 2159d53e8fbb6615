"""Guarded updates of many writers in one command: what is handed in while one is under way goes with the next."""

from __future__ import annotations

import asyncio
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from gateway.store.driver import as_storage_error

WRITES_MAX = 1_000


class GroupedWrites:
    """Many channels are told of one change at the same time: each would otherwise pay for a command of its own."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection
        self._waiting: list[tuple[list[UpdateOne], asyncio.Future[bool]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def write(self, writes: list[UpdateOne]) -> bool:
        """Whether every update found its document. Raises a StorageError.

        Where others' updates did not, it is made again, so it must be one that may be made twice.
        """
        if not writes:
            return True
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((writes, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            group, size = 0, 0
            while group < len(self._waiting) and (group == 0 or size + len(self._waiting[group][0]) <= WRITES_MAX):
                size += len(self._waiting[group][0])
                group += 1
            parts, self._waiting = self._waiting[:group], self._waiting[group:]
            try:
                found = await self._bulk([write for writes, _ in parts for write in writes])
                for writes, future in parts:
                    result = found or (len(parts) > 1 and await self._bulk(writes))
                    if not future.done():
                        future.set_result(result)
            except Exception as error:
                for _, future in parts:
                    if not future.done():
                        future.set_exception(error)

    async def _bulk(self, writes: list[UpdateOne]) -> bool:
        try:
            answer = await self._collection.bulk_write(writes, ordered=False)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return bool(answer.matched_count == len(writes))
