"""Following the ledger for places that run short of stock, or have too much: each crossing is told once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cachetools import LRUCache

from gateway.inventory.alerts import Alert, AlertKind, AlertLine, AlertState
from gateway.inventory.moments import last_seq
from gateway.inventory.ports import WriteConflict
from gateway.operations.clock import Clock
from gateway.operations.replenishment import Rules
from gateway.operations.velocity_fold import SETTLED_AFTER, Movements
from gateway.planning.demand import ItemMovement
from gateway.planning.stock_watch import (
    Closed,
    ItemWatch,
    Opened,
    Thresholds,
    ThresholdsAt,
    WatchChange,
    WatchedItem,
)

ITEMS_MAX = 100
"""Items worked on at once: some milliseconds, in which the process answers nobody."""
KNOWN_MAX = 100_000
TRIES = 5
IN_FLIGHT = 1_000_000
"""Microseconds that are looked at twice: an entry can be seen a little after its time, when it is committed."""


class Watches(Protocol):
    async def progress(self) -> int | None:
        """The ledger's position up to which everything was looked at."""

    async def put_progress(self, seq: int, token: int) -> bool: ...

    async def many(self, item_ids: Collection[str]) -> dict[str, ItemWatch]: ...

    async def closed(self, location_ids: Collection[str]) -> None:
        """Have items looked at anew that have open alerts about these locations."""

    async def due(self, limit: int) -> list[ItemWatch]:
        """Items whose thresholds have changed."""

    async def put(self, changes: Sequence[WatchChange]) -> set[str]:
        """Store each item with its alerts in one write, unless somebody else was faster; the ids of those."""


class WatchedItems(Protocol):
    async def definitions(self, item_ids: Collection[str]) -> dict[str, WatchedItem]: ...


class RuleReads(Protocol):
    async def of_items(self, ids: Collection[str]) -> Rules: ...


class Locations(Protocol):
    async def locations(self, fresh: bool = False) -> Mapping[str, bool]: ...


