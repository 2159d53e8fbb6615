"""What is particular to Cin7's two products: documents and webhooks of Core, changes or counts of Omni."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import orjson
import pytest

from connectors.errors import Permanent
from connectors.messages import OrderReference, OrderStage
from connectors.simulated import SimulatedCin7Core, SimulatedCin7Omni
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Rejected
from tests.connectors.case import answer, drive
from tests.connectors.cases import cin7_omni
from tests.connectors.cases.cin7_core import CASE, SALE, level, levels
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime
from tests.connectors.receiver import Receiver
from tests.connectors.vendor_description import VendorDescription

DESCRIPTION = VendorDescription("cin7", base="/ExternalApi/v2")
CONFIG = CASE.config()


@pytest.fixture
async def core(make_client: MakeClient) -> AsyncIterator[Connected]:
    shop, time = SimulatedCin7Core(STOCK), QuickTime()
    async with Receiver() as receiver, shop:
        client = make_client("cin7-core", shop, clock=time.clock, sleep=time.sleep)
        connected = Connected("cin7-core", shop, client, receiver)
        await connected.learn()
        yield connected


@pytest.fixture
def shop(core: Connected) -> SimulatedCin7Core:
    assert isinstance(core.shop, SimulatedCin7Core)
    return core.shop


@pytest.fixture(params=[False, True], ids=["change", "count"])
async def omni(make_client: MakeClient, request: pytest.FixtureRequest) -> AsyncIterator[Connected]:
    shop, time = SimulatedCin7Omni(STOCK, takes_counts=request.param), QuickTime()
    async with Receiver() as receiver, shop:
        client = make_client("cin7-omni", shop, clock=time.clock, sleep=time.sleep)
        connected = Connected("cin7-omni", shop, client, receiver)
        await connected.learn()
        yield connected


def sale(status: str, order: str = "AUTHORISED", **more: Any) -> tuple[OrderStage, list[tuple[int, int, int]]]:
    lines = [{"SKU": "TEE", "Quantity": 2.0}, {"SKU": "TEE", "Quantity": 1.0}, {"SKU": "FAR", "Quantity": 1, **DROPPED}]
    body = {
        "ID": SALE,
        "Status": status,
        "Location": "Main",
        "LastModifiedOn": "2026-11-20T10:15:34.750",
        "Order": {"SaleOrderNumber": "SO-00044", "Status": order, "Lines": lines},
        **more,
    }
    _, event = drive(CASE.connector.read_order(CONFIG, SALE), [answer(body)])
    assert event is not None
    return event.stage, [(one.ordered, one.allocated, one.released) for one in event.lines or ()]


DROPPED = {"DropShip": True}
LEFT = [
    {
        "Pick": {"Status": "AUTHORISED", "Lines": [{"SKU": "TEE", "Quantity": 2.0}]},
        "Ship": {"Status": "AUTHORISED"},
    },
    {"Pick": {"Status": "AUTHORISED", "Lines": [{"SKU": "TEE", "Quantity": 1.0}]}, "Ship": {"Status": "DRAFT"}},
]
BACK = [{"Status": "AUTHORISED", "Restock": [{"SKU": "TEE", "Quantity": 1.0}]}, {"Status": "DRAFT", "Restock": None}]


def test_a_sale_is_told_by_sku_and_without_what_the_supplier_ships() -> None:
    assert sale("ORDERED") == (OrderStage.OPEN, [(3, 3, 0)])


def test_a_sale_that_nobody_has_authorised_holds_nothing() -> None:
    assert sale("ESTIMATED", "DRAFT") == (OrderStage.PENDING, [(3, 0, 3)])
    assert sale("SOMETHING NEW") == (OrderStage.OPEN, [(3, 3, 0)]), "an unknown status counts as placed"


def test_a_sale_is_followed_through_its_shipments_and_returns() -> None:
    assert sale("SHIPPING", Fulfilments=LEFT) == (OrderStage.OPEN, [(3, 1, 0)])
    assert sale("COMPLETED", Fulfilments=LEFT) == (OrderStage.FULFILLED, [(3, 0, 0)])
    assert sale("COMPLETED", Fulfilments=LEFT, CreditNotes=BACK) == (OrderStage.FULFILLED, [(3, 0, 1)])
    assert sale("VOIDED") == (OrderStage.CANCELLED, [(3, 0, 3)])


def test_events_name_their_sale_in_two_ways() -> None:
    body = orjson.dumps({"SaleTaskID": SALE.upper(), "EventType": "Sale/ShipmentAuthorised"})
    (message,) = CASE.connector.receive(CONFIG, CASE.notification(body=body))
    assert isinstance(message, OrderReference) and message.order_id == SALE


def test_what_lies_in_bins_is_not_counted_away() -> None:
    places: tuple[dict[str, Any], ...] = ({"Bin": "A-1"}, {"Batch": "B7"})
    for more in places:
        body = levels(level("TEE", 18), level("TEE", 2, **more))
        _, (outcome,) = drive(CASE.connector.write_stock(CONFIG, CASE.updates[:1]), [answer(body)])
        assert isinstance(outcome, Rejected) and outcome.code == "not_counted"


async def test_a_part_of_a_sku_is_another_sku(core: Connected, shop: SimulatedCin7Core) -> None:
    shop.skus.append("MUG-XL")
    shop.shelf.put("MUG-XL", shop.home(), 99)
    assert await core.write(core.update("MUG", 7, 10)) == [Confirmed(7)]


async def test_many_counts_are_read_at_once(core: Connected, shop: SimulatedCin7Core) -> None:
    for number in range(9):
        shop.skus.append(f"PEN-{number}")
        shop.shelf.put(f"PEN-{number}", shop.home(), 5)
    await core.learn()
    shop.requests.clear()
    outcomes = await core.write(*(core.update(f"PEN-{number}", 4, 5) for number in range(9)))
    assert outcomes == [Confirmed(4)] * 9
    assert [request.method for request in shop.requests] == ["GET", "POST", "GET"]


async def test_an_adjustment_kept_as_a_draft_stops_the_channel(core: Connected, shop: SimulatedCin7Core) -> None:
    shop.drafts = True
    with pytest.raises(Permanent, match="draft"):
        await core.write(core.update("MUG", 1))


async def test_webhooks_are_registered_once_and_switched_on_again(core: Connected, shop: SimulatedCin7Core) -> None:
    subscribe = core.connector.subscribe
    assert await core.client.run(subscribe(core.config, "https://gw.example/webhooks/c")) == ()
    assert {hook["Type"] for hook in shop.hooks.values()} == set(core.connector.topics)
    next(iter(shop.hooks.values()))["IsActive"] = False
    await core.client.run(subscribe(core.config, "https://gw.example/webhooks/c"))
    assert len(shop.hooks) == len(core.connector.topics)
    assert all(hook["IsActive"] and hook["ExternalBearerToken"] for hook in shop.hooks.values())


async def test_every_request_is_as_the_vendor_describes_it(core: Connected, shop: SimulatedCin7Core) -> None:
    order = await shop.sell("MUG", 2)
    await core.write(core.update("MUG", 5, 8))
    await core.client.run(core.connector.read_orders(core.config, None, order.updated_at))
    await core.order(str(UUID(int=order.order_id)))
    await core.client.run(core.connector.check(core.config))
    await core.client.run(core.connector.subscribe(core.config, "https://gw.example/webhooks/c"))
    assert DESCRIPTION.violations(shop.requests) == []


async def test_omni_is_told_changes_or_counts_as_the_operator_found_out(omni: Connected) -> None:
    await omni.shop.sell("MUG", 4)
    assert await omni.write(omni.update("MUG", 9, 6), omni.update("CAP", 2, 0)) == [Confirmed(9), Confirmed(2)]
    assert omni.shop.shelf.quantity("MUG", "3") == 9
    (written,) = omni.shop.stock_writes()
    told = [line["qty"] for line in orjson.loads(written.body)[0]["lineItems"]]
    assert told == ([13, 2] if omni.config.adjustment_quantity == "count" else [3, 2])


async def test_a_row_that_omni_refuses_is_found_inside_the_success(omni: Connected) -> None:
    omni.shop.misbehave(Misbehaviour.ERROR_INSIDE_SUCCESS)
    (outcome,) = await omni.write(omni.update("MUG", 9))
    assert isinstance(outcome, Rejected) and "not found" in outcome.reason


async def test_omni_takes_a_reference_once(omni: Connected) -> None:
    for quantity in (9, 8, 10, 9):
        assert await omni.write(omni.update("MUG", quantity)) == [Confirmed(quantity)]
    assert len({orjson.loads(write.body)[0]["reference"] for write in omni.shop.stock_writes()}) == 4


@pytest.mark.parametrize(
    ("changed", "stage"),
    [
        ({}, OrderStage.OPEN),
        ({"isApproved": False}, OrderStage.PENDING),
        ({"dispatchedDate": "2026-11-20T10:15:30Z"}, OrderStage.FULFILLED),
        ({"isVoid": True}, OrderStage.CANCELLED),
    ],
)
def test_an_omni_order_is_as_far_as_it_says(changed: dict[str, Any], stage: OrderStage) -> None:
    case = cin7_omni.CASE
    _, event = drive(case.connector.read_order(case.config(), "1044"), [answer([cin7_omni.ORDER | changed])])
    assert event is not None and event.stage is stage
