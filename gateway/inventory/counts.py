"""A count taken in the past: it corrects the stock of that moment, and keeps what has happened since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from gateway.inventory.batch import Cell
from gateway.inventory.commands import Plan, StockView
from gateway.inventory.errors import Code, CompareQuantityStale, Unavailable
from gateway.inventory.ledger import Kind
from gateway.inventory.moments import check_as_of, check_aware, last_seq
from gateway.inventory.quantities import Bucket
from gateway.inventory.stock import Item, Level, Posting
from gateway.inventory.stock_changes import Count, SetQuantities


@dataclass(frozen=True, slots=True)
class PastStock:
    """An item's quantities at a moment in the past, as its ledger tells, read when the item was `item`."""

    item: Item
    quantities: Mapping[Cell, int]

    def quantity(self, location_id: str, bucket: Bucket) -> int:
        return self.quantities.get((location_id, bucket), 0)

    def level(self, location_id: str) -> Level:
        """All quantities at one location; when they had last changed is not known."""
        return Level(
            available=self.quantity(location_id, Bucket.AVAILABLE),
            allocated=self.quantity(location_id, Bucket.ALLOCATED),
            incoming=self.quantity(location_id, Bucket.INCOMING),
            unavailable=self.quantity(location_id, Bucket.UNAVAILABLE),
        )


@dataclass(eq=False, slots=True)
class RecountAsOf(SetQuantities):
    """Set quantities as they were counted at `as_of`; compare quantities are those of that moment, too.

    The difference to the ledger's quantity of that moment is posted, so every movement since then stays in effect.
    """

    as_of: datetime
    horizon: timedelta
    past: PastStock | None = field(repr=False)
    """None where the item does not exist, or where `as_of` is refused anyway."""

    kind: ClassVar[Kind] = Kind.SET

    def check(self) -> None:
        SetQuantities.check(self)
        check_aware(self.as_of, ("asOf",))

    def canonical(self) -> dict[str, object]:
        return {**SetQuantities.canonical(self), "asOf": self.as_of.astimezone(UTC).isoformat()}

    def plan(self, stock: StockView) -> Plan:
        check_as_of(self.as_of, stock.now, self.horizon, ("asOf",))
        item = stock.item(self.sku, ("sku",))
        past = self._past(item)
        postings = []
        for index, line in enumerate(self.quantities):
            then = past.quantity(line.location_id, line.bucket)
            path = ("quantities", str(index))
            _check_compare(line, then, (*path, "compareQuantity"))
            postings.append(Posting(item.id, line.location_id, line.bucket, line.quantity - then, path))
        return Plan(postings)

    def _past(self, item: Item) -> PastStock:
        """What the ledger told, if nothing can have happened up to `as_of` that it had not told yet.

        Positions in the ledger grow along an item's versions. So once the item has moved after `as_of`, every later
        movement is after it, too; until then, the item must still be the very one that was read.
        """
        past = self.past
        if past is None or past.item.id != item.id:
            raise Unavailable(Code.CONTENTION, "The item has just changed. Send the count again.")
        moved_since = past.item.seq > last_seq(self.as_of)
        if not moved_since and past.item.version != item.version:
            raise Unavailable(Code.CONTENTION, "The stock has just changed. Send the count again.")
        return past


def _check_compare(line: Count, then: int, path: tuple[str, ...]) -> None:
    if line.compare is not None and line.compare != then:
        message = f"The quantity was {then} at that time, not {line.compare}. Read it again and decide anew."
        raise CompareQuantityStale(message, path, then)
