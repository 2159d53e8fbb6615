"""What watchers are told: the newest of each thing, never an older one after a newer, and what they have missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from datetime import datetime, timedelta

from gateway.inventory.channels import ChannelState
from gateway.inventory.news import StockNews, SyncNews
from gateway.operations.listings import ChannelSync
from gateway.operations.news import KEPT_MAX, News
from gateway.operations.watching import Watching
from tests.builders import NOW


def moved(sku: str, version: int, seq: int = 0) -> StockNews:
    return StockNews(f"id-{sku}", sku, version, 100 - version, seq or version, frozenset({"EAST"}))


class Past:
    """The ledger of a few entries."""

    def __init__(self, *entries: StockNews) -> None:
        self.entries = entries
        self.asked: list[int] = []

    async def since(self, seq: int, skus: Collection[str] | None) -> AsyncGenerator[StockNews]:
        self.asked.append(seq)
        for news in self.entries:
            if news.seq > seq:
                yield news


class SyncPast:
    """Acknowledgements that are in the database."""

    def __init__(self, *told: SyncNews) -> None:
        self.told = told

    async def since(self, channel_id: str, at: datetime) -> AsyncGenerator[SyncNews]:
        for news in self.told:
            if news.confirmed_at is not None and news.confirmed_at > at:
                yield news


async def take(changes: AsyncGenerator[StockNews], count: int) -> list[tuple[str, int]]:
    async with asyncio.timeout(30):
        return [(news.sku, news.version) for news in [await anext(changes) for _ in range(count)]]


async def started(changes: AsyncGenerator[StockNews]) -> asyncio.Task[StockNews]:
    """Ask for the first news, so that the reader is there."""

    async def first() -> StockNews:
        return await anext(changes)

    task = asyncio.create_task(first())
    await asyncio.sleep(0)
    return task


async def test_a_slow_reader_is_told_the_newest_of_each_item() -> None:
    news = News()
    with news.stock.reader() as reader:
        for version in range(1, 100):
            news.moved(moved("A", version))
            news.moved(moved("B", version))
        taken = await reader.take()
    assert [(some.sku, some.version) for some in taken.news] == [("A", 99), ("B", 99)]
    assert not taken.missed


async def test_what_waits_for_a_reader_that_never_reads_is_bounded() -> None:
    news = News()
    with news.stock.reader() as reader:
        for number in range(KEPT_MAX * 3):
            news.moved(moved(f"SKU-{number}", 1))
        taken = await reader.take()
    assert (taken.news, taken.missed) == ([], True)


async def test_a_reader_hears_only_of_what_it_asked_for_and_nothing_is_left_of_it() -> None:
    news = News()
    with news.stock.reader(["B"]) as reader:
        news.moved(moved("A", 1))
        news.moved(moved("B", 1))
        assert [some.sku for some in (await reader.take()).news] == ["B"]
    assert not news.stock._routes


async def test_a_reader_that_comes_back_is_told_what_it_missed_and_then_what_happens() -> None:
    news, past = News(), Past(moved("A", 3, 10**9), moved("B", 7, 2 * 10**9))
    async with aclosing(Watching(news, past, SyncPast()).stock(None, 10**9)) as changes:
        assert await take(changes, 2) == [("A", 3), ("B", 7)]
        news.moved(moved("A", 3, 10**9))
        news.moved(moved("B", 8, 3 * 10**9))
        assert await take(changes, 1) == [("B", 8)]


async def test_news_that_the_stream_has_lost_is_read_from_the_ledger() -> None:
    news, past = News(), Past()
    async with aclosing(Watching(news, past, SyncPast()).stock(None, None)) as changes:
        first = await started(changes)
        late = moved("A", 5, 10**17)
        past.entries = (late,)
        news.missed()
        assert await first == late
        assert len(past.asked) == 1


async def test_an_older_version_never_follows_a_newer_one() -> None:
    news = News()
    async with aclosing(Watching(news, Past(), SyncPast()).stock(None, None)) as changes:
        first = await started(changes)
        news.moved(moved("A", 5))
        assert (await first).version == 5
        news.moved(moved("A", 4))
        news.moved(moved("B", 1))
        assert await take(changes, 1) == [("B", 1)]


def sync(version: int, **fields: object) -> ChannelSync:
    return ChannelSync("shop", version, None, **{"error": None, **fields})  # type: ignore[arg-type]


async def test_waiting_ends_when_the_last_channel_has_confirmed() -> None:
    news, known = News(), [sync(3), sync(2)]

    async def read(item_id: str) -> list[ChannelSync]:
        return list(known)

    waiting = asyncio.create_task(Watching(news, Past(), SyncPast()).until_confirmed("x", 3, 60, read))
    await asyncio.sleep(0)
    known[1] = sync(3)
    news.synced(SyncNews("shop", "x", confirmed_version=3))
    async with asyncio.timeout(30):
        await waiting


async def test_waiting_ends_when_the_time_is_over_and_does_not_wait_for_what_needs_a_person() -> None:
    async def behind(item_id: str) -> list[ChannelSync]:
        return [sync(1)]

    async def stuck(item_id: str) -> list[ChannelSync]:
        return [sync(1, error="refused"), sync(1, channel_state=ChannelState.PAUSED)]

    watching = Watching(News(), Past(), SyncPast())
    async with asyncio.timeout(30):
        await watching.until_confirmed("x", 3, 0.01, behind)
        await watching.until_confirmed("x", 3, 60, stuck)


def confirmed(item_id: str, seconds: int) -> SyncNews:
    return SyncNews("woo", item_id, confirmed_version=seconds, confirmed_at=NOW + timedelta(seconds=seconds))


async def test_after_a_break_a_watcher_of_a_channel_is_told_what_was_acknowledged_meanwhile() -> None:
    past = SyncPast(confirmed("old", -3600), confirmed("new", 60))
    async with aclosing(Watching(News(), Past(), past).channel("woo", NOW)) as changes, asyncio.timeout(30):
        assert (await anext(changes)).item_id == "new"


async def test_a_watcher_of_a_channel_that_is_too_slow_gets_the_rest_from_the_database() -> None:
    news = News()
    past = SyncPast(confirmed("missed", 10**9))
    async with aclosing(Watching(news, Past(), past).channel("woo", None)) as changes, asyncio.timeout(30):
        waiting = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        for number in range(KEPT_MAX + 1):
            news.synced(confirmed(f"id-{number}", number))
        assert (await waiting).item_id == "missed"
