"""What must be true of backorders after every run."""

from __future__ import annotations

from collections import Counter

from gateway.bootstrap import Gateway
from gateway.inventory.backorders import BACKORDERS
from gateway.inventory.inbound import INBOUND
from gateway.store.backorders import read_backorder
from gateway.store.inbound import read_inbound
from gateway.store.ledger_documents import read_owed
from gateway.store.reservations import ReservationStore

DOCUMENTS_MAX = 10_000


async def assert_promises_agree(gateway: Gateway) -> None:
    """What backorders wait for is what purchases' lines are bound to; what they got is what was reserved for them.

    And the ledger tells the same of every item and location.
    """
    purchases = [read_inbound(found) for found in await gateway.database[INBOUND].find().to_list(DOCUMENTS_MAX)]
    backorders = [read_backorder(found) for found in await gateway.database[BACKORDERS].find().to_list(DOCUMENTS_MAX)]
    bound = Counter[tuple[str, int, str, int]]()
    for inbound in purchases:
        for number, line in enumerate(inbound.lines):
            for binding in line.bindings:
                bound[inbound.id, number, binding.backorder_id, binding.backorder_line] += binding.quantity
    waiting = Counter[tuple[str, int, str, int]]()
    allocated = Counter[tuple[str, int]]()
    for backorder in backorders:
        for number, wait in enumerate(backorder.lines):
            assert min(wait.waiting, wait.allocated, wait.cancelled) >= 0
            waiting[wait.inbound_id, wait.inbound_line, backorder.id, number] += wait.waiting
            allocated[backorder.id, number] += wait.allocated
    assert +bound == +waiting
    owed = Counter[tuple[str, str]]()
    for inbound in purchases:
        for line in inbound.lines:
            owed[line.item_id, line.location_id] += line.bound
    told = Counter[tuple[str, str]]()
    for entry in await gateway.database["ledger"].find({"owed": {"$exists": True}}).to_list(DOCUMENTS_MAX):
        for owing in read_owed(entry):
            told[owing.item_id, owing.location_id] += owing.delta
    assert {place: units for place, units in told.items() if units} == +owed
    reserved = Counter[tuple[str, int]]()
    for backorder in backorders:
        ids = [backorder.reservation_id(number) for number in range(1, backorder.allocations + 1)]
        found = await ReservationStore(gateway.database).by_ids(ids)
        assert sorted(found) == sorted(ids)
        for reservation in found.values():
            for held in reservation.lines:
                reserved[backorder.id, held.request_line] += held.quantity
    assert +reserved == +allocated
