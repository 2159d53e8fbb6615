"""The velocity of one item: its ledger, folded entry by entry into what is remembered of its demand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.inventory.moments import last_seq
from gateway.planning.demand import AvailableLine, ItemMovement
from gateway.planning.series import Cell

ALL_LOCATIONS = "*"
"""The cell of an item's whole stock. No location can have this id."""

_DAY = 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Progress:
    """The ledger has been folded up to `seq`, at one half-life and under the lease with this `token`.

    `round` counts how often it was begun anew; what an earlier round has left is not continued.
    """

    seq: int
    half_life_days: float
    round: int
    token: int


@dataclass(slots=True)
class ItemVelocity:
    """What the entries up to `version` and `seq` of one item's ledger come to, at one half-life.

    It depends on those entries alone, not on when or in how many parts they were folded in. `round` is that of the
    `Progress` in which it was begun.
    """

    item_id: str
    half_life_days: float
    round: int
    version: int = 0
    seq: int = -1
    cells: dict[str, Cell] = field(default_factory=dict)

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
        day = movement.seq // _DAY
        for line in movement.lines:
            whole, cell = self._cells_of(line, day, decay)
            change = max(0, line.after) - max(0, cell.available)
            whole.post(whole.available + change)
            cell.post(line.after)
            if movement.is_demand:
                whole.take(-line.delta, movement.channel_id)
                cell.take(-line.delta, movement.channel_id)
        self.version = movement.version
        self.seq = movement.seq

    def cell_at(self, location_id: str | None, now: datetime) -> Cell | None:
        """A copy with all days before today closed, of one location or of all; None where there was never stock."""
        known = self.cells.get(ALL_LOCATIONS if location_id is None else location_id)
        if known is None:
            return None
        # Spelled out: `deepcopy` would take a third of the time of learning the dynamic buffers.
        cell = replace(known, series={key: replace(series) for key, series in known.series.items()})
        cell.advance(last_seq(now) // _DAY, decay_per_day(self.half_life_days))
        return cell

    def close_days(self, now: datetime) -> None:
        """Close all days before today, of every cell."""
        day, decay = last_seq(now) // _DAY, decay_per_day(self.half_life_days)
        for cell in self.cells.values():
            cell.advance(day, decay)

    def _cells_of(self, line: AvailableLine, day: int, decay: float) -> tuple[Cell, Cell]:
        """That of the whole item, whose `available` leaves out what is owed anywhere, and that of the location."""
        whole = self.cells.setdefault(ALL_LOCATIONS, Cell(day, day, 0))
        whole.advance(day, decay)
        cell = self.cells.get(line.location_id)
        if cell is None:
            cell = self.cells[line.location_id] = Cell(day, day, line.after - line.delta)
            whole.post(whole.available + max(0, cell.available))
        cell.advance(day, decay)
        return whole, cell


def decay_per_day(half_life_days: float) -> float:
    """What a day's weight is multiplied by with every counted day after it."""
    return float(0.5 ** (1.0 / half_life_days))
