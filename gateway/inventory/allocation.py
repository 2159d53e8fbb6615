"""Choosing the locations of a reservation's line: small, replaceable strategies that say why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Candidate:
    """A location that may serve a line, with the units available there. Candidates come in order of priority."""

    location_id: str
    available: int


@dataclass(frozen=True, slots=True)
class Share:
    """`quantity` units to take at one location, and why there."""

    location_id: str
    quantity: int
    why: str


class Strategy(Protocol):
    """Orders the candidates: units are taken from the first, the rest from the next, and so on."""

    def __call__(self, candidates: Sequence[Candidate], quantity: int) -> list[tuple[Candidate, str]]:
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


STRATEGIES: dict[StrategyName, Strategy] = {
    StrategyName.PRIORITY: by_priority,
    StrategyName.MOST_STOCK: by_most_stock,
    StrategyName.FEWEST_SPLITS: by_fewest_splits,
}


def allocate(strategy: Strategy, candidates: Sequence[Candidate], quantity: int) -> list[Share]:
    """Take up to `quantity` units; the shares add up to less where the candidates do not have enough."""
    shares = []
    for candidate, why in strategy(candidates, quantity):
        taken = min(candidate.available, quantity)
        if taken > 0:
            shares.append(Share(candidate.location_id, taken, why))
            quantity -= taken
    return shares
