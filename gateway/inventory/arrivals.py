"""Units that arrive at a location, in which condition, and for which line of the document that announced them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from gateway.inventory.commands import LINES_MAX
from gateway.inventory.errors import Code, Conflict, InvalidInput, Path
from gateway.inventory.identifiers import check_count
from gateway.inventory.quantities import Bucket, check_range

L = TypeVar("L")


class Condition(StrEnum):
    """Whether units can be sold as they are."""

    SELLABLE = "sellable"
    UNSELLABLE = "unsellable"

    @property
    def bucket(self) -> Bucket:
        """Where such units are counted."""
        return Bucket.AVAILABLE if self is Condition.SELLABLE else Bucket.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Arrival:
    """`quantity` units of a document's line number `line`, counted from 0."""

    line: int
    quantity: int
    condition: Condition = Condition.SELLABLE


def check_arrivals(arrivals: Sequence[Arrival]) -> None:
    """Refuse too many arrivals or one without units; none at all means everything that is still expected."""
    if arrivals:
        check_count(arrivals, ("lines",), LINES_MAX)
    for index, arrival in enumerate(arrivals):
        check_range(arrival.quantity, ("lines", str(index), "quantity"), minimum=1)


def canonical_arrivals(arrivals: Sequence[Arrival]) -> Mapping[str, int]:
    """The units per line and condition, whatever the order they were listed in."""
    units: dict[str, int] = defaultdict(int)
    for arrival in arrivals:
        units[f"{arrival.line} {arrival.condition}"] += arrival.quantity
    return dict(units)


def line_at(lines: Sequence[L], number: int, path: Path) -> L:
    """The document's line of that number, or a refusal naming `path`."""
    if not 0 <= number < len(lines):
        message = f"The document has {len(lines)} lines, numbered from 0."
        raise InvalidInput(Code.OUT_OF_RANGE, message, (*path, "line"))
    return lines[number]


def require_expected(quantity: int, expected: int, path: Path) -> None:
    """Refuse more units than are still expected."""
    if quantity > expected:
        message = f"Only {expected} units of this line are still expected; {quantity} were given."
        raise Conflict(Code.MORE_THAN_EXPECTED, message, (*path, "quantity"))