class StockWatch:
    """Looks at every entry as soon as it can be seen, and once more when the ledger's order is final.

    An item's versions have no gaps, so what was looked at before is passed over, and what is missing is noticed. What
    is found is stored together with its alerts, so whatever is done twice, by whom ever, raises nothing twice.
    """

    def __init__(
        self,
        ledger: Movements,
        watches: Watches,
        items: WatchedItems,
        rules: RuleReads,
        locations: Locations,
        clock: Clock,
        raised: Callable[[AlertKind], None] = lambda kind: None,
    ) -> None:
        """`raised` is told of every alert that this process has just opened."""
        self._ledger = ledger
        self._watches = watches
        self._items = items
        self._rules = rules
        self._locations = locations
        self._clock = clock
        self._raised = raised
        self._seen = -1
        self._versions: LRUCache[str, int] = LRUCache(KNOWN_MAX)
        self._closed: tuple[int, frozenset[str]] | None = None

    async def step(self, token: int) -> bool:
        """Look at the next entries; whether there may be more. Raises a StorageError.

        `token` is that of the caller's lease. What the ledger had before the first step of all is not looked at.
        """
        now = self._clock()
        settled, latest = last_seq(now - SETTLED_AFTER), last_seq(now)
        progress = await self._watches.progress()
        if progress is None:
            await self._watches.put_progress(settled, token)
            return True
        end = await self._look(max(progress, self._seen), latest)
        self._seen = end if end < latest else end - IN_FLIGHT
        final = await self._look(progress, min(settled, end)) if progress < settled else progress
        await self._mark_closed(token)
        more = await self._judge_due() or end < latest or final < min(settled, end)
        if final > progress and not await self._watches.put_progress(final, token):
            return False
        return more

    async def _look(self, after: int, until: int) -> int:
        """Take in the next entries behind `after`; up to where they go."""
        if after >= until:
            return after
        movements, end = await self._ledger.part(after, until)
        by_item: dict[str, list[ItemMovement]] = defaultdict(list)
        for movement in movements:
            if movement.version > self._versions.get(movement.item_id, -1):
                by_item[movement.item_id].append(movement)
        items = list(by_item.items())
        for start in range(0, len(items), ITEMS_MAX):
            await self._take_in(dict(items[start : start + ITEMS_MAX]))
        return end

    async def _take_in(self, by_item: Mapping[str, list[ItemMovement]]) -> None:
        left = dict(by_item)
        for _ in range(TRIES):
            known = await self._watches.many(left)
            watches = [known.get(item_id) or ItemWatch(item_id) for item_id in left]
            judge = await self._judge(list(left))
            changed = [watch for watch in watches if await self._fold(watch, left[watch.item_id], judge)]
            lost = await self._store(changed, judge)
            self._versions.update({watch.item_id: watch.version for watch in watches if watch.item_id not in lost})
            left = {item_id: left[item_id] for item_id in lost}
            if not left:
                return
        raise WriteConflict("others were always faster")

    async def _fold(self, watch: ItemWatch, movements: list[ItemMovement], judge: _Judge) -> bool:
        """Take in those that the item has not; whether there were any."""
        before, thresholds_at = watch.version, judge.of(watch.item_id)
        for movement in sorted(movements, key=lambda movement: movement.version):
            if movement.version > watch.version:
                if not watch.follows(movement):
                    await self._catch_up(watch, movement.seq - 1, thresholds_at)
                watch.take_in(movement, thresholds_at)
        return watch.version > before

    async def _catch_up(self, watch: ItemWatch, until: int, thresholds_at: ThresholdsAt) -> None:
        """Take in what could not be seen before; what is missing from the ledger is nowhere."""
        while missing := await self._ledger.of_item(watch.item_id, watch.seq, until):
            for movement in missing:
                watch.take_in(movement, thresholds_at)

    async def _mark_closed(self, token: int) -> None:
        """Have alerts resolved that are about locations which became inactive since this lease's last look."""
        locations = await self._locations.locations()
        closed = frozenset(at for at, active in locations.items() if not active)
        known = self._closed[1] if self._closed is not None and self._closed[0] == token else frozenset()
        if closed - known:
            await self._watches.closed(closed - known)
        self._closed = token, closed

    async def _judge_due(self) -> bool:
        """Look anew at items whose thresholds have changed; whether there may be more."""
        due = await self._watches.due(ITEMS_MAX)
        judge = await self._judge([watch.item_id for watch in due])
        for watch in due:
            thresholds_at = judge.of(watch.item_id)
            for at in list(watch.places):
                watch.judge(at, thresholds_at(at))
        await self._store(due, judge)
        return len(due) == ITEMS_MAX

    async def _judge(self, item_ids: list[str]) -> _Judge:
        if not item_ids:
            return _Judge({}, None, {})
        definitions = await self._items.definitions(item_ids)
        return _Judge(definitions, await self._rules.of_items(item_ids), await self._locations.locations())

    async def _store(self, watches: Sequence[ItemWatch], judge: _Judge) -> set[str]:
        """Store them with their alerts; the ids of those where somebody else was faster."""
        now = self._clock()
        changes = [_change(watch, judge.definitions.get(watch.item_id), now) for watch in watches]
        lost = await self._watches.put(changes) if changes else set()
        for change in changes:
            if change.watch.item_id not in lost:
                for alert in change.opened:
                    self._raised(alert.kind)
        return lost


@dataclass(frozen=True, slots=True)
class _Judge:
    """The thresholds of some items."""

    definitions: Mapping[str, WatchedItem]
    rules: Rules | None
    active: Mapping[str, bool]

    def of(self, item_id: str) -> ThresholdsAt:
        item, rules = self.definitions.get(item_id), self.rules

        def at(location_id: str) -> Thresholds | None:
            if item is None or rules is None or item.archived or not self.active.get(location_id):
                return None
            return Thresholds(rules.at(item_id, location_id).low_stock_at, item.backorder_limit)

        return at


def _change(watch: ItemWatch, item: WatchedItem | None, now: datetime) -> WatchChange:
    """The alerts of an item's crossings. One that is over by now is opened none the less, and resolved."""
    sku = item.sku if item else ""
    opened: dict[str, Alert] = {}
    closed: list[Closed] = []
    for crossing in watch.crossings:
        if isinstance(crossing, Opened):
            opened[crossing.alert_id] = _alert(crossing, watch.item_id, sku, now)
        elif crossing.alert_id in opened:
            opened[crossing.alert_id] = opened[crossing.alert_id].resolved(crossing.resolution, now)
        else:
            closed.append(crossing)
    return WatchChange(watch, tuple(opened.values()), tuple(closed), now)


def _alert(crossing: Opened, item_id: str, sku: str, now: datetime) -> Alert:
    missing = max(0, -crossing.available)
    line = AlertLine(item_id, sku, crossing.location_id, missing, crossing.available, crossing.threshold)
    return Alert(
        crossing.alert_id, crossing.kind, AlertState.OPEN, None, None, (line,), now, now, raised_at=now, revision=1
    )
