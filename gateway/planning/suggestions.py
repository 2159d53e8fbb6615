"""What a plan suggests: purchases from a supplier for a location, and transfers from one location to another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import blake2b

from gateway.inventory.inbound import supplier_key

LINES_MAX = 100
"""Lines of one suggestion; more are another one."""
WAITING_LINES_MAX = 5_000
"""Lines that wait for others of their kind: the memory of a plan, however many items it walks."""


class SuggestionKind(StrEnum):
    PURCHASE = "purchase"
    TRANSFER = "transfer"


class SuggestionState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Heading:
    """What lines of one suggestion share. `supplier` is None in a transfer, and where no terms are known."""

    kind: SuggestionKind
    supplier: str | None
    origin_id: str | None
    location_id: str

    @property
    def place(self) -> str:
        """Sorts suggestions: purchases first, by supplier; then transfers."""
        supplier = "" if self.supplier is None else supplier_key(self.supplier)
        return "\t".join((self.kind.value, supplier, self.origin_id or "", self.location_id))


@dataclass(frozen=True, slots=True)
class SuggestedLine:
    """Units of one item, with what they follow from at the place that gets them, as of the plan.

    `quantity` is `lacking` less `moved`, in whole packs; in a transfer it is what is moved. `lacking` is
    `order_up_to` less `position`, which is `available` and `incoming`, less what has `lapsed` and is `promised`, and
    with what is `drafted`. All suggestions of the plan bring the place `together` units. A purchase of today is
    expected after the lead time; transfers tell no time.
    """

    item_id: str
    sku: str
    quantity: int
    available: int
    incoming: int
    position: int
    reorder_point: int
    safety_stock: float
    order_up_to: int
    lacking: int
    moved: int
    units_per_day: float
    days_of_cover: float | None
    lead_time_days: float
    expected_at: datetime | None
    unit_cost: Decimal | None
    lapsed: int = 0
    promised: int = 0
    drafted: int = 0
    together: int = 0

    @property
    def counted(self) -> int:
        """Units on their way that could be counted on."""
        return self.incoming - self.lapsed


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Part of the plan `run_id`. `document_id` is the purchase or transfer that was made of it once accepted."""

    id: str
    run_id: str
    heading: Heading
    number: int
    lines: tuple[SuggestedLine, ...]
    planned_at: datetime
    state: SuggestionState = SuggestionState.OPEN
    document_id: str | None = None

    @property
    def place(self) -> str:
        return f"{self.heading.place}\t{self.number:06}"

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def cost(self) -> Decimal | None:
        """None where the cost of a line is not known."""
        costs = [None if line.unit_cost is None else line.unit_cost * line.quantity for line in self.lines]
        return None if None in costs else sum(filter(None, costs), Decimal(0))


class Grouping:
    """Puts lines that come in the order of their items together, with little memory."""

    def __init__(self, run_id: str, planned_at: datetime) -> None:
        self._run_id = run_id
        self._planned_at = planned_at
        self._waiting: dict[str, tuple[Heading, list[SuggestedLine]]] = {}
        self._numbers: dict[str, int] = defaultdict(int)
        self._count = 0

    def add(self, heading: Heading, line: SuggestedLine) -> Iterator[Suggestion]:
        """The suggestions that are to be kept now, because they are full or too much is waiting."""
        _, lines = self._waiting.setdefault(heading.place, (heading, []))
        lines.append(line)
        self._count += 1
        if len(lines) == LINES_MAX:
            yield self._taken(heading.place)
        elif self._count > WAITING_LINES_MAX:
            yield self._taken(max(self._waiting, key=lambda place: len(self._waiting[place][1])))

    def rest(self) -> Iterator[Suggestion]:
        """All that wait."""
        for place in list(self._waiting):
            yield self._taken(place)

    def _taken(self, place: str) -> Suggestion:
        heading, lines = self._waiting.pop(place)
        self._count -= len(lines)
        self._numbers[place] += 1
        number = self._numbers[place]
        digest = blake2b(f"{self._run_id}\t{place}\t{number}".encode(), digest_size=12).hexdigest()
        return Suggestion(digest, self._run_id, heading, number, tuple(lines), self._planned_at)


@dataclass(frozen=True, slots=True)
class PlanRun:
    """A plan that is finished: `items` were looked at, and `suggestions` made."""

    id: str
    planned_at: datetime
    finished_at: datetime
    items: int
    suggestions: int


@dataclass(frozen=True, slots=True)
class PlanState:
    """The plan in force, and when somebody last asked for a new one."""

    run: PlanRun | None = None
    requested_at: datetime | None = None

    @property
    def is_requested(self) -> bool:
        """Whether there was no plan since."""
        asked = self.requested_at
        return asked is not None and (self.run is None or self.run.planned_at <= asked)


@dataclass(frozen=True, slots=True)
class SuggestionFilter:
    """Which suggestions to list; None means any."""

    kind: SuggestionKind | None = None
    supplier: str | None = None
    location_id: str | None = None
