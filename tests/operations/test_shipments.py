"""What has left is entered once, whoever tells of it."""

from __future__ import annotations

import pytest

from gateway.bootstrap import Gateway
from gateway.inventory.errors import Code, Conflict, InvalidInput
from gateway.inventory.order_steps import ShippedLine
from gateway.inventory.reservation_steps import FulfilledLine
from gateway.inventory.reservations import SHIPMENTS_MAX
from gateway.operations.calls import Call
from tests.operations.ordering import call, hold, level, lines


async def test_a_shipment_that_two_systems_tell_of_leaves_once(stocked: Gateway) -> None:
    orders = stocked.orders.orders
    order_id = (await orders.checkout(call("order"), lines(LAMP=3), hold_for_seconds=60)).view.order.id
    await orders.payment_succeeded(call("paid"), order_id)
    parcel = [ShippedLine("LAMP", 1)]
    await orders.shipped(Call("warehouse", "k1"), order_id, parcel, "parcel-7")
    for told in (Call("warehouse", "k2"), Call("erp", "k1")):
        with pytest.raises(Conflict) as refusal:
            await orders.shipped(told, order_id, parcel, "parcel-7")
        assert (refusal.value.code, refusal.value.path) == (Code.ALREADY_SHIPPED, ("shipmentId",))
    assert (await orders.shipped(Call("warehouse", "k1"), order_id, parcel, "parcel-7")).replayed
    assert await level(stocked, "LAMP", "EAST") == (2, 2)
    rest = await orders.shipped(Call("erp", "k3"), order_id, shipment_id="parcel-8")
    assert rest.view.reservation is not None and rest.view.reservation.shipments == ("parcel-7", "parcel-8")
    with pytest.raises(Conflict) as refusal:
        await orders.shipped(Call("warehouse", "k4"), order_id, shipment_id="parcel-8")
    assert refusal.value.code is Code.ALREADY_SHIPPED


async def test_the_same_holds_for_a_reservation(stocked: Gateway) -> None:
    reservations = stocked.orders.reservations
    held = (await hold(stocked, "r", LAMP=3)).id
    await reservations.commit(call("paid"), held)
    await reservations.fulfil(call("f1"), held, [FulfilledLine(0, 1)], "parcel-7")
    with pytest.raises(Conflict) as refusal:
        await reservations.fulfil(call("f2"), held, [FulfilledLine(0, 1)], "parcel-7")
    assert refusal.value.code is Code.ALREADY_SHIPPED
    await reservations.fulfil(call("f2"), held, [FulfilledLine(0, 1)])
    with pytest.raises(InvalidInput) as malformed:
        await reservations.fulfil(call("f3"), held, shipment_id=" ")
    assert malformed.value.code is Code.BLANK


async def test_the_list_of_shipments_is_bounded(stocked: Gateway) -> None:
    reservations = stocked.orders.reservations
    held = (await hold(stocked, "r", LAMP=3)).id
    await reservations.commit(call("paid"), held)
    entered = [f"parcel-{number}" for number in range(SHIPMENTS_MAX)]
    await stocked.database["reservations"].update_one({"_id": held}, {"$set": {"shipments": entered}})
    with pytest.raises(InvalidInput) as refusal:
        await reservations.fulfil(call("f"), held, shipment_id="one more")
    assert refusal.value.code is Code.TOO_MANY
    await reservations.fulfil(call("f"), held)
