"""Making a reservation: which units are held where, for each line of the request."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import ClassVar

from gateway.inventory.allocation import STRATEGIES, Candidate, Share, StrategyName, allocate
from gateway.inventory.commands import LINES_MAX, Command, Plan, StockView
from gateway.inventory.errors import Code, InsufficientStock, InvalidInput, Path
from gateway.inventory.identifiers import check_count, check_optional_text, check_sku, check_slug
from gateway.inventory.ledger import Kind
from gateway.inventory.quantities import Bucket, check_range
from gateway.inventory.records import Record, RecordKey
from gateway.inventory.reservations import HeldLine, Reservation, ReservationState
from gateway.inventory.stock import Floor, Item, Posting

EXPIRES_IN_SECONDS_MAX = 31 * 24 * 3600
HELD_LINES_MAX = 2_000
"""Pieces that the lines of one reservation may be split into over all locations."""
CANDIDATES_MAX = 100


@dataclass(frozen=True, slots=True)
class RequestedLine:
    """`quantity` units of a SKU: from the locations named, best first; or those of a channel; or any active one.

    `channel_locations` is what the channel's id stands for at present; None is every active location.
    """

    sku: str
    quantity: int
    location_ids: tuple[str, ...] = ()
    channel_id: str | None = None
    channel_locations: tuple[str, ...] | None = None

    @property
    def source(self) -> str:
        """Where the caller asked for the units, whatever it stands for by now."""
        if self.channel_id is not None:
            return f"channel {self.channel_id}"
        return " ".join(self.location_ids) or "any location"

    def named_locations(self, path: Path) -> Iterator[tuple[str, Path]]:
        """Each location that the caller named, and by which field."""
        alone = len(self.location_ids) == 1
        for index, location_id in enumerate(self.location_ids):
            yield location_id, (*path, "locationId") if alone else (*path, "locationIds", str(index))

    def check(self, path: Path) -> None:
        check_sku(self.sku, (*path, "sku"))
        check_range(self.quantity, (*path, "quantity"), minimum=1)
        if self.location_ids:
            check_count(self.location_ids, (*path, "locationIds"), CANDIDATES_MAX)
        for location_id, named_at in self.named_locations(path):
            check_slug(location_id, named_at)
        if self.channel_id is not None:
            check_slug(self.channel_id, (*path, "channelId"))
            if self.location_ids:
                message = "Name the locations, or a channel, or neither; not both."
                raise InvalidInput(Code.INVALID_INPUT, message, (*path, "channelId"))


@dataclass(frozen=True, slots=True)
class Allotment:
    """What one requested line can have now, and where. `item` is what its SKU stands for."""

    item: Item
    shares: tuple[Share, ...]

    @property
    def quantity(self) -> int:
        return sum(share.quantity for share in self.shares)


class Allotter:
    """Allots units to lines one after the other: each sees what those before it, even of the same SKU, have taken."""

    def __init__(
        self,
        stock: StockView,
        strategy: StrategyName,
        *,
        allow_backorder: bool = False,
        freed: Mapping[tuple[str, str], int] | None = None,
    ) -> None:
        """`freed`: units by item id and location that are still held, and yet available to this request."""
        self._stock = stock
        self._strategy = STRATEGIES[strategy]
        self._allow_backorder = allow_backorder
        self._taken = Counter[tuple[str, str]]()
        self._taken.subtract(freed or {})

    def allot(self, line: RequestedLine, path: Path) -> Allotment:
        """As much of the line as there is; possibly nothing."""
        item = self._stock.item(line.sku, (*path, "sku"))
        left = {at: self._left(item, at) for at in self._places(item, line, path)}
        candidates = [Candidate(at, max(units, 0)) for at, units in left.items()]
        shares = allocate(self._strategy, candidates, line.quantity)
        missing = line.quantity - sum(share.quantity for share in shares)
        if missing and self._allow_backorder:
            # What a location can give goes first, so only what then goes below zero counts against the limit.
            room = (at for at, units in left.items() if min(units, 0) + item.backorder_limit >= missing)
            shares += [Share(at, missing, "backorder") for at in islice(room, 1)]
        for share in shares:
            self._taken[item.id, share.location_id] += share.quantity
        return Allotment(item, tuple(shares))

    def _places(self, item: Item, line: RequestedLine, path: Path) -> list[str]:
        """The active locations that may serve the line, best first. Raises NotFound for one that does not exist."""
        if line.location_ids:
            named = line.named_locations(path)
            return list(dict.fromkeys(at for at, named_at in named if self._stock.is_active(at, named_at)))
        if line.channel_locations is not None:
            return [at for at in line.channel_locations if self._stock.is_active(at, (*path, "channelId"))]
        ranks = self._stock.ranks
        # An item never stocked anywhere can still be promised, where backorders are allowed.
        return sorted((at for at in item.levels if at in ranks), key=ranks.__getitem__) or list(ranks)[:1]

    def _left(self, item: Item, location_id: str) -> int:
        return self._stock.quantity(item, location_id, Bucket.AVAILABLE) - self._taken[item.id, location_id]


@dataclass(eq=False, slots=True)
class Reserve(Command):
    """Hold units for an owner until they expire; all lines or, where partial is allowed, what there is.

    It lasts for `expires_in_seconds`, or for `default_seconds` where the caller says nothing. `replaces` are holds, as
    last read, whose units this one takes over: they are resolved in the same movement.
    """

    reservation_id: str
    lines: tuple[RequestedLine, ...]
    owner: str | None
    expires_in_seconds: int | None
    default_seconds: int
    allow_partial: bool = False
    allow_backorder: bool = False
    strategy: StrategyName = StrategyName.PRIORITY
    replaces: tuple[Reservation, ...] = ()
    paying: bool = False

    kind: ClassVar[Kind] = Kind.RESERVE

    @property
    def lasts(self) -> timedelta:
        """How long the units are held."""
        asked = self.expires_in_seconds
        return timedelta(seconds=self.default_seconds if asked is None else asked)

    @property
    def floor(self) -> Floor:
        return Floor.BACKORDER if self.allow_backorder else Floor.ZERO

    @property
    def skus(self) -> tuple[str, ...]:
        return tuple({line.sku for line in self.lines})

    @property
    def item_ids(self) -> tuple[str, ...]:
        return tuple({item_id for hold in self.replaces for item_id in hold.item_ids})

    @property
    def record_keys(self) -> tuple[RecordKey, ...]:
        return tuple(hold.key for hold in self.replaces)

    def check(self) -> None:
        check_optional_text(self.owner, ("owner",))
        if self.expires_in_seconds is not None:
            check_range(self.expires_in_seconds, ("expiresInSeconds",), minimum=1, maximum=EXPIRES_IN_SECONDS_MAX)
        check_count(self.lines, ("lines",), LINES_MAX)
        for index, line in enumerate(self.lines):
            line.check(("lines", str(index)))

    def canonical(self) -> dict[str, object]:
        # Not `default_seconds`: a repetition is one even after the setting behind it was changed.
        content: dict[str, object] = {
            "lines": canonical_lines(self.lines),
            "expiresInSeconds": self.expires_in_seconds,
            "strategy": self.strategy.value,
        }
        optional = {"owner": self.owner, "partial": self.allow_partial, "backorder": self.allow_backorder}
        content.update((name, value) for name, value in optional.items() if value)
        return content

    def plan(self, stock: StockView) -> Plan:
        freed = self._freed(stock)
        held = tuple(self._held(stock, freed))
        if not held:
            raise InsufficientStock("Nothing of what was asked for is available.", ("lines",), 0)
        if len(held) > HELD_LINES_MAX:
            message = f"The lines would be split into {len(held)} pieces; at most {HELD_LINES_MAX} are allowed."
            raise InvalidInput(Code.TOO_MANY, message, ("lines",))
        reservation = Reservation(
            id=self.reservation_id,
            owner=self.owner,
            state=ReservationState.HELD,
            lines=held,
            expires_at=stock.now + self.lasts,
            reference=self.cause.reference,
            channel_id=self.cause.channel_id,
            created_at=stock.now,
            updated_at=stock.now,
            paying=self.paying,
        )
        postings = [posting for hold in freed for posting in hold.returns()]
        postings += [posting for line in held for posting in _taking(line)]
        records: dict[RecordKey, Record] = {hold.key: hold.resolved(stock.now) for hold in freed}
        return Plan(postings, {**records, reservation.key: reservation})

    def _freed(self, stock: StockView) -> list[Reservation]:
        """Those of the holds to replace that still hold units and are not being paid for."""
        found = (stock.record(hold.key) for hold in self.replaces)
        freed = [hold for hold in found if isinstance(hold, Reservation) and hold.is_replaceable(stock.now)]
        for hold in freed:
            for item_id in hold.item_ids:
                stock.item_by_id(item_id)
        return freed

    def _held(self, stock: StockView, freed: Iterable[Reservation]) -> Iterable[HeldLine]:
        units = Counter[tuple[str, str]]()
        for held in (line for hold in freed for line in hold.lines):
            units[held.item_id, held.location_id] += held.open
        allotter = Allotter(stock, self.strategy, allow_backorder=self.allow_backorder, freed=units)
        for index, line in enumerate(self.lines):
            path = ("lines", str(index))
            allotment = allotter.allot(line, path)
            item, granted = allotment.item, allotment.quantity
            if granted < line.quantity and not self.allow_partial:
                message = f"Only {granted} of '{line.sku}' can be reserved; {line.quantity} were asked for."
                raise InsufficientStock(message, (*path, "quantity"), granted)
            for share in allotment.shares:
                yield HeldLine(index, item.id, item.sku, share.location_id, share.quantity, why=share.why)


def canonical_lines(lines: Iterable[RequestedLine]) -> list[dict[str, object]]:
    """Lines in a form that depends neither on their order nor on how they are cut up."""
    wanted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in lines:
        wanted[line.sku][line.source] += line.quantity
    return [{"of": sku, "from": dict(sorted(wanted[sku].items()))} for sku in sorted(wanted)]


def _taking(line: HeldLine) -> tuple[Posting, Posting]:
    path = ("lines", str(line.request_line))
    return (
        Posting(line.item_id, line.location_id, Bucket.AVAILABLE, -line.quantity, path),
        Posting(line.item_id, line.location_id, Bucket.ALLOCATED, line.quantity, path),
    )
