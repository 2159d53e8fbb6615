"""The life of a reservation, against the real database."""

from __future__ import annotations

import pytest

from gateway.bootstrap import Gateway
from gateway.inventory.errors import Code, Conflict, IdempotencyKeyReused, InsufficientStock, InvalidInput, NotFound
from gateway.inventory.reservation_steps import FulfilledLine
from gateway.inventory.reservations import Reservation, ReservationFilter, ReservationState
from gateway.inventory.transferring import PlannedLine
from gateway.operations.reservations import ReservationOutcome
from tests.builders import adjust
from tests.clock import StoppedClock
from tests.kernel import kernel
from tests.operations.ordering import call, hold, level, lines


async def test_a_reservation_moves_units_from_available_to_allocated(stocked: Gateway) -> None:
    reservation = await hold(stocked, "r", LAMP=6, DESK=1)
    assert reservation.state is ReservationState.HELD
    assert await level(stocked, "LAMP", "EAST") == (0, 5)
    assert await level(stocked, "LAMP", "WEST") == (2, 1)
    assert [(line.location_id, line.quantity, line.why) for line in reservation.lines] == [
        ("EAST", 5, "priority 1"),
        ("WEST", 1, "priority 2"),
        ("EAST", 1, "priority 1"),
    ]


async def test_a_repetition_finds_the_first_reservation_even_when_priorities_have_changed(stocked: Gateway) -> None:
    first = await stocked.orders.reservations.create(call("r"), lines(LAMP=1))
    await stocked.database["locations"].insert_one({"_id": "NORTH", "active": True, "priority": -1})
    await stocked.stock_store.locations(fresh=True)
    again = await stocked.orders.reservations.create(call("r"), lines(LAMP=1))
    assert (again.replayed, again.reservation.id) == (True, first.reservation.id)
    with pytest.raises(IdempotencyKeyReused):
        await stocked.orders.reservations.create(call("r"), lines(LAMP=2))
    assert await level(stocked, "LAMP", "EAST") == (4, 1)


async def test_a_committed_reservation_never_expires_and_is_shipped_in_parts(
    stocked: Gateway, clock: StoppedClock
) -> None:
    reservations = stocked.orders.reservations
    held = await hold(stocked, "r", LAMP=6)
    committed = (await reservations.commit(call("paid"), held.id)).reservation
    assert (committed.state, committed.expires_at, committed.committed_at) == (
        ReservationState.COMMITTED,
        None,
        clock.now,
    )
    clock.advance(10**6)
    assert await stocked.orders.sweeper.sweep() == 0
    part = await reservations.fulfil(call("parcel 1"), held.id, [FulfilledLine(0, 2)])
    assert part.reservation.state is ReservationState.COMMITTED
    assert await level(stocked, "LAMP", "EAST") == (0, 3)
    with pytest.raises(Conflict) as refusal:
        await reservations.fulfil(call("parcel 2"), held.id, [FulfilledLine(0, 4)])
    assert (refusal.value.code, refusal.value.path) == (Code.MORE_THAN_HELD, ("lines", "0", "quantity"))
    rest = await reservations.fulfil(call("parcel 2"), held.id)
    assert rest.reservation.state is ReservationState.FULFILLED
    assert await level(stocked, "LAMP", "EAST") == (0, 0)
    assert await level(stocked, "LAMP", "WEST") == (2, 0)


async def test_a_released_reservation_gives_everything_back_where_it_was_held(stocked: Gateway) -> None:
    held = await hold(stocked, "r", LAMP=6)
    released = await stocked.orders.reservations.release(call("changed my mind"), held.id)
    assert released.reservation.state is ReservationState.RELEASED
    assert await level(stocked, "LAMP", "EAST") == (5, 0)
    assert await level(stocked, "LAMP", "WEST") == (3, 0)


async def test_units_go_back_to_a_location_that_has_been_deactivated(stocked: Gateway) -> None:
    held = await hold(stocked, "r", LAMP=6)
    await stocked.database["locations"].update_one({"_id": "WEST"}, {"$set": {"active": False}})
    await stocked.stock_store.locations(fresh=True)
    await stocked.orders.reservations.release(call("back"), held.id)
    assert await level(stocked, "LAMP", "WEST") == (3, 0)


async def test_what_is_held_of_a_renamed_and_archived_item_can_be_given_back(stocked: Gateway) -> None:
    held = await hold(stocked, "r", LAMP=1)
    change = {"$set": {"sku": "LIGHT", "status": "archived"}, "$inc": {"revision": 1}}
    await stocked.database["items"].update_one({"sku": "LAMP"}, change)
    stocked.stock_store.forget(["LAMP"])
    await stocked.orders.reservations.release(call("back"), held.id)
    assert await level(stocked, "LIGHT", "EAST") == (5, 0)


