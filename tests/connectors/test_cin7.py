"""What is particular to Cin7's two products: documents and webhooks of Core, changes or counts of Omni."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import orjson
import pytest

from connectors.errors import Permanent
from connectors.messages import OrderEvent, OrderReference, OrderStage
from connectors.platforms.cin7.core_sales import PRODUCTS_MAX
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


def read(status: str, order: str = "AUTHORISED", **more: Any) -> OrderEvent:
    """Of three TEE, whose product is looked up until they are picked."""
    lines = [
        {"SKU": "TEE", "ProductID": "p1", "Quantity": 2.0},
        {"SKU": "TEE", "ProductID": "p1", "Quantity": 1.0},
        {"SKU": "FAR", "Quantity": 1, **DROPPED},
    ]
    body = {
        "ID": SALE,
        "Status": status,
        "Location": "Main",
        "LastModifiedOn": "2026-11-20T10:15:34.750",
        "Order": {"SaleOrderNumber": "SO-00044", "Status": order, "Lines": lines},
        **more,
    }
    answers = [answer(body), answer(GOODS)]
    _, event = drive(CASE.connector.read_order(CONFIG, SALE), answers)
    assert event is not None
    return event


def sale(status: str, order: str = "AUTHORISED", **more: Any) -> tuple[OrderStage, list[tuple[int, int, int]]]:
    event = read(status, order, **more)
    return event.stage, [(one.ordered, one.allocated, one.released) for one in event.lines or ()]


GOODS = {"Total": 1, "Products": [{"SKU": "TEE", "Type": "Stock"}]}
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


def picked(units: float, place: str | None, shipped: str = "AUTHORISED") -> dict[str, Any]:
    lines = [{"SKU": "TEE", "Location": place, "Quantity": units}]
    return {"Pick": {"Status": "AUTHORISED", "Lines": lines}, "Ship": {"Status": shipped}}


def places(event: OrderEvent) -> list[tuple[str, str | None, int, int, int]]:
    return [(one.line_id, one.location_id, one.ordered, one.allocated, one.released) for one in event.lines or ()]


def tracked(event: OrderEvent) -> dict[str | None, bool]:
    return {line.sku: line.tracked for line in event.lines or ()}


def test_what_is_picked_elsewhere_is_taken_from_there() -> None:
    some = [picked(2.0, "East", "DRAFT")]
    assert places(read("PICKED", Fulfilments=some)) == [("TEE@East", "East", 2, 2, 0), ("TEE", "Main", 1, 1, 0)]
    both = [picked(2.0, "East"), picked(1.0, None)]
    assert places(read("SHIPPING", Fulfilments=both)) == [("TEE@East", "East", 2, 0, 0), ("TEE", "Main", 1, 0, 0)]
    assert places(read("COMPLETED", Fulfilments=[picked(9.0, "East")])) == [("TEE@East", "East", 3, 0, 0)]
    draft = [picked(3.0, "East") | {"Pick": {"Status": "DRAFT", "Lines": None}, "Ship": {"Status": "DRAFT"}}]
    _, (line,) = sale("PICKING", Fulfilments=draft)
    assert line == (3, 3, 0), "nothing is picked yet"


def test_a_return_is_told_at_the_place_it_is_restocked_at() -> None:
    notes = [{"Status": "AUTHORISED", "Restock": [{"SKU": "TEE", "Location": "East", "Quantity": 1.0}]}]
    event = read("COMPLETED", Fulfilments=[picked(1.0, "East"), picked(2.0, "Main")], CreditNotes=notes)
    assert places(event) == [("TEE@East", "East", 1, 0, 1), ("TEE", "Main", 2, 0, 0)]
    event = read("COMPLETED", Fulfilments=[picked(3.0, "Main")], CreditNotes=notes)
    (line,) = event.lines or ()
    assert (line.location_id, line.released, line.return_location_id) == ("Main", 1, "East")


async def test_a_service_is_told_as_such(core: Connected, shop: SimulatedCin7Core) -> None:
    shop.services.add("CAP")
    shop.shelf.put("CAP", shop.home(), 5)
    order = await shop.sell_many({"MUG": 2, "CAP": 1})
    before = await core.order(str(UUID(int=order.order_id)))
    await shop.fulfil(order)
    after = await core.order(str(UUID(int=order.order_id)))
    assert [tracked(event) for event in (before, after)] == [{"MUG": True, "CAP": False}] * 2


async def test_a_sale_that_is_too_long_to_look_up_is_goods_until_it_is_picked(
    core: Connected, shop: SimulatedCin7Core
) -> None:
    skus = [f"PEN-{number}" for number in range(PRODUCTS_MAX)]
    for sku in (*skus, "ENGRAVING"):
        shop.skus.append(sku)
        shop.shelf.put(sku, shop.home(), 5)
    shop.services.add("ENGRAVING")
    order = await shop.sell_many(dict.fromkeys((*skus, "ENGRAVING"), 1))
    assert tracked(await core.order(str(UUID(int=order.order_id))))["ENGRAVING"]
    await shop.pick(order, shop.home())
    assert tracked(await core.order(str(UUID(int=order.order_id)))) == {**dict.fromkeys(skus, True), "ENGRAVING": False}


async def test_goods_picked_at_another_location_leave_that_one(core: Connected, shop: SimulatedCin7Core) -> None:
    shop.shelf.put("MUG", "Outlet", 9)
    order = await shop.sell("MUG", 2)
    await shop.pick(order, "Outlet")
    before = await core.order(str(UUID(int=order.order_id)))
    await shop.fulfil(order)
    after = await core.order(str(UUID(int=order.order_id)))
    assert [event.stage for event in (before, after)] == [OrderStage.OPEN, OrderStage.FULFILLED]
    assert [places(event)[0][1:3] for event in (before, after)] == [("Outlet", 2)] * 2
    assert [shop.on_hand("MUG", place) for place in shop.locations] == [10, 7]


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
