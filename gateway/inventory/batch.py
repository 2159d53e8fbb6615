"""The stock as a batch of commands changes it in memory: what is checked here is repeated by the database's guard."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from gateway.inventory.errors import Code, Conflict, InsufficientStock, InvalidInput, NotFound, Path
from gateway.inventory.ledger import ItemMark, PostedLine
from gateway.inventory.quantities import QUANTITY_MAX, Bucket
from gateway.inventory.quotas import Draws, Fence, Quota
from gateway.inventory.records import BatchRecords, Record, RecordKey
from gateway.inventory.stock import NO_STOCK, Floor, Item, ItemStatus, Posting

Cell = tuple[str, Bucket]


@dataclass(slots=True)
class ItemChange:
    """What a batch does to one item: net deltas per cell, and how many movements touched it.

    `floors` holds, for every cell that was lowered, how low it may end; None is no floor at all. `quotas` are the
    item's, by id.
    """

    before: Item
    total_available: int
    sum_of_buckets: int
    quotas: Mapping[str, Quota]
    deltas: dict[Cell, int] = field(default_factory=dict)
    floors: dict[Cell, int | None] = field(default_factory=dict)
    movements: int = 0
    seq: int = 0

    def quantity(self, cell: Cell) -> int:
        return self.before.level(cell[0]).quantity(cell[1]) + self.deltas.get(cell, 0)

    def after(self, at: datetime) -> Item:
        """The item as it stands once the batch is committed."""
        levels = dict(self.before.levels)
        for (location_id, bucket), delta in self.deltas.items():
            levels[location_id] = levels.get(location_id, NO_STOCK).posted(bucket, delta, at)
        version = self.before.version + self.movements
        return replace(self.before, levels=levels, version=version, seq=self.seq, updated_at=at, quotas=self.quotas)


class Applied(NamedTuple):
    """What one command has done to the batch: its ledger entry's content, and the quotas that it replaced, by item."""

    lines: list[PostedLine]
    marks: list[ItemMark]
    draws: Draws
    quotas_before: Mapping[str, Mapping[str, Quota]]


