"""Alerts about levels of stock, from the movement to the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from gateway.operations.calls import Call
from gateway.operations.sourcing import LineRequest
from gateway.operations.velocity_fold import SETTLED_AFTER
from gateway.store.alerts import AlertStore
from tests.clock import StoppedClock
from tests.kernel import kernel
from tests.schema.shop import Shop, open_shop

ALERTS = """
query($filter: AlertFilterInput) {
  alerts(first: 50, filter: $filter) {
    nodes {
      id kind state channelId orderId owner resolution lines { sku locationId missing available threshold }
    }
  }
}
"""
ACKNOWLEDGE = """mutation($id: ID!) { it: alertAcknowledge(input: {id: $id}) { alert { state owner } } }"""
RESOLVE = """mutation($id: ID!) { it: alertResolve(input: {id: $id, resolution: "Ordered."}) { alert { state } } }"""
RULES_SET = """mutation($rules: [ReplenishmentRuleInput!]!) {
  it: replenishmentSet(input: {rules: $rules}) { userErrors { code } }
}"""
CLOSE = """mutation($id: String!) { locationDeactivate(input: {id: $id}) { location { active } } }"""
OPEN = """mutation($id: String!) { locationDeactivate(input: {id: $id, active: true}) { location { active } } }"""
ARCHIVE = """mutation($sku: String!, $archived: Boolean!) {
  itemArchive(input: {sku: $sku, archived: $archived}) { userErrors { code } }
}"""
LIMIT = """mutation($sku: String!, $units: Quantity!) {
  itemUpdate(input: {sku: $sku, backorderLimit: $units}) { userErrors { code message } }
}"""


@dataclass(slots=True)
class Watched:
    """50 units of a SKU at a location, both of one test alone; low on stock with 5."""

    shop: Shop
    clock: StoppedClock
    sku: str = "LAMP"
    place: str = "EAST"
    changes: int = 0

    async def adjust(self, delta: int) -> None:
        self.changes += 1
        key = f"{self.sku}-{self.changes}"
        payload = await self.shop.owner.adjust(key, self.sku, {self.place: delta}, allowBackorder=True)
        assert payload["userErrors"] == []

    async def look(self) -> None:
        self.clock.advance(1)
        await self.shop.gateway.stock_alerts.follow()

    async def plan(self) -> None:
        assert await self.shop.gateway.reorder.nightly.plan() is not None

    async def plan_with_demand(self) -> None:
        """From what was sold up to now, and look at what that says."""
        await self.look()
        await self.shop.gateway.planning.follow()
        await self.plan()
        await self.look()

    async def listed(self, **filter: Any) -> list[dict[str, Any]]:
        nodes = (await self.shop.owner.ask(ALERTS, filter=filter))["alerts"]["nodes"]
        return [alert for alert in nodes if alert["lines"][0]["sku"] == self.sku]

    async def told(self) -> list[tuple[str, str]]:
        """Kinds and states, by kind."""
        return sorted((alert["kind"], alert["state"]) for alert in await self.listed())


@pytest.fixture(scope="module")
async def warehouse(mongo_uri: str, kept_database: str) -> AsyncIterator[Watched]:
    """An empty shop whose levels are watched."""
    clock = StoppedClock()
    async with open_shop(
        mongo_uri, kept_database, clock=clock, low_stock_at=5, overstock_days=30, lead_time_days=2
    ) as shop:
        await shop.gateway.stock_alerts.follow()
        clock.advance(SETTLED_AFTER.total_seconds() + 1)
        yield Watched(shop, clock)


@pytest.fixture
async def watched(warehouse: Watched) -> Watched:
    mark = uuid4().hex[:8]
    found = Watched(warehouse.shop, warehouse.clock, f"LAMP-{mark}", f"EAST-{mark}")
    await warehouse.shop.stock_up({found.sku: {found.place: 50, f"WEST-{mark}": 3}})
    await found.look()
    return found


async def test_a_level_raises_one_alert_per_crossing_and_resolves_it(watched: Watched) -> None:
    assert await watched.listed() == []
    before = raised_low(watched)
    for delta in (-45, 1, -1, 1, -1):
        await watched.adjust(delta)
        await watched.look()
    [alert] = await watched.listed()
    line = {"sku": watched.sku, "locationId": watched.place, "missing": 0, "available": 5, "threshold": 5}
    assert {name: alert[name] for name in ("kind", "state", "orderId", "channelId", "lines")} == {
        "kind": "LOW_STOCK",
        "state": "OPEN",
        "orderId": None,
        "channelId": None,
        "lines": [line],
    }
    await watched.adjust(2)
    await watched.look()
    [alert] = await watched.listed()
    assert (alert["state"], alert["resolution"]) == ("RESOLVED", "7 are available.")
    await watched.adjust(-7)
    await watched.look()
    assert await watched.told() == [("LOW_STOCK", "OPEN"), ("LOW_STOCK", "RESOLVED"), ("OUT_OF_STOCK", "OPEN")]
    assert raised_low(watched) - before == 2


def raised_low(watched: Watched) -> float:
    registry = watched.shop.gateway.metrics.registry
    return registry.get_sample_value("gateway_stock_alerts_total", {"kind": "low_stock"}) or 0.0


async def test_what_came_and_went_between_two_looks_is_told_as_resolved(watched: Watched) -> None:
    for delta in (-50, 50):
        await watched.adjust(delta)
    await watched.look()
    assert await watched.told() == [("LOW_STOCK", "RESOLVED"), ("OUT_OF_STOCK", "RESOLVED")]


async def test_a_person_takes_an_alert_on_and_closes_it_until_the_next_crossing(watched: Watched) -> None:
    await watched.adjust(-46)
    await watched.look()
    [alert] = await watched.listed()
    taken = (await watched.shop.owner.ask(ACKNOWLEDGE, id=alert["id"]))["it"]["alert"]
    assert taken == {"state": "ACKNOWLEDGED", "owner": "owner"}
    await watched.shop.owner.ask(RESOLVE, id=alert["id"])
    await watched.adjust(-1)
    await watched.look()
    [alert] = await watched.listed()
    assert (alert["state"], alert["resolution"]) == ("RESOLVED", "Ordered.")
    for delta in (10, -10):
        await watched.adjust(delta)
        await watched.look()
    assert await watched.told() == [("LOW_STOCK", "OPEN"), ("LOW_STOCK", "RESOLVED")]
    [alert] = await watched.listed(states=["RESOLVED"])
    assert alert["resolution"] == "Ordered."


async def test_a_rule_for_an_item_counts_at_once_and_one_for_a_location_from_the_next_plan(watched: Watched) -> None:
    await watched.shop.owner.ask(RULES_SET, rules=[{"sku": watched.sku, "locationId": watched.place, "lowStockAt": 60}])
    await watched.look()
    [alert] = await watched.listed()
    assert alert["lines"][0]["threshold"] == 60
    await watched.shop.owner.ask(RULES_SET, rules=[{"sku": watched.sku, "locationId": watched.place, "lowStockAt": 0}])
    await watched.look()
    [alert] = await watched.listed()
    assert (alert["state"], alert["resolution"]) == ("RESOLVED", "The threshold is not watched any more.")
    gone = {"sku": watched.sku, "locationId": watched.place}
    await watched.shop.owner.ask(RULES_SET, rules=[gone, {"locationId": watched.place, "lowStockAt": 55}])
    await watched.look()
    assert [alert["lines"][0]["threshold"] for alert in await watched.listed(states=["OPEN"])] == [55]


async def test_a_rule_for_a_location_counts_from_the_next_plan(watched: Watched) -> None:
    await watched.shop.owner.ask(RULES_SET, rules=[{"locationId": watched.place, "lowStockAt": 55}])
    await watched.look()
    assert await watched.listed() == []
    await watched.plan()
    await watched.look()
    assert await watched.told() == [("LOW_STOCK", "OPEN")]


async def test_places_that_have_too_much_are_found_by_the_plan(watched: Watched) -> None:
    reservations = watched.shop.gateway.orders.reservations
    for day in range(10):
        await reservations.create(
            Call("tests", f"{watched.sku}-{day}"), [LineRequest(watched.sku, 1, location_ids=(watched.place,))]
        )
        watched.clock.advance(86_400)
    await watched.plan_with_demand()
    [alert] = await watched.listed()
    [told] = alert["lines"]
    assert (alert["kind"], told["available"], told["threshold"]) == ("OVERSTOCK", 40, 30)
    await watched.adjust(-17)
    await watched.look()
    [alert] = await watched.listed()
    assert alert["state"] == "RESOLVED"
    watched.clock.advance(86_400)
    await watched.plan()
    await watched.look()
    assert len(await watched.listed()) == 1


async def test_what_was_never_sold_is_too_much_after_a_month_unless_it_may_feed_other_places(watched: Watched) -> None:
    for days in (29, 2):
        assert await watched.listed() == []
        watched.clock.advance(days * 86_400)
        await watched.plan_with_demand()
    lines = [line for alert in await watched.listed(kind="OVERSTOCK") for line in alert["lines"]]
    # 30 days at 3 units in 31 days.
    assert sorted((line["available"], line["threshold"]) for line in lines) == [(3, 3), (50, 3)]
    line = LineRequest(watched.sku, 1, location_ids=(watched.place.replace("EAST", "WEST"),))
    await watched.shop.gateway.orders.reservations.create(Call("tests", f"{watched.sku}-sold"), [line])
    watched.clock.advance(86_400)
    await watched.plan_with_demand()
    states = {alert["lines"][0]["locationId"]: alert["state"] for alert in await watched.listed()}
    assert states[watched.place] == "RESOLVED"


async def test_more_promised_than_there_is_is_told_beyond_what_may_be_backordered(watched: Watched) -> None:
    await watched.shop.owner.ask(LIMIT, sku=watched.sku, units=2)
    await watched.adjust(-52)
    await watched.look()
    assert await watched.told() == [("LOW_STOCK", "OPEN"), ("OUT_OF_STOCK", "OPEN")]
    await watched.shop.owner.ask(LIMIT, sku=watched.sku, units=0)
    await watched.adjust(1)
    await watched.look()
    [alert] = await watched.listed(kind="OVERPROMISED")
    assert alert["lines"][0]["missing"] == 1


async def test_a_place_that_is_closed_is_watched_no_longer(watched: Watched) -> None:
    await watched.adjust(-46)
    await watched.look()
    await watched.shop.owner.ask(CLOSE, id=watched.place)
    await watched.look()
    [alert] = await watched.listed()
    assert (alert["state"], alert["resolution"]) == ("RESOLVED", "The threshold is not watched any more.")
    await watched.adjust(-4)
    await watched.plan()
    await watched.look()
    assert await watched.told() == [("LOW_STOCK", "RESOLVED")]
    await watched.shop.owner.ask(OPEN, id=watched.place)
    await watched.plan()
    await watched.look()
    assert await watched.told() == [("LOW_STOCK", "OPEN"), ("LOW_STOCK", "RESOLVED"), ("OUT_OF_STOCK", "OPEN")]


async def test_an_item_that_is_archived_is_watched_no_longer_until_it_is_restored(watched: Watched) -> None:
    await watched.adjust(-46)
    await watched.look()
    await watched.shop.owner.ask(ARCHIVE, sku=watched.sku, archived=True)
    await watched.look()
    assert await watched.told() == [("LOW_STOCK", "RESOLVED")]
    await watched.shop.owner.ask(ARCHIVE, sku=watched.sku, archived=False)
    await watched.look()
    assert await watched.told() == [("LOW_STOCK", "OPEN"), ("LOW_STOCK", "RESOLVED")]


async def test_what_the_ledger_had_before_anybody_watched_raises_nothing(mongo_uri: str, database_name: str) -> None:
    clock = StoppedClock()
    async with open_shop(mongo_uri, database_name, clock=clock) as shop:
        await shop.stock_up({"LAMP": {"EAST": 50}})
        await shop.owner.adjust("old", "LAMP", {"EAST": -50})
        clock.advance(SETTLED_AFTER.total_seconds() + 1)
        watched = Watched(shop, clock)
        await watched.look()
        await watched.adjust(50)
        await watched.look()
        assert await watched.listed() == []
        await watched.adjust(-48)
        await watched.look()
        assert await watched.told() == [("LOW_STOCK", "OPEN")]


async def test_every_state_of_an_alert_is_there_to_be_told(watched: Watched) -> None:
    store = AlertStore(watched.shop.gateway.database)
    await watched.adjust(-46)
    await watched.look()
    [opened] = [alert for alert in await store.untold(1_000) if alert.lines[0].sku == watched.sku]
    await store.told(opened)
    await watched.adjust(40)
    await watched.look()
    [resolved] = [alert for alert in await store.untold(1_000) if alert.lines[0].sku == watched.sku]
    assert (resolved.id, resolved.state.value, resolved.revision) == (opened.id, "resolved", opened.revision + 1)


async def test_another_process_goes_on_where_one_has_ended(watched: Watched, mongo_uri: str) -> None:
    await watched.adjust(-45)
    name = watched.shop.gateway.settings.mongodb_database
    async with kernel(mongo_uri, name, clock=watched.clock, low_stock_at=5) as other:
        await other.stock_alerts.watch.step(99)
        await watched.look()
        await watched.adjust(-1)
        await other.stock_alerts.watch.step(99)
    await watched.look()
    assert await watched.told() == [("LOW_STOCK", "OPEN")]
