from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.bootstrap import Gateway
from gateway.inventory.arrivals import Arrival, Condition
from gateway.inventory.backordering import InboundShare
from gateway.inventory.backorders import Backorder, BackorderState
from gateway.inventory.errors import Code, InventoryError
from gateway.inventory.inbound import InboundOrder
from gateway.inventory.receiving import ExpectedLine
from gateway.inventory.reservations import Reservation, ReservationState
from gateway.operations.sourcing import LineRequest
from gateway.planning.risks import PromiseAtRisk, RiskReason
from gateway.store.views.backorders import BackorderView
from tests.movements.stocked import call, level, stocked

MAY = datetime(2099, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)


async def ordered(gateway: Gateway, *lines: ExpectedLine) -> InboundOrder:
    return (await gateway.movements.inbound.create(call(), "ACME", lines)).document


async def bought(gateway: Gateway, units: int, expected_at: datetime | None = MAY) -> tuple[str, InboundOrder]:
    """A SKU without stock, and the purchase that brings it."""
    sku = await stocked(gateway, {"EAST": 0})
    return sku, await ordered(gateway, ExpectedLine(sku, "EAST", units, expected_at))


async def promised(
    gateway: Gateway, inbound: InboundOrder, units: int, line: int = 0, *, reference: str | None = None
) -> Backorder:
    asked = call() if reference is None else call(reference=reference)
    return (await gateway.supply.backorders.create(asked, [InboundShare(inbound.id, line, units)])).document


async def read(gateway: Gateway, backorder: Backorder) -> Backorder:
    found = await BackorderView(gateway.database).by_id(backorder.id)
    assert found is not None
    return found


async def reserved(gateway: Gateway, backorder: Backorder, allocation: int = 1) -> Reservation:
    return await gateway.orders.reservations.get(backorder.reservation_id(allocation))


async def hurt(gateway: Gateway, inbound_id: str) -> list[PromiseAtRisk]:
    found = {purchase.id: purchase for purchase in await gateway.supply.risks.page(None, 100)}
    return gateway.supply.risks.of(found[inbound_id]) if inbound_id in found else []


async def code_of(refused: object) -> Code:
    with pytest.raises(InventoryError) as refusal:
        await refused  # type: ignore[misc]
    return refusal.value.code


async def test_what_arrives_is_allocated_to_those_who_wait_before_anybody_can_buy_it(gateway: Gateway) -> None:
    sku, inbound = await bought(gateway, 10)
    first, second = await promised(gateway, inbound, 4, reference="o-1"), await promised(gateway, inbound, 3)
    assert await level(gateway, sku, "EAST") == (0, 0, 10, 0)
    await gateway.movements.inbound.receive(call(), inbound.id, [Arrival(0, 6)])
    assert await level(gateway, sku, "EAST") == (0, 6, 4, 0)
    reservation = await reserved(gateway, first)
    assert (reservation.state, reservation.expires_at, reservation.reference) == (
        ReservationState.COMMITTED,
        None,
        "o-1",
    )
    assert [(line.sku, line.location_id, line.open) for line in reservation.lines] == [(sku, "EAST", 4)]
    assert (await read(gateway, first)).state is BackorderState.ALLOCATED
    assert ((await read(gateway, second)).state, (await reserved(gateway, second)).lines[0].open) == (
        BackorderState.WAITING,
        2,
    )
    await gateway.movements.inbound.receive(call(), inbound.id)
    assert await level(gateway, sku, "EAST") == (3, 7, 0, 0)
    assert (await reserved(gateway, second, 2)).lines[0].open == 1


async def test_never_more_is_promised_than_a_line_still_brings(gateway: Gateway) -> None:
    _, inbound = await bought(gateway, 5)
    await promised(gateway, inbound, 3)
    refused = gateway.supply.backorders.create(call(), [InboundShare(inbound.id, 0, 2), InboundShare(inbound.id, 0, 1)])
    assert await code_of(refused) is Code.MORE_THAN_EXPECTED
    await promised(gateway, inbound, 2)
    assert await code_of(promised(gateway, inbound, 1)) is Code.MORE_THAN_EXPECTED


