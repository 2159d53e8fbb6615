"""A cancelled task ends, also when what it waits for completes at the same moment."""

from __future__ import annotations

import asyncio

import pytest

from gateway.store.cancellation import wait_for


async def test_a_cancellation_gets_through_when_the_awaited_completes_at_the_same_moment() -> None:
    done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(wait_for(done, 10))
    await asyncio.sleep(0)
    done.set_result("answer")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_limit_of_nothing_is_over_at_once_and_no_limit_waits() -> None:
    with pytest.raises(TimeoutError):
        await wait_for(asyncio.sleep(10), 0)
    assert await wait_for(asyncio.sleep(0, "answer"), None) == "answer"
    with pytest.raises(TimeoutError):
        await wait_for(asyncio.sleep(10), 0.01)