class BatchStock:
    """Implements `StockView` over the items of one batch and takes each accepted command's postings."""

    def __init__(
        self,
        items: Mapping[str, Item],
        locations: Mapping[str, bool],
        now: datetime,
        records: Mapping[RecordKey, Record] | None = None,
    ) -> None:
        """`items` by id; `locations` tells of every known location, in order of priority, whether it is active."""
        self._items = items
        self._by_sku = {item.sku: item for item in items.values()}
        self._locations = locations
        self.now = now
        self.records = BatchRecords(records or {})
        self.changes: dict[str, ItemChange] = {}

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        active = (location_id for location_id, active in self._locations.items() if active)
        return {location_id: rank for rank, location_id in enumerate(active)}

    def item(self, sku: str, path: Path) -> Item:
        item = self._by_sku.get(sku)
        if item is None:
            raise NotFound(Code.ITEM_NOT_FOUND, f"There is no item with SKU '{sku}'. Create it first.", path)
        if item.status is ItemStatus.ARCHIVED:
            raise Conflict(Code.ITEM_ARCHIVED, f"The item '{sku}' is archived. Restore it first.", path)
        return self.item_by_id(item.id)

    def item_by_id(self, item_id: str) -> Item:
        item = self._items[item_id]
        if item_id not in self.changes:
            self.changes[item_id] = self._unchanged(item)
        return item

    def quantity(self, item: Item, location_id: str, bucket: Bucket) -> int:
        return self.changes[item.id].quantity((location_id, bucket))

    def record(self, key: RecordKey) -> Record | None:
        return self.records.get(key)

    def quotas(self, item: Item) -> Mapping[str, Quota]:
        return self.changes[item.id].quotas

    def available(self, item: Item) -> dict[str, int]:
        available = {at: level.available for at, level in item.levels.items()}
        for (at, bucket), delta in self.changes[item.id].deltas.items():
            if bucket is Bucket.AVAILABLE:
                available[at] = available.get(at, 0) + delta
        return available

    def fence(self, item: Item) -> Fence | None:
        quotas = self.changes[item.id].quotas
        return Fence(self.available(item), self._locations, quotas.values()) if quotas else None

    def is_active(self, location_id: str, path: Path = ()) -> bool:
        active = self._locations.get(location_id)
        if active is None:
            message = f"There is no location '{location_id}'. Create it first."
            raise NotFound(Code.LOCATION_NOT_FOUND, message, path)
        return active

    def check(self, postings: Iterable[Posting], floor: Floor) -> dict[tuple[str, Cell], Posting]:
        """Merge the postings per cell and refuse what the stock does not allow; nothing is changed yet."""
        merged: dict[tuple[str, Cell], Posting] = {}
        for posting in postings:
            self.is_active(posting.location_id, (*posting.path, "locationId"))
            place = (posting.item_id, (posting.location_id, posting.bucket))
            known = merged.get(place)
            merged[place] = (
                posting
                if known is None
                else replace(known, delta=known.delta + posting.delta, draws=known.draws + posting.draws)
            )
        if floor is not Floor.FACT:
            self._check_locations_active(merged.values())
        growth: dict[str, int] = {}
        for (item_id, cell), posting in merged.items():
            self._check_floor(item_id, cell, posting, floor)
            growth[item_id] = growth.get(item_id, 0) + posting.delta
            if posting.delta > 0:
                self._check_ceiling(item_id, cell, posting, growth[item_id])
        return merged

    def apply(
        self,
        merged: Mapping[tuple[str, Cell], Posting],
        floor: Floor,
        seq: int,
        quotas: Mapping[str, Mapping[str, Quota]],
        also: Iterable[str],
    ) -> Applied:
        """Take checked postings, and items' new quotas, into the batch; items in `also` get a version as well."""
        lines = []
        touched = {item_id: self.changes[item_id] for item_id in also}
        draws: Draws = ()
        quotas_before: dict[str, Mapping[str, Quota]] = {}
        for item_id, defined in quotas.items():
            change = touched[item_id] = self.changes[item_id]
            quotas_before[item_id], change.quotas = change.quotas, defined
        for (item_id, cell), posting in merged.items():
            change = touched[item_id] = self.changes[item_id]
            self._post(change, cell, posting.delta)
            if posting.draws:
                quotas_before.setdefault(item_id, change.quotas)
                # One that is there no longer gets nothing back.
                effective = tuple(draw for draw in posting.draws if draw.quota_id in change.quotas)
                change.quotas = _drawn(change.quotas, effective)
                draws += effective
            if posting.delta < 0:
                lowest = floor_of(change.before, cell[1], floor)
                known = change.floors.get(cell, lowest)
                change.floors[cell] = None if lowest is None or known is None else min(lowest, known)
            lines.append(PostedLine(item_id, change.before.sku, cell[0], cell[1], posting.delta, change.quantity(cell)))
        marks = []
        for item_id, change in touched.items():
            change.movements += 1
            change.seq = seq
            version = change.before.version + change.movements
            marks.append(ItemMark(item_id, change.before.sku, version, change.total_available))
        return Applied(lines, marks, draws, quotas_before)

    def undo(self, applied: Applied) -> None:
        """Take back the newest applied command: a later member of its all-or-nothing group was refused."""
        for line in applied.lines:
            self._post(self.changes[line.item_id], (line.location_id, line.bucket), -line.delta)
        for mark in applied.marks:
            self.changes[mark.item_id].movements -= 1
        for item_id, quotas in applied.quotas_before.items():
            self.changes[item_id].quotas = quotas

    def last_seq(self, item_ids: Iterable[str]) -> int:
        """The highest ledger position among these items, including this batch's own movements."""
        return max((max(self.changes[i].seq, self.changes[i].before.seq) for i in item_ids), default=0)

    def _unchanged(self, item: Item) -> ItemChange:
        total = summed = 0
        for location_id, level in item.levels.items():
            summed += level.on_hand + level.incoming
            if self._locations.get(location_id, False):
                total += level.available
        return ItemChange(item, total, summed, item.quotas)

    def _post(self, change: ItemChange, cell: Cell, delta: int) -> None:
        change.deltas[cell] = change.deltas.get(cell, 0) + delta
        change.sum_of_buckets += delta
        if cell[1] is Bucket.AVAILABLE and self._locations[cell[0]]:
            change.total_available += delta

    def _check_locations_active(self, postings: Collection[Posting]) -> None:
        """An inactive location can be emptied, and units may change bucket there, but it gains none."""
        gains: dict[str, int] = {}
        for posting in postings:
            gains[posting.location_id] = gains.get(posting.location_id, 0) + posting.delta
        for posting in postings:
            location_id = posting.location_id
            if gains[location_id] > 0 and not self._locations[location_id]:
                message = f"The location '{location_id}' is inactive: it can be emptied, but takes no stock."
                raise Conflict(Code.LOCATION_INACTIVE, message, (*posting.path, "locationId"))

    def _check_floor(self, item_id: str, cell: Cell, posting: Posting, floor: Floor) -> None:
        if posting.delta >= 0:
            return
        location_id, bucket = cell
        lowest = floor_of(self.changes[item_id].before, bucket, floor)
        now = self.changes[item_id].quantity(cell)
        if lowest is not None and now + posting.delta < lowest:
            message = f"Only {now} {bucket} at '{location_id}'; {-posting.delta} were asked for."
            raise InsufficientStock(message, posting.path, now)

    def _check_ceiling(self, item_id: str, cell: Cell, posting: Posting, growth: int) -> None:
        change = self.changes[item_id]
        if max(change.quantity(cell) + posting.delta, change.sum_of_buckets + growth) > QUANTITY_MAX:
            message = f"The item would hold more than {QUANTITY_MAX} units."
            raise InvalidInput(Code.OUT_OF_RANGE, message, posting.path)


def floor_of(item: Item, bucket: Bucket, floor: Floor) -> int | None:
    """The lowest quantity that a movement may leave in the bucket; None where a reported fact has no floor."""
    if bucket is not Bucket.AVAILABLE or floor is Floor.ZERO:
        return 0
    return None if floor is Floor.FACT else -item.backorder_limit


def _drawn(quotas: Mapping[str, Quota], draws: Draws) -> Mapping[str, Quota]:
    after = dict(quotas)
    for draw in draws:
        after[draw.quota_id] = after[draw.quota_id].drawn(draw.units)
    return after
