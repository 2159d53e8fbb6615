"""The velocity of one item: its ledger, folded entry by entry into what is remembered of its demand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.inventory.moments import last_seq
from gateway.planning.activity import Switch, between, is_active
from gateway.planning.demand import ItemMovement
from gateway.planning.figures import DemandFigures, figures
from gateway.planning.series import ALL_CHANNELS, Cell, Series

ALL_LOCATIONS = "*"
"""The cell of an item's whole stock. No location can have this id."""

METHOD = 2
"""Which sums are kept. What was folded by another method is folded anew."""

_DAY = 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Progress:
    """The ledger has been folded up to `seq`, at one half-life, by one method, under the lease with this `token`.

    `round` counts how often it was begun anew; what an earlier round has left is not continued.
    """

    seq: int
    half_life_days: float
    round: int
    token: int
    method: int = METHOD


@dataclass(slots=True)
class ItemVelocity:
    """What the entries up to `version` and `seq` of one item's ledger come to, at one half-life.

    It depends on those entries and on the `switches` of the locations alone, not on when or in how many parts they were
    folded in. `round` is that of the `Progress` in which it was begun.
    """

    item_id: str
    half_life_days: float
    round: int
    version: int = 0
    seq: int = -1
    cells: dict[str, Cell] = field(default_factory=dict)
    switches: Sequence[Switch] = field(default=(), compare=False)

    def fold(self, movements: Iterable[ItemMovement]) -> bool:
        """Take in those that continue the item's versions, in order; False where one is missing before another.

        An item's versions have no gaps, so a movement that was known before is passed over and one that is missing is
        noticed.
        """
        for movement in sorted(movements, key=lambda movement: movement.version):
            if movement.version > self.version + 1:
                return False
            if movement.version == self.version + 1:
                self.take_in(movement)
        return True

    def take_in(self, movement: ItemMovement) -> None:
        """Fold in the item's next movement."""
        decay = decay_per_day(self.half_life_days)
        _switch(self.cells, self._switches_until(movement.seq), decay)
        for line in movement.lines:
            whole, cell = self._cells_of(line.location_id, line.after - line.delta, movement.seq, decay)
            if cell.active:
                whole.post(whole.available + max(0, line.after) - max(0, cell.available))
            cell.post(line.after)
            if movement.is_demand:
                whole.take(-line.delta, movement.channel_id)
                cell.take(-line.delta, movement.channel_id)
        for owing in movement.owed:
            whole, cell = self._cells_of(owing.location_id, 0, movement.seq, decay)
            if cell.active:
                whole.owe(owing.delta)
            cell.owe(owing.delta)
            if movement.is_backordered:
                whole.take(owing.delta, movement.channel_id)
                cell.take(owing.delta, movement.channel_id)
        self.version = movement.version
        self.seq = movement.seq

    def cell_at(self, location_id: str | None, now: datetime) -> Cell | None:
        """A copy with all days before today closed, of one location or of all; None where there was never stock."""
        key = ALL_LOCATIONS if location_id is None else location_id
        if key not in self.cells:
            return None
        switches, decay = self._switches_until(last_seq(now)), decay_per_day(self.half_life_days)
        keys = list(self.cells) if switches and location_id is None else [key]
        cells = {at: _copied(self.cells[at]) for at in keys}
        _switch(cells, switches, decay)
        cells[key].advance(last_seq(now) // _DAY, decay)
        return cells[key]

    def figures_by_location(self, now: datetime) -> dict[str, DemandFigures]:
        """Through all channels, after closing all days before today; without locations that have no counted day."""
        self.close_days(now)
        found = {}
        for at, cell in self.cells.items():
            known = figures(cell, cell.series.get(ALL_CHANNELS, Series()))
            if at != ALL_LOCATIONS and known is not None:
                found[at] = known
        return found

    def close_days(self, now: datetime) -> None:
        """Close all days before today, of every cell."""
        day, decay = last_seq(now) // _DAY, decay_per_day(self.half_life_days)
        _switch(self.cells, self._switches_until(last_seq(now)), decay)
        for cell in self.cells.values():
            cell.advance(day, decay)

    def _switches_until(self, seq: int) -> Sequence[Switch]:
        """Those that what is remembered does not know yet."""
        return between(self.switches, self.seq, seq) if self.switches else ()

    def _cells_of(self, location_id: str, available: int, seq: int, decay: float) -> tuple[Cell, Cell]:
        """That of the whole item, whose `available` leaves out what is owed anywhere, and that of the location.

        `available` is what the location had before its first movement. What is where nobody can buy is no part of the
        whole.
        """
        day = seq // _DAY
        whole = self.cells.setdefault(ALL_LOCATIONS, Cell(day, day, 0))
        whole.advance(day, decay)
        cell = self.cells.get(location_id)
        if cell is None:
            active = is_active(self.switches, location_id, seq)
            cell = self.cells[location_id] = Cell(day, day, available, active=active)
            if active:
                whole.post(whole.available + max(0, available))
        cell.advance(day, decay)
        return whole, cell


def _switch(cells: Mapping[str, Cell], switches: Iterable[Switch], decay: float) -> None:
    """Have these locations become active or inactive, in the order of time."""
    for one in switches:
        cell = cells.get(one.location_id)
        if cell is None or cell.active is one.active:
            continue
        day = one.seq // _DAY
        cell.advance(day, decay)
        cell.switch(one.active)
        whole = cells.get(ALL_LOCATIONS)
        if whole is not None:
            whole.advance(day, decay)
            sign = 1 if one.active else -1
            whole.post(whole.available + sign * max(0, cell.available))
            whole.owe(sign * cell.owed)


def _copied(cell: Cell) -> Cell:
    # Spelled out: `deepcopy` would take a third of the time of learning the dynamic buffers.
    return replace(cell, series={key: replace(series) for key, series in cell.series.items()})


def decay_per_day(half_life_days: float) -> float:
    """What a day's weight is multiplied by with every counted day after it."""
    return float(0.5 ** (1.0 / half_life_days))
