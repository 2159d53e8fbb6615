from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from gateway.bootstrap import Gateway
from gateway.inventory.arrivals import Arrival, Condition
from gateway.inventory.catalog import LocationChange
from gateway.inventory.errors import Code, InventoryError
from gateway.inventory.transferring import PlannedLine
from gateway.inventory.transfers import Resolution, StockTransfer, TransferState
from gateway.store.views.transfers import TransferFilter, TransferView
from tests.builders import adjust
from tests.movements.stocked import call, level, stocked


async def shipped(gateway: Gateway, sku: str, quantity: int = 10) -> StockTransfer:
    draft = await planned(gateway, sku, quantity)
    return (await gateway.movements.transfers.ship(call(), draft.id)).document


async def planned(gateway: Gateway, sku: str, quantity: int = 10) -> StockTransfer:
    lines = [PlannedLine(sku, quantity)]
    return (await gateway.movements.transfers.create(call(), "EAST", "WEST", lines)).document


async def code_of(refused: object) -> Code:
    with pytest.raises(InventoryError) as refusal:
        await refused  # type: ignore[misc]
    return refusal.value.code


async def test_a_draft_moves_nothing(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    draft = await planned(gateway, sku)
    assert draft.state is TransferState.DRAFT
    assert await level(gateway, sku, "EAST") == (10, 0, 0, 0)
    assert await level(gateway, sku, "WEST") == (0, 0, 0, 0)


async def test_shipped_units_are_incoming_at_the_destination(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    await shipped(gateway, sku, 6)
    assert await level(gateway, sku, "EAST") == (4, 0, 0, 0)
    assert await level(gateway, sku, "WEST") == (0, 0, 6, 0)


async def test_more_than_is_available_cannot_be_shipped(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 3})
    draft = await planned(gateway, sku, 4)
    assert await code_of(gateway.movements.transfers.ship(call(), draft.id)) is Code.INSUFFICIENT_STOCK
    assert await level(gateway, sku, "EAST") == (3, 0, 0, 0)


async def test_units_arrive_in_parts_and_damaged_ones_cannot_be_sold(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    transfer = await shipped(gateway, sku)
    arrivals = [Arrival(0, 5), Arrival(0, 2, Condition.UNSELLABLE)]
    partly = (await gateway.movements.transfers.receive(call(), transfer.id, arrivals)).document
    assert partly.state is TransferState.PARTLY_RECEIVED
    assert await level(gateway, sku, "WEST") == (5, 0, 3, 2)
    whole = (await gateway.movements.transfers.receive(call(), transfer.id)).document
    assert whole.state is TransferState.RECEIVED
    assert await level(gateway, sku, "WEST") == (8, 0, 0, 2)
    assert whole.discrepancies == ()


async def test_more_than_is_in_transit_cannot_arrive(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    transfer = await shipped(gateway, sku, 3)
    arrivals = [Arrival(0, 2), Arrival(0, 2)]
    refused = gateway.movements.transfers.receive(call(), transfer.id, arrivals)
    assert await code_of(refused) is Code.MORE_THAN_EXPECTED
    assert await level(gateway, sku, "WEST") == (0, 0, 3, 0)


async def test_a_line_that_the_transfer_does_not_have_is_refused(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    transfer = await shipped(gateway, sku, 3)
    refused = gateway.movements.transfers.receive(call(), transfer.id, [Arrival(1, 1)])
    assert await code_of(refused) is Code.OUT_OF_RANGE


async def test_closing_short_opens_a_discrepancy_and_loses_nothing(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    transfer = await shipped(gateway, sku)
    transfers = gateway.movements.transfers
    await transfers.receive(call(), transfer.id, [Arrival(0, 6)])
    closed = (await transfers.close(call(reason="short delivery"), transfer.id)).document
    [discrepancy] = closed.discrepancies
    assert closed.state is TransferState.RECEIVED
    assert (discrepancy.quantity, discrepancy.open, discrepancy.reason) == (4, 4, "short delivery")
    assert await level(gateway, sku, "WEST") == (6, 0, 4, 0)


async def test_missing_units_are_found_or_written_off(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    transfer = await shipped(gateway, sku)
    transfers = gateway.movements.transfers
    await transfers.close(call(), transfer.id)
    await transfers.resolve(call(), transfer.id, 0, Resolution.FOUND, 3)
    await transfers.resolve(call(), transfer.id, 0, Resolution.FOUND, 1, Condition.UNSELLABLE)
    assert await level(gateway, sku, "WEST") == (3, 0, 6, 1)
    resolved = (await transfers.resolve(call(), transfer.id, 0, Resolution.LOST)).document
    [discrepancy] = resolved.discrepancies
    assert (discrepancy.found, discrepancy.lost, discrepancy.open) == (4, 6, 0)
    assert await level(gateway, sku, "WEST") == (3, 0, 0, 1)
    assert await code_of(transfers.resolve(call(), transfer.id, 0, Resolution.LOST)) is Code.NO_DISCREPANCY


async def test_cancelling_sends_the_units_in_transit_back(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    transfer = await shipped(gateway, sku)
    await gateway.movements.transfers.receive(call(), transfer.id, [Arrival(0, 4)])
    cancelled = (await gateway.movements.transfers.cancel(call(), transfer.id)).document
    assert cancelled.state is TransferState.CANCELLED
    assert await level(gateway, sku, "EAST") == (6, 0, 0, 0)
    assert await level(gateway, sku, "WEST") == (4, 0, 0, 0)


async def test_each_state_refuses_with_what_happened_instead(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    transfers = gateway.movements.transfers
    draft = await planned(gateway, sku, 1)
    assert await code_of(transfers.receive(call(), draft.id)) is Code.NOT_SHIPPED
    await transfers.ship(call(), draft.id)
    assert await code_of(transfers.ship(call(), draft.id)) is Code.ALREADY_SHIPPED
    await transfers.receive(call(), draft.id)
    assert await code_of(transfers.cancel(call(), draft.id)) is Code.ALREADY_RECEIVED
    other = await planned(gateway, sku, 1)
    await transfers.cancel(call(), other.id)
    assert await code_of(transfers.ship(call(), other.id)) is Code.ALREADY_CANCELLED
    assert await code_of(transfers.ship(call(), "nothing")) is Code.TRANSFER_NOT_FOUND


async def test_cancel_and_receive_at_once_have_one_winner(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    transfer = await shipped(gateway, sku)
    transfers = gateway.movements.transfers
    results = await asyncio.gather(
        transfers.cancel(call(), transfer.id), transfers.receive(call(), transfer.id), return_exceptions=True
    )
    assert sum(isinstance(result, InventoryError) for result in results) == 1
    east, west = await level(gateway, sku, "EAST"), await level(gateway, sku, "WEST")
    assert (east, west) in [((10, 0, 0, 0), (0, 0, 0, 0)), ((0, 0, 0, 0), (10, 0, 0, 0))]


async def test_a_repeated_step_is_taken_once(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    transfer = await shipped(gateway, sku)
    once = call()
    first = await gateway.movements.transfers.receive(once, transfer.id, [Arrival(0, 4)])
    again = await gateway.movements.transfers.receive(once, transfer.id, [Arrival(0, 4)])
    assert (first.replayed, again.replayed) == (False, True)
    assert first.entry == again.entry
    assert await level(gateway, sku, "WEST") == (4, 0, 6, 0)


async def test_a_repeated_creation_finds_the_same_transfer(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    once, lines = call(), [PlannedLine(sku, 1)]
    first = await gateway.movements.transfers.create(once, "EAST", "WEST", lines)
    again = await gateway.movements.transfers.create(once, "EAST", "WEST", lines)
    assert again.replayed
    assert again.document.id == first.document.id


async def test_lines_for_one_sku_are_added_up(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    lines = [PlannedLine(sku, 2), PlannedLine(sku, 3)]
    transfer = (await gateway.movements.transfers.create(call(), "EAST", "WEST", lines)).document
    assert [line.quantity for line in transfer.lines] == [5]


@pytest.mark.parametrize(
    ("origin", "destination", "quantity", "code"),
    [
        ("EAST", "EAST", 1, Code.INVALID_INPUT),
        ("EAST", "MOON", 1, Code.LOCATION_NOT_FOUND),
        ("EAST", "WEST", 0, Code.OUT_OF_RANGE),
    ],
)
async def test_an_impossible_plan_is_refused(
    gateway: Gateway, origin: str, destination: str, quantity: int, code: Code
) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    refused = gateway.movements.transfers.create(call(), origin, destination, [PlannedLine(sku, quantity)])
    assert await code_of(refused) is code


async def test_a_time_without_a_zone_is_refused(gateway: Gateway) -> None:
    naive = datetime(2026, 1, 1)
    refused = gateway.movements.transfers.create(call(), "EAST", "WEST", [PlannedLine("X", 1)], naive)
    assert await code_of(refused) is Code.INVALID_INPUT


async def test_units_in_transit_still_arrive_where_the_location_was_closed_meanwhile(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    lines = [PlannedLine(sku, 2)]
    transfer = (await gateway.movements.transfers.create(call(), "EAST", "CLOSING", lines)).document
    await gateway.movements.transfers.ship(call(), transfer.id)
    await gateway.catalog.change_location("CLOSING", LocationChange(active=False))
    await gateway.movements.transfers.receive(call(), transfer.id)
    assert await level(gateway, sku, "CLOSING") == (2, 0, 0, 0)


async def test_the_history_of_a_transfer_is_found_by_its_reference(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    transfer = await shipped(gateway, sku)
    received = await gateway.movements.transfers.receive(call(), transfer.id)
    assert transfer.reference == transfer.id
    assert received.entry.cause.reference == transfer.id


async def test_transfers_are_listed_newest_first_page_by_page(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    made = [await planned(gateway, sku, 1) for _ in range(3)]
    await gateway.movements.transfers.ship(call(), made[1].id)
    await gateway.movements.transfers.close(call(), made[1].id)
    view = TransferView(gateway.database)
    item_id = made[0].lines[0].item_id
    assert [t.id for t in await view.page(TransferFilter(item_id), None, 10)] == [t.id for t in reversed(made)]
    drafts = TransferFilter(item_id, states=(TransferState.DRAFT,))
    assert {t.id for t in await view.page(drafts, None, 10)} == {made[0].id, made[2].id}
    missing = TransferFilter(item_id, with_discrepancy=True)
    assert [t.id for t in await view.page(missing, None, 10)] == [made[1].id]
    assert await view.page(TransferFilter(item_id), (0, ""), 10) == []


async def test_a_renamed_sku_still_arrives(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    transfer = await shipped(gateway, sku, 2)
    await gateway.database["items"].update_one({"sku": sku}, {"$set": {"sku": f"{sku}-new"}, "$inc": {"revision": 1}})
    await gateway.movements.transfers.receive(call(), transfer.id)
    assert await level(gateway, f"{sku}-new", "WEST") == (2, 0, 0, 0)
    await gateway.stock.apply(adjust(f"after-{sku}", f"{sku}-new", {"WEST": -2}))


async def test_the_expected_time_is_kept(gateway: Gateway) -> None:
    sku = await stocked(gateway, {"EAST": 10})
    at = datetime(2027, 1, 1, tzinfo=UTC)
    made = await gateway.movements.transfers.create(call(), "EAST", "WEST", [PlannedLine(sku, 1)], at)
    stored = await TransferView(gateway.database).by_id(made.document.id)
    assert stored is not None
    assert stored.expected_at == at
