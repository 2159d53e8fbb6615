"""Hands what has just happened to any number of readers in this process, each at its own speed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gateway.inventory.news import AlertNews, StockNews, SyncNews

KEPT_MAX = 1_000
"""News that wait for one slow reader; beyond that it is told that it has missed some."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Taken(Generic[T]):
    """News in the order of their arrival. `missed`: there was more, which only the database can tell by now."""

    news: list[T]
    missed: bool


class Reader(Generic[T]):
    """What waits for one reader: of each thing only the newest."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, T] = {}
        self._missed = False
        self._woken = asyncio.Event()

    def put(self, key: Hashable, news: T) -> None:
        self._waiting.pop(key, None)
        if len(self._waiting) >= KEPT_MAX:
            self.miss()
        elif not self._missed:
            self._waiting[key] = news
            self._woken.set()

    def miss(self) -> None:
        """Give up what waits: the reader has to look for itself, and will find it all."""
        self._waiting.clear()
        self._missed = True
        self._woken.set()

    async def take(self) -> Taken[T]:
        """Everything that waits, as soon as there is anything."""
        await self._woken.wait()
        taken = Taken(list(self._waiting.values()), self._missed)
        self._waiting.clear()
        self._missed = False
        self._woken.clear()
        return taken


class Topic(Generic[T]):
    """News of one sort, routed to those who asked for their route or for all."""

    def __init__(self, route: Callable[[T], str], key: Callable[[T], Hashable]) -> None:
        """Of news with the same `key` only the newest matters."""
        self._route = route
        self._key = key
        self._routes: dict[str, set[Reader[T]]] = defaultdict(set)
        self._all: set[Reader[T]] = set()

    @contextmanager
    def reader(self, routes: Collection[str] | None = None) -> Iterator[Reader[T]]:
        """What is published from now on; None is every route."""
        reader = Reader[T]()
        if routes is None:
            self._all.add(reader)
        else:
            for route in routes:
                self._routes[route].add(reader)
        try:
            yield reader
        finally:
            self._all.discard(reader)
            for route in routes or ():
                readers = self._routes[route]
                readers.discard(reader)
                if not readers:
                    del self._routes[route]

    def publish(self, news: T) -> None:
        key = self._key(news)
        for reader in self._routes.get(self._route(news), ()):
            reader.put(key, news)
        for reader in self._all:
            reader.put(key, news)

    def missed(self) -> None:
        for reader in {*self._all, *(reader for readers in self._routes.values() for reader in readers)}:
            reader.miss()


@dataclass(frozen=True, slots=True)
class News:
    """Everything that can be watched: stock by SKU, alerts, and what channels have heard by channel and by item."""

    stock: Topic[StockNews] = field(default_factory=lambda: Topic(lambda news: news.sku, lambda news: news.item_id))
    by_channel: Topic[SyncNews] = field(
        default_factory=lambda: Topic(lambda news: news.channel_id, lambda news: (news.channel_id, news.item_id))
    )
    by_item: Topic[SyncNews] = field(
        default_factory=lambda: Topic(lambda news: news.item_id, lambda news: (news.channel_id, news.item_id))
    )
    alerts: Topic[AlertNews] = field(
        default_factory=lambda: Topic(lambda news: news.alert_id, lambda news: news.alert_id)
    )

    def moved(self, news: StockNews) -> None:
        self.stock.publish(news)

    def synced(self, news: SyncNews) -> None:
        self.by_channel.publish(news)
        self.by_item.publish(news)

    def raised(self, news: AlertNews) -> None:
        self.alerts.publish(news)

    def missed(self) -> None:
        """Some of the changes may have been lost."""
        for topic in (self.stock, self.by_channel, self.by_item, self.alerts):
            topic.missed()
