"""What people see of the channels: status of a change, health, and changes as they happen."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from connectors.simulated.misbehaviour import Misbehaviour
from gateway.inventory.access import Scope
from tests.dispatch.trading import HOME, change, until, until_confirmed
from tests.dispatch.watched_trade import SKU, Trade, open_trade

HEALTH = """{ channel(id: "woo-de") { health { lagSeconds backlog breakerState errorRate failuresInARow } } }"""
STOCK = """
subscription($skus: [String!], $after: String, $at: [String!], $channel: String) {
  stockChanged(skus: $skus, after: $after, locationIds: $at, channelId: $channel) {
    cursor sku version available band item { totalAvailableQuantity ledger(first: 1) { nodes { idempotencyKey } } }
  }
}
"""
SYNC = """
subscription($after: String) {
  syncChanged(channelId: "woo-de", after: $after) { cursor channelId sku confirmedVersion parked error }
}
"""


@pytest.fixture
async def trade(mongo_uri: str, database_name: str) -> AsyncIterator[Trade]:
    async with open_trade(mongo_uri, database_name) as trade:
        yield trade


async def test_an_adjustment_can_wait_until_its_channels_have_heard_of_it(trade: Trade) -> None:
    payload = await trade.adjust("k1", -3, 5_000)
    assert trade.woo.shelf.quantity(SKU) == 7
    [status] = payload["syncStatus"]
    assert status["confirmedAt"] is not None
    assert status == status | {
        "channelId": "woo-de",
        "state": "CONFIRMED",
        "idempotencyKey": "k1",
        "confirmedVersion": status["targetVersion"],
        "attempts": 0,
        "lastError": None,
    }


async def test_a_channel_that_fails_is_waited_for_no_longer_than_was_asked_for(trade: Trade) -> None:
    trade.woo.misbehave(Misbehaviour.SERVER_ERROR, 1_000)
    await trade.adjust("k0", -1, 0)
    database = trade.shop.gateway.database

    async def failed() -> bool:
        return bool(await database["listings"].count_documents({"lastError": {"$exists": True}}))

    await until(trade.shop.gateway, "listings", failed)
    payload = await trade.adjust("k1", -3, 100)
    [status] = payload["syncStatus"]
    assert status["state"] == "FAILING"
    assert status["confirmedAt"] is None
    assert status["confirmedVersion"] < status["targetVersion"]
    assert status["attempts"] >= 1
    assert status["lastError"]
    trade.woo.behave()


async def test_a_wait_out_of_range_is_refused_before_anything_is_changed(trade: Trade) -> None:
    payload = await trade.adjust("k1", -3, 5_001)
    assert payload["userErrors"] == [{"field": ["waitForChannelsMs"], "code": "OUT_OF_RANGE"}]
    assert (await trade.shop.gateway.stock_store.items([SKU]))[SKU].level(HOME).available == 10


async def test_a_channels_health_is_told_by_the_api_and_as_metrics(trade: Trade) -> None:
    assert (await trade.adjust("k1", -3, 5_000))["userErrors"] == []
    store = trade.shop.gateway.channels.health

    async def told() -> bool:
        # Before that, the push may be in hand: each look at the worker tells of its moment.
        health = await store.of("woo-de")
        return health is not None and health.push.backlog == 0

    await until(trade.shop.gateway, "channel_health", told)
    health = (await trade.shop.owner.ask(HEALTH))["channel"]["health"]
    assert health == {"lagSeconds": 0, "backlog": 0, "breakerState": "CLOSED", "errorRate": 0, "failuresInARow": 0}
    shown = trade.shop.gateway.metrics.exposition().decode()
    assert 'gateway_channel_push_total{channel="woo-de",outcome="confirmed"}' in shown
    assert 'gateway_outbox_lag_seconds{channel="woo-de"} 0.0' in shown
    assert 'gateway_channel_breaker_state{channel="woo-de"} 0.0' in shown
    assert SKU not in shown


async def test_the_trouble_of_a_channel_is_told_by_the_api_and_as_metrics(trade: Trade) -> None:
    trade.woo.misbehave(Misbehaviour.SERVER_ERROR, 1_000)
    await trade.adjust("k1", -3, 0)
    store = trade.shop.gateway.channels.health

    async def told() -> bool:
        health = await store.of("woo-de")
        return health is not None and health.push.failures_in_a_row > 0

    await until(trade.shop.gateway, "channel_health", told)
    health = (await trade.shop.owner.ask(HEALTH))["channel"]["health"]
    assert (health["backlog"], health["lagSeconds"] > 0, health["errorRate"] > 0) == (1, True, True)
    shown = trade.shop.gateway.metrics.exposition().decode()
    assert 'gateway_outbox_backlog{channel="woo-de"} 1.0' in shown
    assert 'gateway_channel_push_total{channel="woo-de",outcome="failed"}' in shown
    trade.woo.behave()


async def test_changes_are_told_as_they_happen_and_after_a_break_what_was_missed(trade: Trade) -> None:
    gateway = trade.shop.gateway
    async with trade.watching(STOCK, Scope.INVENTORY_READ, skus=[SKU]) as watcher:
        await watcher.ready()
        await change(gateway, "c1", SKU, -1)
        first = await watcher.change()
        assert (first["sku"], first["available"], first["band"]) == (SKU, 9, "IN_STOCK")
        assert first["item"]["totalAvailableQuantity"] == 9
    await change(gateway, "c2", SKU, -5)
    async with trade.watching(STOCK, Scope.INVENTORY_READ, skus=[SKU], after=first["cursor"]) as watcher:
        while (missed := await watcher.change())["version"] <= first["version"]:
            continue
        assert (missed["available"], missed["band"]) == (4, "LOW_STOCK")


async def test_a_storefront_is_told_bands_and_no_numbers(trade: Trade) -> None:
    async with trade.watching(STOCK, Scope.AVAILABILITY_READ, channel="woo-de") as watcher:
        await watcher.ready()
        await change(trade.shop.gateway, "c1", SKU, -10)
        told = await watcher.change()
        assert (told["band"], told["available"], told["item"]) == ("OUT_OF_STOCK", None, None)


async def test_only_changes_at_the_places_asked_for_are_told(trade: Trade) -> None:
    gateway = trade.shop.gateway
    await trade.shop.stock_up({"CUP": {"ELSEWHERE": 3}})
    async with trade.watching(STOCK, Scope.INVENTORY_READ, at=["ELSEWHERE"]) as watcher:
        await watcher.ready()
        await change(gateway, "c1", SKU, -1)
        await change(gateway, "c2", "CUP", -1, at="ELSEWHERE")
        assert (await watcher.change())["sku"] == "CUP"


async def test_watching_needs_a_scope(trade: Trade) -> None:
    async with trade.watching(STOCK, Scope.INVENTORY_WRITE) as watcher:
        message = await watcher.hear()
        while message.get("id") != "1":
            message = await watcher.hear()
        assert "FORBIDDEN" in json.dumps(message)


async def test_what_a_channel_confirms_is_told(trade: Trade) -> None:
    async with trade.watching(SYNC, Scope.INVENTORY_READ) as watcher:
        await watcher.ready()
        outcome = await change(trade.shop.gateway, "c1", SKU, -1)
        told = await watcher.change()
        version = outcome.entry.items[0].version
        assert told.pop("cursor") is not None
        assert told == {"channelId": "woo-de", "sku": SKU, "confirmedVersion": version, "parked": False, "error": None}


async def test_over_server_sent_events_what_was_missed_is_told_and_then_what_happens(trade: Trade) -> None:
    gateway = trade.shop.gateway
    first = await change(gateway, "c1", SKU, -1)
    async with trade.listening(STOCK, Scope.INVENTORY_READ, skus=[SKU], after=str(first.entry.seq - 1)) as listener:
        missed = await listener.change()
        assert (missed["cursor"], missed["available"]) == (str(first.entry.seq), 9)
        assert missed["item"] == {"totalAvailableQuantity": 9, "ledger": {"nodes": [{"idempotencyKey": "c1"}]}}
        second = await change(gateway, "c2", SKU, -5)
        told = await listener.change()
        assert (told["version"], told["available"], told["band"]) == (second.entry.items[0].version, 4, "LOW_STOCK")
        assert told["item"] == {"totalAvailableQuantity": 4, "ledger": {"nodes": [{"idempotencyKey": "c2"}]}}
    third = await change(gateway, "c3", SKU, -4)
    async with trade.listening(STOCK, Scope.AVAILABILITY_READ, skus=[SKU], after=told["cursor"]) as listener:
        told = await listener.change()
        assert (told["cursor"], told["band"]) == (str(third.entry.seq), "OUT_OF_STOCK")
        assert (told["available"], told["item"]) == (None, None)
        await gateway.keys.revoke("listener")
        await change(gateway, "c4", SKU, 4)
        [error] = (await listener.hear())["errors"]
        assert error["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_over_server_sent_events_what_a_channel_has_confirmed_since_is_told_and_then_what_it_confirms(
    trade: Trade,
) -> None:
    gateway = trade.shop.gateway
    first = await until_confirmed(gateway, "woo-de", SKU)
    async with trade.listening(SYNC, Scope.INVENTORY_READ, after="0") as listener:
        told = await listener.change()
        assert (told["sku"], told["confirmedVersion"]) == (SKU, first.synced_version)
        for key, delta in (("c1", -1), ("c2", -2)):
            outcome = await change(gateway, key, SKU, delta)
            told = await listener.change()
            assert told["confirmedVersion"] == outcome.entry.items[0].version
    outcome = await change(gateway, "c3", SKU, -1)
    await until_confirmed(gateway, "woo-de", SKU)
    async with trade.listening(SYNC, Scope.INVENTORY_READ, after=told["cursor"]) as listener:
        assert (await listener.change())["confirmedVersion"] == outcome.entry.items[0].version


@pytest.mark.parametrize(("query", "scope"), [(STOCK, Scope.INVENTORY_WRITE), (SYNC, Scope.AVAILABILITY_READ)])
async def test_over_server_sent_events_watching_needs_a_scope(trade: Trade, query: str, scope: Scope) -> None:
    async with trade.listening(query, scope) as listener:
        assert "FORBIDDEN" in json.dumps(await listener.hear())
