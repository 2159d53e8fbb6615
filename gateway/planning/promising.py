"""The earliest date for each line of a cart and for the whole of it, from which locations and out of which supply."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from gateway.planning.projection import HORIZON_DAYS, Projection
from gateway.planning.supply import Cell, ExpectedSupply


@dataclass(frozen=True, slots=True)
class Ask:
    """`quantity` units of an item from any of these locations, best first."""

    item_id: str
    sku: str
    quantity: int
    location_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Peg:
    """Units that a promise relies on, which count from `day`: what is there today (`supply` is None), or supply."""

    location_id: str
    quantity: int
    day: int
    supply: ExpectedSupply | None


@dataclass(frozen=True, slots=True)
class LinePromise:
    """`day` is when the whole line can be had; None within the horizon. `by_quantity` is what can be had on time."""

    ask: Ask
    day: int | None
    pegs: tuple[Peg, ...]
    by_quantity: int

    def chance_by(self, day: int) -> float:
        """The chance that all of it is there by the end of that day; 0 where the line cannot be had."""
        return 0.0 if self.day is None else _chance(self.pegs, day)


@dataclass(frozen=True, slots=True)
class CartPromise:
    """`day` is when all lines can be had together. `alone` are the location and day to have all from one place."""

    lines: tuple[LinePromise, ...]
    alone: tuple[str, int] | None

    @property
    def day(self) -> int | None:
        days = [line.day for line in self.lines if line.day is not None]
        return max(days) if len(days) == len(self.lines) else None

    def chance_by(self, day: int) -> float:
        if self.day is None:
            return 0.0
        return _chance([peg for line in self.lines for peg in line.pegs], day)


class _Cell:
    """One item at one location: what can be promised, and the sources that promises are taken out of."""

    def __init__(self, available: int, supplies: Iterable[ExpectedSupply]) -> None:
        self._sources: list[tuple[int, int, ExpectedSupply | None]] = [(0, max(0, available), None)]
        owed = max(0, -available)
        for day, supply in sorted(counting(supplies), key=lambda counting: counting[0]):
            # What is owed already takes the first that comes.
            taken = min(owed, supply.supply.free)
            owed -= taken
            self._sources.append((day, supply.supply.free - taken, supply))
        self.projection = Projection(available, [(day, one.supply.free) for day, one in counting(supplies)])

    def take(self, location_id: str, day: int, units: int) -> Iterator[Peg]:
        """Out of the latest sources that are there by then: who comes after may have no time to wait for them."""
        self.projection.promise(day, units)
        for index in reversed(range(len(self._sources))):
            since, there, supply = self._sources[index]
            taken = min(units, there) if since <= day else 0
            if taken:
                units -= taken
                self._sources[index] = (since, there - taken, supply)
                yield Peg(location_id, taken, since, supply)


class Promiser:
    """Promises one line after the other; each sees what those before it were promised. Nothing is stored."""

    def __init__(self, available: Mapping[Cell, int], supplies: Mapping[Cell, Sequence[ExpectedSupply]]) -> None:
        """`available` today, less what is due to others; `supplies` with what of them is promised to nobody yet."""
        self._available = available
        self._supplies = supplies
        self._cells: dict[Cell, _Cell] = {}

    def cart(self, asks: Sequence[Ask], by: int | None) -> CartPromise:
        alone = self._alone(asks)
        return CartPromise(tuple(self._line(ask, by) for ask in asks), alone)

    def _line(self, ask: Ask, by: int | None) -> LinePromise:
        cells = {at: self._cell(ask.item_id, at) for at in ask.location_ids}
        on_time = 0 if by is None else min(ask.quantity, _together(cells.values(), by))
        day = bisect_left(range(HORIZON_DAYS + 1), ask.quantity, key=lambda day: _together(cells.values(), day))
        if day > HORIZON_DAYS:
            return LinePromise(ask, None, (), on_time)
        whole = [at for at, cell in cells.items() if cell.projection.promisable(day) >= ask.quantity]
        # In one piece where that is no later; else out of as few places as possible.
        places = whole[:1] or sorted(cells, key=lambda at: -cells[at].projection.promisable(day))
        pegs: list[Peg] = []
        missing = ask.quantity
        for at in places:
            units = min(missing, cells[at].projection.promisable(day))
            if units:
                missing -= units
                pegs += cells[at].take(at, day, units)
        return LinePromise(ask, day, tuple(sorted(pegs, key=lambda peg: peg.day)), on_time)

    def _alone(self, asks: Sequence[Ask]) -> tuple[str, int] | None:
        """The location that can serve everything first, and when; of several the one named first."""
        units: dict[str, int] = defaultdict(int)
        for ask in asks:
            units[ask.item_id] += ask.quantity
        places = [at for at in asks[0].location_ids if all(at in ask.location_ids for ask in asks[1:])]
        found = []
        for at in places:
            days = [self._cell(item_id, at).projection.earliest(quantity) for item_id, quantity in units.items()]
            known = [day for day in days if day is not None]
            if len(known) == len(days):
                found.append((at, max(known)))
        return min(found, key=lambda place: place[1], default=None)

    def _cell(self, item_id: str, at: str) -> _Cell:
        key = (item_id, at)
        if key not in self._cells:
            self._cells[key] = _Cell(self._available.get(key, 0), self._supplies.get(key, ()))
        return self._cells[key]


def counting(supplies: Iterable[ExpectedSupply]) -> list[tuple[int, ExpectedSupply]]:
    """The supplies that count within the horizon, with the day from which on they do."""
    days = ((supply.counts_from, supply) for supply in supplies)
    return [(day, supply) for day, supply in days if day is not None and day <= HORIZON_DAYS]


def _together(cells: Iterable[_Cell], day: int) -> int:
    return sum(cell.projection.promisable(day) for cell in cells)


def _chance(pegs: Iterable[Peg], day: int) -> float:
    """Documents arrive independently of each other; the lines of one together, the least likely last."""
    of_document: dict[str, float] = {}
    for peg in pegs:
        if peg.supply is not None:
            document_id = peg.supply.supply.document_id
            of_document[document_id] = min(of_document.get(document_id, 1.0), peg.supply.chance_by(day))
    return prod(of_document.values())
