"""Alerts as they are raised, over a real connection, and after it was cut."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from gateway.inventory.access import Scope
from tests.dispatch.trading import change
from tests.dispatch.watched_trade import SKU, Trade, open_trade

RAISED = """
subscription($kinds: [AlertKind!], $after: String) {
  alertRaised(kinds: $kinds, after: $after) {
    cursor raisedAt alert { kind state lines { sku available } }
  }
}
"""
RESOLVE = 'mutation($id: ID!) { alertResolve(input: {id: $id, resolution: "Seen."}) { userErrors { code } } }'


@pytest.fixture
async def trade(mongo_uri: str, database_name: str) -> AsyncIterator[Trade]:
    """Ten mugs whose level is watched, and clear of the threshold."""
    async with open_trade(mongo_uri, database_name) as trade:
        await trade.shop.gateway.stock_alerts.follow()
        await change(trade.shop.gateway, "up", SKU, 5)
        await trade.shop.gateway.stock_alerts.follow()
        yield trade


async def sell(trade: Trade, key: str, units: int) -> None:
    await change(trade.shop.gateway, key, SKU, -units)
    await trade.shop.gateway.stock_alerts.follow()


async def test_alerts_are_told_as_they_are_raised_and_after_a_break_those_that_were_missed(trade: Trade) -> None:
    async with trade.watching(RAISED, Scope.INVENTORY_READ) as watcher:
        await watcher.ready()
        await sell(trade, "c1", 11)
        first = await watcher.change()
        assert first["alert"] == {"kind": "LOW_STOCK", "state": "OPEN", "lines": [{"sku": SKU, "available": 4}]}
    await sell(trade, "c2", 4)
    async with trade.watching(RAISED, Scope.INVENTORY_READ, after=first["cursor"]) as watcher:
        while (missed := await watcher.change())["alert"]["kind"] == "LOW_STOCK":
            continue  # perhaps told once more
        assert missed["alert"]["kind"] == "OUT_OF_STOCK"
        await sell(trade, "c3", -30)
        await sell(trade, "c4", 26)
        assert (await watcher.change())["alert"]["kind"] == "LOW_STOCK"


async def test_only_kinds_asked_for_are_told_and_what_people_do_is_no_new_alert(trade: Trade) -> None:
    async with trade.watching(RAISED, Scope.INVENTORY_READ, kinds=["OUT_OF_STOCK"]) as watcher:
        await watcher.ready()
        await sell(trade, "c1", 11)
        [alert] = (await trade.shop.owner.ask("{ alerts { nodes { id } } }"))["alerts"]["nodes"]
        await trade.shop.owner.ask(RESOLVE, id=alert["id"])
        await sell(trade, "c2", 4)
        assert (await watcher.change())["alert"]["kind"] == "OUT_OF_STOCK"


async def test_watching_alerts_needs_a_scope_and_a_cursor_of_ours(trade: Trade) -> None:
    for variables, code in [({}, "FORBIDDEN"), ({"after": "yesterday"}, "INVALID_INPUT")]:
        scope = Scope.AVAILABILITY_READ if code == "FORBIDDEN" else Scope.INVENTORY_READ
        async with trade.watching(RAISED, scope, **variables) as watcher:
            message = await watcher.hear()
            while message.get("id") != "1":
                message = await watcher.hear()
            assert code in json.dumps(message)