async def test_a_repetition_finds_the_same_backorder(gateway: Gateway) -> None:
    _, inbound = await bought(gateway, 5)
    asked, share = call(), InboundShare(inbound.id, 0, 3)
    once = await gateway.supply.backorders.create(asked, [share], owner="me")
    again = await gateway.supply.backorders.create(asked, [share], owner="me")
    assert (again.replayed, again.document) == (True, replace(once.document, revision=1))
    other = gateway.supply.backorders.create(asked, [replace(share, quantity=2)], owner="me")
    assert await code_of(other) is Code.IDEMPOTENCY_KEY_REUSED
    receipt = call()
    await gateway.movements.inbound.receive(receipt, inbound.id)
    assert (await gateway.movements.inbound.receive(receipt, inbound.id)).replayed
    assert (await read(gateway, once.document)).allocations == 1


async def test_a_cancelled_backorder_gives_its_units_to_the_next(gateway: Gateway) -> None:
    sku, inbound = await bought(gateway, 5)
    backorder = await promised(gateway, inbound, 5)
    less = (await gateway.supply.backorders.cancel(call(), backorder.id, [(0, 2)])).document
    assert (less.lines[0].waiting, less.state) == (3, BackorderState.WAITING)
    await promised(gateway, inbound, 2)
    refused = gateway.supply.backorders.cancel(call(), backorder.id, [(0, 4)])
    assert await code_of(refused) is Code.MORE_THAN_EXPECTED
    gone = (await gateway.supply.backorders.cancel(call(), backorder.id)).document
    assert gone.state is BackorderState.CANCELLED
    assert await code_of(gateway.supply.backorders.cancel(call(), backorder.id)) is Code.ALREADY_CANCELLED
    await gateway.movements.inbound.receive(call(), inbound.id)
    assert await level(gateway, sku, "EAST") == (3, 2, 0, 0)


async def test_what_arrived_is_shipped_like_any_reservation(gateway: Gateway) -> None:
    sku, inbound = await bought(gateway, 5)
    backorder = await promised(gateway, inbound, 5)
    await gateway.movements.inbound.receive(call(), inbound.id)
    reservation = (await reserved(gateway, backorder)).id
    assert await code_of(gateway.orders.reservations.create(call(), [LineRequest(sku, 1)])) is Code.INSUFFICIENT_STOCK
    await gateway.orders.reservations.fulfil(call(), reservation)
    assert await level(gateway, sku, "EAST") == (0, 0, 0, 0)


async def test_damaged_units_serve_nobody_and_their_replacement_does(gateway: Gateway) -> None:
    sku, inbound = await bought(gateway, 4)
    first, second = await promised(gateway, inbound, 3), await promised(gateway, inbound, 1)
    await gateway.movements.inbound.receive(call(), inbound.id, [Arrival(0, 2, Condition.UNSELLABLE)])
    found = await hurt(gateway, inbound.id)
    assert [(risk.binding.backorder_id, risk.quantity, risk.reason) for risk in found] == [
        (first.id, 1, RiskReason.NO_LONGER_EXPECTED),
        (second.id, 1, RiskReason.NO_LONGER_EXPECTED),
    ]
    await gateway.movements.inbound.receive(call(), inbound.id)
    await gateway.movements.inbound.receive(call(), inbound.id, [Arrival(0, 3)], allow_more=True)
    assert await level(gateway, sku, "EAST") == (1, 4, 0, 2)
    assert await hurt(gateway, inbound.id) == []


async def test_a_late_shipment_names_the_backorders_that_it_hurts(gateway: Gateway) -> None:
    _, inbound = await bought(gateway, 5)
    backorder = await promised(gateway, inbound, 2, reference="o-7")
    patient = [InboundShare(inbound.id, 0, 1, MAY + 30 * DAY)]
    await gateway.supply.backorders.create(call(), patient)
    assert await hurt(gateway, inbound.id) == []
    await gateway.movements.inbound.update(call(), inbound.id, [(0, MAY + 9 * DAY)])
    [risk] = await hurt(gateway, inbound.id)
    assert (risk.binding.backorder_id, risk.binding.reference, risk.quantity) == (backorder.id, "o-7", 2)
    assert (risk.binding.promised_for, risk.now_expected, risk.reason) == (MAY, MAY + 9 * DAY, RiskReason.LATER)
    await gateway.movements.inbound.update(call(), inbound.id, [(0, None)])
    assert {risk.reason for risk in await hurt(gateway, inbound.id)} == {RiskReason.NO_DATE}
    await gateway.movements.inbound.update(call(), inbound.id, [(0, MAY)])
    assert await hurt(gateway, inbound.id) == []
    await gateway.movements.inbound.cancel(call(), inbound.id)
    assert [risk.quantity for risk in await hurt(gateway, inbound.id)] == [2, 1]


