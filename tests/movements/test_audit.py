from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from gateway.bootstrap import Gateway
from gateway.cli.audit import audit_stock, describe
from gateway.inventory.accounts import Check
from gateway.inventory.ledger import Cause, Kind
from gateway.inventory.ports import WriteConflict
from gateway.inventory.quantities import Bucket
from gateway.inventory.receiving import ExpectedLine
from gateway.inventory.reservations import Reservation
from gateway.inventory.stock_changes import Count, SetQuantities
from gateway.inventory.transferring import PlannedLine
from gateway.operations.audit import AuditReport
from gateway.operations.sourcing import LineRequest
from gateway.settings import Settings
from gateway.store.audit import AuditStore
from gateway.store.repairs import RepairStore
from tests.builders import adjust
from tests.invariants import assert_the_ledger_explains_the_stock
from tests.inventory.quota_model import clear, hold, quota, release
from tests.kernel import kernel, stock_up
from tests.movements.stocked import call, level

Found = tuple[Check, str | None, Bucket | None, int, int]
CAUSE = Cause("ops", "found by the audit")


def shown(report: AuditReport) -> list[Found]:
    return [(m.check, m.location_id, m.bucket, m.stored, m.expected) for m in report.mismatches]


async def busy_stock(gateway: Gateway) -> None:
    """LAMP and DESK with open documents of every kind, and incoming units entered by hand."""
    await stock_up(gateway, {"LAMP": {"EAST": 20, "WEST": 10}, "DESK": {"EAST": 5}})
    reservations, movements = gateway.orders.reservations, gateway.movements
    paid = (await reservations.create(call(), [LineRequest("LAMP", 3, "EAST"), LineRequest("DESK", 1)])).reservation
    await reservations.commit(call(), paid.id)
    await reservations.create(call(), [LineRequest("LAMP", 2, "EAST")])
    purchase = (await movements.inbound.create(call(), "ACME", [ExpectedLine("LAMP", "EAST", 7)])).document
    await movements.inbound.receive(call(), purchase.id, [])
    await movements.inbound.create(call(), "ACME", [ExpectedLine("LAMP", "EAST", 6), ExpectedLine("DESK", "WEST", 1)])
    transfer = (await movements.transfers.create(call(), "WEST", "EAST", [PlannedLine("LAMP", 4)])).document
    await movements.transfers.ship(call(), transfer.id)
    await movements.transfers.close(call(), transfer.id)
    by_hand = (Count("EAST", 15, None, Bucket.INCOMING),)
    await gateway.stock.apply(SetQuantities("tests", "by-hand", CAUSE, "LAMP", by_hand))


async def tamper(gateway: Gateway, sku: str, field: str, by: int) -> None:
    await gateway.database["items"].update_one({"sku": sku}, {"$inc": {field: by}})


async def held_by(gateway: Gateway, channel_id: str, units: int = 1) -> Reservation:
    """Units of LAMP, sold through the channel."""
    outcome = await gateway.stock.apply(hold(call().idempotency_key, channel_id, units))
    [held] = outcome.records.values()
    assert isinstance(held, Reservation)
    return held


async def test_sound_stock_has_no_differences(empty_gateway: Gateway) -> None:
    await busy_stock(empty_gateway)
    report = await empty_gateway.movements.auditor.run()
    assert shown(report) == []
    assert (report.items, report.levels, report.movements) == (2, 4, 11)


async def test_a_changed_quantity_is_found(empty_gateway: Gateway) -> None:
    await busy_stock(empty_gateway)
    await tamper(empty_gateway, "LAMP", "levels.EAST.available", 1)
    await tamper(empty_gateway, "DESK", "levels.EAST.allocated", -1)
    report = await empty_gateway.movements.auditor.run()
    assert set(shown(report)) == {
        (Check.LEDGER, "EAST", Bucket.AVAILABLE, 23, 22),
        (Check.LEDGER, "EAST", Bucket.ALLOCATED, 0, 1),
        (Check.DOCUMENTS, "EAST", Bucket.ALLOCATED, 0, 1),
    }


