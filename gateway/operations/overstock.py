"""From a plan to what counts as overstock: units for so many days, at the rate at which each place sells."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import ceil
from typing import Protocol

from gateway.operations.reorder_planning import PlannedItem
from gateway.planning.reordering import PlacePlan
from gateway.planning.selling_rate import SellingRate, selling_rate
from gateway.planning.stock_watch import ItemWatch, PlaceWatch, WatchMark

CHANGE_SHARE = 0.1
"""Part by which a threshold has to change before it is said anew: rates change a little every night."""


class Watches(Protocol):
    async def many(self, item_ids: Collection[str]) -> dict[str, ItemWatch]: ...

    async def mark(self, marks: Sequence[WatchMark], added: Sequence[ItemWatch]) -> None:
        """Have items looked at anew with these thresholds; those `added` are not watched yet."""


class OverstockMarks:
    """Implements `gateway.operations.reorder_walk.PlanWatch`; items of which nothing has changed cost one read."""

    def __init__(self, watches: Watches) -> None:
        self._watches = watches

    async def planned(self, items: Sequence[PlannedItem]) -> None:
        """Tell the thresholds of a plan to those who watch the levels."""
        known = await self._watches.many([one.item.id for one in items])
        marks, added = [], []
        for one in items:
            watch = known.get(one.item.id)
            if watch is None:
                added.append(_new(one))
            elif (mark := _mark(watch, one.plan.places)) is not None:
                marks.append(mark)
        if marks or added:
            await self._watches.mark(marks, added)


def overstock_at(places: Mapping[str, PlacePlan]) -> dict[str, int | None]:
    """Units of an item from which on each of its places has too much, never less than an order brings.

    None where nobody can tell. Where it was never sold at all, that is the first month; from then on, what is too much
    becomes less with each day.
    """
    known = {at: place.stock.figures for at, place in places.items() if place.stock.figures is not None}
    return {at: _overstock_at(place, selling_rate(known, [at])) for at, place in places.items()}


def _overstock_at(place: PlacePlan, rate: SellingRate | None) -> int | None:
    days, most = place.replenishment.overstock_days, None if rate is None else rate.units_per_day_max
    if not days or most is None:
        return None
    return max(ceil(days * most), place.order_up_to + 1)


def _new(planned: PlannedItem) -> ItemWatch:
    item, places = planned.item, planned.plan.places
    too_much = overstock_at(places)
    watches = {at: PlaceWatch(place.stock.available, 0, too_much[at]) for at, place in places.items()}
    return ItemWatch(item.id, item.version, item.seq, 0, watches)


def _mark(watch: ItemWatch, places: Mapping[str, PlacePlan]) -> WatchMark | None:
    """None where all is as it was."""
    changed: dict[str, int | None] = {}
    added: dict[str, PlaceWatch] = {}
    rules_changed = False
    too_much = overstock_at(places)
    for at, place in places.items():
        known, units = watch.places.get(at), too_much[at]
        if known is None:
            added[at] = PlaceWatch(place.stock.available, 0, units)
            continue
        rules_changed = rules_changed or known.low_at != place.replenishment.low_stock_at
        if _differs(known.overstock_at, units):
            changed[at] = units
    return WatchMark(watch.item_id, changed, added) if changed or added or rules_changed else None


def _differs(known: int | None, units: int | None) -> bool:
    if known is None or units is None:
        return known is not units
    return abs(units - known) > CHANGE_SHARE * known
