"""Ledgers of one item, made up: what is done in which day, from which location, through which channel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from gateway.inventory.ledger import Kind, OwedLine
from gateway.planning.demand import AvailableLine, ItemMovement

START = datetime(2026, 1, 1, tzinfo=UTC)
_DAY = 86_400 * 1_000_000
_START_SEQ = int(START.timestamp()) * 1_000_000


@dataclass(frozen=True, slots=True)
class Act:
    """So many days after the one before it, `delta` available units are posted."""

    days_later: int
    kind: Kind
    delta: int
    location_id: str = "EAST"
    channel_id: str | None = None


@dataclass(slots=True)
class Ledger:
    """Turns acts into the movements that the kernel would have written."""

    day: int = 0
    movements: list[ItemMovement] = field(default_factory=list)
    levels: dict[str, int] = field(default_factory=dict)

    def write(self, acts: Iterable[Act]) -> Ledger:
        for act in acts:
            self.day += act.days_later
            after = self.levels[act.location_id] = self.levels.get(act.location_id, 0) + act.delta
            version = len(self.movements) + 1
            line = AvailableLine(act.location_id, act.delta, after)
            seq = _START_SEQ + self.day * _DAY + version
            self.movements.append(ItemMovement("id-LAMP", version, seq, act.kind, act.channel_id, (line,)))
        return self

    def owe(self, days_later: int, kind: Kind, units: int, channel_id: str | None = None) -> Ledger:
        """So many units more are owed to backorders in the east, or fewer; what is available stays."""
        self.day += days_later
        version = len(self.movements) + 1
        seq = _START_SEQ + self.day * _DAY + version
        owed = (OwedLine("id-LAMP", "EAST", units),)
        self.movements.append(ItemMovement("id-LAMP", version, seq, kind, channel_id, (), owed))
        return self

    def at(self, day: int) -> datetime:
        return START + timedelta(days=day, hours=12)


def day_of(movement: ItemMovement) -> date:
    return datetime.fromtimestamp(movement.seq / 1_000_000, UTC).date()


ACTS = st.lists(
    st.builds(
        Act,
        days_later=st.sampled_from([0, 0, 0, 1, 1, 2, 9, 40]),
        kind=st.sampled_from([Kind.SALE, Kind.SALE, Kind.RESERVE, Kind.RELEASE, Kind.ADJUST, Kind.RETURN]),
        delta=st.integers(-6, 6),
        location_id=st.sampled_from(["EAST", "WEST"]),
        channel_id=st.sampled_from([None, "shop", "till"]),
    ),
    min_size=1,
    max_size=40,
)