async def step(gateway: Gateway, name: str, key: str, held: str) -> Reservation:
    """Take one of the steps that a reservation's life may have."""
    extra = {"extend": (60,), "reassign": ("heir", None)}.get(name, ())
    outcome: ReservationOutcome = await getattr(gateway.orders.reservations, name)(call(key), held, *extra)
    return outcome.reservation


@pytest.mark.parametrize(
    ("done", "late", "code"),
    [
        (["commit"], ["commit", "extend"], Code.ALREADY_COMMITTED),
        (["commit", "fulfil"], ["commit", "extend", "release", "fulfil", "reassign"], Code.ALREADY_FULFILLED),
        (["release"], ["commit", "extend", "release", "fulfil", "reassign"], Code.ALREADY_RELEASED),
        (["reassign"], ["commit", "extend", "release", "fulfil", "reassign"], Code.ALREADY_RELEASED),
        ([], ["commit", "extend", "release", "fulfil", "reassign"], Code.EXPIRED),
    ],
)
async def test_whoever_comes_too_late_is_told_what_happened_instead(
    stocked: Gateway, clock: StoppedClock, done: list[str], late: list[str], code: Code
) -> None:
    held = await hold(stocked, "r", LAMP=1)
    after = [await step(stocked, name, name, held.id) for name in done]
    if not done:
        clock.advance(10**6)
    for name in late:
        with pytest.raises(Conflict) as refusal:
            await step(stocked, name, f"late {name}", held.id)
        assert refusal.value.code is code, name
        if done == ["reassign"]:
            assert after[0].id in refusal.value.message


async def test_a_hold_that_was_not_paid_cannot_be_shipped(stocked: Gateway) -> None:
    held = await hold(stocked, "r", LAMP=1)
    with pytest.raises(Conflict) as refusal:
        await stocked.orders.reservations.fulfil(call("ship"), held.id)
    assert refusal.value.code is Code.NOT_COMMITTED


async def test_a_reservation_that_does_not_exist_is_not_found(stocked: Gateway) -> None:
    with pytest.raises(NotFound) as refusal:
        await stocked.orders.reservations.commit(call("c"), "nowhere")
    assert refusal.value.code is Code.RESERVATION_NOT_FOUND
    with pytest.raises(InvalidInput):
        await stocked.orders.reservations.commit(call("c"), "\ud800")


async def test_an_extended_hold_outlives_its_first_time(stocked: Gateway, clock: StoppedClock) -> None:
    reservations = stocked.orders.reservations
    held = (await reservations.create(call("r"), lines(LAMP=1), expires_in_seconds=60)).reservation
    clock.advance(59)
    await reservations.extend(call("more"), held.id, 60)
    clock.advance(59)
    await reservations.commit(call("c"), held.id)


async def test_reassigned_units_change_owner_without_ever_being_available(stocked: Gateway) -> None:
    reservations = stocked.orders.reservations
    held = await hold(stocked, "r", LAMP=6)
    await reservations.commit(call("paid"), held.id)
    await reservations.fulfil(call("parcel"), held.id, [FulfilledLine(1, 1)])
    heir = (await reservations.reassign(call("fraud"), held.id, "customer-2", "order-2")).reservation
    assert (heir.owner, heir.reference, heir.state) == ("customer-2", "order-2", ReservationState.COMMITTED)
    assert [(line.location_id, line.quantity) for line in heir.lines] == [("EAST", 5)]
    given = await reservations.get(held.id)
    assert (given.state, given.reassigned_to) == (ReservationState.RELEASED, heir.id)
    assert await level(stocked, "LAMP", "EAST") == (0, 5)
    await reservations.fulfil(call("heir"), heir.id)


async def test_an_expired_hold_never_refuses_a_buyer_and_is_shown_as_expired_before_it_is_swept(
    stocked: Gateway, clock: StoppedClock
) -> None:
    held = await hold(stocked, "r", DESK=2)
    clock.advance(10**6)
    shown = await stocked.orders.reservations.get(held.id)
    assert (shown.state, [line.open for line in shown.lines]) == (ReservationState.EXPIRED, [0])
    transfers = stocked.movements.transfers
    planned = await transfers.create(call("plan"), "EAST", "WEST", [PlannedLine("DESK", 1)])
    await transfers.ship(call("ship"), planned.document.id)
    assert (await hold(stocked, "s", DESK=1)).state is ReservationState.HELD
    clock.advance(10**6)
    await stocked.stock.apply(adjust("walk-in", "DESK", {"EAST": -1}))


async def test_an_expired_hold_makes_room_for_the_rest_of_a_partial_reservation(
    stocked: Gateway, clock: StoppedClock
) -> None:
    await hold(stocked, "r", LAMP=6)
    clock.advance(10**6)
    create = stocked.orders.reservations.create
    outcome = await create(call("s"), lines(LAMP=9), allow_partial=True)
    assert sum(line.quantity for line in outcome.reservation.lines) == 8
    assert (await create(call("s"), lines(LAMP=9), allow_partial=True)).replayed


