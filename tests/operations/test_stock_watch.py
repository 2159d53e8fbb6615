"""Following the ledger for crossings where it is not seen in order, and where others write what is remembered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from datetime import timedelta

import pytest

from gateway.inventory.ledger import Kind
from gateway.inventory.moments import last_seq
from gateway.inventory.ports import WriteConflict
from gateway.operations.replenishment import Rules
from gateway.operations.stock_watch import TRIES, StockWatch
from gateway.operations.velocity_fold import SETTLED_AFTER
from gateway.planning.demand import AvailableLine, ItemMovement
from gateway.planning.replenishment import Replenishment
from gateway.planning.stock_watch import ItemWatch, WatchChange, WatchedItem
from tests.builders import NOW
from tests.clock import StoppedClock

DEFAULTS = Replenishment(review_days=7, service_level=0.95, safety_stock=None, overstock_days=0, low_stock_at=5)


class Ledger:
    """Entries of one item, some of which cannot be seen yet."""

    def __init__(self) -> None:
        self.entries: list[ItemMovement] = []
        self.hidden: set[int] = set()

    def add(self, at: float, before: int, after: int) -> int:
        """An entry so many seconds after the beginning; its version."""
        version, seq = len(self.entries) + 1, last_seq(NOW + timedelta(seconds=at))
        line = AvailableLine("EAST", after - before, after)
        self.entries.append(ItemMovement("id", version, seq, Kind.ADJUST, None, (line,)))
        return version

    async def part(self, after: int, until: int) -> tuple[list[ItemMovement], int]:
        return [one for one in self._seen() if after < one.seq <= until], until

    async def of_item(self, item_id: str, after: int, until: int) -> list[ItemMovement]:
        return [one for one in self._seen() if after < one.seq <= until]

    def _seen(self) -> list[ItemMovement]:
        return [one for one in self.entries if one.version not in self.hidden]


class Memory:
    """What is remembered; others are faster `overtaken` times."""

    def __init__(self) -> None:
        self.watch: ItemWatch | None = None
        self.seq: int | None = None
        self.overtaken = 0
        self.raised: list[int] = []
        self.closings: list[list[str]] = []

    async def progress(self) -> int | None:
        return self.seq

    async def put_progress(self, seq: int, token: int) -> bool:
        self.seq = seq
        return True

    async def many(self, item_ids: Collection[str]) -> dict[str, ItemWatch]:
        return {} if self.watch is None else {"id": deepcopy(self.watch)}

    async def due(self, limit: int) -> list[ItemWatch]:
        return []

    async def closed(self, location_ids: Collection[str]) -> None:
        self.closings.append(sorted(location_ids))

    async def put(self, changes: Sequence[WatchChange]) -> set[str]:
        if self.overtaken:
            self.overtaken -= 1
            return {"id"}
        for change in changes:
            self.raised += [line.available or 0 for alert in change.opened for line in alert.lines]
            self.watch = change.watch
            self.watch.revision += 1
            self.watch.crossings.clear()
        return set()

    async def definitions(self, item_ids: Collection[str]) -> dict[str, WatchedItem]:
        return {"id": WatchedItem("LAMP", 0, False)}


class Settings:
    def __init__(self) -> None:
        self.active = {"EAST": True}

    async def of_items(self, ids: Collection[str]) -> Rules:
        return Rules(DEFAULTS, {}, {})

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]:
        return self.active


class Watched:
    def __init__(self) -> None:
        self.ledger, self.memory, self.clock = Ledger(), Memory(), StoppedClock()
        self.settings = Settings()
        self.watch = StockWatch(self.ledger, self.memory, self.memory, self.settings, self.settings, self.clock)

    async def look(self, seconds: float) -> None:
        """So many seconds after the beginning."""
        self.clock.now = NOW + timedelta(seconds=seconds)
        while await self.watch.step(1):
            pass


@pytest.fixture
async def watched() -> Watched:
    found = Watched()
    await found.look(0)
    found.ledger.add(1, 0, 50)
    await found.look(2)
    return found


async def test_an_entry_that_is_seen_late_is_noticed_at_the_next_movement(watched: Watched) -> None:
    late = watched.ledger.add(3, 50, 4)
    watched.ledger.hidden.add(late)
    await watched.look(10)
    assert watched.memory.raised == []
    watched.ledger.hidden.clear()
    watched.ledger.add(11, 4, 30)
    await watched.look(12)
    assert watched.memory.raised == [4]


async def test_an_entry_that_is_seen_late_and_is_the_last_is_found_once_the_ledger_has_settled(
    watched: Watched,
) -> None:
    late = watched.ledger.add(3, 50, 4)
    watched.ledger.hidden.add(late)
    await watched.look(10)
    watched.ledger.hidden.clear()
    await watched.look(3 + SETTLED_AFTER.total_seconds() + 1)
    assert watched.memory.raised == [4]
    await watched.look(60)
    assert watched.memory.raised == [4]


async def test_what_is_missing_from_the_ledger_keeps_nobody_waiting(watched: Watched) -> None:
    watched.ledger.hidden.add(watched.ledger.add(3, 50, 40))
    watched.ledger.add(4, 40, 3)
    await watched.look(5)
    assert watched.memory.raised == [3]


async def test_whoever_was_overtaken_looks_again_at_what_is_remembered_by_then(watched: Watched) -> None:
    watched.ledger.add(3, 50, 4)
    watched.memory.overtaken = TRIES - 1
    await watched.look(4)
    assert watched.memory.raised == [4]
    watched.ledger.add(5, 4, 30)
    watched.memory.overtaken = TRIES
    with pytest.raises(WriteConflict):
        await watched.look(6)
    await watched.look(7)
    assert watched.memory.watch is not None and watched.memory.watch.version == 3


async def test_alerts_of_a_location_that_closes_are_looked_at_once_and_by_each_process_that_takes_over(
    watched: Watched,
) -> None:
    closings, active = watched.memory.closings, watched.settings.active
    active["WEST"] = False
    for seconds in (30, 31):
        await watched.look(seconds)
    assert closings == [["WEST"]]
    active["EAST"] = False
    await watched.look(32)
    assert closings == [["WEST"], ["EAST"]]
    active["EAST"] = True
    await watched.look(33)
    active["EAST"] = False
    await watched.look(34)
    assert closings[2:] == [["EAST"]]
    await watched.watch.step(2)
    assert closings[3:] == [["EAST", "WEST"]]
