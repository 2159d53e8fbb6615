"""The deliveries that purchases have brought, as far as lead times are learnt from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from gateway.inventory.inbound import InboundOrder
from gateway.inventory.moments import day_of
from gateway.planning.lead_time import DELIVERIES_MAX, Delivery, Observed

EVERY_ITEM = ""
"""Stands for all items of a supplier. No item can have this id."""

HistoryKey = tuple[str, str]
"""A supplier's key, and an item's id or `EVERY_ITEM`."""


@dataclass(frozen=True, slots=True)
class History:
    """What is remembered of a supplier, or of one item of it: the newest deliveries by purchase, and their sums."""

    deliveries: Mapping[str, Sequence[Delivery]] = field(default_factory=dict)
    observed: Observed = field(default_factory=Observed)

    def with_purchases(self, brought: Mapping[str, Sequence[Delivery]]) -> History:
        """With what purchases brought by now, instead of what was known of them."""
        by_purchase = {**self.deliveries, **brought}
        every = [(one.arrived_at, inbound_id, one) for inbound_id, part in by_purchase.items() for one in part]
        newest: dict[str, list[Delivery]] = defaultdict(list)
        for _, inbound_id, one in sorted(every, key=lambda told: told[:2])[-DELIVERIES_MAX:]:
            newest[inbound_id].append(one)
        return History(newest, Observed.of(one for part in newest.values() for one in part))


@dataclass(frozen=True, slots=True)
class Learnt:
    """Every purchase up to this one, by when it settled and then by id, is in the histories."""

    settled_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    inbound_id: str = ""
    token: int = 0


def deliveries(inbound: InboundOrder) -> Mapping[str, list[Delivery]]:
    """By item id, and of `EVERY_ITEM`: one per date given and day of arrival (UTC), however many lines came together.

    A line counts once nothing more of it is outstanding, on the day when its last units came.
    """
    last: dict[str, dict[tuple[date | None, date], Delivery]] = defaultdict(dict)
    for line in inbound.lines:
        if line.arrived_at is None or line.outstanding:
            continue
        delivery = Delivery(inbound.created_at, line.first_expected_at, line.arrived_at)
        together = (day_of(line.first_expected_at) if line.first_expected_at else None, day_of(line.arrived_at))
        for item_id in (line.item_id, EVERY_ITEM):
            known = last[item_id].get(together, delivery)
            last[item_id][together] = max(known, delivery, key=lambda one: one.arrived_at)
    return {item_id: list(found.values()) for item_id, found in last.items()}
