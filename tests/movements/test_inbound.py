from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.bootstrap import Gateway
from gateway.inventory.arrivals import Arrival, Condition
from gateway.inventory.errors import Code, InventoryError
from gateway.inventory.inbound import InboundOrder, InboundState
from gateway.inventory.ledger import Cause
from gateway.inventory.receiving import ExpectedLine
from gateway.inventory.returns import Return
from gateway.store.views.inbound import InboundFilter, InboundView
from tests.movements.stocked import call, level, stocked

MAY = datetime(2027, 5, 1, tzinfo=UTC)


async def ordered(gateway: Gateway, *lines: ExpectedLine, supplier: str = "ACME") -> InboundOrder:
    return (await gateway.movements.inbound.create(call(), supplier, lines)).document


async def code_of(refused: object) -> Code:
    with pytest.raises(InventoryError) as refusal:
        await refused  # type: ignore[misc]
    return refusal.value.code


async def test_ordered_units_are_incoming(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 1})
    purchase = await ordered(gateway, ExpectedLine(sku, "EAST", 5), ExpectedLine(sku, "EAST", 2, MAY))
    assert purchase.state is InboundState.OPEN
    assert await level(gateway, sku, "EAST") == (1, 0, 7, 0)


async def test_a_delivery_arrives_in_parts(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 1})
    purchase = await ordered(gateway, ExpectedLine(sku, "EAST", 5), ExpectedLine(sku, "WEST", 5))
    inbound = gateway.movements.inbound
    arrivals = [Arrival(0, 3), Arrival(1, 1, Condition.UNSELLABLE)]
    partly = (await inbound.receive(call(), purchase.id, arrivals)).document
    assert partly.state is InboundState.PARTLY_RECEIVED
    assert await level(gateway, sku, "EAST") == (4, 0, 2, 0)
    assert await level(gateway, sku, "WEST") == (0, 0, 4, 1)
    whole = (await inbound.receive(call(), purchase.id)).document
    assert whole.state is InboundState.RECEIVED
    assert await level(gateway, sku, "EAST") == (6, 0, 0, 0)
    assert await code_of(inbound.receive(call(), purchase.id)) is Code.ALREADY_RECEIVED


async def test_more_than_was_ordered_arrives_only_where_that_is_allowed(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 1})
    purchase = await ordered(gateway, ExpectedLine(sku, "EAST", 5))
    inbound = gateway.movements.inbound
    assert await code_of(inbound.receive(call(), purchase.id, [Arrival(0, 6)])) is Code.MORE_THAN_EXPECTED
    more = (await inbound.receive(call(), purchase.id, [Arrival(0, 6)], allow_more=True)).document
    assert more.state is InboundState.RECEIVED
    assert more.lines[0].received == 6
    assert await level(gateway, sku, "EAST") == (7, 0, 0, 0)
    await inbound.receive(call(), purchase.id, [Arrival(0, 1)], allow_more=True)
    assert await level(gateway, sku, "EAST") == (8, 0, 0, 0)


async def test_cancelling_takes_back_what_is_outstanding(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 1})
    purchase = await ordered(gateway, ExpectedLine(sku, "EAST", 5))
    await gateway.movements.inbound.receive(call(), purchase.id, [Arrival(0, 2)])
    cancelled = (await gateway.movements.inbound.cancel(call(), purchase.id)).document
    assert cancelled.state is InboundState.CANCELLED
    assert await level(gateway, sku, "EAST") == (3, 0, 0, 0)
    refused = gateway.movements.inbound.receive(call(), purchase.id, [Arrival(0, 1)], allow_more=True)
    assert await code_of(refused) is Code.ALREADY_CANCELLED


async def test_expected_dates_change_and_are_found(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 1})
    purchase = await ordered(gateway, ExpectedLine(sku, "EAST", 5, MAY), ExpectedLine(sku, "WEST", 5))
    view, item_id = InboundView(gateway.database), purchase.lines[0].item_id
    in_may = InboundFilter(item_id, expected_from=MAY, expected_until=MAY + timedelta(days=31))
    assert [found.id for found in await view.page(in_may, None, 10)] == [purchase.id]
    late = MAY + timedelta(days=40)
    changed = (await gateway.movements.inbound.update(call(), purchase.id, [(0, late), (1, late)])).document
    assert [line.expected_at for line in changed.lines] == [late, late]
    assert await view.page(in_may, None, 10) == []
    in_june = InboundFilter(item_id, "WEST", expected_from=MAY + timedelta(days=31))
    assert [found.id for found in await view.page(in_june, None, 10)] == [purchase.id]


async def test_a_received_line_is_no_longer_expected(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 1})
    purchase = await ordered(gateway, ExpectedLine(sku, "EAST", 5, MAY))
    await gateway.movements.inbound.receive(call(), purchase.id)
    view, item_id = InboundView(gateway.database), purchase.lines[0].item_id
    assert await view.page(InboundFilter(item_id, expected_from=MAY), None, 10) == []
    assert len(await view.page(InboundFilter(item_id, states=(InboundState.RECEIVED,)), None, 10)) == 1


async def test_a_line_cannot_be_given_two_dates_at_once(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 1})
    purchase = await ordered(gateway, ExpectedLine(sku, "EAST", 5))
    update = gateway.movements.inbound.update
    assert await code_of(update(call(), purchase.id, [(0, MAY), (0, None)])) is Code.DUPLICATE
    assert await code_of(update(call(), purchase.id, [(1, MAY)])) is Code.OUT_OF_RANGE
    assert await code_of(update(call(), "nothing", [(0, MAY)])) is Code.INBOUND_NOT_FOUND


async def test_the_history_of_a_purchase_is_found_by_the_buyers_reference(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 1})
    lines = [ExpectedLine(sku, "EAST", 5)]
    purchase = (await gateway.movements.inbound.create(call(reference="PO-7"), "ACME", lines)).document
    received = await gateway.movements.inbound.receive(call(), purchase.id)
    assert received.entry.cause.reference == "PO-7"


@pytest.mark.parametrize(
    ("condition", "after"), [(Condition.SELLABLE, (3, 0, 0, 0)), (Condition.UNSELLABLE, (1, 0, 0, 2))]
)
async def test_returned_units_are_counted_by_their_condition(
    gateway: Gateway, condition: Condition, after: tuple[int, ...]
) -> None:
    sku = await stocked(gateway, {"EAST": 1})
    asked = call()
    await gateway.stock.apply(Return("tests", asked.idempotency_key, Cause("tests"), sku, "EAST", 2, condition))
    assert await level(gateway, sku, "EAST") == after
