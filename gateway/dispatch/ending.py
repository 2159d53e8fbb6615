"""Ending work in the background for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

AGAIN_SECONDS = 0.5


async def end_tasks(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel until they have ended.

    Before Python 3.12 `asyncio.wait_for`, which PyMongo sends with, swallows a cancellation that comes in the moment
    in which it is done: once is not enough. https://github.com/python/cpython/issues/86296
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_SECONDS)
