"""Changing stock by hand: adjust, set and move. Each plans its postings against the present stock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from gateway.inventory.commands import LINES_MAX, Command, Plan, StockView
from gateway.inventory.errors import Code, CompareQuantityStale, InvalidInput, KeptForOthers, Path
from gateway.inventory.identifiers import check_count, check_sku, check_slug
from gateway.inventory.ledger import Kind
from gateway.inventory.quantities import QUANTITY_MAX, Bucket, check_delta, check_range
from gateway.inventory.quotas import Fence
from gateway.inventory.stock import Floor, Posting


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Add `delta` units to what is available at one location."""

    location_id: str
    delta: int


@dataclass(eq=False, slots=True)
class Adjust(Command):
    """Change the available units of one SKU at many locations at once; lines for one location are added up."""

    sku: str
    adjustments: tuple[Adjustment, ...]
    allow_backorder: bool = False

    kind: ClassVar[Kind] = Kind.ADJUST

    @property
    def floor(self) -> Floor:
        return Floor.BACKORDER if self.allow_backorder else Floor.ZERO

    @property
    def skus(self) -> tuple[str, ...]:
        return (self.sku,)

    def check(self) -> None:
        check_sku(self.sku, ("sku",))
        check_count(self.adjustments, ("adjustments",), LINES_MAX)
        for index, line in enumerate(self.adjustments):
            check_slug(line.location_id, ("adjustments", str(index), "locationId"))
            check_delta(line.delta, ("adjustments", str(index), "delta"))
        for location_id, delta in self._deltas().items():
            if not 0 < abs(delta) <= QUANTITY_MAX:
                check_delta(delta, self._path(location_id, "delta"))

    def canonical(self) -> dict[str, object]:
        content: dict[str, object] = {"sku": self.sku, "adjustments": self._deltas()}
        if self.allow_backorder:
            content["allowBackorder"] = True
        return content

    def plan(self, stock: StockView) -> Plan:
        item = stock.item(self.sku, ("sku",))
        postings = [
            Posting(item.id, line.location_id, Bucket.AVAILABLE, line.delta, ("adjustments", str(index)))
            for index, line in enumerate(self.adjustments)
        ]
        fence = stock.fence(item)
        return Plan(postings if fence is None else list(self._fenced(postings, fence)))

    def _fenced(self, postings: Iterable[Posting], fence: Fence) -> Iterable[Posting]:
        """The postings with what they draw from the channel's quotas; refused where they take units kept for others."""
        for posting in sorted(postings, key=lambda posting: -posting.delta):
            units, at = -posting.delta, posting.location_id
            if units <= 0:
                fence.put(at, -units)
                yield posting
                continue
            room = fence.room(self.cause.channel_id, at)
            if units > room and fence.kept_from(self.cause.channel_id, at):
                raise KeptForOthers(units, room, at, posting.path)
            yield replace(posting, draws=fence.take(self.cause.channel_id, at, units))

    def _deltas(self) -> dict[str, int]:
        deltas: dict[str, int] = defaultdict(int)
        for line in self.adjustments:
            deltas[line.location_id] += line.delta
        return dict(deltas)

    def _path(self, location_id: str, name: str) -> Path:
        index = next(i for i, line in enumerate(self.adjustments) if line.location_id == location_id)
        return ("adjustments", str(index), name)


@dataclass(frozen=True, slots=True)
class Count:
    """Make a bucket hold `quantity` units; refused unless it holds `compare` now (None: whatever it holds)."""

    location_id: str
    quantity: int
    compare: int | None
    bucket: Bucket = Bucket.AVAILABLE


