"""Units that are on their way, and from which day on they can be promised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from gateway.inventory.moments import day_of
from gateway.planning.lead_time import Lateness, LeadTime, normal_lateness

Cell = tuple[str, str]
"""An item's id and a location's."""


class SupplyKind(StrEnum):
    PURCHASE = "purchase"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class OpenSupply:
    """What a line of a purchase or transfer still brings: `outstanding` units, of which `bound` are backorders'.

    `line` is the document's line number. A transfer has no supplier.
    """

    kind: SupplyKind
    document_id: str
    line: int
    item_id: str
    location_id: str
    outstanding: int
    bound: int
    ordered_at: datetime
    expected_at: datetime | None
    supplier: str | None = None

    @property
    def cell(self) -> Cell:
        return self.item_id, self.location_id

    @property
    def free(self) -> int:
        """Units that are promised to nobody yet."""
        return max(0, self.outstanding - self.bound)


@dataclass(frozen=True, slots=True)
class ExpectedSupply:
    """Supply with its date. `due` and `counts_from` are days from today; None: there is no date, or it does not count.

    `why` says in words for people where they come from. `estimated`: the date follows from the lead time alone.
    """

    supply: OpenSupply
    due: int | None
    counts_from: int | None
    estimated: bool
    why: str
    lateness: Lateness

    def chance_by(self, day: int) -> float:
        """The chance that it is here by the end of that day, given that it was not by the end of yesterday."""
        return 0.0 if self.due is None else self.lateness.within(day - self.due, still_out=-1 - self.due)


def expected(supply: OpenSupply, now: datetime, lead_time: LeadTime, grace_days: int) -> ExpectedSupply:
    """Supply counts from the day that it is expected on; one without a date after the supplier's mean lead time.

    While it is overdue by no more than `grace_days` it counts from the end of these; after that no more. A transfer
    without a date does not count: nothing is known of how long it takes.
    """
    due = _due(supply, now, lead_time)
    if due is None:
        return ExpectedSupply(supply, None, None, False, "no date is known", lead_time.lateness)
    estimated = supply.expected_at is None
    lateness = normal_lateness(lead_time.deviation_days) if estimated else lead_time.lateness
    what = f"no date; {lead_time.mean_days:.1f} days after the order" if estimated else "the date given"
    if due >= 0:
        return ExpectedSupply(supply, due, due, estimated, what, lateness)
    if due + grace_days >= 0:
        why = f"{what}; {-due} days overdue, so at the end of the {grace_days} days of grace"
        return ExpectedSupply(supply, due, due + grace_days, estimated, why, lateness)
    why = f"{what}; {-due} days overdue, beyond the {grace_days} days of grace"
    return ExpectedSupply(supply, due, None, estimated, why, lateness)


def is_lapsed(supply: OpenSupply, now: datetime, lead_time: LeadTime, grace_days: int) -> bool:
    """Whether it is overdue by more than `grace_days`. Of a transfer without a date nobody can tell."""
    due = _due(supply, now, lead_time)
    return due is not None and due + grace_days < 0


def unbacked(owed: Mapping[Cell, int], supplies: Iterable[ExpectedSupply]) -> dict[Cell, int]:
    """Of the units that backorders wait for, those that nothing which counts will bring."""
    left = dict(owed)
    for one in supplies:
        supply = one.supply
        if one.counts_from is not None:
            left[supply.cell] = left.get(supply.cell, 0) - min(supply.bound, supply.outstanding)
    return {cell: units for cell, units in left.items() if units > 0}


def _due(supply: OpenSupply, now: datetime, lead_time: LeadTime) -> int | None:
    """Days from today to the one that it is expected on; None where no date is known."""
    at = supply.expected_at
    if at is None and supply.kind is SupplyKind.PURCHASE:
        at = supply.ordered_at + timedelta(days=ceil(lead_time.mean_days))
    return None if at is None else (day_of(at) - day_of(now)).days
