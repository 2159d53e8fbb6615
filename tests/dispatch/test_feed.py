"""The change stream's reader: what it hands to whom, and what it does when it cannot go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager

import pytest

from gateway.dispatch.feed import Feed
from gateway.inventory.ledger import ItemMark
from gateway.operations.news import News
from gateway.store.changes import Change, ChangeStream, ChannelsChanged, ListingDue, ResumeImpossible, StockMoved
from gateway.store.listings import ListingStore


class ScriptedStream(ChangeStream):
    """Plays one script per opening; each ends with an error, or, when it is the last one, with silence."""

    def __init__(self, *scripts: list[Change | Exception]) -> None:
        self._scripts = list(scripts)
        self._begun = False

    async def begin(self) -> bool:
        begun, self._begun = self._begun, True
        return not begun

    def forget(self) -> None:
        self._begun = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Change]]:
        yield self._play(self._scripts.pop(0))

    async def _play(self, script: list[Change | Exception]) -> AsyncIterator[Change]:
        for step in script:
            if isinstance(step, Exception):
                raise step
            yield step
        await asyncio.Event().wait()


class TwoChannels(ListingStore):
    """Every item is listed on two channels."""

    def __init__(self) -> None:
        pass

    async def channels_listing(self, item_ids: Collection[str]) -> list[tuple[str, str]]:
        return [(channel_id, item_id) for item_id in item_ids for channel_id in ("a", "b")]


class NoCache:
    def overtaken(self, items: Iterable[ItemMark]) -> None:
        """Nothing is kept."""


class Recorder:
    def __init__(self, until: str) -> None:
        self.news: list[str] = []
        self.reached = asyncio.Event()
        self._until = until

    def due(self, channel_id: str, item_id: str, available: int, since: float) -> None:
        self._note(f"{channel_id} {item_id} {available}")

    def channels_changed(self) -> None:
        self._note("channels changed")

    def missed(self) -> None:
        self._note("missed")

    def _note(self, news: str) -> None:
        self.news.append(news)
        if news == self._until:
            self.reached.set()


async def news_of(until: str, *scripts: list[Change | Exception]) -> list[str]:
    recorder = Recorder(until)
    reading = asyncio.create_task(Feed(ScriptedStream(*scripts), TwoChannels(), recorder, News(), NoCache()).run())
    async with asyncio.timeout(30):
        await recorder.reached.wait()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    return recorder.news


def moved(item_id: str, available: int) -> StockMoved:
    return StockMoved((ItemMark(item_id, item_id.upper(), 1, available),))


async def test_a_movement_reaches_every_channel_that_lists_the_item() -> None:
    assert await news_of("b x 5", [moved("x", 5)]) == ["missed", "a x 5", "b x 5"]


async def test_many_movements_of_one_item_are_one_piece_of_news() -> None:
    news = await news_of("b x 0", [moved("x", units) for units in range(100, -1, -1)])
    assert news.count("a x 0") == 1
    assert len(news) < 100


async def test_a_new_listing_and_a_changed_channel_are_told() -> None:
    news = await news_of("channels changed", [ListingDue("a", "x"), ChannelsChanged()])
    assert news == ["missed", "a x 0", "channels changed"]


async def test_a_stream_that_cannot_go_on_makes_everything_be_compared() -> None:
    scripts: list[list[Change | Exception]] = [[moved("x", 1), ResumeImpossible("too old")], [moved("y", 2)]]
    news = await news_of("b y 2", *scripts)
    assert news.count("missed") == 2
    assert news.index("missed", 1) < news.index("a y 2")


async def test_what_was_in_hand_when_a_fault_ended_the_work_is_found_by_comparing() -> None:
    recorder = Recorder("b y 2")
    stream = ScriptedStream([moved("x", 1), ArithmeticError("nobody has thought of it")], [moved("y", 2)])
    feed = Feed(stream, TwoChannels(), recorder, News(), NoCache())
    async with asyncio.timeout(30):
        with pytest.raises(ExceptionGroup):
            await feed.run()
        reading = asyncio.create_task(feed.run())
        await recorder.reached.wait()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert recorder.news.count("missed") == 2
