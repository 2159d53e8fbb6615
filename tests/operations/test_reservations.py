"""The life of a reservation, against the real database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.bootstrap import Gateway
from gateway.inventory.allocation import StrategyName
from gateway.inventory.errors import Code, Conflict, IdempotencyKeyReused, InsufficientStock, InvalidInput, NotFound
from gateway.inventory.quantities import QUANTITY_MAX
from gateway.inventory.reservation_steps import FulfilledLine
from gateway.inventory.reservations import Reservation, ReservationFilter, ReservationState
from gateway.inventory.stock import Level
from gateway.operations.calls import Call
from gateway.operations.reservations import ReservationOutcome
from gateway.operations.sourcing import LineRequest
from tests.builders import adjust
from tests.clock import StoppedClock
from tests.invariants import assert_the_ledger_explains_the_stock
from tests.kernel import kernel, stock_up

STOCK = {"LAMP": {"EAST": 5, "WEST": 3}, "DESK": {"EAST": 2}}


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
async def gateway(mongo_uri: str, database_name: str, clock: StoppedClock) -> AsyncIterator[Gateway]:
    async with kernel(mongo_uri, database_name, clock=clock) as opened:
        await stock_up(opened, STOCK)
        yield opened
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


def call(key: str, **fields: str) -> Call:
    return Call("tests", key, **fields)


def lines(**quantities: int) -> list[LineRequest]:
    return [LineRequest(sku, quantity) for sku, quantity in quantities.items()]


async def level(gateway: Gateway, sku: str, at: str) -> tuple[int, int]:
    found: Level = (await gateway.stock_store.items([sku]))[sku].level(at)
    return found.available, found.allocated


async def hold(gateway: Gateway, key: str, owner: str | None = None, **quantities: int) -> Reservation:
    outcome = await gateway.orders.reservations.create(call(key), lines(**quantities), owner=owner)
    return outcome.reservation


def places(outcome: ReservationOutcome) -> dict[str, int]:
    return {line.location_id: line.quantity for line in outcome.reservation.lines}


async def test_a_reservation_moves_units_from_available_to_allocated(gateway: Gateway) -> None:
    reservation = await hold(gateway, "r", LAMP=6, DESK=1)
    assert reservation.state is ReservationState.HELD
    assert await level(gateway, "LAMP", "EAST") == (0, 5)
    assert await level(gateway, "LAMP", "WEST") == (2, 1)
    assert [(line.location_id, line.quantity, line.why) for line in reservation.lines] == [
        ("EAST", 5, "priority 1"),
        ("WEST", 1, "priority 2"),
        ("EAST", 1, "priority 1"),
    ]


async def test_a_line_that_is_short_refuses_the_whole_reservation_and_is_named(gateway: Gateway) -> None:
    with pytest.raises(InsufficientStock) as refusal:
        await hold(gateway, "r", LAMP=1, DESK=3)
    assert (refusal.value.path, refusal.value.actual) == (("lines", "1", "quantity"), 2)
    assert await level(gateway, "LAMP", "EAST") == (5, 0)


async def test_two_lines_of_one_sku_are_not_promised_the_same_units(gateway: Gateway) -> None:
    both = [LineRequest("DESK", 1), LineRequest("DESK", 2)]
    with pytest.raises(InsufficientStock):
        await gateway.orders.reservations.create(call("r"), both)
    outcome = await gateway.orders.reservations.create(call("r"), both, allow_partial=True)
    assert [(line.request_line, line.quantity) for line in outcome.reservation.lines] == [(0, 1), (1, 1)]


async def test_a_partial_reservation_takes_what_there_is_but_never_nothing(gateway: Gateway) -> None:
    reservations = gateway.orders.reservations
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


async def test_a_line_is_placed_where_the_caller_and_the_strategy_say(gateway: Gateway) -> None:
    reservations = gateway.orders.reservations
    for n, (line, strategy, expected) in enumerate(PLACEMENTS):
        outcome = await reservations.create(call(f"r{n}"), [line], strategy=strategy)
        assert places(outcome) == expected
        await reservations.release(call(f"undo{n}"), outcome.reservation.id)


async def test_a_location_named_twice_is_not_counted_twice(gateway: Gateway) -> None:
    with pytest.raises(InsufficientStock) as refusal:
        twice = LineRequest("LAMP", 4, location_ids=("WEST", "WEST"))
        await gateway.orders.reservations.create(call("r"), [twice])
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


async def test_a_bad_line_is_refused_by_name(gateway: Gateway) -> None:
    for line, code, path in BAD_LINES:
        with pytest.raises((InvalidInput, NotFound)) as refusal:
            await gateway.orders.reservations.create(call("r"), [line])
        assert (refusal.value.code, refusal.value.path) == (code, path)


async def test_a_repetition_finds_the_first_reservation_even_when_priorities_have_changed(gateway: Gateway) -> None:
    first = await gateway.orders.reservations.create(call("r"), lines(LAMP=1))
    await gateway.database["locations"].insert_one({"_id": "NORTH", "active": True, "priority": -1})
    await gateway.stock_store.locations(fresh=True)
    again = await gateway.orders.reservations.create(call("r"), lines(LAMP=1))
    assert (again.replayed, again.reservation.id) == (True, first.reservation.id)
    with pytest.raises(IdempotencyKeyReused):
        await gateway.orders.reservations.create(call("r"), lines(LAMP=2))
    assert await level(gateway, "LAMP", "EAST") == (4, 1)


async def test_backorders_go_no_further_than_the_items_limit(gateway: Gateway) -> None:
    await gateway.database["items"].update_one(
        {"sku": "DESK"}, {"$set": {"backorderLimit": 2}, "$inc": {"revision": 1}}
    )
    gateway.stock_store.forget(["DESK"])
    reservations = gateway.orders.reservations
    with pytest.raises(InsufficientStock):
        await reservations.create(call("r"), lines(DESK=5), allow_backorder=True)
    await reservations.create(call("r"), lines(DESK=4), allow_backorder=True)
    assert await level(gateway, "DESK", "EAST") == (-2, 4)
    with pytest.raises(InsufficientStock):
        await reservations.create(call("s"), lines(DESK=1), allow_backorder=True)


async def test_a_committed_reservation_never_expires_and_is_shipped_in_parts(
    gateway: Gateway, clock: StoppedClock
) -> None:
    reservations = gateway.orders.reservations
    held = await hold(gateway, "r", LAMP=6)
    committed = (await reservations.commit(call("paid"), held.id)).reservation
    assert (committed.state, committed.expires_at, committed.committed_at) == (
        ReservationState.COMMITTED,
        None,
        clock.now,
    )
    clock.advance(10**6)
    assert await gateway.orders.sweeper.sweep() == 0
    part = await reservations.fulfil(call("parcel 1"), held.id, [FulfilledLine(0, 2)])
    assert part.reservation.state is ReservationState.COMMITTED
    assert await level(gateway, "LAMP", "EAST") == (0, 3)
    with pytest.raises(Conflict) as refusal:
        await reservations.fulfil(call("parcel 2"), held.id, [FulfilledLine(0, 4)])
    assert (refusal.value.code, refusal.value.path) == (Code.MORE_THAN_HELD, ("lines", "0", "quantity"))
    rest = await reservations.fulfil(call("parcel 2"), held.id)
    assert rest.reservation.state is ReservationState.FULFILLED
    assert await level(gateway, "LAMP", "EAST") == (0, 0)
    assert await level(gateway, "LAMP", "WEST") == (2, 0)


async def test_a_released_reservation_gives_everything_back_where_it_was_held(gateway: Gateway) -> None:
    held = await hold(gateway, "r", LAMP=6)
    released = await gateway.orders.reservations.release(call("changed my mind"), held.id)
    assert released.reservation.state is ReservationState.RELEASED
    assert await level(gateway, "LAMP", "EAST") == (5, 0)
    assert await level(gateway, "LAMP", "WEST") == (3, 0)


async def test_units_go_back_to_a_location_that_has_been_deactivated(gateway: Gateway) -> None:
    held = await hold(gateway, "r", LAMP=6)
    await gateway.database["locations"].update_one({"_id": "WEST"}, {"$set": {"active": False}})
    await gateway.stock_store.locations(fresh=True)
    await gateway.orders.reservations.release(call("back"), held.id)
    assert await level(gateway, "LAMP", "WEST") == (3, 0)


async def test_what_is_held_of_a_renamed_and_archived_item_can_be_given_back(gateway: Gateway) -> None:
    held = await hold(gateway, "r", LAMP=1)
    change = {"$set": {"sku": "LIGHT", "status": "archived"}, "$inc": {"revision": 1}}
    await gateway.database["items"].update_one({"sku": "LAMP"}, change)
    gateway.stock_store.forget(["LAMP"])
    await gateway.orders.reservations.release(call("back"), held.id)
    assert await level(gateway, "LIGHT", "EAST") == (5, 0)


@pytest.mark.parametrize(
    ("done", "code"),
    [
        ("commit", Code.ALREADY_COMMITTED),
        ("release", Code.ALREADY_RELEASED),
        ("fulfil", Code.ALREADY_FULFILLED),
        ("expire", Code.EXPIRED),
    ],
)
async def test_whoever_comes_too_late_is_told_what_happened_instead(
    gateway: Gateway, clock: StoppedClock, done: str, code: Code
) -> None:
    reservations = gateway.orders.reservations
    held = await hold(gateway, "r", LAMP=1)
    if done == "expire":
        clock.advance(10**6)
    elif done == "fulfil":
        await reservations.commit(call("commit"), held.id)
        await reservations.fulfil(call("fulfil"), held.id)
    else:
        await getattr(reservations, done)(call(done), held.id)
    with pytest.raises(Conflict) as refusal:
        await reservations.commit(call("late"), held.id)
    assert refusal.value.code is code
    with pytest.raises(Conflict) as refusal:
        await reservations.extend(call("late"), held.id, 60)
    assert refusal.value.code is code


async def test_a_hold_that_was_not_paid_cannot_be_shipped(gateway: Gateway) -> None:
    held = await hold(gateway, "r", LAMP=1)
    with pytest.raises(Conflict) as refusal:
        await gateway.orders.reservations.fulfil(call("ship"), held.id)
    assert refusal.value.code is Code.NOT_COMMITTED


async def test_a_reservation_that_does_not_exist_is_not_found(gateway: Gateway) -> None:
    with pytest.raises(NotFound) as refusal:
        await gateway.orders.reservations.commit(call("c"), "nowhere")
    assert refusal.value.code is Code.RESERVATION_NOT_FOUND
    with pytest.raises(InvalidInput):
        await gateway.orders.reservations.commit(call("c"), "\ud800")


async def test_an_extended_hold_outlives_its_first_time(gateway: Gateway, clock: StoppedClock) -> None:
    reservations = gateway.orders.reservations
    held = (await reservations.create(call("r"), lines(LAMP=1), expires_in_seconds=60)).reservation
    clock.advance(59)
    await reservations.extend(call("more"), held.id, 60)
    clock.advance(59)
    await reservations.commit(call("c"), held.id)


async def test_reassigned_units_change_owner_without_ever_being_available(gateway: Gateway) -> None:
    reservations = gateway.orders.reservations
    held = await hold(gateway, "r", LAMP=6)
    await reservations.commit(call("paid"), held.id)
    await reservations.fulfil(call("parcel"), held.id, [FulfilledLine(1, 1)])
    heir = (await reservations.reassign(call("fraud"), held.id, "customer-2", "order-2")).reservation
    assert (heir.owner, heir.reference, heir.state) == ("customer-2", "order-2", ReservationState.COMMITTED)
    assert [(line.location_id, line.quantity) for line in heir.lines] == [("EAST", 5)]
    given = await reservations.get(held.id)
    assert (given.state, given.reassigned_to) == (ReservationState.RELEASED, heir.id)
    assert await level(gateway, "LAMP", "EAST") == (0, 5)
    await reservations.fulfil(call("heir"), heir.id)


async def test_an_expired_hold_never_refuses_a_buyer_and_is_shown_as_expired_before_it_is_swept(
    gateway: Gateway, clock: StoppedClock
) -> None:
    held = await hold(gateway, "r", DESK=2)
    clock.advance(10**6)
    shown = await gateway.orders.reservations.get(held.id)
    assert (shown.state, [line.open for line in shown.lines]) == (ReservationState.EXPIRED, [0])
    await gateway.stock.apply(adjust("walk-in", "DESK", {"EAST": -1}))
    assert (await hold(gateway, "s", DESK=1)).state is ReservationState.HELD


async def test_an_owners_older_hold_makes_room_only_where_the_stock_is_short(gateway: Gateway) -> None:
    reservations = gateway.orders.reservations
    first = await hold(gateway, "a", "cart-1", DESK=1)
    await hold(gateway, "b", "cart-1", DESK=1)
    assert (await reservations.get(first.id)).state is ReservationState.HELD
    await hold(gateway, "c", "cart-1", DESK=2)
    assert (await reservations.get(first.id)).state is ReservationState.RELEASED
    with pytest.raises(InsufficientStock):
        await hold(gateway, "d", "cart-2", DESK=1)


async def test_reservations_are_found_by_owner_reference_item_and_state(gateway: Gateway) -> None:
    reservations = gateway.orders.reservations
    lamp = await hold(gateway, "a", "ann", LAMP=1)
    desk = (await reservations.create(call("b", reference="order-7"), lines(DESK=1), owner="bob")).reservation
    await reservations.commit(call("c"), desk.id)
    ids = {sku: item.id for sku, item in (await gateway.stock_store.items(["LAMP", "DESK"])).items()}

    async def found(**wanted: object) -> list[str]:
        page = await reservations.page(ReservationFilter(**wanted), None, 10)  # type: ignore[arg-type]
        return [reservation.id for reservation in page]

    assert set(await found()) == {lamp.id, desk.id}
    assert await found(owner="ann") == await found(item_id=ids["LAMP"]) == [lamp.id]
    assert await found(reference="order-7") == await found(states=(ReservationState.COMMITTED,)) == [desk.id]


async def test_the_ledger_tells_what_a_reference_did(gateway: Gateway) -> None:
    reservations = gateway.orders.reservations
    held = (await reservations.create(call("r", reference="order-7"), lines(LAMP=1))).reservation
    await reservations.commit(call("c"), held.id)
    await reservations.fulfil(call("f"), held.id)
    entries = await gateway.database["ledger"].find({"reference": "order-7"}).sort("seq", 1).to_list(10)
    assert [entry["kind"] for entry in entries] == ["reserve", "commit", "fulfil"]