@dataclass(eq=False, slots=True)
class SetQuantities(Command):
    """Set buckets of one SKU to absolute quantities, guarded by compare quantities."""

    sku: str
    quantities: tuple[Count, ...]

    kind: ClassVar[Kind] = Kind.SET

    @property
    def skus(self) -> tuple[str, ...]:
        return (self.sku,)

    def check(self) -> None:
        check_sku(self.sku, ("sku",))
        check_count(self.quantities, ("quantities",), LINES_MAX)
        seen: set[tuple[str, Bucket]] = set()
        for index, line in enumerate(self.quantities):
            path = ("quantities", str(index))
            check_slug(line.location_id, (*path, "locationId"))
            check_range(line.quantity, (*path, "quantity"), minimum=0)
            if line.compare is not None:
                check_range(line.compare, (*path, "compareQuantity"))
            _check_bucket(line.bucket, (*path, "bucket"))
            if (line.location_id, line.bucket) in seen:
                raise InvalidInput(Code.DUPLICATE, "This bucket is set twice in one request.", path)
            seen.add((line.location_id, line.bucket))

    def canonical(self) -> dict[str, object]:
        lines: dict[str, dict[str, object]] = defaultdict(dict)
        for line in self.quantities:
            lines[line.location_id][line.bucket.value] = {
                "quantity": line.quantity,
                "compareQuantity": line.compare,
            }
        return {"sku": self.sku, "quantities": dict(lines)}

    def plan(self, stock: StockView) -> Plan:
        item = stock.item(self.sku, ("sku",))
        postings = []
        for index, line in enumerate(self.quantities):
            path = ("quantities", str(index))
            actual = stock.quantity(item, line.location_id, line.bucket)
            if line.compare is not None and line.compare != actual:
                message = f"The quantity is {actual}, not {line.compare}. Read it again and decide anew."
                raise CompareQuantityStale(message, (*path, "compareQuantity"), actual)
            postings.append(Posting(item.id, line.location_id, line.bucket, line.quantity - actual, path))
        return Plan(postings)


@dataclass(frozen=True, slots=True)
class Place:
    """One bucket at one location."""

    location_id: str
    bucket: Bucket = Bucket.AVAILABLE


@dataclass(frozen=True, slots=True)
class Transfer:
    """Take `quantity` units from one place and put them at another."""

    quantity: int
    origin: Place
    destination: Place


@dataclass(eq=False, slots=True)
class Move(Command):
    """Move units of one SKU between buckets and locations; nothing is created and nothing is lost."""

    sku: str
    moves: tuple[Transfer, ...]

    kind: ClassVar[Kind] = Kind.MOVE

    @property
    def skus(self) -> tuple[str, ...]:
        return (self.sku,)

    def check(self) -> None:
        check_sku(self.sku, ("sku",))
        check_count(self.moves, ("moves",), LINES_MAX)
        for index, line in enumerate(self.moves):
            path = ("moves", str(index))
            check_range(line.quantity, (*path, "quantity"), minimum=1)
            check_slug(line.origin.location_id, (*path, "from", "locationId"))
            check_slug(line.destination.location_id, (*path, "to", "locationId"))
            _check_bucket(line.origin.bucket, (*path, "from", "bucket"))
            _check_bucket(line.destination.bucket, (*path, "to", "bucket"))
            if line.origin == line.destination:
                raise InvalidInput(Code.INVALID_INPUT, "Origin and destination are the same place.", (*path, "to"))

    def canonical(self) -> dict[str, object]:
        moved: dict[str, int] = defaultdict(int)
        for line in self.moves:
            origin, destination = line.origin, line.destination
            moved[f"{origin.location_id}/{origin.bucket} to {destination.location_id}/{destination.bucket}"] += (
                line.quantity
            )
        return {"sku": self.sku, "moves": dict(moved)}

    def plan(self, stock: StockView) -> Plan:
        item = stock.item(self.sku, ("sku",))
        postings = []
        for index, line in enumerate(self.moves):
            path = ("moves", str(index))
            origin, destination = line.origin, line.destination
            postings.append(Posting(item.id, origin.location_id, origin.bucket, -line.quantity, (*path, "from")))
            postings.append(Posting(item.id, destination.location_id, destination.bucket, line.quantity, (*path, "to")))
        return Plan(postings)


def _check_bucket(bucket: Bucket, path: Path) -> None:
    if bucket is Bucket.ALLOCATED:
        message = "Allocated units belong to reservations and orders, and change only through them."
        raise InvalidInput(Code.INVALID_INPUT, message, path)