async def test_a_lost_ledger_entry_is_found(empty_gateway: Gateway) -> None:
    await busy_stock(empty_gateway)
    await empty_gateway.database["ledger"].delete_one({"_id": "tests:stock-DESK"})
    report = await empty_gateway.movements.auditor.run()
    assert set(shown(report)) == {
        (Check.LEDGER, "EAST", Bucket.AVAILABLE, 4, -1),
        (Check.VERSIONS, None, None, 3, 2),
    }


async def test_units_that_no_document_holds_are_found(empty_gateway: Gateway) -> None:
    await busy_stock(empty_gateway)
    await empty_gateway.database["reservations"].delete_one({"state": "held"})
    await empty_gateway.database["transfers"].delete_many({})
    report = await empty_gateway.movements.auditor.run()
    assert set(shown(report)) == {
        (Check.DOCUMENTS, "EAST", Bucket.ALLOCATED, 5, 3),
        (Check.DOCUMENTS, "EAST", Bucket.INCOMING, 15, 11),
    }


async def test_what_was_used_of_a_quota_is_compared_with_what_the_ledger_drew_from_it(
    empty_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await busy_stock(empty_gateway)
    apply = empty_gateway.stock.apply
    await apply(quota("old", "web", 9))
    owed_nothing = await held_by(empty_gateway, "web")
    await apply(clear("clear", "web"))
    for made in (quota("web", "web", 9), quota("till", "till", 3, "WEST")):
        await apply(made)
    await held_by(empty_gateway, "web", 2)
    for reservation in (owed_nothing, await held_by(empty_gateway, "web", 3)):
        await apply(release(call().idempotency_key, reservation))
    monkeypatch.setattr("gateway.store.audit.ENTRIES_MAX", 2)
    assert shown(await empty_gateway.movements.auditor.run()) == []
    await tamper(empty_gateway, "LAMP", "quotas.q-web.used", 1)
    await tamper(empty_gateway, "LAMP", "quotas.q-till.used", 2)
    report = await empty_gateway.movements.auditor.run(repair_as=CAUSE)
    assert [describe(found) for found in report.mismatches] == [
        "LAMP at any location: 3 used of the quota of 'web', but its ledger says 2.",
        "LAMP at WEST: 2 used of the quota of 'till', but its ledger says 0.",
    ]
    assert report.repaired_items == 0


async def test_the_size_of_the_parts_does_not_matter(empty_gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    await busy_stock(empty_gateway)
    await stock_up(empty_gateway, {f"CHAIR-{n}": {"EAST": 1} for n in range(5)})
    # Entries of different items may share a position, also where a page ends.
    await empty_gateway.database["ledger"].update_many({"_id": {"$regex": "CHAIR"}}, {"$set": {"seq": 1}})
    whole = await empty_gateway.movements.auditor.run()
    for name, maximum in {"ITEMS_MAX": 4, "LEVELS_MAX": 3, "ENTRIES_MAX": 2}.items():
        monkeypatch.setattr(f"gateway.store.audit.{name}", maximum)
    parts = await empty_gateway.movements.auditor.run()
    assert shown(parts) == shown(whole) == []
    assert (parts.items, parts.levels, parts.movements) == (whole.items, whole.levels, whole.movements)


async def test_writers_cause_no_false_differences(empty_gateway: Gateway) -> None:
    await busy_stock(empty_gateway)
    await empty_gateway.stock.apply(quota("web", "web", 5))
    auditing = asyncio.create_task(_audits(empty_gateway, 4))
    while not auditing.done():
        await asyncio.gather(*(_one_of_each(empty_gateway) for _ in range(4)))
    assert [shown(report) for report in await auditing] == [[]] * 4


async def _audits(gateway: Gateway, times: int) -> list[AuditReport]:
    return [await gateway.movements.auditor.run() for _ in range(times)]


async def _one_of_each(gateway: Gateway) -> None:
    await gateway.stock.apply(adjust(call().idempotency_key, "LAMP", {"EAST": 1, "WEST": 1}))
    kept = await held_by(gateway, "web")
    held = (
        await gateway.orders.reservations.create(call(), [LineRequest("LAMP", 1), LineRequest("DESK", 1)])
    ).reservation
    transfers = gateway.movements.transfers
    transfer = (await transfers.create(call(), "WEST", "EAST", [PlannedLine("LAMP", 1)])).document
    await transfers.ship(call(), transfer.id)
    await gateway.stock.apply(release(call().idempotency_key, kept))
    await gateway.orders.reservations.release(call(), held.id)
    await transfers.receive(call(), transfer.id)


async def test_a_repair_makes_the_level_agree_with_its_ledger_and_is_recorded(
    empty_gateway: Gateway, mongo_uri: str, database_name: str
) -> None:
    await busy_stock(empty_gateway)
    await tamper(empty_gateway, "LAMP", "levels.EAST.available", 5)
    await tamper(empty_gateway, "LAMP", "levels.NOWHERE.unavailable", 2)
    auditor = empty_gateway.movements.auditor
    repaired = await auditor.run(repair_as=CAUSE)
    assert (repaired.mismatches_total, repaired.repaired_items) == (2, 1)
    assert shown(await auditor.run()) == []
    assert await level(empty_gateway, "LAMP", "EAST") == (22, 5, 15, 0)
    entry = await empty_gateway.database["ledger"].find_one({"kind": Kind.REPAIR.value})
    assert (entry["actor"], entry["reason"]) == ("ops", "found by the audit")
    assert [(line["delta"], line["after"]) for line in entry["lines"]] == [(0, 22), (0, 0)]
    assert entry["request"]["excess"] == {"EAST available": 5, "NOWHERE unavailable": 2}
    assert entry["items"][0]["totalAvailable"] == 28
    assert_the_ledger_explains_the_stock(mongo_uri, database_name)


async def test_another_process_works_on_with_the_repaired_quantities(
    empty_gateway: Gateway, mongo_uri: str, database_name: str
) -> None:
    await stock_up(empty_gateway, {"LAMP": {"EAST": 10}})
    async with kernel(mongo_uri, database_name) as other:
        await tamper(empty_gateway, "LAMP", "levels.EAST.available", 5)
        await other.stock.apply(adjust("seen", "LAMP", {"EAST": -1}))
        await empty_gateway.movements.auditor.run(repair_as=CAUSE)
        outcome = await other.stock.apply(adjust("after", "LAMP", {"EAST": -1}))
        assert [line.after for line in outcome.entry.lines] == [8]
    assert shown(await empty_gateway.movements.auditor.run()) == []


async def test_a_repair_amid_writers_takes_nothing_from_them(empty_gateway: Gateway) -> None:
    await stock_up(empty_gateway, {"LAMP": {"EAST": 100}})
    await tamper(empty_gateway, "LAMP", "levels.EAST.available", 50)
    repairing = asyncio.create_task(empty_gateway.movements.auditor.run(repair_as=CAUSE))
    sales = 0
    while not repairing.done():
        await empty_gateway.stock.apply(adjust(call().idempotency_key, "LAMP", {"EAST": 1}))
        sales += 1
    report = await repairing
    if report.repaired_items == 0:
        # The writers were always first; without them it must succeed.
        report = await empty_gateway.movements.auditor.run(repair_as=CAUSE)
    assert report.repaired_items == 1
    assert await level(empty_gateway, "LAMP", "EAST") == (100 + sales, 0, 0, 0)
    assert shown(await empty_gateway.movements.auditor.run()) == []


async def test_what_only_documents_contradict_is_not_repaired(empty_gateway: Gateway) -> None:
    await busy_stock(empty_gateway)
    await empty_gateway.database["transfers"].delete_many({})
    report = await empty_gateway.movements.auditor.run(repair_as=CAUSE)
    assert (report.mismatches_total, report.repaired_items) == (1, 0)
    assert await level(empty_gateway, "LAMP", "EAST") == (22, 5, 15, 0)


async def test_two_repairs_at_once_correct_once(empty_gateway: Gateway) -> None:
    await stock_up(empty_gateway, {"LAMP": {"EAST": 10}})
    await tamper(empty_gateway, "LAMP", "levels.EAST.available", -3)
    auditor = empty_gateway.movements.auditor
    reports = await asyncio.gather(*(auditor.run(repair_as=CAUSE) for _ in range(3)))
    assert sum(report.repaired_items for report in reports) == 1
    assert await level(empty_gateway, "LAMP", "EAST") == (10, 0, 0, 0)


async def test_a_difference_cannot_be_corrected_twice(empty_gateway: Gateway) -> None:
    await stock_up(empty_gateway, {"LAMP": {"EAST": 10}})
    await tamper(empty_gateway, "LAMP", "levels.EAST.available", -3)
    [account] = [account async for part in AuditStore(empty_gateway.database).parts() for account in part]
    found = list(account.mismatches())
    repairs = RepairStore(empty_gateway.database)
    await repairs.repair(found, account.item.revision, {"EAST"}, CAUSE)
    with pytest.raises(WriteConflict):
        await repairs.repair(found, account.item.revision, {"EAST"}, CAUSE)
    assert await level(empty_gateway, "LAMP", "EAST") == (10, 0, 0, 0)


async def test_the_list_of_differences_is_bounded_and_the_count_is_not(
    empty_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.operations.audit.MISMATCHES_MAX", 1)
    await busy_stock(empty_gateway)
    for location_id in ("EAST", "WEST"):
        await tamper(empty_gateway, "LAMP", f"levels.{location_id}.available", 1)
    report = await empty_gateway.movements.auditor.run()
    assert (len(report.mismatches), report.mismatches_total) == (1, 2)


async def test_the_background_audit_runs_in_one_process_and_sets_the_metric(
    empty_gateway: Gateway, mongo_uri: str, database_name: str
) -> None:
    await busy_stock(empty_gateway)
    await tamper(empty_gateway, "LAMP", "levels.EAST.available", 1)
    async with kernel(mongo_uri, database_name) as other:
        reports = [await one.movements.background_audit.audit() for one in (empty_gateway, other)]
    assert [report is not None for report in reports] == [True, False]
    value = empty_gateway.metrics.registry.get_sample_value("gateway_ledger_audit_mismatch_cells")
    assert value == 1


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_the_audit_works_with_either_driver(mongo_uri: str, database_name: str, driver: str) -> None:
    async with kernel(mongo_uri, database_name, mongodb_driver=driver) as gateway:
        await stock_up(gateway, {"LAMP": {"EAST": 10}})
        assert shown(await gateway.movements.auditor.run()) == []
        assert (await gateway.movements.history.explain("LAMP", "EAST")).level.available == 10


async def test_the_command_reports_repairs_and_says_so_by_its_exit_code(
    empty_gateway: Gateway, mongo_uri: str, database_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await busy_stock(empty_gateway)
    settings = Settings(mongodb_uri=SecretStr(mongo_uri), mongodb_database=database_name)
    assert await audit_stock(settings, repair=False) == 0
    assert "2 items, 4 levels and 11 movements" in capsys.readouterr().out
    await tamper(empty_gateway, "LAMP", "levels.EAST.available", 1)
    assert await audit_stock(settings, repair=True) == 1
    printed = capsys.readouterr().out
    assert "LAMP at EAST: 23 available, but its ledger says 22." in printed
    assert "Repaired 1 item." in printed
    assert await audit_stock(settings, repair=False) == 0
    assert "no differences" in capsys.readouterr().out
