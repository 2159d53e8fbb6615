"""Reading a platform page by page, with patience for one that is busy."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import TypeVar

from connectors.catalog import Page
from connectors.errors import Retriable
from connectors.exchange import Flow
from gateway.dispatch.connections import Connection
from gateway.dispatch.schedule import retry_seconds

PAGE_SECONDS_MAX = 60.0
PAGE_TRIES = 4
WAIT_SECONDS_MAX = 30.0

Entry = TypeVar("Entry")


async def read_page(connection: Connection, flow: Callable[[], Flow[Page[Entry]]]) -> Page[Entry]:
    """One page. Raises a ConnectorError when it is refused, or not to be had for a while."""
    for attempt in range(1, PAGE_TRIES + 1):
        try:
            return await connection.client.run(flow(), seconds_max=PAGE_SECONDS_MAX)
        except Retriable as error:
            if attempt == PAGE_TRIES:
                raise
            await asyncio.sleep(min(WAIT_SECONDS_MAX, retry_seconds(attempt, error.after_seconds, random.random())))
    raise AssertionError("unreachable")
