"""Whatever the order in which a shop's reports of one order arrive, and however often: the stock ends the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from gateway.inventory.batch import BatchStock
from gateway.inventory.decision import Decision, Outcome, Submission
from gateway.inventory.orders import Order, Precedence, order_key
from gateway.inventory.sales import ReportedLine, ReportOrder
from tests.builders import CAUSE, NOW, item

MUG, CAP = "id-MUG", "id-CAP"
KEY = order_key("woo", "1042")


@dataclass(frozen=True)
class Event:
    """The order as it was so many seconds after its start: per line its units ordered, allocated and shipped."""

    name: str
    seconds: int
    stage: int
    lines: tuple[tuple[str, int, int, int], ...] | None
    place: str | None = None
    returned_to: str | None = None


def event(name: str, seconds: int, stage: int, *lines: tuple[str, int, int, int]) -> Event:
    return Event(name, seconds, stage, lines)


CREATED = event("created", 0, 1, (MUG, 5, 5, 0))
PAID = event("paid", 1, 1, (MUG, 5, 5, 0))
EDITED = event("edited: two fewer, a cap more", 2, 1, (MUG, 5, 3, 0), (CAP, 2, 2, 0))
PART_SHIPPED = event("partially fulfilled", 3, 1, (MUG, 5, 1, 2), (CAP, 2, 2, 0))
RESTOCKED = event("refunded with restock", 4, 1, (MUG, 5, 0, 2), (CAP, 2, 2, 0))
WRITTEN_OFF = event("refunded without restock", 4, 1, (MUG, 5, 0, 3), (CAP, 2, 2, 0))
SHIPPED = event("fulfilled", 5, 2, (MUG, 5, 0, 2), (CAP, 2, 0, 2))
LINE_GONE = event("edited: the cap taken off", 4, 1, (MUG, 5, 1, 2))
CANCELLED = event("cancelled", 5, 3, (MUG, 5, 0, 2), (CAP, 2, 0, 0))
# Within one second a shop's reports differ only in how far the order is.
AT_ONCE = event("paid within the same second", 0, 2, (MUG, 5, 0, 5))
DELETED = Event("deleted, of which the shop tells no lines", 6, 4, None)

SOLD = event("sold", 0, 1, (MUG, 5, 5, 0), (CAP, 2, 2, 0))
HANDED_OUT = event("handed out", 1, 2, (MUG, 5, 0, 5), (CAP, 2, 0, 2))
ONE_BACK = replace(event("a mug came back", 2, 2, (MUG, 5, 0, 4), (CAP, 2, 0, 2)), returned_to="OUTLET")
ALL_BACK = replace(event("so did two, and all caps", 3, 2, (MUG, 5, 0, 2), (CAP, 2, 0, 0)), returned_to="OUTLET")
# Where it is sent from is known only then.
FROM_WEST = [replace(told, place="WEST") for told in (HANDED_OUT, ONE_BACK, ALL_BACK)]

LIVES = [
    (CREATED, PAID, EDITED, PART_SHIPPED, RESTOCKED, SHIPPED),
    (CREATED, PAID, EDITED, PART_SHIPPED, WRITTEN_OFF, CANCELLED),
    (CREATED, EDITED, PART_SHIPPED, LINE_GONE, CANCELLED, DELETED),
    (CREATED, AT_ONCE, EDITED, PART_SHIPPED, SHIPPED, DELETED),
    (SOLD, HANDED_OUT, ONE_BACK, ALL_BACK, DELETED),
    (SOLD, *FROM_WEST, DELETED),
]


def report(stock: BatchStock, told: Event) -> ReportOrder:
    """As the operation makes it of what the order holds by now."""
    order = stock.record(KEY)
    held = order.lines.values() if isinstance(order, Order) else ()
    lines, candidates = None, ("EAST", "WEST") if told.place is None else (told.place,)
    if told.lines is not None:
        lines = tuple(
            ReportedLine(
                item_id, item_id, ordered, allocated, shipped, candidates, told.place is not None, told.returned_to
            )
            for item_id, ordered, allocated, shipped in told.lines
        )
    moved = sum(shipped for _, _, _, shipped in told.lines or ())
    return ReportOrder(
        scope="channel/woo",
        idempotency_key=told.name,
        cause=CAUSE,
        channel_id="woo",
        order_id="1042",
        name="#1042",
        status=told.name,
        precedence=Precedence(NOW + timedelta(seconds=told.seconds), told.stage, moved),
        lines=lines,
        held_item_ids=frozenset(line.item_id for line in held),
    )


def stock_after(events: Iterable[Event], caps_in_the_west: int = 0) -> dict[str, tuple[int, ...]]:
    """Of both items available and allocated units in the east, and those available in the west and the outlet."""
    items = [item("MUG", {"EAST": 10}), item("CAP", {"EAST": 1, "WEST": caps_in_the_west})]
    stock = BatchStock({one.id: one for one in items}, {"EAST": True, "WEST": True, "OUTLET": True}, NOW)
    decision = Decision(stock, {}, seq=0)
    for told in events:
        [result] = decision.submit(Submission((report(stock, told),)))
        assert isinstance(result, Outcome), result
    levels = {one.id: stock.changes[one.id].after(NOW) if one.id in stock.changes else one for one in items}
    return {
        key: (
            one.level("EAST").available,
            one.level("EAST").allocated,
            one.level("WEST").available,
            one.level("OUTLET").available,
        )
        for key, one in levels.items()
    }


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life[-1].name + " after " + life[-2].name)
def test_every_order_of_six_events_ends_in_the_same_stock(life: Sequence[Event]) -> None:
    expected = stock_after(life)
    wrong = [
        [told.name for told in permutation]
        for permutation in itertools.permutations(life)
        # Each event comes three times: again at once, and once more after all others.
        if stock_after([told for told in permutation for _ in range(2)] + list(permutation)) != expected
    ]
    assert wrong == []


def test_the_lives_end_as_people_would_count_them() -> None:
    assert [stock_after(life) for life in LIVES] == [
        {MUG: (8, 0, 0, 0), CAP: (-1, 0, 0, 0)},
        {MUG: (8, 0, 0, 0), CAP: (1, 0, 0, 0)},
        {MUG: (8, 0, 0, 0), CAP: (1, 0, 0, 0)},
        {MUG: (8, 0, 0, 0), CAP: (-1, 0, 0, 0)},
        {MUG: (5, 0, 0, 3), CAP: (-1, 0, 0, 2)},
        {MUG: (10, 0, -5, 3), CAP: (1, 0, -2, 2)},
    ]


def test_what_is_first_heard_of_after_its_return_was_taken_where_all_of_it_was() -> None:
    one_cap_back = replace(event("a cap came back", 2, 2, (CAP, 2, 0, 1)), returned_to="OUTLET")
    expected = {MUG: (10, 0, 0, 0), CAP: (1, 0, 0, 1)}
    assert stock_after([one_cap_back], caps_in_the_west=2) == expected
    assert stock_after([event("sold", 0, 1, (CAP, 2, 2, 0)), one_cap_back], caps_in_the_west=2) == expected


def test_what_no_place_has_enough_of_is_taken_where_most_of_it_is() -> None:
    assert stock_after([event("sold", 0, 1, (CAP, 3, 3, 0))], caps_in_the_west=2)[CAP] == (1, 0, -1, 0)
