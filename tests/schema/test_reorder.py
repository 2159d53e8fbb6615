"""The reorder plan, from days of sales to the purchase that is made of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.inventory.access import Scope
from gateway.operations.calls import Call
from gateway.operations.sourcing import LineRequest
from gateway.operations.velocity_fold import SETTLED_AFTER
from tests.clock import StoppedClock
from tests.kernel import kernel
from tests.schema.shop import Shop, open_shop

DAYS = 14
TERMS_SET = """
mutation($terms: [SupplyTermsInput!]!) {
  it: supplyTermsSet(input: {terms: $terms}) {
    terms { sku supplier unitCost packSize preferred } userErrors { code field }
  }
}
"""
RULES_SET = """
mutation($rules: [ReplenishmentRuleInput!]!) {
  it: replenishmentSet(input: {rules: $rules}) { rulesSet userErrors { code field } }
}
"""
EXPLAINED = """
query($sku: String!) {
  replenishment(sku: $sku) {
    sku terms { supplier } leadTime { meanDays }
    places {
      locationId available incoming lapsed promised drafted position
      daysOfCover economicOrderQuantity orderUpTo isDue spare toMoveHere toBuy
      replenishment { reviewDays serviceLevel safetyStock lowStockAt reviewDaysFrom serviceLevelFrom lowStockAtFrom }
      reorderPoint {
        units demandPerDay demandVariance leadTimeDays leadTimeVariance leadTimeDemand undershoot variance safetyStock
        distribution
      }
    }
  }
}
"""
PLAN = """
query($first: Int! = 20, $after: String, $filter: ReorderFilterInput) {
  reorderPlan(first: $first, after: $after, filter: $filter) {
    nodes {
      id kind supplier originId locationId units cost state documentId
      lines { sku quantity available incoming position reorderPoint orderUpTo lacking moved unitCost expectedAt }
    }
    pageInfo { hasNextPage endCursor }
  }
  reorderRun { plannedAt finishedAt items suggestions requestedAt }
}
"""
ACCEPT = """
mutation($id: ID!) {
  it: reorderAccept(input: {suggestionId: $id}) {
    replayed userErrors { code field }
    inbound { id supplier lines { sku locationId quantity expectedAt } }
    transfer { id originId destinationId state lines { sku quantity } }
  }
}
"""
REQUEST = "mutation { it: reorderPlanRequest { run { requestedAt } userErrors { code } } }"


@dataclass(frozen=True, slots=True)
class Planned:
    """A shop that has sold LAMPs in the east and in the west, and DESKs and SOFAs in the east, for two weeks."""

    shop: Shop
    clock: StoppedClock

    async def plan(self) -> None:
        self.clock.advance(1)
        assert await self.shop.gateway.reorder.nightly.plan() is not None

    async def suggested(self, **variables: Any) -> list[dict[str, Any]]:
        answer = await self.shop.owner.ask(PLAN, **variables)
        nodes: list[dict[str, Any]] = answer["reorderPlan"]["nodes"]
        return nodes

    async def change(self, document: str, **variables: Any) -> dict[str, Any]:
        payload: dict[str, Any] = (await self.shop.owner.ask(document, **variables))["it"]
        return payload

    async def places(self, sku: str) -> Mapping[str, dict[str, Any]]:
        found = (await self.shop.owner.ask(EXPLAINED, sku=sku))["replenishment"]["places"]
        return {place["locationId"]: place for place in found}


@asynccontextmanager
async def open_planned(mongo_uri: str, name: str) -> AsyncIterator[Planned]:
    clock = StoppedClock()
    async with open_shop(mongo_uri, name, clock=clock, velocity_half_life_days=14, lead_time_days=10) as shop:
        await shop.stock_up({"LAMP": {"EAST": 60, "WEST": 400}, "DESK": {"EAST": 15}, "SOFA": {"EAST": 14}, "OLD": {}})
        reservations = shop.gateway.orders.reservations
        for day in range(DAYS):
            sold = [
                LineRequest("LAMP", 4, location_ids=("EAST",)),
                LineRequest("LAMP", 1, location_ids=("WEST",)),
                LineRequest("DESK", 1, location_ids=("EAST",)),
                LineRequest("SOFA", 1, location_ids=("EAST",)),
            ]
            await reservations.create(Call("tests", f"day-{day}"), sold)
            clock.advance(86_400)
        clock.advance(SETTLED_AFTER.total_seconds() + 1)
        await shop.gateway.planning.follow()
        planned = Planned(shop, clock)
        await set_terms(planned)
        await planned.plan()
        yield planned


@pytest.fixture
async def planned(mongo_uri: str, database_name: str) -> AsyncIterator[Planned]:
    async with open_planned(mongo_uri, database_name) as planned:
        yield planned


@pytest.fixture(scope="module")
async def asked(mongo_uri: str, kept_database: str) -> AsyncIterator[Planned]:
    """The same for tests that leave everything as it was."""
    async with open_planned(mongo_uri, kept_database) as planned:
        yield planned


async def set_terms(planned: Planned) -> None:
    terms = [
        {"sku": "LAMP", "supplier": "Acme", "unitCost": "2.50", "packSize": 10, "leadTimeDays": 5},
        {"sku": "DESK", "supplier": "Acme", "unitCost": "80", "packSize": 1, "leadTimeDays": 20, "preferred": True},
        {"sku": "DESK", "supplier": "Bolt", "unitCost": "70"},
    ]
    assert (await planned.change(TERMS_SET, terms=terms))["userErrors"] == []


async def test_purchases_are_suggested_by_supplier_and_transfers_before_them(asked: Planned) -> None:
    nobodys, acmes, transfer = await asked.suggested()
    assert (nobodys["kind"], nobodys["supplier"], nobodys["cost"]) == ("PURCHASE", None, None)
    assert [line["sku"] for line in nobodys["lines"]] == ["SOFA"]
    assert (acmes["supplier"], acmes["locationId"], acmes["state"]) == ("Acme", "EAST", "OPEN")
    [desk] = acmes["lines"]
    assert (desk["sku"], desk["available"], desk["lacking"]) == ("DESK", 1, desk["orderUpTo"] - 1)
    assert desk["quantity"] == desk["lacking"] == acmes["units"]
    assert float(acmes["cost"]) == desk["quantity"] * 80
    assert desk["expectedAt"].startswith("2026-02-04")  # twenty days after the plan
    assert (transfer["kind"], transfer["originId"], transfer["locationId"]) == ("TRANSFER", "WEST", "EAST")
    [lamp] = transfer["lines"]
    assert lamp["quantity"] == lamp["lacking"] == lamp["moved"] == lamp["orderUpTo"] - 4
    run = (await asked.shop.owner.ask(PLAN))["reorderRun"]
    assert (run["items"], run["suggestions"], run["requestedAt"]) == (4, 3, None)


async def test_the_plan_is_listed_by_supplier_by_location_and_page_by_page(asked: Planned) -> None:
    assert [one["supplier"] for one in await asked.suggested(filter={"supplier": " ACME"})] == ["Acme"]
    assert [one["kind"] for one in await asked.suggested(filter={"kind": "TRANSFER"})] == ["TRANSFER"]
    assert await asked.suggested(filter={"locationId": "WEST"}) == []
    whole, after, seen = await asked.suggested(), None, []
    for _ in whole:
        page = (await asked.shop.owner.ask(PLAN, first=1, after=after))["reorderPlan"]
        seen += page["nodes"]
        after = page["pageInfo"]["endCursor"]
    assert seen == whole and not page["pageInfo"]["hasNextPage"]


async def test_every_term_of_a_need_is_told(asked: Planned) -> None:
    rules = [{"sku": "LAMP", "serviceLevel": 0.99, "lowStockAt": 20}, {"locationId": "EAST", "reviewDays": 3}]
    assert (await asked.change(RULES_SET, rules=rules))["rulesSet"] == 2
    places = await asked.places("LAMP")
    east, point = places["EAST"], places["EAST"]["reorderPoint"]
    assert east["replenishment"] == {
        "reviewDays": 3,
        "serviceLevel": 0.99,
        "safetyStock": None,
        "lowStockAt": 20,
        "reviewDaysFrom": "LOCATION",
        "serviceLevelFrom": "ITEM",
        "lowStockAtFrom": "ITEM",
    }
    assert (point["demandPerDay"], point["leadTimeDays"]) == (pytest.approx(4), 5)
    assert point["units"] == pytest.approx(point["leadTimeDemand"] + point["undershoot"] + point["safetyStock"])
    assert (east["available"], east["position"], east["isDue"], east["daysOfCover"]) == (4, 4, True, pytest.approx(1))
    assert east["toMoveHere"] == east["orderUpTo"] - 4 and east["toBuy"] == 0
    assert places["WEST"]["spare"] == 386 - places["WEST"]["reorderPoint"]["units"] - 7
    gone = [{"sku": "LAMP"}, {"locationId": "EAST"}]
    assert (await asked.change(RULES_SET, rules=gone))["rulesSet"] == 2
    assert (await asked.places("LAMP"))["EAST"]["replenishment"]["reviewDaysFrom"] == "SETTINGS"


async def test_an_accepted_purchase_is_entered_once_whoever_accepts_it(planned: Planned) -> None:
    [suggestion] = await planned.suggested(filter={"supplier": "Acme"})
    other = await planned.shop.client(Scope.INVENTORY_WRITE, Scope.INVENTORY_READ, name="other")
    answers = await asyncio.gather(*(client.ask(ACCEPT, id=suggestion["id"]) for client in (planned.shop.owner, other)))
    accepted = [answer["it"] for answer in answers]
    assert [one["userErrors"] for one in accepted] == [[], []]
    assert sorted(one["replayed"] for one in accepted) == [False, True]
    assert accepted[0]["inbound"] == accepted[1]["inbound"]
    [line] = accepted[0]["inbound"]["lines"]
    [wanted] = suggestion["lines"]
    assert line == {
        "sku": "DESK",
        "locationId": "EAST",
        "quantity": wanted["quantity"],
        "expectedAt": wanted["expectedAt"],
    }
    [kept] = await planned.suggested(filter={"supplier": "Acme"})
    assert (kept["state"], kept["documentId"]) == ("ACCEPTED", accepted[0]["inbound"]["id"])
    await planned.plan()
    assert await planned.suggested(filter={"supplier": "Acme"}) == []  # it is on its way now
    assert (await planned.change(ACCEPT, id=suggestion["id"]))["replayed"]


async def test_an_accepted_transfer_is_drafted_and_not_suggested_again(planned: Planned) -> None:
    [suggestion] = await planned.suggested(filter={"kind": "TRANSFER"})
    drafted = (await planned.change(ACCEPT, id=suggestion["id"]))["transfer"]
    assert (drafted["originId"], drafted["destinationId"], drafted["state"]) == ("WEST", "EAST", "DRAFT")
    assert drafted["lines"] == [{"sku": "LAMP", "quantity": suggestion["units"]}]
    await planned.plan()
    assert await planned.suggested(filter={"kind": "TRANSFER"}) == []


async def test_a_suggestion_is_refused_once_supply_was_ordered_otherwise(planned: Planned) -> None:
    [suggestion] = await planned.suggested(filter={"supplier": "Acme"})
    ordered = """mutation { inboundCreate(input: {idempotencyKey: "x", supplier: "Bolt", lines: [
      {sku: "DESK", locationId: "EAST", quantity: 5}]}) { userErrors { code } } }"""
    await planned.shop.owner.ask(ordered)
    refused = await planned.change(ACCEPT, id=suggestion["id"])
    assert refused["userErrors"] == [{"code": "SUGGESTION_STALE", "field": ["input", "suggestionId"]}]
    [still] = await planned.suggested(filter={"supplier": "Acme"})
    assert still["state"] == "OPEN"


async def test_what_nobody_supplies_cannot_be_accepted_and_stays_open(asked: Planned) -> None:
    [suggestion, *_] = await asked.suggested(filter={"kind": "PURCHASE"})
    refused = await asked.change(ACCEPT, id=suggestion["id"])
    assert refused["userErrors"] == [{"code": "INVALID_INPUT", "field": ["input", "suggestionId"]}]
    assert (await asked.suggested(filter={"kind": "PURCHASE"}))[0]["state"] == "OPEN"
    unknown = await asked.change(ACCEPT, id="no-such")
    assert unknown["userErrors"][0]["code"] == "SUGGESTION_NOT_FOUND"


async def test_a_plan_is_made_when_asked_for_and_once_a_night_by_one_process(
    planned: Planned, mongo_uri: str, database_name: str
) -> None:
    nightly = planned.shop.gateway.reorder.nightly
    assert not await nightly.is_due()
    planned.clock.advance(1)
    assert (await planned.change(REQUEST))["run"]["requestedAt"] is not None
    assert await nightly.is_due()
    await planned.plan()
    assert not await nightly.is_due()
    planned.clock.advance(86_400)
    assert await nightly.is_due()
    async with kernel(mongo_uri, database_name, clock=planned.clock) as other:
        runs = await asyncio.gather(nightly.plan(), other.reorder.nightly.plan())
    assert sum(run is not None for run in runs) >= 1
    assert not await nightly.is_due()


async def test_a_process_that_was_overtaken_puts_nothing_in_force(asked: Planned) -> None:
    before = await asked.shop.owner.ask(PLAN)
    walk = asked.shop.gateway.reorder.walk

    async def renewed() -> bool:
        return True

    async def lost() -> bool:
        return False

    assert await walk.run(0, renewed) is None
    assert await walk.run(99, lost) is None
    assert await asked.shop.owner.ask(PLAN) == before
