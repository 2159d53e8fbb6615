"""Choosing the locations of a reservation's line: small, replaceable strategies that say why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple, Protocol

from gateway.inventory.quotas import Draws


class Candidate(NamedTuple):
    """A location that may serve a line, with the units available there, of which `spare` are above its safety stock.

    Candidates come in order of priority.
    """

    location_id: str
    available: int
    spare: int


@dataclass(frozen=True, slots=True)
class Share:
    """`quantity` units to take at one location, why there, and which of them come out of quotas.

    `below_safety` of them are taken from below the location's safety stock.
    """

    location_id: str
    quantity: int
    why: str
    draws: Draws = ()
    below_safety: int = 0

    def with_more(self, more: Share) -> Share:
        """Both as one, taken at the same location."""
        quantity, below = self.quantity + more.quantity, self.below_safety + more.below_safety
        return replace(self, quantity=quantity, draws=self.draws + more.draws, below_safety=below)


class Strategy(Protocol):
    """Orders the candidates: units are taken from the first, the rest from the next, and so on."""

    def __call__(self, candidates: Sequence[Candidate], quantity: int) -> Iterable[tuple[Candidate, str]]:
        """The candidates in the order in which to take from them, each with its reason."""


def by_priority(candidates: Sequence[Candidate], quantity: int) -> list[tuple[Candidate, str]]:
    """The order given: the caller's list of locations, or the locations' own priorities."""
    return [(candidate, f"priority {rank}") for rank, candidate in enumerate(candidates, start=1)]


def by_most_stock(candidates: Sequence[Candidate], quantity: int) -> list[tuple[Candidate, str]]:
    """The fullest location first; the earlier one where two are equal."""
    ranked = sorted(candidates, key=lambda candidate: -candidate.available)
    return [(candidate, f"most stock: {candidate.available} available") for candidate in ranked]


def by_fewest_splits(candidates: Sequence[Candidate], quantity: int) -> list[tuple[Candidate, str]]:
    """The first location that can serve the line alone; else the fullest first, which needs the fewest parcels."""
    whole = next((candidate for candidate in candidates if candidate.available >= quantity), None)
    if whole is None:
        return [(c, "fewest splits: no location has it all") for c, _ in by_most_stock(candidates, quantity)]
    rest = [candidate for candidate in candidates if candidate is not whole]
    return [(whole, "fewest splits: it has it all"), *((candidate, "") for candidate in rest)]


class StrategyName(StrEnum):
    """The strategies that a caller can name."""

    PRIORITY = "PRIORITY"
    MOST_STOCK = "MOST_STOCK"
    FEWEST_SPLITS = "FEWEST_SPLITS"
    LEAST_COST = "LEAST_COST"
    """All lines together, by distance, parcels and safety stock."""


STRATEGIES: dict[StrategyName, Strategy] = {
    StrategyName.PRIORITY: by_priority,
    StrategyName.MOST_STOCK: by_most_stock,
    StrategyName.FEWEST_SPLITS: by_fewest_splits,
    # Replaced by what `least_cost.chosen` comes to, which has to know all lines.
    StrategyName.LEAST_COST: by_priority,
}
