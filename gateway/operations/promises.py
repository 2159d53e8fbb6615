"""What can be promised, and for when: from what is there, and from what is on its way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from gateway.inventory.commands import LINES_MAX
from gateway.inventory.errors import Code, Conflict, InvalidInput, NotFound
from gateway.inventory.geography import Whereabouts
from gateway.inventory.identifiers import check_count, check_sku
from gateway.inventory.moments import check_time, day_of
from gateway.inventory.requested_lines import RequestedLine
from gateway.inventory.stock import Item, ItemStatus
from gateway.operations.clock import Clock
from gateway.operations.incoming import IncomingSupply, by_cell, places_of
from gateway.operations.routing import Routing
from gateway.operations.sourcing import LineRequest, Sourcing
from gateway.planning.projection import HORIZON_DAYS, Projection
from gateway.planning.promising import Ask, CartPromise, Promiser, counting
from gateway.planning.supply import Cell, ExpectedSupply

CELLS_MAX = 10_000
"""Places that one request may ask about, over all its lines: a quarter of a second's work."""


@dataclass(frozen=True, slots=True)
class Place:
    """What may be taken at one location today, in units; below 0 where more was promised than there is.

    `owed` units are due to backorders, since nothing brings them: the first that can be had are theirs.
    """

    location_id: str
    available: int
    owed: int


@dataclass(frozen=True, slots=True)
class Day:
    """Over all places asked about: units at the end of the day, and what can be promised for it."""

    date: date
    projected: int
    promisable: int


@dataclass(frozen=True, slots=True)
class AvailableToPromise:
    """Term by term: what is there, what comes and from when on it counts, and what follows from these."""

    sku: str
    places: tuple[Place, ...]
    supplies: tuple[ExpectedSupply, ...]
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True)
class DatedPromise:
    """A promise with the day that it was made on, from which its days are counted; `by_day` is the one asked for."""

    today: date
    by_day: int | None
    cart: CartPromise

    def date_of(self, day: int) -> date:
        return self.today + timedelta(days=day)


class StockLookup(Protocol):
    async def items(self, skus: Collection[str]) -> Mapping[str, Item]: ...

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]: ...