async def test_an_overdue_purchase_hurts_without_anybody_touching_it(gateway: Gateway) -> None:
    _, inbound = await bought(gateway, 5, datetime.now(UTC) - 30 * DAY)
    await promised(gateway, inbound, 2)
    assert [risk.reason for risk in await hurt(gateway, inbound.id)] == [RiskReason.OVERDUE]


async def test_a_backorder_is_moved_to_a_purchase_that_comes(gateway: Gateway) -> None:
    sku, late = await bought(gateway, 5)
    other = await ordered(gateway, ExpectedLine(sku, "WEST", 3, MAY))
    strange = (await bought(gateway, 5))[1]
    backorder = await promised(gateway, late, 4)
    move = gateway.supply.backorders.move
    assert await code_of(move(call(), backorder.id, 0, InboundShare(other.id, 0, 4))) is Code.MORE_THAN_EXPECTED
    assert await code_of(move(call(), backorder.id, 0, InboundShare(strange.id, 0, 1))) is Code.INVALID_INPUT
    assert await code_of(move(call(), backorder.id, 7, InboundShare(other.id, 0, 1))) is Code.MORE_THAN_EXPECTED
    moved = (await move(call(), backorder.id, 0, InboundShare(other.id, 0, 3))).document
    assert [(line.location_id, line.waiting) for line in moved.lines] == [("EAST", 1), ("WEST", 3)]
    await gateway.movements.inbound.cancel(call(), late.id)
    await gateway.movements.inbound.receive(call(), other.id)
    assert await level(gateway, sku, "WEST") == (0, 3, 0, 0)
    gone = (await gateway.supply.backorders.cancel(call(), backorder.id)).document
    assert gone.state is BackorderState.ALLOCATED
    assert await hurt(gateway, late.id) == []


async def test_one_backorder_may_wait_for_several_lines_that_arrive_together(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 0})
    inbound = await ordered(gateway, ExpectedLine(sku, "EAST", 2, MAY), ExpectedLine(sku, "WEST", 2, MAY))
    shares = [InboundShare(inbound.id, 0, 1), InboundShare(inbound.id, 1, 2), InboundShare(inbound.id, 0, 1)]
    backorder = (await gateway.supply.backorders.create(call(), shares)).document
    await gateway.movements.inbound.receive(call(), inbound.id)
    lines = (await reserved(gateway, backorder)).lines
    assert sorted((line.request_line, line.location_id, line.open) for line in lines) == [
        (0, "EAST", 1),
        (1, "WEST", 2),
        (2, "EAST", 1),
    ]


@pytest.mark.parametrize(
    ("share", "code"),
    [
        (InboundShare("nothing", 0, 1), Code.INBOUND_NOT_FOUND),
        (InboundShare("nothing", 0, 0), Code.OUT_OF_RANGE),
        (InboundShare("not a slug", 0, 1), Code.INVALID_CHARACTERS),
        (InboundShare("nothing", 0, 1, datetime(2027, 1, 1)), Code.INVALID_INPUT),
    ],
)
async def test_what_cannot_be_promised_is_refused(gateway: Gateway, share: InboundShare, code: Code) -> None:
    assert await code_of(gateway.supply.backorders.create(call(), [share])) is code


async def test_only_lines_of_purchases_that_are_open_can_be_promised(gateway: Gateway) -> None:
    _, inbound = await bought(gateway, 5)
    assert await code_of(promised(gateway, inbound, 1, line=1)) is Code.OUT_OF_RANGE
    await gateway.movements.inbound.cancel(call(), inbound.id)
    assert await code_of(promised(gateway, inbound, 1)) is Code.ALREADY_CANCELLED
    assert await code_of(gateway.supply.backorders.cancel(call(), "nothing")) is Code.BACKORDER_NOT_FOUND
