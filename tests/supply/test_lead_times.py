"""What suppliers have delivered, from the purchases to the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from gateway.bootstrap import Gateway
from gateway.inventory.access import Scope
from gateway.inventory.arrivals import Arrival
from gateway.inventory.receiving import ExpectedLine
from gateway.operations.lead_time_fold import SETTLED_AFTER
from gateway.operations.lead_times import Supply
from gateway.planning.deliveries import Learnt
from gateway.planning.supply_terms import SupplyTerms
from gateway.store.lead_times import LeadTimeStore
from gateway.supply_services import LEASE
from tests.clock import StoppedClock
from tests.kernel import kernel, stock_up
from tests.movements.stocked import call
from tests.schema.shop import Shop, open_shop

DAY = timedelta(days=1)
LEAD_TIME = """
query($supplier: String!, $sku: String) {
  supplierLeadTime(supplier: $supplier, sku: $sku) {
    supplier sku
    leadTime { meanDays deviationDays samples weight observedDays priorWeight priorDays onTimeProbability meanDaysLate
      daysLateOfNineInTen }
    supplierWide { samples meanDays }
    deliveries { orderedAt expectedAt arrivedAt days daysLate }
  }
}
"""
REBUILD = "mutation { leadTimesRebuild { userErrors { code } } }"


@dataclass(slots=True)
class Buyer:
    """Orders from suppliers and takes in what they bring."""

    shop: Shop
    clock: StoppedClock

    async def buys(self, supplier: str, days: float, *skus: str, late: int = 0) -> None:
        """An order that arrives after so many days; it was promised `late` days earlier."""
        expected = self.clock.now + (days - late) * DAY
        lines = [ExpectedLine(sku, "EAST", 5, expected) for sku in skus]
        inbound = self.shop.gateway.movements.inbound
        purchase = (await inbound.create(call(), supplier, lines)).document
        self.clock.advance(days * 86_400)
        await inbound.receive(call(), purchase.id)

    async def follow(self) -> None:
        self.clock.advance(SETTLED_AFTER.total_seconds())
        await self.shop.gateway.supply.follow()

    async def asked(self, supplier: str, sku: str | None = None) -> dict[str, Any]:
        answer = await self.shop.owner.ask(LEAD_TIME, supplier=supplier, sku=sku)
        found: dict[str, Any] = answer["supplierLeadTime"]
        return found


@pytest.fixture(scope="module")
async def buyer(mongo_uri: str, kept_database: str) -> AsyncIterator[Buyer]:
    """For all tests of this module, which have suppliers of their own."""
    clock = StoppedClock()
    async with open_shop(mongo_uri, kept_database, clock=clock, lead_time_days=10) as shop:
        await shop.stock_up({"LAMP": {"EAST": 1}, "SOFA": {"EAST": 1}})
        yield Buyer(shop, clock)


async def test_every_term_of_a_lead_time_is_told(buyer: Buyer) -> None:
    await buyer.buys("ACME", 20, "LAMP", late=3)
    await buyer.follow()
    found = await buyer.asked(" acme ", "LAMP")
    assert found["sku"] == "LAMP"
    [delivery] = found["deliveries"]
    assert (delivery["days"], delivery["daysLate"]) == (20, 3)
    wide = (20 + 2 * 10) / 3
    assert found["supplierWide"] == {"samples": 1, "meanDays": pytest.approx(wide)}
    told = found["leadTime"]
    assert (told["samples"], told["weight"], told["observedDays"], told["priorWeight"]) == (1, 1, 20, 2)
    assert told["priorDays"] == pytest.approx(wide)
    assert told["meanDays"] == pytest.approx((20 + 2 * wide) / 3)
    assert told["onTimeProbability"] < 0.5
    assert told["meanDaysLate"] == pytest.approx(5 / 3)
    assert told["deviationDays"] > 0


async def test_of_a_stranger_the_setting_is_assumed(buyer: Buyer) -> None:
    found = await buyer.asked("Nobody")
    assert (found["leadTime"]["meanDays"], found["leadTime"]["samples"], found["deliveries"]) == (10, 0, [])


async def test_an_item_that_was_never_delivered_takes_its_suppliers_figure(buyer: Buyer) -> None:
    for _ in range(3):
        await buyer.buys("Lumen", 30, "LAMP")
    await buyer.follow()
    sofa = await buyer.asked("Lumen", "SOFA")
    assert sofa["leadTime"]["meanDays"] == pytest.approx(sofa["supplierWide"]["meanDays"])
    assert (sofa["leadTime"]["samples"], sofa["deliveries"]) == (0, [])


async def test_what_is_learnt_twice_or_anew_is_the_same(buyer: Buyer) -> None:
    for number in range(5):
        await buyer.buys("Twice", 10 + number, "LAMP", "SOFA", late=number)
        await buyer.follow()
    before = await buyer.asked("Twice", "LAMP")
    assert before["leadTime"]["samples"] == 5
    await buyer.follow()
    assert await buyer.asked("Twice", "LAMP") == before
    owner = await buyer.shop.client(Scope.ADMIN)
    assert (await owner.ask(REBUILD))["leadTimesRebuild"]["userErrors"] == []
    await buyer.follow()
    assert await buyer.asked("Twice", "LAMP") == before
    [refused] = (await buyer.shop.owner.ask(REBUILD))["leadTimesRebuild"]["userErrors"]
    assert refused["code"] == "FORBIDDEN"


async def test_a_line_counts_once_all_of_it_is_there(buyer: Buyer) -> None:
    inbound = buyer.shop.gateway.movements.inbound
    first = buyer.clock.now + 5 * DAY
    purchase = (await inbound.create(call(), "Parts", [ExpectedLine("LAMP", "EAST", 5, first)])).document
    await inbound.update(call(), purchase.id, [(0, first + 9 * DAY)])
    buyer.clock.advance(6 * 86_400)
    await inbound.receive(call(), purchase.id, [Arrival(0, 4)])
    await buyer.follow()
    assert (await buyer.asked("Parts"))["deliveries"] == []
    buyer.clock.advance(86_400)
    await inbound.receive(call(), purchase.id)
    await buyer.follow()
    [delivery] = (await buyer.asked("Parts"))["deliveries"]
    assert (delivery["days"], delivery["daysLate"]) == (pytest.approx(7, abs=0.01), 2)


async def test_what_had_come_of_a_purchase_counts_once_the_rest_is_cancelled_however_it_is_learnt(buyer: Buyer) -> None:
    inbound, first = buyer.shop.gateway.movements.inbound, buyer.clock.now + 5 * DAY
    lines = [ExpectedLine("LAMP", "EAST", 10, first), ExpectedLine("SOFA", "EAST", 1)]
    purchase = (await inbound.create(call(), "Rest", lines)).document
    buyer.clock.advance(6 * 86_400)
    await inbound.receive(call(), purchase.id, [Arrival(0, 6), Arrival(1, 1)])
    await buyer.follow()
    # Too late to say when the complete line was to come.
    await inbound.update(call(), purchase.id, [(1, first)])
    buyer.clock.advance(86_400)
    await inbound.cancel(call(), purchase.id)
    await buyer.follow()
    followed = [await buyer.asked("Rest", sku) for sku in (None, "LAMP", "SOFA")]
    assert [[one["daysLate"] for one in found["deliveries"]] for found in followed[1:]] == [[1], [None]]
    await buyer.shop.gateway.supply.lead_times.rebuild()
    await buyer.follow()
    assert [await buyer.asked("Rest", sku) for sku in (None, "LAMP", "SOFA")] == followed


async def test_more_purchases_than_one_step_are_learnt_by_one_process(mongo_uri: str, database_name: str) -> None:
    clock = StoppedClock()
    async with (
        kernel(mongo_uri, database_name, clock=clock) as one,
        kernel(mongo_uri, database_name, clock=clock) as other,
    ):
        await stock_up(one, {"LAMP": {"EAST": 1}})
        suppliers = [f"S{number}" for number in range(25)]
        for supplier in suppliers:
            purchase = (
                await one.movements.inbound.create(call(), supplier, [ExpectedLine("LAMP", "EAST", 1)])
            ).document
            await one.movements.inbound.receive(call(), purchase.id)
        await other.supply.follow()
        assert await samples(one, suppliers) == {0}  # nothing has settled yet
        clock.advance(SETTLED_AFTER.total_seconds())
        lease = await other.supply.leases.acquire(LEASE)
        assert lease is not None
        await one.supply.follow()
        assert await samples(one, suppliers) == {0}
        await other.supply.follow()
        assert await samples(one, suppliers) == {1}
        assert not await LeadTimeStore(one.database).put_progress(Learnt(token=lease.token - 1))  # whose lease is over


async def samples(gateway: Gateway, suppliers: list[str]) -> set[int]:
    found = await gateway.supply.lead_times.of_many([Supply(supplier.lower()) for supplier in suppliers])
    return {lead_time.samples for lead_time in found.values()}


async def test_a_supplier_that_never_delivered_takes_the_days_that_it_declares_for_the_item(buyer: Buyer) -> None:
    gateway = buyer.shop.gateway
    await gateway.reorder.terms.set([("SOFA", SupplyTerms("", "New", lead_time_days=33))])
    assert (await buyer.asked("NEW ", "SOFA"))["leadTime"]["meanDays"] == pytest.approx(33)
    for other in [await buyer.asked("New", "LAMP"), await buyer.asked("New")]:
        assert other["leadTime"]["meanDays"] == pytest.approx(10)
    purchase = (await gateway.movements.inbound.create(call(), "new", [ExpectedLine("SOFA", "EAST", 5)])).document
    [coming] = (await gateway.supply.promises.available_to_promise("SOFA", 40)).supplies
    assert (coming.due, coming.why) == (33, "no date; 33.0 days after the order")
    await gateway.movements.inbound.cancel(call(), purchase.id)


async def test_who_asks_for_an_unknown_sku_is_told_so(buyer: Buyer) -> None:
    assert (await buyer.shop.owner.refused(LEAD_TIME, supplier="ACME", sku="NONE"))["code"] == "ITEM_NOT_FOUND"
    assert (await buyer.shop.owner.refused(LEAD_TIME, supplier=""))["code"] == "BLANK"
