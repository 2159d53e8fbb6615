"""Allotting units to the lines of a request, one after the other: from where, and out of which quotas."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from itertools import islice

from gateway.inventory.allocation import STRATEGIES, Candidate, Share, Strategy, StrategyName
from gateway.inventory.commands import StockView
from gateway.inventory.errors import Path
from gateway.inventory.quotas import Draw, Draws, Fence
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


class _Left:
    """What a request may still take of one item."""

    def __init__(self, units: dict[str, int], fence: Fence | None, channel_id: str | None) -> None:
        """`units` by location, below 0 where more was promised than there is."""
        self.units = units
        self._fence = fence
        self._channel_id = channel_id

    def copy(self) -> _Left:
        return _Left(self.units.copy(), self._fence and self._fence.copy(), self._channel_id)

    def room(self, location_id: str) -> int:
        """Units that it may take there; below 0 where more was promised than there is."""
        units = self.units.get(location_id, 0)
        return units if self._fence is None else min(units, self._fence.room(self._channel_id, location_id))

    def candidate(self, location_id: str, safety: int | None) -> Candidate:
        """The location, whose safety stock is `safety` units."""
        room = self.room(location_id)
        if room <= 0:
            return Candidate(location_id, 0, 0)
        spare = max(self.units[location_id] - safety, 0) if safety else room
        return Candidate(location_id, room, min(room, spare))

    def kept(self, location_id: str) -> int:
        """Units that are kept for other channels there."""
        return self._fence.kept_from(self._channel_id, location_id) if self._fence else 0

    def take(self, location_id: str, units: int) -> Draws:
        self.units[location_id] = self.units.get(location_id, 0) - units
        return self._fence.take(self._channel_id, location_id, units) if self._fence else ()


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
        self._freed: dict[str, dict[str, int]] = defaultdict(dict)
        for (item_id, at), units in (freed or {}).items():
            self._freed[item_id][at] = units
        self._freed_draws = tuple(freed_draws)
        self._only: Collection[str] | None = None
        # By id, the items that units were taken of. What no line changes is found once, for all forks.
        self._left: dict[str, _Left] = {}
        self._untouched: dict[str, _Left] = {}
        self._places: dict[RequestedLine, list[str]] = {}
        self._candidates: dict[RequestedLine, list[Candidate]] = {}

    def allot(self, line: RequestedLine, path: Path) -> Allotment:
        """As much of the line as there is; possibly nothing."""
        item = self._stock.item(line.sku, (*path, "sku"))
        places = self._places_of(item, line, path)
        candidates = self._candidates_of(item, line, places)
        left = self._left_of(item).copy()
        missing = line.quantity
        shares: dict[str, Share] = {}
        for candidate, why in self._strategy(candidates, missing):
            if not missing:
                break
            at = candidate.location_id
            units = min(candidate.available, missing, left.room(at))
            if units > 0:
                share = _taking(item, left, Share(at, units, why))
                shares[at] = shares[at].with_more(share) if at in shares else share
                missing -= units
        backordered = []
        if missing and self._allow_backorder:
            where = _backordered_at(item, left, places, missing)
            backordered = [_taking(item, left, Share(at, missing, "backorder")) for at in where]
        if shares or backordered:
            self._left[item.id] = left
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
        fork = copy(self)
        fork._strategy = strategy or self._strategy
        fork._only = self._only if only is None else only
        fork._allow_backorder = self._allow_backorder if allow_backorder is None else allow_backorder
        fork._left = self._left.copy()
        return fork

    def _candidates_of(self, item: Item, line: RequestedLine, places: Iterable[str]) -> list[Candidate]:
        """The locations with what is left there, of those that it may take from."""
        only, safety, left = self._only, item.safety_stock, self._left_of(item)
        if item.id in self._left:
            return [left.candidate(at, safety.get(at)) for at in places if only is None or at in only]
        if line not in self._candidates:
            self._candidates[line] = [left.candidate(at, safety.get(at)) for at in places]
        found = self._candidates[line]
        return found if only is None else [candidate for candidate in found if candidate.location_id in only]

    def _places_of(self, item: Item, line: RequestedLine, path: Path) -> list[str]:
        """The active locations that may serve the line, best first. Raises NotFound for one that does not exist."""
        if line not in self._places:
            self._places[line] = self._found_places(item, line, path)
        return self._places[line]

    def _found_places(self, item: Item, line: RequestedLine, path: Path) -> list[str]:
        if line.location_ids:
            named = line.named_locations(path)
            return list(dict.fromkeys(at for at, named_at in named if self._stock.is_active(at, named_at)))
        if line.channel_locations is not None:
            return [at for at in line.channel_locations if self._stock.is_active(at, (*path, "channelId"))]
        ranks = self._stock.ranks
        # An item never stocked anywhere can still be promised, where backorders are allowed.
        return sorted((at for at in item.levels if at in ranks), key=ranks.__getitem__) or list(ranks)[:1]

    def _left_of(self, item: Item) -> _Left:
        """As the lines before this one left it."""
        if item.id in self._left:
            return self._left[item.id]
        if item.id not in self._untouched:
            units, fence = self._stock.available(item), self._stock.fence(item)
            for at, more in self._freed.get(item.id, {}).items():
                units[at] = units.get(at, 0) + more
                if fence is not None:
                    fence.put(at, more)
            if fence is not None:
                fence.give_back(self._freed_draws)
            self._untouched[item.id] = _Left(units, fence, self._channel_id)
        return self._untouched[item.id]


def _taking(item: Item, left: _Left, share: Share) -> Share:
    at, units = share.location_id, share.quantity
    draws = left.take(at, units)
    if item.safety_stock:
        below = item.safety_stock.get(at, 0) - left.units[at]
        share = replace(share, below_safety=max(0, min(units, below)))
    return replace(share, draws=draws) if draws else share


def _backordered_at(item: Item, left: _Left, places: Iterable[str], missing: int) -> Iterable[str]:
    """Where units may be promised beyond what there is; nowhere where some are kept for other channels."""
    # What a location can give has gone first, so only what then goes below zero counts against the limit.
    room = (
        at for at in places if min(left.units.get(at, 0), 0) + item.backorder_limit >= missing and not left.kept(at)
    )
    return islice(room, 1)
