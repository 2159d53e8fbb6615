"""What the units of a purchase that arrive become: allocated to the backorders that wait for them, else available."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from gateway.inventory.arrivals import Arrival, Condition
from gateway.inventory.backorders import Backorder, backorder_key
from gateway.inventory.bindings import Bindings, units_bound
from gateway.inventory.commands import StockView
from gateway.inventory.errors import Overtaken
from gateway.inventory.inbound import InboundOrder
from gateway.inventory.quantities import Bucket
from gateway.inventory.records import Record, RecordKey
from gateway.inventory.stock import Posting


def arrival_postings(
    inbound: InboundOrder, arrivals: Sequence[Arrival], given: Mapping[int, Bindings]
) -> Iterator[Posting]:
    """The sellable units of a line go to those who wait first."""
    owed = {number: units_bound(bindings) for number, bindings in given.items()}
    for index, arrival in enumerate(arrivals):
        line = inbound.lines[arrival.line]
        path = ("lines", str(index))
        sellable = arrival.condition is Condition.SELLABLE
        allocated = min(arrival.quantity, owed.get(arrival.line, 0)) if sellable else 0
        if allocated:
            owed[arrival.line] -= allocated
            yield Posting(line.item_id, line.location_id, Bucket.ALLOCATED, allocated, path)
        if arrival.quantity > allocated:
            left = arrival.quantity - allocated
            yield Posting(line.item_id, line.location_id, arrival.condition.bucket, left, path)


def allocations(inbound: InboundOrder, given: Mapping[int, Bindings], stock: StockView) -> dict[RecordKey, Record]:
    """The backorders that were served, each with a new reservation."""
    of_backorder: dict[str, dict[int, Bindings]] = defaultdict(lambda: defaultdict(tuple))
    for number, bindings in given.items():
        for binding in bindings:
            of_backorder[binding.backorder_id][number] += (binding,)
    records: dict[RecordKey, Record] = {}
    for backorder_id, served in of_backorder.items():
        backorder = stock.record(backorder_key(backorder_id))
        if not isinstance(backorder, Backorder):
            raise Overtaken
        after, reservation = backorder.allocate(stock.now, inbound, served)
        records |= {after.key: after, reservation.key: reservation}
    return records
