"""Every planning number explained to an agent, term by term."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gateway.inventory.access import Scope
from gateway.inventory.channels import Channel, ChannelState
from gateway.inventory.receiving import ExpectedLine
from gateway.operations.calls import Call
from gateway.operations.sourcing import LineRequest
from gateway.operations.velocity_fold import SETTLED_AFTER
from gateway.store.channels import ChannelStore
from tests.agents.serving import Served, called, refused, serving
from tests.builders import NOW
from tests.clock import StoppedClock

WEB = Channel("web", "shopify", "S", {}, b"", {"EAST": None}, 0, ChannelState.ACTIVE, None, 1, NOW, NOW)
DAY_SECONDS = 86_400


@pytest.fixture(scope="module")
async def shop(mongo_uri: str, kept_database: str) -> AsyncIterator[Served]:
    """Four lamps were taken on the first of two days; five sofas come in three. Its tests change nothing."""
    clock = StoppedClock()
    async with serving(mongo_uri, kept_database, clock=clock) as served:
        gateway = served.gateway
        assert await ChannelStore(gateway.database).insert(WEB)
        gateway.channels.directory.forget()
        await gateway.orders.reservations.create(Call("tests", "hold"), [LineRequest("LAMP", 4)])
        clock.advance(2 * DAY_SECONDS + SETTLED_AFTER.total_seconds() + 1)
        await gateway.planning.follow()
        arrival = ExpectedLine("SOFA", "EAST", 5, clock.now + timedelta(days=3))
        await gateway.movements.inbound.create(Call("buyer", "purchase"), "Oak Ltd", [arrival])
        await served.set_up(
            'mutation { supplyTermsSet(input: {terms: [{sku: "SOFA", supplier: "Oak Ltd", packSize: 4}]}) '
            "{ userErrors { code field } } }",
            'mutation { replenishmentSet(input: {rules: [{sku: "SOFA", locationId: "EAST", safetyStock: 9}]}) '
            "{ userErrors { code field } } }",
            'mutation { bufferRuleSet(input: {channelId: "web", percent: 20, stopAt: 1, '
            "dynamic: {quantile: 0.95, unitsMax: 5}}) { userErrors { code field } } }",
        )
        yield served


async def test_an_agent_has_a_velocity_explained(shop: Served) -> None:
    async with shop.agent(Scope.INVENTORY_READ) as agent:
        everywhere = (await called(agent, "explain_velocity", sku="LAMP"))["demand"]
        west = (await called(agent, "explain_velocity", sku="LAMP", locationId="WEST", channelId="web"))["demand"]
        nowhere = await called(agent, "explain_velocity", sku="SOFA", locationId="WEST")
    assert (everywhere["countedDays"], everywhere["demandDays"], everywhere["units"]) == (2, 1, 4)
    figures = everywhere["figures"]
    assert (figures["pattern"], figures["size"]) == ("intermittent", 4)
    assert figures["unitsPerDay"] == pytest.approx(4 * figures["demandProbability"]) != 0
    assert (west["units"], west["figures"]["unitsPerDay"], nowhere["demand"]) == (0, 0, None)


async def test_an_agent_has_a_reorder_point_explained(shop: Served) -> None:
    async with shop.agent(Scope.INVENTORY_READ) as agent:
        lamp = await called(agent, "explain_reorder_point", sku="LAMP", locationId="EAST")
        sofa = await called(agent, "explain_reorder_point", sku="SOFA", locationId="EAST")
        west = await refused(agent, "explain_reorder_point", sku="SOFA", locationId="WEST")
    point = lamp["reorderPoint"]
    assert point["units"] == pytest.approx(point["leadTimeDemand"] + point["undershoot"] + point["safetyStock"])
    assert point["leadTimeDemand"] == pytest.approx(point["demandPerDay"] * lamp["leadTime"]["meanDays"]) != 0
    assert (lamp["available"], lamp["position"], lamp["supplyTerms"]) == (6, 6, None)
    # Nothing sells, so it is the safety stock that was set: two there and five to come are fewer.
    assert (sofa["reorderPoint"]["units"], sofa["rules"]["safetyStockFrom"]) == (9, "place")
    assert (sofa["available"], sofa["incoming"], sofa["position"], sofa["isDue"]) == (2, 5, 7, True)
    assert (sofa["supplyTerms"]["supplier"], sofa["orderUpTo"], sofa["suggested"]) == ("Oak Ltd", 10, 4)
    assert (west["code"], west["field"]) == ("LOCATION_NOT_FOUND", ["locationId"])


async def test_an_agent_has_a_buffer_explained(shop: Served) -> None:
    async with shop.agent(Scope.INVENTORY_READ) as agent:
        [lamp] = (await called(agent, "explain_buffer", sku="LAMP", channelId="web"))["places"]
    assert (lamp["available"], lamp["withheld"], lamp["offered"]) == (6, 2, 4)
    assert (lamp["percent"]["value"], lamp["percent"]["units"], lamp["stopAt"]["units"]) == (20, 2, 1)
    assert (lamp["fixed"], lamp["listAtMost"], lamp["dynamic"]["rule"]) == (None, None, lamp["percent"]["rule"])
    [elsewhere] = lamp["dynamic"]["sources"]
    assert (elsewhere["channelId"], lamp["dynamic"]["mean"]) == (None, pytest.approx(elsewhere["units"]))


async def test_an_agent_has_what_can_be_promised_explained(shop: Served) -> None:
    async with shop.agent(Scope.INVENTORY_READ) as agent:
        sofa = await called(agent, "explain_promise", sku="SOFA")
        west = await called(agent, "explain_promise", sku="SOFA", locationIds=["WEST"], channelId="web")
    assert sofa["places"] == [{"locationId": "EAST", "available": 2, "owed": 0}]
    [supply] = sofa["supplies"]
    assert (supply["kind"], supply["free"], supply["why"]) == ("purchase", 5, "the date given")
    assert 0 < supply["onTimeProbability"] < 1
    now, then = sofa["days"]
    assert (now["availableToPromise"], then["availableToPromise"]) == (2, 7)
    assert (now["date"], then["date"]) == ("2026-01-03", supply["countsFrom"])
    assert (west["places"], west["supplies"], len(west["days"])) == ([], [], 1)


@pytest.mark.parametrize(
    ("tool", "more"),
    [
        ("explain_velocity", {}),
        ("explain_reorder_point", {"locationId": "EAST"}),
        ("explain_buffer", {"channelId": "web"}),
        ("explain_promise", {}),
    ],
)
async def test_what_does_not_exist_is_not_explained_and_a_storefront_is_told_nothing(
    shop: Served, tool: str, more: dict[str, str]
) -> None:
    async with shop.agent(Scope.INVENTORY_READ) as agent, shop.agent(Scope.AVAILABILITY_READ) as storefront:
        unknown = await refused(agent, tool, sku="VASE", **more)
        assert (unknown["code"], unknown["field"]) == ("ITEM_NOT_FOUND", ["sku"])
        assert (await refused(storefront, tool, sku="LAMP", **more))["code"] == "FORBIDDEN"
