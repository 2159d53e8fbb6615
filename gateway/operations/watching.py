"""Watching stock and channels as they change: live, newest first come, and resumable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

from cachetools import LRUCache

from gateway.inventory.news import StockNews, SyncNews
from gateway.operations.listings import ChannelSync
from gateway.operations.news import News

VERSIONS_MAX = 1_000
OVERLAP_SECONDS = 30
"""Entries of the ledger become visible a little out of their order; repeats are left out again where they are known.
Times of acknowledgements are those of several machines."""


ReadSync = Callable[[str], Awaitable[list[ChannelSync] | None]]


class StockPast(Protocol):
    def since(self, seq: int, skus: Collection[str] | None) -> AsyncGenerator[StockNews]:
        """What the ledger tells after position `seq`, in its order."""


class SyncPast(Protocol):
    def since(self, channel_id: str, at: datetime) -> AsyncGenerator[SyncNews]:
        """What the channel acknowledged or refused after `at`, in that order; of each item only the newest."""


class Watching:
    """Streams that end only when their reader leaves."""

    def __init__(self, news: News, past: StockPast, sync_past: SyncPast) -> None:
        self.news = news
        self._past = past
        self._sync_past = sync_past

    async def stock(self, skus: Collection[str] | None, after: int | None) -> AsyncGenerator[StockNews]:
        """Every item that changes, each change or only the last of several, and never an older one after a newer.

        `after` is the ledger position of the last news that was seen: what came since is told first, and perhaps
        once more what came a little before it. A reader that is too slow gets what it has missed from the ledger.
        """
        now = int(time.time() * 1e6)
        position = now if after is None else after
        earliest = now if after is None else 0
        told: LRUCache[str, int] = LRUCache(VERSIONS_MAX)
        missed = after is not None
        with self.news.stock.reader(skus) as reader:
            while True:
                if missed:
                    start = max(earliest, position - OVERLAP_SECONDS * 1_000_000)
                    async with aclosing(self._past.since(start, skus)) as past:
                        async for news in past:
                            if _is_newer(told, news):
                                position = max(position, news.seq)
                                yield news
                taken = await reader.take()
                missed = taken.missed
                for news in taken.news:
                    if _is_newer(told, news):
                        position = max(position, news.seq)
                        yield news

    async def channel(self, channel_id: str, after: datetime | None) -> AsyncGenerator[SyncNews]:
        """What the channel acknowledges or refuses; of an item that changes often only the newest.

        `after` is when the last one that was seen was acknowledged: what came since is told first, and perhaps once
        more what came a little before it. So is what a reader that is too slow has missed.
        """
        now = datetime.now(UTC)
        earliest, position = (now, now) if after is None else (datetime.min.replace(tzinfo=UTC), after)
        missed = after is not None
        with self.news.by_channel.reader([channel_id]) as reader:
            while True:
                if missed:
                    start = max(earliest, position - timedelta(seconds=OVERLAP_SECONDS))
                    async with aclosing(self._sync_past.since(channel_id, start)) as past:
                        async for news in past:
                            position = max(position, news.confirmed_at or position)
                            yield news
                taken = await reader.take()
                missed = taken.missed
                for news in taken.news:
                    position = max(position, news.confirmed_at or position)
                    yield news

    async def until_confirmed(self, item_id: str, version: int, seconds: float, read: ReadSync) -> None:
        """Return once every channel has acknowledged the item's `version`, or after `seconds`; `read` tells how far.

        Channels that are paused, and listings that are parked, are not waited for: they need a person.
        """
        with suppress(TimeoutError), self.news.by_item.reader([item_id]) as reader:
            async with asyncio.timeout(seconds):
                while any(sync.is_awaited(version) for sync in await read(item_id) or ()):
                    await reader.take()


def _is_newer(told: LRUCache[str, int], news: StockNews) -> bool:
    if told.get(news.item_id, -1) >= news.version:
        return False
    told[news.item_id] = news.version
    return True
