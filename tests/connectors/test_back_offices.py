"""What is the same at shops and ERPs that are asked for their orders: over real HTTP, against each simulated one."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import AuthExpired, Permanent, Unreachable
from connectors.messages import OrderEvent, OrderReference, OrderStage
from connectors.simulated import (
    SimulatedCin7Core,
    SimulatedCin7Omni,
    SimulatedMagento,
    SimulatedPrestaShop,
    SimulatedZohoInventory,
)
from connectors.simulated.held import CountsOnHand
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.simulated.platform import SimulatedPlatform
from connectors.updates import Confirmed, Deferred, Rejected, Stale
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime
from tests.connectors.receiver import Receiver

SHOPS: Mapping[str, Callable[[Mapping[str, int]], SimulatedPlatform]] = {
    "cin7-core": SimulatedCin7Core,
    "cin7-omni": SimulatedCin7Omni,
    "magento": SimulatedMagento,
    "prestashop": SimulatedPrestaShop,
    "zoho-inventory": SimulatedZohoInventory,
}
TELL_OF_RETURNS = ("cin7-core", "magento", "prestashop")
SINCE = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture(params=sorted(SHOPS))
async def office(make_client: MakeClient, request: pytest.FixtureRequest) -> AsyncIterator[Connected]:
    name = request.param
    time = QuickTime()
    async with Receiver() as receiver, SHOPS[name](STOCK) as shop:
        shop.webhooks.address = f"{receiver.url}?token=simulated-token" if name == "magento" else receiver.url
        connected = Connected(name, shop, make_client(name, shop, clock=time.clock, sleep=time.sleep), receiver)
        await connected.learn()
        yield connected


def units(event: OrderEvent) -> list[tuple[int, int, int]]:
    return [(line.ordered, line.allocated, line.released) for line in event.lines or ()]


async def shown(office: Connected, sku: str) -> int:
    """What can be sold, as the shop's list of stock says."""
    page = await office.client.run(office.connector.read_stock(office.config, None))
    at = (office.ids[sku], office.shop.home())
    (level,) = [level for level in page.entries if (level.platform_ids, level.location_id) == at]
    return (level.quantity or 0) - (level.committed or 0)


async def polled(office: Connected, cursor: str | None = None) -> tuple[dict[str, OrderEvent], str | None]:
    """By order id; references are followed."""
    page = await office.client.run(office.connector.read_orders(office.config, cursor, SINCE))
    events = [
        await office.order(entry.order_id) if isinstance(entry, OrderReference) else entry for entry in page.entries
    ]
    return {event.order_id: event for event in events}, page.cursor


async def test_a_written_quantity_arrives_and_reads_back(office: Connected) -> None:
    outcomes = await office.write(office.update("MUG", 7, 10), office.update("CAP", 3, 0))
    assert outcomes == [Confirmed(7), Confirmed(3)]
    assert office.shop.shelf.quantity("MUG", office.shop.home()) == 7
    assert await shown(office, "CAP") == 3


async def test_what_is_there_already_is_not_written(office: Connected) -> None:
    assert await office.write(office.update("MUG", 10, 10)) == [Confirmed(10)]
    assert office.shop.stock_writes() == []


async def test_a_sale_is_neither_trampled_nor_counted_twice(office: Connected) -> None:
    await office.shop.sell("MUG", 4)
    assert await office.write(office.update("MUG", 9, 10)) == [Stale(6)]
    # Of the nine that we have after a delivery, the shop may sell nine: its four are taken off both sides.
    assert await office.write(office.update("MUG", 9, 6)) == [Confirmed(9)]
    assert office.shop.shelf.quantity("MUG", office.shop.home()) == 9


@pytest.mark.parametrize("office", sorted(SHOPS.keys() - {"prestashop"}), indirect=True)
async def test_what_is_held_for_open_orders_stays_on_hand(office: Connected) -> None:
    assert isinstance(office.shop, CountsOnHand)
    order = await office.shop.sell("MUG", 4)
    assert await office.write(office.update("MUG", 5, 6)) == [Confirmed(5)]
    assert office.shop.on_hand("MUG", office.shop.home()) == 9
    await office.shop.fulfil(order)
    assert office.shop.on_hand("MUG", office.shop.home()) == 5
    assert await office.write(office.update("MUG", 5, 5)) == [Confirmed(5)]
    assert await shown(office, "MUG") == 5


