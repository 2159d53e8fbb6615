"""What is particular to SAP Business One, against its simulated company over real HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from connectors.errors import AuthExpired, Retriable
from connectors.messages import OrderEvent, OrderReference, OrderStage
from connectors.platforms.sap_business_one.lookups import CODES_MAX, uncounted
from connectors.simulated import SimulatedSapBusinessOne
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.simulated.platform import ReceivedRequest
from connectors.updates import Confirmed, Deferred, Rejected, Stale
from tests.connectors.case import answer, drive
from tests.connectors.cases.sap_business_one import CASE
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.receiver import Receiver
from tests.connectors.vendor_description import VendorDescription

UNDESCRIBED = (
    "Warehouses",
    "DeliveryNotes",
    "Returns",
    "CreditNotes",
    "QueryService_PostQuery",
    "CompanyService_GetAdminInfo",
)
SINCE = datetime.now(UTC) - timedelta(hours=1)


def described(request: ReceivedRequest) -> bool:
    return not any(name in request.path for name in UNDESCRIBED)


DESCRIPTION = VendorDescription("sap-business-one", base="/b1s/v2", wanted=described)


@pytest.fixture
async def shop() -> AsyncIterator[SimulatedSapBusinessOne]:
    async with SimulatedSapBusinessOne(STOCK) as shop:
        yield shop
    assert DESCRIPTION.violations(shop.requests) == []


@pytest.fixture
async def sap(shop: SimulatedSapBusinessOne, make_client: MakeClient) -> AsyncIterator[Connected]:
    async with Receiver() as receiver:
        shop.webhooks.address = receiver.url
        connected = Connected("sap-business-one", shop, make_client("sap-business-one", shop), receiver)
        await connected.learn()
        yield connected


async def told(sap: Connected) -> list[tuple[OrderStage, list[tuple[int, int, int]]]]:
    return [
        (event.stage, [(line.ordered, line.allocated, line.released) for line in event.lines or ()])
        for event in await sap.received()
        if isinstance(event, OrderEvent)
    ]


async def test_what_is_committed_is_added_to_what_is_counted(sap: Connected, shop: SimulatedSapBusinessOne) -> None:
    await shop.sell("MUG", 3)
    assert await sap.write(sap.update("MUG", 5, 7), sap.update("CAP", 0, 0)) == [Confirmed(5), Confirmed(0)]
    assert (await sap.stock())["MUG"] == 8, "on hand: 5 to offer and 3 promised"
    assert shop.postings == 1, "nothing is posted where nothing differs"
    (posting,) = shop.stock_writes()
    assert len(orjson.loads(posting.body)["InventoryPostingLines"]) == 1


async def test_a_sale_that_nobody_told_of_is_not_trampled(sap: Connected, shop: SimulatedSapBusinessOne) -> None:
    await shop.sell("MUG", 1)
    assert await sap.write(sap.update("MUG", 8, 10)) == [Stale(9)]
    assert await sap.write(sap.update("MUG", 7, 9)) == [Confirmed(7)]


async def test_an_order_is_told_shipped_and_cancelled(sap: Connected, shop: SimulatedSapBusinessOne) -> None:
    first, second = await shop.sell("MUG", 2), await shop.sell("SHIRT-RED-M", 1)
    assert await told(sap) == [(OrderStage.OPEN, [(2, 2, 0)]), (OrderStage.OPEN, [(1, 1, 0)])]
    await shop.fulfil(first)
    await shop.cancel(second)
    assert await told(sap) == [(OrderStage.FULFILLED, [(2, 0, 0)]), (OrderStage.CANCELLED, [(1, 0, 1)])]


async def test_polls_find_every_kind_of_document_once(sap: Connected, shop: SimulatedSapBusinessOne) -> None:
    order = await shop.sell("MUG", 1)
    shop.at_once.add(invoice := (await shop.sell("MUG", 2)).order_id)
    found, cursor, more = [], None, True
    while more:
        page = await sap.client.run(sap.connector.read_orders(sap.config, cursor, SINCE))
        found += [entry.order_id for entry in page.entries if isinstance(entry, OrderReference)]
        cursor, more = page.cursor, page.more
    assert found == [f"Orders-{order.order_id}", f"Invoices-{invoice}"]
    assert [(await sap.order(order_id)).stage for order_id in found] == [OrderStage.OPEN, OrderStage.FULFILLED]


async def test_a_service_is_sold_and_not_counted(sap: Connected, shop: SimulatedSapBusinessOne) -> None:
    shop.services.add("CAP")
    shop.serial.add("SHIRT-RED-M")
    order = await shop.sell_many({"MUG": 2, "CAP": 1, "SHIRT-RED-M": 1})
    lines = (await sap.order(f"Orders-{order.order_id}")).lines or ()
    assert [(line.sku, line.tracked) for line in lines] == [("MUG", True), ("CAP", False), ("SHIRT-RED-M", True)]
    (asked,) = (request for request in shop.requests if "ItemCode eq 'MUG'" in request.query.get("$filter", ""))
    assert "'CAP'" in asked.query["$filter"], "one look for all of them"


def test_many_items_are_looked_up_in_parts_and_quotes_are_doubled() -> None:
    codes = {f"ITEM-{number:03}" for number in range(CODES_MAX)} | {"O'NEILL"}
    first, second = answer({"value": []}), answer({"value": [{"ItemCode": "O'NEILL", "InventoryItem": "tNO"}]})
    requests, found = drive(uncounted(CASE.config(), codes), [first, second])
    assert [str(request.query["$filter"]).count("ItemCode eq") for request in requests] == [CODES_MAX, 1]
    assert requests[1].query["$filter"] == "ItemCode eq 'O''NEILL'" and found == {"O'NEILL"}


async def test_items_with_numbers_and_unknown_ones_do_not_harm_others(
    sap: Connected, shop: SimulatedSapBusinessOne
) -> None:
    shop.serial.add("CAP")
    gone = replace(sap.update("MUG", 1), platform_ids={"item_code": "GONE"})
    serial, missing, written = await sap.write(sap.update("CAP", 1), gone, sap.update("MUG", 9))
    assert isinstance(serial, Rejected) and serial.code == "not_counted"
    assert isinstance(missing, Rejected) and missing.code == "not_found" and written == Confirmed(9)


async def test_a_session_that_ended_is_opened_again_once(sap: Connected, shop: SimulatedSapBusinessOne) -> None:
    shop.expire()
    assert await sap.write(sap.update("MUG", 9, 10)) == [Confirmed(9)]
    assert shop.logins == 2


async def test_a_wrong_password_is_an_expired_authorisation(
    sap: Connected, shop: SimulatedSapBusinessOne, make_client: MakeClient
) -> None:
    wrong = shop.config() | {"password": "wrong"}
    shop.config = lambda: wrong  # type: ignore[method-assign]
    client = make_client("sap-business-one", shop)
    with pytest.raises(AuthExpired):
        await client.run(sap.connector.check(sap.config))


async def test_a_lost_answer_is_made_good_by_looking(sap: Connected, shop: SimulatedSapBusinessOne) -> None:
    shop.misbehave(Misbehaviour.DROPPED_AFTER_APPLYING)
    update = sap.update("MUG", 6)
    with pytest.raises(Retriable):
        await sap.write(update)
    assert await sap.write(update) == [Confirmed(6)] and shop.postings == 1
    shop.misbehave(Misbehaviour.NOTHING_CHANGED)
    (outcome,) = await sap.write(sap.update("MUG", 4, 6))
    assert isinstance(outcome, Deferred)


async def test_the_check_names_the_warehouses(sap: Connected) -> None:
    check = await sap.client.run(sap.connector.check(sap.config))
    assert (check.summary, [place.location_id for place in check.locations]) == (
        "Connected to SBODEMOUS with 1 warehouse(s)",
        ["01"],
    )
