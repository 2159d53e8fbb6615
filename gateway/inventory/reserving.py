"""Making a reservation: which units are held where, for each line of the request."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from gateway.inventory.allocation import StrategyName
from gateway.inventory.allotting import Allotter
from gateway.inventory.commands import LINES_MAX, Command, Plan, StockView
from gateway.inventory.errors import Code, InsufficientStock, InvalidInput
from gateway.inventory.geography import Whereabouts
from gateway.inventory.identifiers import check_count, check_optional_text
from gateway.inventory.least_cost import Routes, chosen
from gateway.inventory.ledger import Kind
from gateway.inventory.quantities import Bucket, check_range
from gateway.inventory.records import Record, RecordKey
from gateway.inventory.requested_lines import RequestedLine
from gateway.inventory.reservations import HeldLine, Reservation, ReservationState, reservation_key
from gateway.inventory.stock import Floor, Posting

EXPIRES_IN_SECONDS_MAX = 31 * 24 * 3600
HELD_LINES_MAX = 2_000
"""Pieces that the lines of one reservation may be split into over all locations."""


@dataclass(eq=False, slots=True)
class Reserve(Command):
    """Hold units for an owner until they expire; all lines or, where partial is allowed, what there is.

    It lasts for `expires_in_seconds`, or for `default_seconds` where the caller says nothing. `replaces` are holds, as
    last read, whose units this one takes over: they are resolved in the same movement. `routes` are what it costs at
    present to send things to the `destination`, where the strategy wants to know.
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
    destination: Whereabouts | None = None
    routes: Routes | None = None

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
        optional = {
            "owner": self.owner,
            "partial": self.allow_partial,
            "backorder": self.allow_backorder,
            "destination": self.destination and self.destination.canonical(),
        }
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

    def lacks(self, stored: Mapping[RecordKey, Record]) -> bool:
        """Whether the reservation, as it was stored just now, holds less than was asked for."""
        made = stored.get(reservation_key(self.reservation_id)) if self.allow_partial else None
        asked = sum(line.quantity for line in self.lines)
        return isinstance(made, Reservation) and sum(line.quantity for line in made.lines) < asked

    def _freed(self, stock: StockView) -> list[Reservation]:
        """Those of the holds to replace that still hold units and are not being paid for."""
        found = (stock.record(hold.key) for hold in self.replaces)
        freed = [hold for hold in found if isinstance(hold, Reservation) and hold.is_replaceable(stock.now)]
        for hold in freed:
            for item_id in hold.item_ids:
                stock.item_by_id(item_id)
        return freed

    def _held(self, stock: StockView, freed: Iterable[Reservation]) -> Iterable[HeldLine]:
        freed_lines = [line for hold in freed for line in hold.lines]
        units = Counter[tuple[str, str]]()
        for held in freed_lines:
            units[held.item_id, held.location_id] += held.open
        allotter = Allotter(
            stock,
            self.strategy,
            allow_backorder=self.allow_backorder,
            freed=units,
            freed_draws=(draw for held in freed_lines for draw in held.open_draws),
            channel_id=self.cause.channel_id,
        )
        allotter, _ = chosen(allotter, self.lines, self.routes)
        for index, line in enumerate(self.lines):
            path = ("lines", str(index))
            allotment = allotter.allot(line, path)
            item, granted = allotment.item, allotment.quantity
            if granted < line.quantity and not self.allow_partial:
                message = f"Only {granted} of '{line.sku}' can be reserved; {line.quantity} were asked for."
                raise InsufficientStock(message, (*path, "quantity"), granted)
            for share in allotment.shares:
                at, why, draws = share.location_id, share.why, share.draws
                yield HeldLine(index, item.id, item.sku, at, share.quantity, why=why, draws=draws)


def canonical_lines(lines: Iterable[RequestedLine]) -> list[dict[str, object]]:
    """Lines in a form that depends neither on their order nor on how they are cut up."""
    wanted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in lines:
        wanted[line.sku][line.source] += line.quantity
    return [{"of": sku, "from": dict(sorted(wanted[sku].items()))} for sku in sorted(wanted)]


def _taking(line: HeldLine) -> tuple[Posting, Posting]:
    path = ("lines", str(line.request_line))
    return (
        Posting(line.item_id, line.location_id, Bucket.AVAILABLE, -line.quantity, path, line.draws),
        Posting(line.item_id, line.location_id, Bucket.ALLOCATED, line.quantity, path),
    )
