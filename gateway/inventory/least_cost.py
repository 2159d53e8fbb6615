"""Choosing the locations of a whole request by what it costs to send it: a small exact search."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

from gateway.inventory.allocation import Candidate, Share
from gateway.inventory.allotting import Allotter
from gateway.inventory.errors import InventoryError
from gateway.inventory.geography import Distance
from gateway.inventory.requested_lines import RequestedLine

LOCATIONS_MAX = 8
"""Locations of which every combination is looked at; of more, those that seem best."""
ALLOTTED_LINES_MAX = 1_024
"""Lines that one search allots; it then takes the best that it has seen."""
UNLISTED = Distance(0.0, "unknown")
ROUNDING = 1e-9
"""Costs that differ by less are the same, summed up in another order."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much, in whatever money the operator thinks in."""

    per_km: float
    per_further_parcel: float
    per_unit_below_safety: float


@dataclass(frozen=True)
class Routes:
    """How far each location is from where the request is sent; one that is not listed has just been created.

    `distances` come in order of priority, which decides where the cost does not.
    """

    distances: Mapping[str, Distance]
    weights: Weights

    def distance(self, location_id: str) -> Distance:
        return self.distances.get(location_id, UNLISTED)

    def cost(self, location_id: str) -> float:
        return self.costs.get(location_id, 0.0)

    def order(self, location_id: str) -> tuple[float, int, str]:
        """Sorts locations: the nearest first."""
        return self.cost(location_id), self._ranks.get(location_id, len(self._ranks)), location_id

    @cached_property
    def costs(self) -> Mapping[str, float]:
        """Of the locations that are listed."""
        return {location_id: distance.km * self.weights.per_km for location_id, distance in self.distances.items()}

    @cached_property
    def _ranks(self) -> Mapping[str, int]:
        return {location_id: rank for rank, location_id in enumerate(self.distances)}


@dataclass(frozen=True, slots=True)
class Cost:
    """What it costs to serve a request from these locations, one parcel from each, term by term.

    `missing` units cannot be served, and `below_safety` are taken from below locations' safety stock.
    """

    legs: tuple[tuple[str, float], ...]
    further_parcels: float
    safety: float
    missing: int
    below_safety: int

    @property
    def total(self) -> float:
        return sum(cost for _, cost in self.legs) + self.further_parcels + self.safety

    @property
    def rank(self) -> tuple[int, bool, float]:
        """The least is the best: all units come first, then keeping the safety stock, and then the cost."""
        return self.missing, self.below_safety > 0, self.total

    @property
    def location_ids(self) -> tuple[str, ...]:
        return tuple(at for at, _ in self.legs)


@dataclass(frozen=True, slots=True)
class Choice:
    """The locations to serve a request from. `exact`: no other combination of locations is better.

    `alternatives` are the next best that were looked at.
    """

    cost: Cost
    exact: bool
    alternatives: tuple[Cost, ...]


