"""What the plan makes of supply that fails: overdue, lost on its way, cancelled though it was promised."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from gateway.inventory.arrivals import Arrival
from gateway.inventory.backordering import InboundShare
from gateway.inventory.receiving import ExpectedLine
from gateway.inventory.transferring import PlannedLine
from gateway.operations.calls import Call
from tests.schema.test_reorder import Planned, open_planned

GRACE_DAYS = 3
"""The setting's default."""

_numbers = itertools.count()


def call() -> Call:
    return Call("tests", f"supply-{next(_numbers)}")


@pytest.fixture(scope="module")
async def planned(mongo_uri: str, kept_database: str) -> AsyncIterator[Planned]:
    async with open_planned(mongo_uri, kept_database) as planned:
        yield planned


async def east(planned: Planned, sku: str) -> Mapping[str, Any]:
    place = (await planned.places(sku))["EAST"]
    terms = place["available"] + place["incoming"] - place["lapsed"] - place["promised"] + place["drafted"]
    assert place["position"] == terms
    return place


async def test_overdue_supply_counts_up_to_the_end_of_the_grace_and_then_no_more(planned: Planned) -> None:
    inbound, clock = planned.shop.gateway.movements.inbound, planned.clock
    due = clock.now + timedelta(days=5)
    ordered = (await inbound.create(call(), "Acme", [ExpectedLine("DESK", "EAST", 500, due)])).document
    clock.advance((5 + GRACE_DAYS) * 86_400)
    place = await east(planned, "DESK")
    assert (place["lapsed"], place["position"], place["isDue"]) == (0, 501, False)
    clock.advance(86_400)
    place = await east(planned, "DESK")
    assert (place["lapsed"], place["position"], place["isDue"]) == (500, 1, True)
    assert place["toBuy"] == place["orderUpTo"] - 1
    await inbound.update(call(), ordered.id, [(0, clock.now + timedelta(days=1))])
    assert (await east(planned, "DESK"))["lapsed"] == 0
    await inbound.cancel(call(), ordered.id)


async def test_a_purchase_without_a_date_lapses_after_the_lead_time_and_the_grace(planned: Planned) -> None:
    inbound, clock = planned.shop.gateway.movements.inbound, planned.clock
    ordered = (await inbound.create(call(), "Nobody yet", [ExpectedLine("DESK", "EAST", 500)])).document
    clock.advance((10 + GRACE_DAYS) * 86_400)
    assert (await east(planned, "DESK"))["lapsed"] == 0
    clock.advance(86_400)
    assert (await east(planned, "DESK"))["lapsed"] == 500
    await inbound.cancel(call(), ordered.id)


async def test_units_that_a_closed_transfer_is_missing_do_not_count(planned: Planned) -> None:
    transfers = planned.shop.gateway.movements.transfers
    sent = (await transfers.create(call(), "WEST", "EAST", [PlannedLine("LAMP", 300)])).document
    assert (await east(planned, "LAMP"))["drafted"] == 300
    await transfers.ship(call(), sent.id)
    place = await east(planned, "LAMP")
    assert (place["incoming"], place["lapsed"], place["position"], place["isDue"]) == (300, 0, 304, False)
    await transfers.close(call(), sent.id)
    place = await east(planned, "LAMP")
    assert (place["incoming"], place["lapsed"], place["position"], place["isDue"]) == (300, 300, 4, True)


async def test_what_sells_only_before_it_arrives_has_a_velocity_and_is_bought(planned: Planned) -> None:
    gateway, clock = planned.shop.gateway, planned.clock
    due = clock.now + timedelta(days=30)
    ordered = (await gateway.movements.inbound.create(call(), "Acme", [ExpectedLine("OLD", "EAST", 40, due)])).document
    assert not (await east(planned, "OLD"))["isDue"]
    for _ in range(5):
        backorder = (await gateway.supply.backorders.create(call(), [InboundShare(ordered.id, 0, 8)])).document
        clock.advance(86_400)
    await gateway.planning.follow()
    place = await east(planned, "OLD")
    assert place["reorderPoint"]["demandPerDay"] == pytest.approx(8)
    assert (place["promised"], place["position"], place["isDue"]) == (40, 0, True)
    await gateway.supply.backorders.cancel(call(), backorder.id)
    assert (await east(planned, "OLD"))["promised"] == 32


async def test_units_owed_stay_in_the_plan_whatever_became_of_their_purchase(planned: Planned) -> None:
    gateway = planned.shop.gateway
    due = planned.clock.now + timedelta(days=5)
    lines = [ExpectedLine("DESK", "EAST", 500, due), ExpectedLine("LAMP", "EAST", 9, due)]
    ordered = (await gateway.movements.inbound.create(call(), "Acme", lines)).document
    backorder = (await gateway.supply.backorders.create(call(), [InboundShare(ordered.id, 0, 400)])).document
    assert (await east(planned, "LAMP"))["promised"] == 0
    await gateway.movements.inbound.receive(call(), ordered.id, [Arrival(0, 1)])
    assert (await east(planned, "DESK"))["position"] == 1 + 499 - 399
    await gateway.movements.inbound.cancel(call(), ordered.id)
    place = await east(planned, "DESK")
    assert (place["incoming"], place["promised"], place["position"]) == (0, 399, 1 - 399)
    assert place["toBuy"] == place["orderUpTo"] + 398
    await gateway.supply.backorders.cancel(call(), backorder.id)
    assert (await east(planned, "DESK"))["position"] == 1
