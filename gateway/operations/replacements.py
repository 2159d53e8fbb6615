"""Where units that a purchase will not bring in time can be had instead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from gateway.inventory.moments import day_of
from gateway.inventory.ports import Loaded, Wanted
from gateway.inventory.stock import Item
from gateway.operations.clock import Clock
from gateway.operations.incoming import IncomingSupply, by_cell, places_of
from gateway.planning.promising import Ask, LinePromise, Promiser
from gateway.planning.risks import PromiseAtRisk
from gateway.planning.supply import Cell, ExpectedSupply

RISKS_MAX = 1_000
"""Promises that are looked at in one answer."""
CELLS_MAX = 10_000
"""Places looked at in one answer, over all promises."""

Replacement = tuple[date, LinePromise]
"""A promise with the day that it was made on, from which its days are counted."""


class StockReads(Protocol):
    async def load(self, wanted: Wanted) -> Loaded: ...

    async def locations(self, fresh: bool = False) -> Mapping[str, bool]: ...


class ReplacementOperations:
    """Answers of the moment: nothing is held."""

    def __init__(self, stock: StockReads, incoming: IncomingSupply, clock: Clock) -> None:
        self._stock = stock
        self._incoming = incoming
        self._clock = clock

    async def of(self, risks: Sequence[PromiseAtRisk]) -> list[Replacement | None]:
        """For each promise the earliest day on which its units can be had from stock or from other supply.

        The location that it was made for is preferred to others. The promises of one purchase are served one after the
        other. None where there is nothing within the horizon, and behind the first `RISKS_MAX`.
        """
        looked_at, now = risks[:RISKS_MAX], self._clock()
        item_ids = {risk.item_id for risk in looked_at}
        items = (await self._stock.load(Wanted(item_ids=item_ids))).items
        incoming, active = await self._incoming.of_items(item_ids, now), await self._stock.locations()
        of_purchase: dict[str, list[int]] = defaultdict(list)
        for number, risk in enumerate(looked_at):
            of_purchase[risk.inbound_id].append(number)
        found: list[Replacement | None] = [None] * len(risks)
        places_max = CELLS_MAX // max(1, len(looked_at))
        for inbound_id, numbers in of_purchase.items():
            of_others = {
                item_id: [one for one in incoming.supplies.get(item_id, ()) if one.supply.document_id != inbound_id]
                for item_id in {risks[number].item_id for number in numbers}
            }
            asks = [_ask(risks[number], items, of_others, active, places_max) for number in numbers]
            for number, line in zip(numbers, _promised(asks, items, of_others, active), strict=True):
                found[number] = None if line.day is None else (day_of(now), line)
        return found


def _ask(
    risk: PromiseAtRisk,
    items: Mapping[str, Item],
    incoming: Mapping[str, Sequence[ExpectedSupply]],
    active: Mapping[str, bool],
    places_max: int,
) -> Ask:
    known = places_of(items[risk.item_id], incoming)
    places = [at for at in dict.fromkeys((risk.location_id, *active)) if at in known and active.get(at)]
    return Ask(risk.item_id, risk.sku, risk.quantity, tuple(places[:places_max]))


def _promised(
    asks: Sequence[Ask],
    items: Mapping[str, Item],
    incoming: Mapping[str, Sequence[ExpectedSupply]],
    active: Mapping[str, bool],
) -> Sequence[LinePromise]:
    """What a cart of these would be promised."""
    available: dict[Cell, int] = {}
    for ask in asks:
        of_places = items[ask.item_id].available_to(None, ask.location_ids, active)
        available.update(((ask.item_id, at), units) for at, units in of_places.items())
    return Promiser(available, by_cell(incoming)).cart(asks, None).lines