async def test_an_owners_older_hold_makes_room_only_where_the_stock_is_short(stocked: Gateway) -> None:
    reservations = stocked.orders.reservations
    first = await hold(stocked, "a", "cart-1", DESK=1)
    await hold(stocked, "b", "cart-1", DESK=1)
    assert (await reservations.get(first.id)).state is ReservationState.HELD
    await hold(stocked, "c", "cart-1", DESK=2)
    assert (await reservations.get(first.id)).state is ReservationState.RELEASED
    with pytest.raises(InsufficientStock):
        await hold(stocked, "d", "cart-2", DESK=1)


async def test_an_owners_expired_hold_does_not_keep_the_newer_one_from_making_room(
    stocked: Gateway, clock: StoppedClock
) -> None:
    await hold(stocked, "a", "cart-1", LAMP=1)
    clock.advance(600)
    newer = await hold(stocked, "b", "cart-1", LAMP=7)
    clock.advance(600)
    assert (await hold(stocked, "c", "cart-1", LAMP=3)).state is ReservationState.HELD
    assert (await stocked.orders.reservations.get(newer.id)).state is ReservationState.RELEASED


async def test_reservations_are_found_by_owner_reference_item_and_state(stocked: Gateway) -> None:
    reservations = stocked.orders.reservations
    lamp = await hold(stocked, "a", "ann", LAMP=1)
    desk = (await reservations.create(call("b", reference="order-7"), lines(DESK=1), owner="bob")).reservation
    await reservations.commit(call("c"), desk.id)
    ids = {sku: item.id for sku, item in (await stocked.stock_store.items(["LAMP", "DESK"])).items()}

    async def found(**wanted: object) -> list[str]:
        page = await reservations.page(ReservationFilter(**wanted), None, 10)  # type: ignore[arg-type]
        return [reservation.id for reservation in page]

    assert set(await found()) == {lamp.id, desk.id}
    assert await found(owner="ann") == await found(item_id=ids["LAMP"]) == [lamp.id]
    assert await found(reference="order-7") == await found(states=(ReservationState.COMMITTED,)) == [desk.id]
    assert await found(owner="ann", states=(ReservationState.COMMITTED,)) == []


async def test_reservations_are_found_in_the_state_they_are_in_whether_swept_or_not(
    stocked: Gateway, clock: StoppedClock
) -> None:
    reservations = stocked.orders.reservations
    short = (await reservations.create(call("short"), lines(LAMP=1), expires_in_seconds=10)).reservation.id
    long = (await reservations.create(call("long"), lines(LAMP=1), expires_in_seconds=60)).reservation.id
    gone = (await hold(stocked, "gone", LAMP=1)).id
    await reservations.release(call("release"), gone)
    clock.advance(10)

    async def found() -> dict[ReservationState, list[str]]:
        pages = {state: await reservations.page(ReservationFilter(states=(state,)), None, 10) for state in states}
        assert all(shown.state is state for state, page in pages.items() for shown in page)
        return {state: [shown.id for shown in page] for state, page in pages.items()}

    states = (ReservationState.HELD, ReservationState.EXPIRED, ReservationState.RELEASED)
    unswept = await found()
    assert list(unswept.values()) == [[long], [short], [gone]]
    assert await stocked.orders.sweeper.sweep() == 1
    assert await found() == unswept


async def test_a_repetition_is_one_even_after_the_default_expiry_was_changed(
    stocked: Gateway, clock: StoppedClock, mongo_uri: str, database_name: str
) -> None:
    async def made(gateway: Gateway) -> list[bool]:
        held = await gateway.orders.reservations.create(call("r"), lines(DESK=1))
        order = await gateway.orders.orders.checkout(call("o"), lines(LAMP=1))
        paying = await gateway.orders.orders.start_payment(call("p"), order.view.order.id)
        return [held.replayed, order.replayed, paying.replayed]

    assert await made(stocked) == [False] * 3
    changed = {"reservation_seconds": 60, "payment_seconds": 60}
    async with kernel(mongo_uri, database_name, clock=clock, **changed) as restarted:
        assert await made(restarted) == [True] * 3
        with pytest.raises(IdempotencyKeyReused) as refusal:
            await restarted.orders.reservations.create(call("r"), lines(DESK=1), expires_in_seconds=60)
        assert refusal.value.differing_paths == ("expiresInSeconds",)


async def test_the_ledger_tells_what_a_reference_did(stocked: Gateway) -> None:
    reservations = stocked.orders.reservations
    held = (await reservations.create(call("r", reference="order-7"), lines(LAMP=1))).reservation
    await reservations.commit(call("c"), held.id)
    await reservations.fulfil(call("f"), held.id)
    entries = await stocked.database["ledger"].find({"reference": "order-7"}).sort("seq", 1).to_list(10)
    assert [entry["kind"] for entry in entries] == ["reserve", "commit", "fulfil"]
