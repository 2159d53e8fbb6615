"""Which units a reservation takes, and which requests are refused."""

from __future__ import annotations

import pytest

from gateway.bootstrap import Gateway
from gateway.inventory.allocation import StrategyName
from gateway.inventory.errors import Code, InsufficientStock, InvalidInput, NotFound
from gateway.inventory.quantities import QUANTITY_MAX
from gateway.operations.reservations import ReservationOutcome
from gateway.operations.sourcing import LineRequest
from tests.operations.ordering import call, hold, level, lines


def places(outcome: ReservationOutcome) -> dict[str, int]:
    return {line.location_id: line.quantity for line in outcome.reservation.lines}


async def test_a_line_that_is_short_refuses_the_whole_reservation_and_is_named(stocked: Gateway) -> None:
    with pytest.raises(InsufficientStock) as refusal:
        await hold(stocked, "r", LAMP=1, DESK=3)
    assert (refusal.value.path, refusal.value.actual) == (("lines", "1", "quantity"), 2)
    assert await level(stocked, "LAMP", "EAST") == (5, 0)


async def test_two_lines_of_one_sku_are_not_promised_the_same_units(stocked: Gateway) -> None:
    both = [LineRequest("DESK", 1), LineRequest("DESK", 2)]
    with pytest.raises(InsufficientStock):
        await stocked.orders.reservations.create(call("r"), both)
    outcome = await stocked.orders.reservations.create(call("r"), both, allow_partial=True)
    assert [(line.request_line, line.quantity) for line in outcome.reservation.lines] == [(0, 1), (1, 1)]


async def test_a_partial_reservation_takes_what_there_is_but_never_nothing(stocked: Gateway) -> None:
    reservations = stocked.orders.reservations
    outcome = await reservations.create(call("r"), lines(LAMP=1, DESK=9), allow_partial=True)
    assert [(line.sku, line.quantity) for line in outcome.reservation.lines] == [("LAMP", 1), ("DESK", 2)]
    with pytest.raises(InsufficientStock):
        await reservations.create(call("s"), lines(DESK=1), allow_partial=True)


PLACEMENTS = [
    (LineRequest("LAMP", 2, location_id="WEST"), StrategyName.PRIORITY, {"WEST": 2}),
    (LineRequest("LAMP", 4, location_ids=("WEST", "EAST")), StrategyName.PRIORITY, {"WEST": 3, "EAST": 1}),
    (LineRequest("LAMP", 6), StrategyName.MOST_STOCK, {"EAST": 5, "WEST": 1}),
    (LineRequest("LAMP", 4, location_ids=("WEST", "EAST")), StrategyName.FEWEST_SPLITS, {"EAST": 4}),
    (LineRequest("LAMP", 3, location_ids=("WEST", "WEST")), StrategyName.PRIORITY, {"WEST": 3}),
]


async def test_a_line_is_placed_where_the_caller_and_the_strategy_say(stocked: Gateway) -> None:
    reservations = stocked.orders.reservations
    for n, (line, strategy, expected) in enumerate(PLACEMENTS):
        outcome = await reservations.create(call(f"r{n}"), [line], strategy=strategy)
        assert places(outcome) == expected
        await reservations.release(call(f"undo{n}"), outcome.reservation.id)


async def test_a_location_named_twice_is_not_counted_twice(stocked: Gateway) -> None:
    with pytest.raises(InsufficientStock) as refusal:
        twice = LineRequest("LAMP", 4, location_ids=("WEST", "WEST"))
        await stocked.orders.reservations.create(call("r"), [twice])
    assert refusal.value.actual == 3


BAD_LINES = [
    (LineRequest("SOFA", 1), Code.ITEM_NOT_FOUND, ("lines", "0", "sku")),
    (LineRequest("LAMP", 1, location_id="MOON"), Code.LOCATION_NOT_FOUND, ("lines", "0", "locationId")),
    (LineRequest("LAMP", 1, channel_id="shop"), Code.CHANNEL_NOT_FOUND, ("lines", "0", "channelId")),
    (LineRequest("LAMP", 0), Code.OUT_OF_RANGE, ("lines", "0", "quantity")),
    (LineRequest("LAMP", QUANTITY_MAX + 1), Code.OUT_OF_RANGE, ("lines", "0", "quantity")),
    (LineRequest("LAMP", 1, location_ids=()), Code.EMPTY, ("lines", "0", "locationIds")),
    (LineRequest("LAMP", 1, location_ids=("EAST",) * 101), Code.TOO_MANY, ("lines", "0", "locationIds")),
    (LineRequest("LAMP", 1, location_id="a.b"), Code.INVALID_CHARACTERS, ("lines", "0", "locationId")),
    (LineRequest("LAMP", 1, location_id="EAST", channel_id="shop"), Code.INVALID_INPUT, ("lines", "0")),
    (
        LineRequest("LAMP", 1, location_ids=("EAST", "MOON")),
        Code.LOCATION_NOT_FOUND,
        ("lines", "0", "locationIds", "1"),
    ),
]


async def test_a_bad_line_is_refused_by_name(stocked: Gateway) -> None:
    for line, code, path in BAD_LINES:
        with pytest.raises((InvalidInput, NotFound)) as refusal:
            await stocked.orders.reservations.create(call("r"), [line])
        assert (refusal.value.code, refusal.value.path) == (code, path)


async def test_backorders_go_no_further_than_the_items_limit(stocked: Gateway) -> None:
    await stocked.database["items"].update_one(
        {"sku": "DESK"}, {"$set": {"backorderLimit": 2}, "$inc": {"revision": 1}}
    )
    stocked.stock_store.forget(["DESK"])
    reservations = stocked.orders.reservations
    with pytest.raises(InsufficientStock):
        await reservations.create(call("r"), lines(DESK=5), allow_backorder=True)
    await reservations.create(call("r"), lines(DESK=4), allow_backorder=True)
    assert await level(stocked, "DESK", "EAST") == (-2, 4)
    with pytest.raises(InsufficientStock):
        await reservations.create(call("s"), lines(DESK=1), allow_backorder=True)
