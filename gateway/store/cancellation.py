"""`asyncio.wait_for` as Python 3.12 has it, for Python 3.11.

Python 3.11 drops a cancellation that arrives just as the awaited thing completes (python/cpython#86296, mended in
3.12). PyMongo sends and receives through `wait_for`, so a task cancelled at the wrong moment would go on for ever.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def wait_for(awaited: Awaitable[T], timeout: float | None) -> T:
    """Await within a time limit in seconds. Raises TimeoutError; a cancellation always gets through."""
    if timeout is not None and timeout <= 0:
        future = asyncio.ensure_future(awaited)
        if future.done():
            return future.result()
        future.cancel()
        raise TimeoutError
    async with asyncio.timeout(timeout):
        return await awaited


def mend_wait_for() -> None:
    """Replace the defective function, where this Python has it."""
    if sys.version_info < (3, 12):
        asyncio.wait_for = wait_for  # type: ignore[assignment]
