"""Connector and simulated NetSuite over real HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from connectors.errors import AuthExpired, Retriable, Throttled
from connectors.messages import OrderEvent, OrderStage
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.simulated.netsuite import SimulatedNetSuite
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.conftest import MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime
from tests.connectors.receiver import Receiver
from tests.connectors.vendor_description import VendorDescription

NAME = "netsuite"
STOCK = {"MUG": 10, "SHIRT : SHIRT-RED-M": 5, "CAP": 0}
DESCRIPTION = VendorDescription(NAME, base="/services/rest")


@pytest.fixture
async def netsuite(make_client: MakeClient) -> AsyncIterator[Connected]:
    shop, quick = SimulatedNetSuite(STOCK), QuickTime()
    async with Receiver() as receiver, shop:
        shop.webhooks.address = receiver.url
        connected = Connected(NAME, shop, make_client(NAME, shop, clock=quick.clock, sleep=quick.sleep), receiver)
        await connected.learn()
        yield connected
        assert DESCRIPTION.violations(shop.requests) == []


def shop_of(connected: Connected) -> SimulatedNetSuite:
    assert isinstance(connected.shop, SimulatedNetSuite)
    return connected.shop


def changed(connected: Connected, sku: str, quantity: int, delta: int) -> StockUpdate:
    return replace(connected.update(sku, quantity), delta=delta)


async def test_a_change_keeps_a_sale_that_is_still_in_flight(netsuite: Connected) -> None:
    netsuite.shop.webhooks.hold()
    await netsuite.shop.sell("MUG", 2)
    assert await netsuite.write(changed(netsuite, "MUG", 9, -1)) == [Confirmed(9)]
    assert netsuite.shop.shelf.quantity("MUG", "1") == 7


async def test_without_a_known_change_the_quantity_is_reached(netsuite: Connected) -> None:
    updates = [netsuite.update("MUG", 7), netsuite.update("CAP", 3), netsuite.update("SHIRT-RED-M", 5)]
    assert await netsuite.write(*updates) == [Confirmed(7), Confirmed(3), Confirmed(5)]
    assert [netsuite.shop.shelf.quantity(sku, "1") for sku in STOCK] == [7, 5, 3]
    assert len(netsuite.shop.stock_writes()) == 2, "a change of zero is an entry in nobody's ledger"


async def test_locations_are_written_and_read_apart(netsuite: Connected) -> None:
    outlet = replace(netsuite.update("MUG", 4), location_id="2")
    assert await netsuite.write(outlet) == [Confirmed(4)]
    page = await netsuite.client.run(netsuite.connector.read_stock(netsuite.config, None))
    shown = {(entry.sku, entry.location_id): entry.quantity for entry in page.entries}
    assert (shown["MUG", "1"], shown["MUG", "2"], len(shown)) == (10, 4, 6)


async def test_an_item_that_is_gone_does_not_harm_its_neighbours(netsuite: Connected) -> None:
    gone = replace(changed(netsuite, "MUG", 1, 1), platform_ids={"item_id": "999"}, idempotency_key="gone")
    first, middle, last = await netsuite.write(changed(netsuite, "MUG", 9, -1), gone, changed(netsuite, "CAP", 1, 1))
    assert (first, last) == (Confirmed(9), Confirmed(1))
    assert isinstance(middle, Rejected) and middle.code == "USER_ERROR"


async def test_the_same_change_sent_again_is_applied_once(netsuite: Connected) -> None:
    update = changed(netsuite, "MUG", 8, -2)
    for _ in range(3):
        assert await netsuite.write(update) == [Confirmed(8)]
    assert netsuite.shop.shelf.quantity("MUG", "1") == 8


@pytest.mark.parametrize(
    "kind",
    [
        Misbehaviour.SERVER_ERROR,
        Misbehaviour.HANG,
        Misbehaviour.SLOW_BODY,
        Misbehaviour.DROPPED_AFTER_APPLYING,
    ],
)
async def test_one_lost_answer_is_made_good_at_once_and_once(netsuite: Connected, kind: Misbehaviour) -> None:
    netsuite.shop.misbehave(kind)
    assert await netsuite.write(changed(netsuite, "MUG", 6, -4)) == [Confirmed(6)]
    assert netsuite.shop.shelf.quantity("MUG", "1") == 6


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Misbehaviour.THROTTLED, Throttled),
        (Misbehaviour.THROTTLED_SILENTLY, Throttled),
        (Misbehaviour.WRONG_JSON, Retriable),
        (Misbehaviour.HTML_PAGE, Retriable),
    ],
)
async def test_a_useless_answer_is_typed(netsuite: Connected, kind: Misbehaviour, expected: type[Exception]) -> None:
    netsuite.shop.misbehave(kind)
    update = changed(netsuite, "MUG", 6, -4)
    with pytest.raises(expected) as failed:
        await netsuite.write(update)
    assert type(failed.value) is expected
    assert await netsuite.write(update) == [Confirmed(6)]
    assert netsuite.shop.shelf.quantity("MUG", "1") == 6


async def test_an_error_about_a_line_rejects_the_line(netsuite: Connected) -> None:
    netsuite.shop.misbehave(Misbehaviour.ERROR_INSIDE_SUCCESS)
    (outcome,) = await netsuite.write(changed(netsuite, "MUG", 6, -4))
    assert outcome == Rejected("USER_ERROR", "Please configure the inventory detail in line 1")


async def test_many_changes_are_one_job_and_the_bad_one_is_told_apart(netsuite: Connected) -> None:
    shop = shop_of(netsuite)
    for number in range(20):
        shop.add_item(f"BULK-{number}", 5)
    await netsuite.learn()
    updates = [changed(netsuite, f"BULK-{number}", 5 + number, number) for number in range(20)]
    updates[7] = replace(updates[7], platform_ids={"item_id": "99999"})
    for _ in range(2):
        outcomes = await netsuite.write(*updates)
        assert [number for number, outcome in enumerate(outcomes) if isinstance(outcome, Rejected)] == [7]
        assert sum(isinstance(outcome, Confirmed) for outcome in outcomes) == 19
    assert [shop.shelf.quantity(f"BULK-{number}", "1") for number in (0, 1, 7, 19)] == [5, 6, 5, 24]
    jobs = [request for request in shop.stock_writes() if "Prefer" in request.headers]
    assert len(jobs) == 2 and len({request.headers["X-NetSuite-Idempotency-Key"] for request in jobs}) == 1


async def test_a_job_that_is_not_done_in_time_is_asked_for_again(netsuite: Connected) -> None:
    shop = shop_of(netsuite)
    shop.looks_until_done = 6
    for number in range(10):
        shop.add_item(f"BULK-{number}", 5)
    await netsuite.learn()
    updates = [changed(netsuite, f"BULK-{number}", 6, 1) for number in range(10)]
    first, second = await netsuite.write(*updates), await netsuite.write(*updates)
    assert not any(isinstance(outcome, Confirmed) for outcome in first)
    assert second == [Confirmed(6)] * 10
    assert shop.shelf.quantity("BULK-3", "1") == 6


async def test_a_sale_and_all_that_follows_is_told(netsuite: Connected) -> None:
    order = await netsuite.shop.sell("MUG", 3)
    states: list[Any] = []
    for happens in (netsuite.shop.fulfil(order), netsuite.shop.refund(order, "MUG", 1), None):
        event = (await netsuite.received())[-1]
        assert isinstance(event, OrderEvent) and event.lines is not None and event.order_id == str(order.order_id)
        states.append([(line.sku, line.ordered, line.allocated, line.released) for line in event.lines])
        if happens is not None:
            await happens
    assert states == [[("MUG", 3, 3, 0)], [("MUG", 3, 0, 0)], [("MUG", 3, 0, 1)]]
    assert set(netsuite.shop.webhooks.statuses) == {202}


async def test_a_cancelled_order_releases_everything(netsuite: Connected) -> None:
    await netsuite.shop.cancel(await netsuite.shop.sell_many({"MUG": 2, "SHIRT : SHIRT-RED-M": 1}))
    *_, event = await netsuite.received()
    assert isinstance(event, OrderEvent) and event.lines is not None
    assert [(line.sku, line.released, line.allocated) for line in event.lines] == [
        ("MUG", 2, 0),
        ("SHIRT-RED-M", 1, 0),
    ]


async def test_a_deleted_order_lets_everything_go(netsuite: Connected) -> None:
    order = await netsuite.shop.sell("MUG", 2)
    netsuite.receiver.notifications.clear()
    await shop_of(netsuite).delete(order)
    (event,) = await netsuite.received()
    assert isinstance(event, OrderEvent) and (event.stage, event.lines) == (OrderStage.DELETED, ())
    assert await netsuite.client.run(netsuite.connector.read_order(netsuite.config, str(order.order_id))) is None


async def test_orders_nobody_told_us_of_are_found_by_asking_page_by_page(netsuite: Connected) -> None:
    netsuite.shop.webhooks.hold()
    sold = {str((await netsuite.shop.sell("MUG", 1)).order_id) for _ in range(230)}
    since = datetime.now(UTC) - timedelta(hours=1)
    cursor, more, found, pages = None, True, [], 0
    while more:
        page = await netsuite.client.run(netsuite.connector.read_orders(netsuite.config, cursor, since))
        found += [entry.order_id for entry in page.entries]
        cursor, more, pages = page.cursor, page.more, pages + 1
    assert (set(found), len(found), pages) == (sold, 230, 3)
    again = await netsuite.client.run(netsuite.connector.read_orders(netsuite.config, cursor, since))
    assert len(again.entries) == 100, "polls overlap rather than leave a gap"


async def test_catalogues_and_stock_are_read_page_by_page(netsuite: Connected) -> None:
    shop = shop_of(netsuite)
    for number in range(1_200):
        shop.add_item(f"BULK-{number}", number)
    await netsuite.learn()
    shown = await netsuite.stock()
    assert len(netsuite.ids) == len(shown) == 1_203


async def test_a_refused_token_is_renewed_once(netsuite: Connected) -> None:
    shop_of(netsuite).expire_tokens()
    assert await netsuite.write(changed(netsuite, "MUG", 6, -4)) == [Confirmed(6)]
    assert len([request for request in netsuite.shop.requests if request.path.endswith("/token")]) == 2


async def test_another_key_is_an_expired_authorisation(
    netsuite: Connected, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = netsuite.shop.config() | {"private_key_pem": SimulatedNetSuite({}).config()["private_key_pem"]}
    monkeypatch.setattr(netsuite.shop, "config", lambda: entered)
    client = make_client(NAME, netsuite.shop)
    with pytest.raises(AuthExpired):
        await client.run(netsuite.connector.check(netsuite.config))


async def test_the_check_names_the_locations_and_a_missing_permission(netsuite: Connected) -> None:
    check = await netsuite.client.run(netsuite.connector.check(netsuite.config))
    assert check.summary == "Connected to the account 1234567_SB1 with 2 location(s)" and check.problems == ()
    assert [(place.location_id, place.name) for place in check.locations] == [("1", "Main"), ("2", "Outlet")]
    shop_of(netsuite).may_adjust = False
    check = await netsuite.client.run(netsuite.connector.check(netsuite.config))
    assert check.problems == ("The role lacks the permission Adjust Inventory: add it.",)


async def test_a_person_is_told_to_install_the_script(netsuite: Connected) -> None:
    (left,) = await netsuite.client.run(netsuite.connector.subscribe(netsuite.config, "https://gateway.example/hook"))
    assert "https://gateway.example/hook" in left


async def test_the_adjustments_are_posted_to_the_configured_account(netsuite: Connected) -> None:
    await netsuite.write(changed(netsuite, "MUG", 6, -4))
    (request,) = netsuite.shop.stock_writes()
    assert orjson.loads(request.body)["account"] == {"id": "58"}
