"""Omnichannel Inventory: batches, reservations, looks that lag, exports."""

from collections.abc import AsyncIterator
from dataclasses import replace

import orjson
import pytest

from connectors.errors import Permanent
from connectors.simulated import SimulatedSalesforceOmnichannel
from connectors.simulated.misbehaviour import Misbehaviour
from connectors.updates import Confirmed, Deferred, Rejected
from tests.connectors.case import answer, drive
from tests.connectors.cases.salesforce_commerce_cloud import CASE, OCI, update
from tests.connectors.conftest import STOCK, MakeClient
from tests.connectors.connected import Connected
from tests.connectors.quick_time import QuickTime
from tests.connectors.salesforce_site import site_of


@pytest.fixture
def time() -> QuickTime:
    return QuickTime()


@pytest.fixture
async def oci(make_client: MakeClient, time: QuickTime) -> AsyncIterator[Connected]:
    async with site_of(make_client, SimulatedSalesforceOmnichannel(STOCK), time) as connected:
        yield connected


def group_of(connected: Connected) -> SimulatedSalesforceOmnichannel:
    assert isinstance(connected.shop, SimulatedSalesforceOmnichannel)
    return connected.shop


async def test_a_batch_takes_a_hundred_and_one_call_a_location(oci: Connected) -> None:
    skus = [f"PEN-{number}" for number in range(100)]
    for sku in skus:
        oci.shop.shelf.put(sku, "warehouse5", 1)
    updates = [replace(oci.update("MUG", 2, 1), platform_ids={"product_id": sku}) for sku in skus]
    oci.shop.requests.clear()
    assert await oci.write(*updates) == [Confirmed(2)] * 100
    assert [request.path.rpartition("/")[2] for request in oci.shop.requests] == [
        "get-availability",
        "batch-update",
        "get-availability",
    ]
    assert oci.connector.abilities(oci.config).updates_max == 100 > oci.connector.stock.updates_max


async def test_what_is_reserved_stays_on_hand(oci: Connected) -> None:
    await oci.shop.sell("MUG", 4)
    assert await oci.write(oci.update("MUG", 5, 6)) == [Confirmed(5)]
    (written,) = orjson.loads(oci.shop.stock_writes()[0].body)["records"]
    assert written["onHand"] == 9


def test_a_sale_between_look_and_write_is_kept_and_told_later() -> None:
    """It is taken off by Commerce itself; that less is for sale then is no reason to write again."""
    looks = [{"sku": "TEE", "onHand": 18.0, "reserved": 3.0}, {"sku": "TEE", "onHand": 15.0, "reserved": 4.0}]
    before, after = (answer({"locations": [{"id": "warehouse5", "records": [seen]}]}) for seen in looks)
    flow = CASE.connector.write_stock(OCI, [update("TEE", 12, "warehouse5", change_from=15)])
    requests, outcomes = drive(flow, [before, answer(b"", 204), after])
    assert orjson.loads(requests[1].body)["records"][0]["onHand"] == 15
    assert outcomes == [Confirmed(12)]


async def test_what_failed_is_found_inside_the_success(oci: Connected) -> None:
    nowhere = replace(oci.update("MUG", 4), location_id="moon")
    first, second, third = await oci.write(oci.update("MUG", 9), nowhere, oci.update("CAP", 1))
    assert (first, third) == (Confirmed(9), Confirmed(1))
    assert isinstance(second, Rejected) and second.code == "LocationDoesNotExist"
    oci.shop.misbehave(Misbehaviour.ERROR_INSIDE_SUCCESS)
    (passing,) = await oci.write(oci.update("MUG", 8))
    assert isinstance(passing, Deferred) and passing.reason.startswith("InventoryReset")


async def test_a_repetition_has_the_same_id_and_a_new_look_another(oci: Connected) -> None:
    def ids() -> list[str]:
        return [orjson.loads(write.body)["records"][0]["id"] for write in oci.shop.stock_writes()]

    update = oci.update("MUG", 7)
    oci.shop.misbehave(Misbehaviour.NOTHING_CHANGED)
    oci.shop.misbehave(Misbehaviour.DROPPED_AFTER_APPLYING)
    for _ in range(2):
        await oci.write(update)
    assert len(set(ids())) == 1 < len(ids())
    oci.shop.shelf.put("MUG", "warehouse5", 3)
    assert await oci.write(update) == [Confirmed(7)]
    assert len(set(ids())) == 2, "an id has an effect once, and somebody counted in between"


async def test_looks_that_lag_are_waited_for(oci: Connected, time: QuickTime) -> None:
    update = oci.update("MUG", 7, 10)
    time.pauses.clear()
    await oci.write(update)
    group_of(oci).late = 3
    assert await oci.write(oci.update("CAP", 4)) == [Confirmed(4)]
    assert time.pauses[-2:] == [1.0, 2.0]


async def test_a_sku_that_it_does_not_take_spoils_no_batch(oci: Connected) -> None:
    odd = replace(oci.update("MUG", 4), platform_ids={"product_id": "NEW / 1"})
    refused, written = await oci.write(odd, oci.update("MUG", 4))
    assert isinstance(refused, Rejected) and written == Confirmed(4)


def test_a_batch_that_is_refused_is_sent_without_what_is_at_fault() -> None:
    """Each is looked for before and after; the first half is fine, the second is not."""
    body = {
        "locations": [{"id": "warehouse5", "records": [{"sku": "TEE", "onHand": 3.0}, {"sku": "CAP", "onHand": 3.0}]}]
    }
    after = {"locations": [{"id": "warehouse5", "records": [{"sku": "CAP", "onHand": 9.0}]}]}
    refused = answer({"errorCode": "InvalidRequestParameter", "message": "onHand is too large"}, 400)
    updates = [update("TEE", 10**9, "warehouse5"), update("CAP", 9, "warehouse5")]
    answers = [answer(body), refused, answer(b"", 204), refused, answer(after)]
    _, outcomes = drive(CASE.connector.write_stock(OCI, updates), answers)
    assert outcomes == [Rejected("InvalidRequestParameter", "onHand is too large"), Confirmed(9)]


def test_a_look_that_is_refused_leads_to_no_write() -> None:
    """Without it, what is reserved would be missing in the count."""
    refused = answer({"errorCode": "InvalidRequestParameter", "message": "locations is invalid"}, 400)
    with pytest.raises(Permanent, match="locations is invalid"):
        drive(CASE.connector.write_stock(OCI, [update("TEE", 9, "warehouse5")]), [refused])


async def test_an_export_that_takes_long_goes_on_with_the_next_page(oci: Connected) -> None:
    group_of(oci).export_looks = 7
    first = await oci.client.run(oci.connector.read_stock(oci.config, None))
    assert (first.entries, first.more) == ((), True)
    second = await oci.client.run(oci.connector.read_stock(oci.config, first.cursor))
    assert {level.sku: level.quantity for level in second.entries} == STOCK
    assert len(group_of(oci).exports) == 3, "two when the catalogue was learnt, one for each location, and this one"


def test_an_export_that_failed_stops_the_reading() -> None:
    answers = [answer({"exportId": "a218f4b2-2dc3-4ea8-af6d-c75fafd62323"}), answer({"status": "FAILED"})]
    with pytest.raises(Permanent, match="warehouse5: FAILED"):
        drive(CASE.connector.read_stock(OCI, None), answers)