class PromiseOperations:
    """Answers of the moment: nothing is held."""

    def __init__(
        self, stock: StockLookup, incoming: IncomingSupply, sourcing: Sourcing, routing: Routing, clock: Clock
    ) -> None:
        self._stock = stock
        self._incoming = incoming
        self._sourcing = sourcing
        self._routing = routing
        self._clock = clock

    async def available_to_promise(
        self, sku: str, days: int, location_ids: tuple[str, ...] | None = None, channel_id: str | None = None
    ) -> AvailableToPromise:
        """What can be promised of an item for today and each of the next `days`, at some locations or all."""
        if not 0 <= days <= HORIZON_DAYS:
            raise InvalidInput(Code.OUT_OF_RANGE, f"Days are from 0 to {HORIZON_DAYS}.", ("days",))
        check_sku(sku, ("sku",))
        [line] = await self._sourcing.requested([LineRequest(sku, 1, location_ids=location_ids)])
        sold_through = await self._sourcing.sold_through((), channel_id)
        now, active = self._clock(), await self._stock.locations()
        items = await self._items([line], ())
        item = items[sku]
        places = _places(line, active, ())
        incoming = await self._incoming.of_items([item.id], now)
        here = sorted(
            (one for one in incoming.supplies.get(item.id, ()) if one.supply.location_id in places),
            key=lambda one: (one.due is None, one.due),
        )
        available = item.available_to(sold_through, places, active)
        there = tuple(Place(at, units, incoming.owed.get((item.id, at), 0)) for at, units in available.items())
        cells = [
            Projection(
                place.available - place.owed,
                [(day, one.supply.free) for day, one in counting(here) if one.supply.location_id == place.location_id],
            )
            for place in there
        ]
        return AvailableToPromise(
            sku,
            there,
            tuple(here),
            tuple(
                Day(
                    day_of(now) + timedelta(days=day),
                    sum(cell.projected(day) for cell in cells),
                    sum(cell.promisable(day) for cell in cells),
                )
                for day in range(days + 1)
            ),
        )

    async def promise(
        self,
        lines: Sequence[LineRequest],
        *,
        by: datetime | None = None,
        channel_id: str | None = None,
        destination: Whereabouts | None = None,
    ) -> DatedPromise:
        """The earliest day for each line and for the whole cart, at the locations' doors."""
        check_count(lines, ("lines",), LINES_MAX)
        check_time(by, ("by",))
        requested = await self._sourcing.requested(lines)
        sold_through = await self._sourcing.sold_through(requested, channel_id)
        now, active = self._clock(), await self._stock.locations()
        by_day = None if by is None else (day_of(by) - day_of(now)).days
        if by_day is not None and by_day < 0:
            raise InvalidInput(Code.OUT_OF_RANGE, "This day is over.", ("by",))
        items = await self._items(requested, ("lines",))
        incoming = await self._incoming.of_items([item.id for item in items.values()], now)
        near = await self._by_distance(destination, active)
        asks = []
        for index, line in enumerate(requested):
            item = items[line.sku]
            known = places_of(item, incoming.supplies)
            places = [at for at in _places(line, active, ("lines", str(index))) if at in known]
            if not line.location_ids:
                places.sort(key=lambda at: near[at])
            asks.append(Ask(item.id, line.sku, line.quantity, tuple(places)))
        if sum(len(ask.location_ids) for ask in asks) > CELLS_MAX:
            message = f"These are more than {CELLS_MAX} places to look at; name locations."
            raise InvalidInput(Code.TOO_MANY, message, ("lines",))
        available = _available(asks, items, sold_through, active)
        unowed = {cell: units - incoming.owed.get(cell, 0) for cell, units in available.items()}
        promiser = Promiser(unowed, by_cell(incoming.supplies))
        return DatedPromise(day_of(now), by_day, promiser.cart(asks, by_day))

    async def _items(self, lines: Sequence[RequestedLine], path: tuple[str, ...]) -> Mapping[str, Item]:
        items = await self._stock.items({line.sku for line in lines})
        for index, line in enumerate(lines):
            at = (*path, str(index), "sku") if path else ("sku",)
            item = items.get(line.sku)
            if item is None:
                raise NotFound(Code.ITEM_NOT_FOUND, f"There is no item with SKU '{line.sku}'.", at)
            if item.status is ItemStatus.ARCHIVED:
                raise Conflict(Code.ITEM_ARCHIVED, f"The item '{line.sku}' is archived.", at)
        return items

    async def _by_distance(
        self, destination: Whereabouts | None, active: Mapping[str, bool]
    ) -> Mapping[str, tuple[float, int]]:
        """How far each location is, and its place in the order of priority."""
        distances = {} if destination is None else (await self._routing.routes(destination)).distances
        return {at: (distances[at].km if at in distances else 0.0, rank) for rank, at in enumerate(active)}


def _places(line: RequestedLine, active: Mapping[str, bool], path: tuple[str, ...]) -> list[str]:
    """The active locations that a line may be served from, best first. Raises NotFound for an unknown one."""
    for at, named_at in line.named_locations(path):
        if at not in active:
            raise NotFound(Code.LOCATION_NOT_FOUND, f"There is no location '{at}'.", named_at)
    wanted = line.location_ids or (list(active) if line.channel_locations is None else line.channel_locations)
    return [at for at in dict.fromkeys(wanted) if active.get(at)]


def _available(
    asks: Sequence[Ask], items: Mapping[str, Item], channel_id: str | None, active: Mapping[str, bool]
) -> dict[Cell, int]:
    places: dict[str, set[str]] = defaultdict(set)
    for ask in asks:
        places[ask.sku].update(ask.location_ids)
    return {
        (items[sku].id, at): units
        for sku, wanted in places.items()
        for at, units in items[sku].available_to(channel_id, sorted(wanted), active).items()
    }
