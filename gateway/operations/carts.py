"""Whether there is enough for a cart. Nothing is held: until the payment, others may be faster."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.inventory.allocation import StrategyName
from gateway.inventory.allotting import Allotter
from gateway.inventory.batch import BatchStock
from gateway.inventory.commands import LINES_MAX
from gateway.inventory.errors import Code, Conflict, NotFound, TooOften
from gateway.inventory.geography import Whereabouts
from gateway.inventory.identifiers import check_count, check_optional_text
from gateway.inventory.least_cost import chosen
from gateway.inventory.quotas import Draw
from gateway.inventory.requested_lines import RequestedLine
from gateway.inventory.stock import Item
from gateway.operations.clock import Clock
from gateway.operations.routing import Routing
from gateway.operations.sourcing import LineRequest, Sourcing

WARNING = "There is not enough stock for this cart at the moment."
"""What a shopper may be told: no product, and no quantity."""


class StockLookup(Protocol):
    async def items(self, skus: Collection[str]) -> Mapping[str, Item]: ...

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]: ...


class HeldUnits(Protocol):
    async def reclaimable(
        self, item_ids: Collection[str], owner: str | None, now: datetime
    ) -> Mapping[tuple[str, str], int]:
        """Units by item id and location that a request of the owner may have although they are held."""

    async def reclaimable_draws(self, item_ids: Collection[str], owner: str | None, now: datetime) -> Sequence[Draw]:
        """Of the same units, those that come back to quotas."""


@dataclass(frozen=True, slots=True)
class CheckedLine:
    """What one line of a cart can have now, in units; `code` says why it cannot have all it wants."""

    sku: str
    quantity: int
    obtainable: int
    code: Code | None


@dataclass(frozen=True, slots=True)
class CheckedCart:
    lines: tuple[CheckedLine, ...]

    @property
    def ok(self) -> bool:
        """Whether every line could be had now."""
        return all(line.code is None for line in self.lines)


class Allowance(Protocol):
    def take(self, client: str) -> bool:
        """Whether the client may ask once more now."""


class CartOperations:
    """Answers by the same rules as a reservation would, without making one."""

    def __init__(
        self,
        stock: StockLookup,
        held: HeldUnits,
        sourcing: Sourcing,
        routing: Routing,
        clock: Clock,
        allowance: Allowance,
    ) -> None:
        self._stock = stock
        self._held = held
        self._sourcing = sourcing
        self._routing = routing
        self._clock = clock
        self._allowance = allowance

    async def check(
        self,
        lines: Sequence[LineRequest],
        *,
        owner: str | None = None,
        allow_backorder: bool = False,
        strategy: StrategyName = StrategyName.PRIORITY,
        channel_id: str | None = None,
        destination: Whereabouts | None = None,
        shopper: str | None = None,
    ) -> CheckedCart:
        """Check a cart line by line; what its owner holds already counts as available to it.

        It is to be sold through the channel named, or the one that all lines name.

        `shopper` names a client that may not know quantities. It could find them out by trying, so how often it asks
        is limited: raises TooOften.
        """
        if shopper is not None and not self._allowance.take(shopper):
            raise TooOften()
        check_optional_text(owner, ("owner",))
        check_count(lines, ("lines",), LINES_MAX)
        requested = await self._sourcing.requested(lines)
        sold_through = await self._sourcing.sold_through(requested, channel_id)
        routes = await self._routing.wanted_by(strategy, destination)
        items = await self._stock.items({line.sku for line in requested})
        stock = BatchStock({item.id: item for item in items.values()}, await self._stock.locations(), self._clock())

        def checked(freed: Mapping[tuple[str, str], int], freed_draws: Sequence[Draw] = ()) -> CheckedCart:
            allotter = Allotter(
                stock,
                strategy,
                allow_backorder=allow_backorder,
                freed=freed,
                freed_draws=freed_draws,
                channel_id=sold_through,
            )
            allotter, _ = chosen(allotter, requested, routes)
            return CheckedCart(tuple(_checked(allotter, line) for line in requested))

        cart = checked({})
        short = {items[line.sku].id for line in cart.lines if line.code is Code.INSUFFICIENT_STOCK}
        if not short:
            return cart
        freed = await self._held.reclaimable(short, owner, stock.now)
        kept = [item.id for item in items.values() if item.id in short and item.quotas]
        draws = await self._held.reclaimable_draws(kept, owner, stock.now) if kept else ()
        return checked(freed, draws)


def _checked(allotter: Allotter, line: RequestedLine) -> CheckedLine:
    try:
        granted = allotter.allot(line, ()).quantity
    except (NotFound, Conflict) as error:
        return CheckedLine(line.sku, line.quantity, 0, error.code)
    code = None if granted == line.quantity else Code.INSUFFICIENT_STOCK
    return CheckedLine(line.sku, line.quantity, granted, code)
