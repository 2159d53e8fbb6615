"""From where a request would be served, and what decides that. Nothing is held."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.inventory.allocation import StrategyName
from gateway.inventory.allotting import Allotment, Allotter
from gateway.inventory.batch import BatchStock
from gateway.inventory.commands import LINES_MAX
from gateway.inventory.geography import Whereabouts
from gateway.inventory.identifiers import check_count
from gateway.inventory.least_cost import Choice, Cost, Routes, chosen, priced
from gateway.inventory.stock import Item
from gateway.operations.clock import Clock
from gateway.operations.routing import Routing
from gateway.operations.sourcing import LineRequest, Sourcing

ALTERNATIVES = 3
"""Other combinations of locations that are told of."""


class StockLookup(Protocol):
    async def items(self, skus: Collection[str]) -> Mapping[str, Item]: ...

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]: ...


@dataclass(frozen=True, slots=True)
class AllocationPreview:
    """What each line would get, what that costs, and (of LEAST_COST) what else was looked at."""

    allotments: tuple[Allotment, ...]
    cost: Cost
    routes: Routes
    choice: Choice | None


class AllocationPreviews:
    """Answers by the very function that a reservation is made by."""

    def __init__(self, stock: StockLookup, sourcing: Sourcing, routing: Routing, clock: Clock) -> None:
        self._stock = stock
        self._sourcing = sourcing
        self._routing = routing
        self._clock = clock

    async def of(
        self,
        lines: Sequence[LineRequest],
        *,
        strategy: StrategyName,
        destination: Whereabouts | None = None,
        allow_backorder: bool = False,
        channel_id: str | None = None,
    ) -> AllocationPreview:
        """Raises InvalidInput, or NotFound or Conflict for what cannot be reserved at all."""
        check_count(lines, ("lines",), LINES_MAX)
        requested = await self._sourcing.requested(lines)
        sold_through = await self._sourcing.sold_through(requested, channel_id)
        routes = await self._routing.routes(destination)
        items = await self._stock.items({line.sku for line in requested})
        stock = BatchStock({item.id: item for item in items.values()}, await self._stock.locations(), self._clock())
        allotter = Allotter(stock, strategy, allow_backorder=allow_backorder, channel_id=sold_through)
        asked = routes if strategy is StrategyName.LEAST_COST else None
        allotter, choice = chosen(allotter, requested, asked, ALTERNATIVES)
        allotments = tuple(allotter.allot(line, ("lines", str(index))) for index, line in enumerate(requested))
        missing = sum(line.quantity for line in requested) - sum(granted.quantity for granted in allotments)
        cost = priced(routes, (share for granted in allotments for share in granted.shares), missing)
        return AllocationPreview(allotments, cost, routes, choice)
