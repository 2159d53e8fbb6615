"""Wakes the workers: one change stream per process, whatever the number of channels."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

import structlog

from gateway.dispatch.schedule import retry_seconds
from gateway.inventory.ledger import ItemMark
from gateway.inventory.news import AlertNews, StockNews, SyncNews
from gateway.inventory.ports import StorageError
from gateway.operations.news import News
from gateway.store.changes import (
    Change,
    ChangeStream,
    ChannelsChanged,
    ItemRedefined,
    ListingDue,
    ResumeImpossible,
    StockMoved,
)
from gateway.store.listings import ListingStore

QUEUE_MAX = 10_000
BATCH_MAX = 1_000
ITEMS_AT_ONCE_MAX = 1_000

_log = structlog.get_logger(__name__)


class Workers(Protocol):
    """Where the news goes."""

    def due(self, channel_id: str, item_id: str, available: int, since: float) -> None:
        """The item changed at `since`, in seconds since 1970, to `available` units."""

    def channels_changed(self) -> None: ...

    def missed(self) -> None:
        """Changes may have been lost: whatever is due must be found by comparing versions."""


class ItemCache(Protocol):
    def overtaken(self, items: Iterable[ItemMark]) -> None:
        """Drop what is older than these."""


class Feed:
    """Reads the changes of the database and hands each channel the items that it lists, and the news to who watches."""

    def __init__(
        self, stream: ChangeStream, listings: ListingStore, workers: Workers, news: News, cache: ItemCache
    ) -> None:
        self._stream = stream
        self._listings = listings
        self._workers = workers
        self._news = news
        self._cache = cache
        self._queue: asyncio.Queue[Change] = asyncio.Queue(QUEUE_MAX)

    async def run(self) -> None:
        """Until cancelled. A lost connection is resumed where it broke; where that is impossible, all is compared."""
        # What was in hand when a fault ended the last run is lost.
        self._stream.forget()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read())
            tasks.create_task(self._deliver())

    async def _read(self) -> None:
        failures = 0
        while True:
            try:
                if await self._stream.begin():
                    # What was changed before the stream began is not in it.
                    self._missed()
                async with self._stream.open() as changes:
                    async for change in changes:
                        failures = 0
                        self._tell(change)
                        if not isinstance(change, SyncNews | AlertNews):
                            # A full queue holds the stream back; the server keeps what we have not read.
                            await self._queue.put(change)
            except (ResumeImpossible, StorageError) as error:
                failures += 1
                _log.warning("change_stream_broken", error=str(error)[:300])
                if isinstance(error, ResumeImpossible):
                    self._stream.forget()
                await asyncio.sleep(retry_seconds(failures, None, random.random()))

    async def _deliver(self) -> None:
        while True:
            batch = [await self._queue.get()]
            with suppress(asyncio.QueueEmpty):
                while len(batch) < BATCH_MAX:
                    batch.append(self._queue.get_nowait())
            try:
                await self._hand_over(batch)
            except StorageError as error:
                _log.warning("change_not_delivered", error=str(error)[:300])
                self._workers.missed()

    def _missed(self) -> None:
        self._workers.missed()
        self._news.missed()

    def _tell(self, change: Change) -> None:
        """What needs no look into the database is told at once."""
        match change:
            case StockMoved(items, seq, location_ids):
                self._cache.overtaken(items)
                for item in items:
                    units, sku = item.total_available, item.sku
                    self._news.moved(StockNews(item.item_id, sku, item.version, units, seq, location_ids))
            case SyncNews():
                self._news.synced(change)
            case AlertNews():
                self._news.raised(change)

    async def _hand_over(self, batch: list[Change]) -> None:
        available: dict[str, int] = {}
        since: dict[str, float] = {}
        for change in batch:
            match change:
                case StockMoved(items, seq):
                    for item in items:
                        available[item.item_id] = item.total_available
                        since.setdefault(item.item_id, seq / 1e6)
                case ItemRedefined(item_id):
                    available.setdefault(item_id, 0)
                    since.setdefault(item_id, time.time())
                case ListingDue(channel_id, item_id):
                    self._workers.due(channel_id, item_id, 0, time.time())
                case ChannelsChanged():
                    self._workers.channels_changed()
        item_ids = list(available)
        for start in range(0, len(item_ids), ITEMS_AT_ONCE_MAX):
            some = item_ids[start : start + ITEMS_AT_ONCE_MAX]
            for channel_id, item_id in await self._listings.channels_listing(some):
                self._workers.due(channel_id, item_id, available[item_id], since[item_id])
