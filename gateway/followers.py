"""Work that follows what happens, part by part: in one process at a time, and for a share of that process's time."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog

from gateway.inventory.ports import StorageError
from gateway.store.leases import LeaseStore

SHARE = 0.25
"""Part of the time that catching up with much may take from the process."""

_log = structlog.get_logger(__name__)


class Work(Protocol):
    async def step(self, token: int) -> bool:
        """Do the next part under the lease with this token; whether there may be more. Raises a StorageError."""


@dataclass(frozen=True, slots=True)
class Follower:
    """`name` is that of the lease; there are about `interval_seconds` between two looks for something to do."""

    name: str
    work: Work
    leases: LeaseStore
    interval_seconds: float

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        following = asyncio.create_task(self._run(), name=self.name)
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def follow(self) -> None:
        """Do all that there is to do, unless another process does. Raises a StorageError."""
        while lease := await self.leases.acquire(self.name):
            started = time.monotonic()
            if not await self.work.step(lease.token):
                return
            await asyncio.sleep((time.monotonic() - started) * (1 / SHARE - 1))

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self.interval_seconds * random.uniform(0.8, 1.0))
            try:
                await self.follow()
            except StorageError as error:
                _log.warning("follower_interrupted", work=self.name, error=str(error)[:300])
            except Exception:
                _log.exception("follower_failed", work=self.name)