async def test_a_listing_that_is_gone_does_not_harm_its_neighbours(office: Connected) -> None:
    gone = replace(office.update("MUG", 1), platform_ids=dict.fromkeys(office.ids["MUG"], "99999"))
    first, middle, last = await office.write(office.update("MUG", 9), gone, office.update("CAP", 1))
    assert (first, last) == (Confirmed(9), Confirmed(1)) and isinstance(middle, Rejected)


async def test_a_write_that_changed_nothing_is_not_confirmed(office: Connected) -> None:
    office.shop.misbehave(Misbehaviour.NOTHING_CHANGED)
    if office.connector.name == "zoho-inventory":
        with pytest.raises(Permanent, match="approval"):
            await office.write(office.update("MUG", 7, 10))
    else:
        (outcome,) = await office.write(office.update("MUG", 7, 10))
        assert isinstance(outcome, Deferred)


async def test_a_write_whose_answer_was_lost_is_not_done_twice(office: Connected) -> None:
    update = office.update("MUG", 7, 10)
    office.shop.misbehave(Misbehaviour.DROPPED_AFTER_APPLYING, times=8)
    with pytest.raises(Unreachable):
        await office.write(update)
    office.shop.behave()
    (again,) = await office.write(replace(update, change_from=None))
    assert (again, office.shop.shelf.quantity("MUG", office.shop.home())) == (Confirmed(7), 7)


async def test_an_order_is_followed_to_its_end(office: Connected) -> None:
    order = await office.shop.sell("MUG", 3)
    key = next(iter((await polled(office))[0]))
    seen = [await office.order(key)]
    await office.shop.fulfil(order)
    seen.append(await office.order(key))
    assert [units(event) for event in seen] == [[(3, 3, 0)], [(3, 0, 0)]]
    assert [event.stage for event in seen] == [OrderStage.OPEN, OrderStage.FULFILLED]
    if office.connector.name in TELL_OF_RETURNS:
        await office.shop.refund(order, "MUG", 1)
        assert units(await office.order(key)) == [(3, 0, 1)]


async def test_a_cancelled_order_gives_everything_back(office: Connected) -> None:
    await office.shop.cancel(await office.shop.sell_many({"MUG": 2, "SHIRT-RED-M": 1}))
    ((event),) = (await polled(office))[0].values()
    assert (event.stage, units(event)) == (OrderStage.CANCELLED, [(2, 0, 2), (1, 0, 1)])


async def test_a_poll_misses_nothing_at_its_edge(office: Connected) -> None:
    first = await office.shop.sell("MUG")
    found, cursor = await polled(office)
    assert len(found) == 1
    second = await office.shop.sell("SHIRT-RED-M")
    await office.shop.fulfil(first)
    later, _ = await polled(office, cursor)
    assert len(later) == 2 and later.keys() > found.keys(), second.order_id
    assert [later[key].stage for key in found] == [OrderStage.FULFILLED]


@pytest.mark.parametrize("office", ["cin7-core", "magento", "zoho-inventory"], indirect=True)
async def test_what_the_shop_tells_of_is_read(office: Connected) -> None:
    order = await office.shop.sell("MUG", 2)
    await office.shop.fulfil(order)
    told = [event for event in await office.received() if isinstance(event, OrderEvent)]
    assert len(told) == 2 and units(told[-1]) == [(2, 0, 0)]


async def test_an_order_that_is_not_there_is_none_or_given_back(office: Connected) -> None:
    order_id = "00000000-0000-0000-0000-000000000001" if office.connector.name == "cin7-core" else "1"
    event = await office.client.run(office.connector.read_order(office.config, order_id))
    assert event is None or (event.stage, event.lines) == (OrderStage.DELETED, ())


async def test_the_check_says_who_we_are_connected_to(office: Connected) -> None:
    check = await office.client.run(office.connector.check(office.config))
    assert check.summary.startswith("Connected") and check.problems == ()
    home = office.shop.home()
    assert home is None or home in [place.location_id for place in check.locations]


async def test_wrong_credentials_are_told_to_the_operator(office: Connected, make_client: MakeClient) -> None:
    field = {
        "cin7-core": "application_key",
        "cin7-omni": "api_key",
        "magento": "consumer_secret",
        "prestashop": "ws_key",
        "zoho-inventory": "refresh_token",
    }[office.connector.name]
    config = office.shop.config()
    config[field] = "x" * 32
    right = office.shop.config
    office.shop.config = lambda: config  # type: ignore[method-assign]
    client = make_client(office.connector.name, office.shop)
    office.shop.config = right  # type: ignore[method-assign]
    with pytest.raises(Permanent) as refused:
        await client.run(office.connector.check(office.config))
    assert isinstance(refused.value, AuthExpired) or "permissions" in refused.value.reason
