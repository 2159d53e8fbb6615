"""Reservations and orders that are made with us for a channel: the ledger tells so, and old requests stay the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.bootstrap import Gateway
from gateway.inventory.commands import Command
from gateway.inventory.errors import Code, NotFound
from gateway.inventory.ledger import Cause
from gateway.inventory.requested_lines import RequestedLine
from gateway.inventory.reserving import Reserve
from gateway.operations.calls import Call
from gateway.operations.reclaiming import expired
from gateway.operations.sourcing import LineRequest
from gateway.store.channels import ChannelStore
from gateway.store.own_movements import OwnMovements
from tests.clock import StoppedClock
from tests.operations.ordering import call
from tests.selling import channel

WEB_LAMP = LineRequest("LAMP", 1, channel_id="web")


@pytest.fixture
async def shop(stocked: Gateway) -> Gateway:
    """With two channels."""
    channels = ChannelStore(stocked.database)
    for channel_id in ("web", "till"):
        assert await channels.insert(channel(channel_id))
    stocked.channels.directory.forget()
    return stocked


async def told(shop: Gateway, kind: str) -> list[str | None]:
    """The channels of the ledger's entries of one kind."""
    entries = await shop.database["ledger"].find({"kind": kind}).sort("seq", 1).to_list(100)
    return [entry.get("channelId") for entry in entries]


async def test_lines_that_all_name_one_channel_are_sold_through_it(shop: Gateway) -> None:
    reservations = shop.orders.reservations
    await reservations.create(call("one"), [WEB_LAMP, replace(WEB_LAMP, sku="DESK")])
    await reservations.create(call("two"), [WEB_LAMP, LineRequest("LAMP", 1, channel_id="till")])
    await reservations.create(call("none"), [WEB_LAMP, LineRequest("LAMP", 1)])
    await reservations.create(call("said"), [LineRequest("LAMP", 1)], channel_id="till")
    assert await told(shop, "reserve") == ["web", None, None, "till"]


async def test_every_step_of_a_reservation_keeps_its_channel(shop: Gateway, clock: StoppedClock) -> None:
    reservations = shop.orders.reservations
    made = [(await reservations.create(call(f"r{n}"), [WEB_LAMP])).reservation.id for n in range(3)]
    await reservations.release(call("release"), made[0])
    await reservations.extend(call("extend"), made[1], 60)
    await reservations.commit(call("commit"), made[2])
    heir = (await reservations.reassign(call("give"), made[2], "ann", None)).reservation
    assert heir.channel_id == "web"
    await reservations.fulfil(call("ship"), heir.id)
    hold = await reservations.get(made[1])
    clock.advance(60)
    await shop.stock.apply(expired(hold))
    for kind in ("release", "extend", "commit", "reassign", "fulfil", "expire"):
        assert await told(shop, kind) == ["web"], kind


async def test_every_step_of_an_order_keeps_its_channel(shop: Gateway) -> None:
    orders = shop.orders.orders
    made = (await orders.checkout(call("order"), [LineRequest("LAMP", 1)], channel_id="web")).view.order
    await orders.start_payment(call("start"), made.id)
    await orders.payment_failed(call("failed"), made.id)
    await orders.start_payment(call("again"), made.id)
    await orders.cancelled(call("cancelled"), made.id)
    assert await told(shop, "payment_start") == ["web", "web"]
    for kind in ("checkout", "payment_failure", "cancel"):
        assert await told(shop, kind) == ["web"], kind


async def test_an_order_from_before_it_knew_its_channel_tells_it_by_its_lines(shop: Gateway) -> None:
    orders = shop.orders.orders
    made = (await orders.checkout(call("order"), [WEB_LAMP])).view.order
    await shop.database["customer_orders"].update_one({"_id": made.id}, {"$unset": {"channelId": ""}})
    await orders.start_payment(call("start"), made.id)
    assert await told(shop, "payment_start") == ["web"]


async def test_an_unknown_channel_is_refused(shop: Gateway) -> None:
    with pytest.raises(NotFound) as refusal:
        await shop.orders.reservations.create(call("r"), [LineRequest("LAMP", 1)], channel_id="moon")
    assert (refusal.value.code, refusal.value.path) == (Code.CHANNEL_NOT_FOUND, ("channelId",))


def reserve(cause: Cause) -> Command:
    return Reserve("tests", "r", cause, "id", (RequestedLine("LAMP", 1, (), "web"),), None, None, 900)


def test_what_we_find_out_is_no_part_of_a_request_and_what_is_said_is() -> None:
    before = reserve(Cause("tests", None, "r"))
    found_out = reserve(Call("tests", "r").cause("r", "web"))
    said = reserve(Call("tests", "r").cause("r", "web", channel_said=True))
    assert before.fingerprint == found_out.fingerprint != said.fingerprint
    assert said.request["channelId"] == "web"
    # As it is in the ledgers of those who have been using it since before channels were found out.
    assert before.fingerprint.hex() == "54f2f665ee33b651e9a0d2880ebe1557"


async def test_a_platform_knows_nothing_of_reservations_made_with_us(shop: Gateway) -> None:
    await shop.orders.reservations.create(call("r"), [WEB_LAMP])
    item = (await shop.stock_store.items(["LAMP"]))["LAMP"]
    assert await OwnMovements(shop.database).of("web", {item.id: 0}) == []
