"""Watching alerts as they are raised: live, and resumable."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Protocol

from cachetools import LRUCache

from gateway.inventory.news import AlertNews
from gateway.operations.news import News
from gateway.operations.watching import OVERLAP_SECONDS

KNOWN_MAX = 1_000


class AlertPast(Protocol):
    def since(self, at: datetime) -> AsyncGenerator[AlertNews]:
        """What was raised after `at`, in that order."""


class AlertWatching:
    """Streams that end only when their reader leaves."""

    def __init__(self, news: News, past: AlertPast) -> None:
        self._news = news
        self._past = past

    async def raised(self, after: datetime | None) -> AsyncGenerator[AlertNews]:
        """Every alert that is opened, also again.

        `after` is when the last one that was seen was raised: what came since is told first, and perhaps once more
        what came a little before it. So is what a reader that is too slow has missed.
        """
        now = datetime.now(UTC)
        earliest, position = (now, now) if after is None else (datetime.min.replace(tzinfo=UTC), after)
        told: LRUCache[str, datetime] = LRUCache(KNOWN_MAX)
        missed = after is not None
        with self._news.alerts.reader() as reader:
            while True:
                if missed:
                    start = max(earliest, position - timedelta(seconds=OVERLAP_SECONDS))
                    async with aclosing(self._past.since(start)) as past:
                        async for news in past:
                            if _is_newer(told, news):
                                position = max(position, news.raised_at)
                                yield news
                taken = await reader.take()
                missed = taken.missed
                for news in taken.news:
                    if _is_newer(told, news):
                        position = max(position, news.raised_at)
                        yield news


def _is_newer(told: LRUCache[str, datetime], news: AlertNews) -> bool:
    known = told.get(news.alert_id)
    if known is not None and known >= news.raised_at:
        return False
    told[news.alert_id] = news.raised_at
    return True
