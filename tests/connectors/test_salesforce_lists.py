"""Salesforce B2C Commerce's own inventory lists: allocations, resource states, records that are missing."""

from collections.abc import AsyncIterator
from dataclasses import replace

import orjson
import pytest

from connectors.errors import Unreachable
from connectors.simulated import SimulatedSalesforceClassic
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Deferred, Rejected, Stale
from tests.connectors.case import answer, drive
from tests.connectors.cases.salesforce_commerce_cloud import CASE, fault, record, update
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime
from tests.connectors.salesforce_site import site_of

CONFIG = CASE.config()


@pytest.fixture
async def classic(make_client: MakeClient) -> AsyncIterator[Connected]:
    async with site_of(make_client, SimulatedSalesforceClassic(STOCK), QuickTime()) as connected:
        yield connected


def list_of(connected: Connected) -> SimulatedSalesforceClassic:
    assert isinstance(connected.shop, SimulatedSalesforceClassic)
    return connected.shop


async def test_what_is_on_order_is_in_the_allocation(classic: Connected) -> None:
    list_of(classic).on_order = True
    await classic.shop.sell("MUG", 4)
    assert await classic.write(classic.update("MUG", 5, 6)) == [Confirmed(5)]
    assert list_of(classic).allocations["MUG"] == 9
    assert orjson.loads(classic.shop.stock_writes()[0].body)["allocation"] == {"amount": 9}


def test_what_is_held_is_what_the_record_shows() -> None:
    """Described in two ways: here `stock_level` does not leave out what is on order."""
    seen = record("TEE", 20.0, turnover=2.0) | {"quantity_on_order": 3.0}
    (_, patch), (outcome,) = drive(
        CASE.connector.write_stock(CONFIG, [update("TEE", 12, change_from=18)]),
        [answer(seen), answer(record("TEE", 12))],
    )
    assert orjson.loads(patch.body)["allocation"] == {"amount": 12} and outcome == Confirmed(12)
    sold_out = record("TEE", 2.0, on_order=3.0)
    (_, patch), _ = drive(
        CASE.connector.write_stock(CONFIG, [update("TEE", 12)]),
        [answer(sold_out), answer(record("TEE", 15, on_order=3))],
    )
    assert orjson.loads(patch.body)["allocation"] == {"amount": 15}


async def test_a_sale_between_look_and_write_makes_the_write_start_again(classic: Connected) -> None:
    """Its turnover would be forgotten with the new allocation."""
    sold = answer(record("TEE", 18.0, turnover=4.0))
    conflict = fault("ResourceStateConflictException", status=409)
    flow = CASE.connector.write_stock(CONFIG, [update("TEE", 12, change_from=15)])
    _, outcomes = drive(flow, [answer(record("TEE", 18.0, turnover=3.0)), conflict, sold])
    assert outcomes == [Stale(14)]


def test_a_record_that_appears_in_between_is_looked_at_again() -> None:
    missing, exists = (
        fault("ProductInventoryRecordNotFoundException"),
        fault("ResourceAlreadyExistsException", status=409),
    )
    flow = CASE.connector.write_stock(CONFIG, [update("TEE", 12)])
    (_, put, _, patch), outcomes = drive(
        flow, [missing, exists, answer(record("TEE", 5.0, turnover=1.0)), answer(record("TEE", 12.0))]
    )
    assert (put.method, orjson.loads(put.body)["_resource_state"], patch.method) == ("PUT", "not_exists", "PATCH")
    assert outcomes == [Confirmed(12)]


async def test_another_change_in_between_is_no_obstacle_unless_it_never_ends(classic: Connected) -> None:
    list_of(classic).moved["MUG"] = 2
    assert await classic.write(classic.update("MUG", 7, 10)) == [Confirmed(7)]
    list_of(classic).moved["MUG"] = 99
    (outcome,) = await classic.write(classic.update("MUG", 6, 7))
    assert isinstance(outcome, Deferred)


async def test_our_own_first_try_is_not_taken_for_a_sale(classic: Connected) -> None:
    """Sent again at once it would be refused, and the difference would look like units that were sold."""
    classic.shop.misbehave(Misbehaviour.DROPPED_AFTER_APPLYING)
    with pytest.raises(Unreachable):
        await classic.write(classic.update("MUG", 7, 10))
    assert len(classic.shop.stock_writes()) == 1


async def test_a_product_without_a_record_is_given_one(classic: Connected) -> None:
    list_of(classic).products.add("NEW / 1")
    new = replace(classic.update("MUG", 4), platform_ids={"product_id": "NEW / 1"})
    gone = replace(classic.update("MUG", 4), platform_ids={"product_id": "GONE"})
    made, refused = await classic.write(new, gone)
    assert made == Confirmed(4) and isinstance(refused, Rejected) and refused.code == "ProductNotFoundException"
    elsewhere = replace(classic.update("MUG", 4), location_id="another_list")
    (refused,) = await classic.write(elsewhere)
    assert isinstance(refused, Rejected) and refused.code == "InventoryListNotFoundException"


async def test_what_is_in_stock_for_ever_is_not_tracked(classic: Connected) -> None:
    list_of(classic).perpetual.add("MUG")
    page = await classic.client.run(classic.connector.read_catalog(classic.config, None))
    assert {entry.sku: entry.tracked for entry in page.entries} == {"MUG": False, "CAP": True, "SHIRT-RED-M": True}
    (outcome,) = await classic.write(classic.update("MUG", 4))
    assert isinstance(outcome, Rejected) and outcome.code == "perpetual"


def test_lists_are_read_one_after_the_other() -> None:
    config = CONFIG.model_copy(update={"location_ids": ("a", "b")})
    cursor, seen = None, []
    for total, count in ((201, 200), (201, 1), (1, 1)):
        body = {"count": count, "start": 0, "total": total, "data": [record(f"P{count}", 1.0)]}
        (request,), page = drive(CASE.connector.read_stock(config, cursor), [answer(body)])
        seen.append((request.url.split("/")[-2], request.query["start"], page.more))
        cursor = page.cursor
    assert seen == [("a", "0", True), ("a", "200", True), ("b", "0", False)]
