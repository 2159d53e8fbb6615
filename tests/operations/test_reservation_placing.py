"""Which units a reservation takes, and which requests are refused."""

from __future__ import annotations

import pytest

from connectors.simulated.woocommerce import SimulatedWooCommerce
from gateway.bootstrap import Gateway
from gateway.inventory.allocation import StrategyName
from gateway.inventory.commands import LINES_MAX
from gateway.inventory.errors import Code, InsufficientStock, InvalidInput, NotFound
from gateway.inventory.quantities import QUANTITY_MAX
from gateway.inventory.receiving import ExpectedLine
from gateway.operations.reservations import ReservationOutcome
from gateway.operations.sourcing import LineRequest
from tests.dispatch.trading import connect
from tests.kernel import stock_up
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


async def test_what_was_never_stocked_can_be_promised_where_backorders_are_allowed(stocked: Gateway) -> None:
    await stock_up(stocked, {"SOFA": {}}, backorder_limit=3)
    await stocked.orders.reservations.create(call("anywhere"), lines(SOFA=2), allow_backorder=True)
    assert await level(stocked, "SOFA", "EAST") == (-2, 2)
    await stocked.movements.inbound.create(call("buy"), "ACME", [ExpectedLine("SOFA", "WEST", 4)])
    there = [LineRequest("SOFA", 3, "WEST")]
    await stocked.orders.reservations.create(call("there"), there, allow_backorder=True)
    assert await level(stocked, "SOFA", "WEST") == (-3, 3)


async def test_a_line_for_a_channel_is_placed_where_the_channel_is_fed_in_its_order(stocked: Gateway) -> None:
    async with SimulatedWooCommerce({}) as shop:
        await connect(stocked, "woo-de", shop, locations={"WEST": None, "EAST": None})
        await connect(stocked, "woo-fr", shop, locations={"WEST": None})
    line = LineRequest("LAMP", 4, channel_id="woo-de")
    outcome = await stocked.orders.reservations.create(call("r"), [line])
    assert places(outcome) == {"WEST": 3, "EAST": 1}
    with pytest.raises(InsufficientStock) as refusal:
        await stocked.orders.reservations.create(call("s"), [LineRequest("LAMP", 1, channel_id="woo-fr")])
    assert refusal.value.actual == 0


async def test_a_reservation_may_have_250_lines_over_as_many_skus(stocked: Gateway) -> None:
    many = {f"SKU-{number}": {"EAST": 1} for number in range(LINES_MAX)}
    await stock_up(stocked, many)
    reservations = stocked.orders.reservations
    outcome = await reservations.create(call("r"), [LineRequest(sku, 1) for sku in many])
    assert [line.sku for line in outcome.reservation.lines] == list(many)
    with pytest.raises(InsufficientStock) as refusal:
        await reservations.create(call("s"), [LineRequest(sku, 1) for sku in many])
    assert refusal.value.path == ("lines", "0", "quantity")
    await reservations.release(call("x"), outcome.reservation.id)
    one_more = [LineRequest("DESK", 1) for _ in range(LINES_MAX + 1)]
    with pytest.raises(InvalidInput) as too_many:
        await reservations.create(call("t"), one_more)
    assert too_many.value.code is Code.TOO_MANY