@dataclass(slots=True)
class NearestFirst:
    """A strategy: the nearest location first, and below any one's safety stock only if need be.

    `ranks` are another order than by distance, for those that it has.
    """

    routes: Routes
    total: str = ""
    ranks: Mapping[str, int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    """Locations that had anything for any line."""

    def __call__(self, candidates: Sequence[Candidate], quantity: int) -> Iterator[tuple[Candidate, str]]:
        there = [some for some in candidates if some.available > 0]
        self.seen.update([some.location_id for some in there])
        costs, ranks = self.routes.costs, self.ranks
        there.sort(key=lambda some: costs.get(some.location_id, 0.0))
        if ranks:
            there.sort(key=lambda some: ranks.get(some.location_id, len(ranks)))
        for some in there:
            yield some._replace(available=some.spare), self._why(some)
        for some in there:
            yield some, self._why(some)

    def _why(self, candidate: Candidate) -> str:
        if not self.total:
            return ""  # nobody reads it while the search is under way
        known, cost = self.routes.distance(candidate.location_id), self.routes.cost(candidate.location_id)
        return f"least cost: {cost:.2f} of {self.total}, {known.km:.0f} km away ({known.source})"


def priced(routes: Routes, shares: Iterable[Share], missing: int = 0) -> Cost:
    """What it costs to send these shares, one parcel from each of their locations."""
    units, below = Counter[str](), 0
    for share in shares:
        units[share.location_id] += share.quantity
        below += share.below_safety
    weights = routes.weights
    legs = tuple((at, routes.cost(at)) for at in sorted(units, key=routes.order))
    parcels = max(0, len(legs) - 1) * weights.per_further_parcel
    return Cost(legs, parcels, below * weights.per_unit_below_safety, missing, below)


def chosen(
    allotter: Allotter, lines: Sequence[RequestedLine], routes: Routes | None, alternatives: int = 0
) -> tuple[Allotter, Choice | None]:
    """The allotter that serves the lines at the least cost; without routes the one given.

    Whoever holds units and whoever only asks goes through here, so both come to the same. For so many `alternatives` it
    looks on when the best is found.
    """
    if routes is None:
        return allotter, None
    choice = _Search(allotter, lines, routes).choice(alternatives)
    total = f"{choice.cost.total:.2f}"
    return allotter.fork(NearestFirst(routes, total), only=frozenset(choice.cost.location_ids)), choice


class _Search:
    """Looks at combinations of locations, the cheapest first, by allotting the lines from each."""

    def __init__(self, allotter: Allotter, lines: Sequence[RequestedLine], routes: Routes) -> None:
        self._allotter = allotter
        self._lines = lines
        self._routes = routes
        self._left = max(2, ALLOTTED_LINES_MAX // len(lines))
        self._found: dict[tuple[str, ...], Cost] = {}

    def choice(self, alternatives: int) -> Choice:
        everywhere = NearestFirst(self._routes)
        nearest = self._keep(self._cost(everywhere))
        places, complete = self._shortlist(nearest, everywhere.seen)
        exact = self._combined(places, nearest, alternatives) and complete
        best, *others = heapq.nsmallest(1 + alternatives, self._found.values(), key=self._order)
        return Choice(best, exact, tuple(others))

    def _order(self, cost: Cost) -> tuple[object, ...]:
        return cost.rank, [self._routes.order(at) for at in cost.location_ids]

    def _combined(self, places: Sequence[str], nearest: Cost, alternatives: int) -> bool:
        """Try every combination that may be the best; whether that was all."""
        goal = nearest.rank[:2]  # with all locations at hand, nothing better can be had
        certain = False
        for least, combination in self._combinations(places):
            reached = sorted(cost.total for cost in self._found.values() if cost.rank[:2] == goal)
            certain = certain or (bool(reached) and least > reached[0] + ROUNDING)
            if self._left <= 0 or (certain and len(reached) > alternatives):
                return certain
            self._tried(combination)
        return True

    def _combinations(self, places: Sequence[str]) -> Iterator[tuple[float, tuple[str, ...]]]:
        """Each with what it costs at least, the cheapest first."""
        parcel = self._routes.weights.per_further_parcel
        every = (some for size in range(1, len(places) + 1) for some in combinations(places, size))
        costs = ((sum(map(self._routes.cost, some)) + (len(some) - 1) * parcel, some) for some in every)
        return iter(sorted(costs, key=lambda cost: cost[0]))

    def _shortlist(self, nearest: Cost, seen: Iterable[str]) -> tuple[list[str], bool]:
        """The locations to combine, and whether these are all that have anything."""
        ranked = sorted(seen, key=self._routes.order)
        if len(ranked) <= LOCATIONS_MAX:
            return ranked, True
        alone = {at: self._tried((at,)) for at in ranked[: self._left // 2]}
        best = sorted(alone, key=lambda at: alone[at].rank)
        fullest = NearestFirst(self._routes, ranks={at: rank for rank, at in enumerate(best)})
        self._tried(self._cost(fullest).location_ids)
        return list(dict.fromkeys([*nearest.location_ids[: LOCATIONS_MAX // 2], *best]))[:LOCATIONS_MAX], False

    def _tried(self, only: Collection[str]) -> Cost:
        return self._keep(self._cost(NearestFirst(self._routes), frozenset(only)))

    def _keep(self, cost: Cost) -> Cost:
        self._found[cost.location_ids] = cost
        return cost

    def _cost(self, strategy: NearestFirst, only: Collection[str] | None = None) -> Cost:
        self._left -= 1
        # What could only be promised beyond what there is counts as missing: stock elsewhere goes first.
        fork = self._allotter.fork(strategy, only=only, allow_backorder=False)
        shares: list[Share] = []
        missing = 0
        for line in self._lines:
            try:
                granted = fork.allot(line, ())
            except InventoryError:
                continue  # it is refused in its turn, wherever the others come from
            shares += granted.shares
            missing += line.quantity - granted.quantity
        return priced(self._routes, shares, missing)
