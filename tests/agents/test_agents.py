"""The tools as a real client of the protocol uses them, over real HTTP."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from gateway.inventory.access import Scope
from gateway.inventory.receiving import ExpectedLine
from gateway.operations.calls import Call
from tests.agents.serving import TRADER, Served, called, refused

TOOLS = {
    "check_availability",
    "quote",
    "accept_quote",
    "hold",
    "confirm_hold",
    "release_hold",
    "explain_number",
    "explain_velocity",
    "explain_reorder_point",
    "explain_buffer",
    "explain_promise",
    "promise_date",
    "list_reorders",
}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_agent_checks_holds_and_confirms(served: Served, mode: str) -> None:
    async with served.agent(*TRADER, mode=mode) as agent:
        assert {tool.name for tool in (await agent.list_tools()).tools} >= TOOLS
        found = await called(agent, "check_availability", skus=["LAMP", "VASE"])
        assert [(each["sku"], each["known"], each["quantity"]) for each in found["availability"]] == [
            ("LAMP", True, 13),
            ("VASE", False, 0),
        ]
        lines = [{"sku": "LAMP", "quantity": 4}, {"sku": "SOFA", "quantity": 1}]
        hold = await called(agent, "hold", lines=lines, owner="conversation-7", requestKey="hold-1")
        again = await called(agent, "hold", lines=lines, owner="conversation-7", requestKey="hold-1")
        assert (hold["state"], hold["owner"], again["id"]) == ("HELD", "conversation-7", hold["id"])
        confirmed = await called(agent, "confirm_hold", reservationId=hold["id"], requestKey="confirm-1")
        assert confirmed["state"] == "COMMITTED"
    assert await served.available("LAMP") == 9


async def test_an_agent_takes_a_quote_and_has_it_honoured(served: Served) -> None:
    async with served.agent(*TRADER) as agent:
        line = {"sku": "LAMP", "quantity": 20, "unitPrice": "10.00"}
        quote = await called(agent, "quote", lines=[line], requestKey="quote-1")
        assert [(each["asked"], each["quantity"], each["quotedPrice"]) for each in quote["lines"]] == [
            (20, 13, "10.00")
        ]
        accepted = await called(agent, "accept_quote", quoteId=quote["id"], requestKey="accept-1")
        assert accepted["quote"]["state"] == "accepted"
        assert sum(each["quantity"] for each in accepted["reservation"]["lines"]) == 13
        released = await called(
            agent, "release_hold", reservationId=accepted["reservation"]["id"], requestKey="release-1", reason="no deal"
        )
        assert released["state"] == "RELEASED"
    assert await served.available("LAMP") == 13


async def test_units_come_from_where_it_costs_least_if_an_agent_asks_for_it(served: Served) -> None:
    await served.set_up('mutation { locationUpdate(input: {id: "WEST", zone: "CA"}) { userErrors { code field } } }')
    lines, near = [{"sku": "LAMP", "quantity": 1}], {"strategy": "LEAST_COST", "destination": {"zone": "CA"}}
    async with served.agent(*TRADER) as agent:
        held = [await called(agent, "hold", lines=lines, requestKey="h-1", **near)]
        quote = await called(agent, "quote", lines=lines, requestKey="q-1")
        held.append((await called(agent, "accept_quote", quoteId=quote["id"], requestKey="a-1", **near))["reservation"])
        held.append(await called(agent, "hold", lines=lines, requestKey="h-2"))
        assert [line["locationId"] for each in held for line in each["lines"]] == ["WEST", "WEST", "EAST"]
        promise = await called(agent, "promise_date", lines=lines, destination=near["destination"])
        assert promise["lines"][0]["locations"] == {"WEST": 1}
        half = {"strategy": "LEAST_COST", "destination": {"latitude": 1}}
        refusal = await refused(agent, "hold", lines=lines, requestKey="h-3", **half)
        assert refusal["field"] == ["destination", "longitude"]


async def test_an_agent_has_a_number_explained(served: Served) -> None:
    async with served.agent(*TRADER) as agent:
        await called(agent, "hold", lines=[{"sku": "SOFA", "quantity": 2}], owner="cart-9", requestKey="hold-1")
        explained = await called(agent, "explain_number", sku="SOFA", locationId="EAST")
    assert explained["quantities"] == {"available": 0, "allocated": 2, "incoming": 0, "unavailable": 0}
    [document] = explained["documents"]
    assert (document["units"], document["owner"]) == (2, "cart-9")
    newest = explained["movements"][0]
    assert (newest["actor"], newest["deltas"]) == ("agent", {"available": -2, "allocated": 2})


async def test_two_agents_cannot_hold_the_same_unit(served: Served) -> None:
    async with served.agent(*TRADER) as one, served.agent(*TRADER) as other:
        results = await asyncio.gather(
            *(
                agent.call_tool("hold", {"lines": [{"sku": "SOFA", "quantity": 2}], "requestKey": key})
                for agent, key in [(one, "a"), (other, "b")]
            )
        )
        assert sorted(result.is_error for result in results) == [False, True]
        [lost] = [result.structured_content for result in results if result.is_error]
        assert (lost["code"], lost["actualQuantity"], lost["field"]) == (
            "INSUFFICIENT_STOCK",
            0,
            ["lines", "0", "quantity"],
        )


async def test_an_agent_is_told_what_is_wrong_with_its_arguments(served: Served) -> None:
    async with served.agent(*TRADER) as agent:
        missing = await refused(agent, "hold", lines=[{"sku": "SOFA", "quantity": 0}], requestKey="a")
        assert (missing["code"], missing["field"]) == ("OUT_OF_RANGE", ["lines", "0", "quantity"])
        keyless = await refused(agent, "hold", lines=[{"sku": "SOFA", "quantity": 1}])
        assert keyless["field"] == ["requestKey"]
        unknown = await refused(agent, "explain_number", sku="VASE", locationId="EAST")
        assert unknown["code"] == "ITEM_NOT_FOUND"
        price = {"sku": "SOFA", "quantity": 1, "unitPrice": "NaN"}
        assert (await refused(agent, "quote", lines=[price], requestKey="b"))["field"] == ["lines", "0", "unitPrice"]


@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("hold", {"lines": [{"sku": "LAMP", "quantity": 10**30}], "requestKey": "a"}, ["lines", "0", "quantity"]),
        ("hold", {"lines": [{"sku": "LAMP", "quantity": 1}], "requestKey": 10**30}, ["requestKey"]),
        ("check_availability", {"skus": [10**30]}, ["skus", "0"]),
        *(
            ("promise_date", {"lines": [{"sku": "LAMP", "quantity": 1}], "by": by}, ["by"])
            for by in ("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "0001-01-01T00:00:00Z")
        ),
    ],
)
async def test_a_number_or_a_time_beyond_all_bounds_is_refused_by_name(
    served: Served, tool: str, arguments: dict[str, Any], field: list[str]
) -> None:
    async with served.agent(*TRADER) as agent:
        problem = await refused(agent, tool, **arguments)
    assert (problem["status"], problem["field"]) == (400, field)


async def test_an_agent_sees_and_uses_only_what_its_key_may(served: Served) -> None:
    async with served.agent(Scope.AVAILABILITY_READ) as shopper:
        assert {tool.name for tool in (await shopper.list_tools()).tools} == {"check_availability"}
        [lamp] = (await called(shopper, "check_availability", skus=["LAMP"]))["availability"]
        assert (lamp["band"], lamp["quantity"]) == ("IN_STOCK", None)
        hold = await refused(shopper, "hold", lines=[{"sku": "SOFA", "quantity": 1}], requestKey="a")
        assert hold["code"] == "FORBIDDEN"
    assert await served.available("SOFA") == 2


async def test_nobody_is_answered_without_a_key_or_with_a_huge_body(served: Served) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    async with httpx.AsyncClient() as http:
        stranger = await http.post(served.url, json=call)
        assert (stranger.status_code, stranger.json()["code"]) == (401, "UNAUTHENTICATED")
        key = await served.gateway.keys.create("agent", TRADER)
        headers = {"authorization": f"Bearer {key}", "accept": "application/json, text/event-stream"}
        huge = await http.post(served.url, headers=headers, json={**call, "params": {"cursor": "x" * 100_001}})
        assert huge.status_code == 413
        assert (await http.get(served.url, headers=headers)).status_code == 405


async def test_an_agent_gets_a_date_for_what_is_on_its_way(served: Served) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    call = Call("buyer", "purchase-1")
    await served.gateway.movements.inbound.create(call, "Oak Ltd", [ExpectedLine("SOFA", "EAST", 5, tomorrow)])
    today = datetime.now(UTC).date()
    async with served.agent(Scope.INVENTORY_READ) as agent:
        lines = [{"sku": "SOFA", "quantity": 6}, {"sku": "LAMP", "quantity": 1}]
        by = (tomorrow + timedelta(days=1)).isoformat()
        promise = await called(agent, "promise_date", lines=lines, by=by)
        assert (promise["date"], promise["inTime"]) == (tomorrow.date().isoformat(), True)
        assert 0 < promise["confidence"] < 1
        sofa, lamp = promise["lines"]
        assert (sofa["date"], sofa["locations"]) == (tomorrow.date().isoformat(), {"EAST": 6})
        # It may have struck midnight.
        assert lamp["date"] in (today.isoformat(), datetime.now(UTC).date().isoformat())
        assert lamp["confidence"] == 1.0
        never = await called(agent, "promise_date", lines=[{"sku": "SOFA", "quantity": 600}])
        assert (never["date"], never["confidence"], never["inTime"]) == (None, 0.0, None)
        timeless = await refused(agent, "promise_date", lines=lines, by="2026-01-01T00:00:00")
        assert timeless["field"] == ["by"]


async def test_an_agent_lists_what_needs_reordering(served: Served) -> None:
    async with served.agent(Scope.INVENTORY_READ) as agent:
        assert await called(agent, "list_reorders") == {"plannedAt": None, "suggestions": [], "next": None}
        await served.set_up(
            'mutation { supplyTermsSet(input: {terms: [{sku: "SOFA", supplier: "Oak Ltd", packSize: 4}]}) '
            "{ userErrors { code field } } }",
            'mutation { replenishmentSet(input: {rules: [{sku: "SOFA", locationId: "EAST", safetyStock: 9}]}) '
            "{ userErrors { code field } } }",
        )
        assert await served.gateway.reorder.nightly.plan() is not None
        [suggestion] = (await called(agent, "list_reorders", supplier="oak ltd"))["suggestions"]
        assert (suggestion["kind"], suggestion["supplier"], suggestion["locationId"]) == ("purchase", "Oak Ltd", "EAST")
        [line] = suggestion["lines"]
        assert (line["sku"], line["available"], line["reorderPoint"], line["quantity"]) == ("SOFA", 2, 9, 8)
        assert (await called(agent, "list_reorders", locationId="WEST"))["suggestions"] == []
