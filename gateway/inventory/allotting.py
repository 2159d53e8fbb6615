"""Allotting units to the lines of a request, one after the other: from where, and out of which quotas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from itertools import islice

from gateway.inventory.allocation import STRATEGIES, Candidate, Share, Strategy, StrategyName
from gateway.inventory.commands import StockView
from gateway.inventory.errors import Path
from gateway.inventory.quantities import Bucket
from gateway.inventory.quotas import Draw, Fence
from gateway.inventory.requested_lines import RequestedLine
from gateway.inventory.stock import Item


@dataclass(frozen=True, slots=True)
class Allotment:
    """What one requested line can have now, and where. `item` is what its SKU stands for."""

    item: Item
    shares: tuple[Share, ...]

    @property
    def quantity(self) -> int:
        return sum(share.quantity for share in self.shares)


class Allotter:
    """Allots units to lines one after the other: each sees what those before it, even of the same SKU, have taken."""

    def __init__(
        self,
        stock: StockView,
        strategy: StrategyName,
        *,
        allow_backorder: bool = False,
        freed: Mapping[tuple[str, str], int] | None = None,
        freed_draws: Iterable[Draw] = (),
        channel_id: str | None = None,
    ) -> None:
        """`freed`: units by item id and location that are still held, and yet available to this request.

        `freed_draws` are those of them that come back to quotas. `channel_id` is the channel that it is sold through.
        """
        self._stock = stock
        self._strategy: Strategy = STRATEGIES[strategy]
        self._allow_backorder = allow_backorder
        self._channel_id = channel_id
        self._taken = Counter[tuple[str, str]]()
        self._taken.subtract(freed or {})
        self._freed_draws = tuple(freed_draws)
        self._fences: dict[str, Fence | None] = {}
        self._only: Collection[str] | None = None
        self._known_places: dict[RequestedLine, list[str]] | None = None

    def allot(self, line: RequestedLine, path: Path) -> Allotment:
        """As much of the line as there is; possibly nothing."""
        item = self._stock.item(line.sku, (*path, "sku"))
        fence = self._fence(item)
        places = self._places_of(item, line, path)
        only = self._only
        candidates = [self._candidate(item, at, fence) for at in places if only is None or at in only]
        missing = line.quantity
        shares: dict[str, Share] = {}
        for candidate, why in self._strategy(candidates, missing):
            at = candidate.location_id
            units = min(candidate.available, missing, self._room(item, at, fence))
            if units > 0:
                share = self._taking(item, fence, Share(at, units, why))
                shares[at] = shares[at].with_more(share) if at in shares else share
                missing -= units
        backordered = []
        if missing and self._allow_backorder:
            where = self._backordered_at(item, places, missing, fence)
            backordered = [self._taking(item, fence, Share(at, missing, "backorder")) for at in where]
        return Allotment(item, (*shares.values(), *backordered))

    def places(self, line: RequestedLine, path: Path) -> list[str]:
        """The active locations that may serve the line, best first. Raises NotFound for one that does not exist."""
        return self._places_of(self._stock.item(line.sku, (*path, "sku")), line, path)

    def fork(
        self,
        strategy: Strategy | None = None,
        *,
        only: Collection[str] | None = None,
        allow_backorder: bool | None = None,
    ) -> Allotter:
        """Another one that begins where this one is, as this one unless told otherwise, and leaves this one alone.

        It takes what there is from `only` these locations.
        """
        if self._known_places is None:
            self._known_places = {}
        fork = copy(self)
        fork._strategy = strategy or self._strategy
        fork._only = self._only if only is None else only
        fork._allow_backorder = self._allow_backorder if allow_backorder is None else allow_backorder
        fork._taken = self._taken.copy()
        fork._fences = {item_id: fence and fence.copy() for item_id, fence in self._fences.items()}
        return fork

    def _candidate(self, item: Item, location_id: str, fence: Fence | None) -> Candidate:
        room = max(self._room(item, location_id, fence), 0)
        safety = item.safety_stock.get(location_id, 0)
        spare = max(self._left(item, location_id) - safety, 0) if safety else room
        return Candidate(location_id, room, min(room, spare))

    def _places_of(self, item: Item, line: RequestedLine, path: Path) -> list[str]:
        """As `_places`, found once for all forks."""
        if self._known_places is None:
            return self._places(item, line, path)
        if line not in self._known_places:
            self._known_places[line] = self._places(item, line, path)
        return self._known_places[line]

    def _places(self, item: Item, line: RequestedLine, path: Path) -> list[str]:
        """The active locations that may serve the line, best first. Raises NotFound for one that does not exist."""
        if line.location_ids:
            named = line.named_locations(path)
            return list(dict.fromkeys(at for at, named_at in named if self._stock.is_active(at, named_at)))
        if line.channel_locations is not None:
            return [at for at in line.channel_locations if self._stock.is_active(at, (*path, "channelId"))]
        ranks = self._stock.ranks
        # An item never stocked anywhere can still be promised, where backorders are allowed.
        return sorted((at for at in item.levels if at in ranks), key=ranks.__getitem__) or list(ranks)[:1]

    def _fence(self, item: Item) -> Fence | None:
        """What the item's quotas leave, as the lines before this one left it."""
        if item.id not in self._fences:
            fence = self._fences[item.id] = self._stock.fence(item)
            if fence is not None:
                for (item_id, at), units in self._taken.items():
                    if item_id == item.id:
                        fence.put(at, -units)
                fence.give_back(self._freed_draws)
        return self._fences[item.id]

    def _left(self, item: Item, location_id: str) -> int:
        return self._stock.quantity(item, location_id, Bucket.AVAILABLE) - self._taken[item.id, location_id]

    def _room(self, item: Item, location_id: str, fence: Fence | None) -> int:
        """Units that this request may take there; below 0 where more was promised than there is."""
        left = self._left(item, location_id)
        return left if fence is None else min(left, fence.room(self._channel_id, location_id))

    def _taking(self, item: Item, fence: Fence | None, share: Share) -> Share:
        at, units = share.location_id, share.quantity
        self._taken[item.id, at] += units
        if item.safety_stock:
            below = item.safety_stock.get(at, 0) - self._left(item, at)
            share = replace(share, below_safety=max(0, min(units, below)))
        return share if fence is None else replace(share, draws=fence.take(self._channel_id, at, units))

    def _backordered_at(self, item: Item, places: Iterable[str], missing: int, fence: Fence | None) -> Iterable[str]:
        """Where units may be promised beyond what there is; nowhere where some are kept for other channels."""
        # What a location can give has gone first, so only what then goes below zero counts against the limit.
        room = (
            at
            for at in places
            if min(self._left(item, at), 0) + item.backorder_limit >= missing
            and not (fence and fence.kept_from(self._channel_id, at))
        )
        return islice(room, 1)
