"""The database does not answer: clients are told so in the form they expect, and that they may try again."""

from __future__ import annotations

import asyncio
from typing import Any

from pymongo import MongoClient

from gateway.inventory.access import Scope
from tests.cut_proxy import Cut, CutProxy
from tests.schema.shop import Shop, open_shop

EVERY_CALL = b""
CREATE = 'mutation { itemCreate(input: {sku: "SOFA"}) { userErrors { code retryable } } }'
READ = '{ inventoryItem(sku: "LAMP") { ledger { nodes { id } } } }'


async def test_every_kind_of_request_is_told_to_try_again_and_then_succeeds(
    mongo_client: MongoClient[dict[str, Any]], database_name: str
) -> None:
    mongo_client.admin.command("ping")
    assert mongo_client.primary is not None
    proxy = CutProxy(mongo_client.primary[1], EVERY_CALL, Cut.BEFORE, cuts=0)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    uri = f"mongodb://127.0.0.1:{server.sockets[0].getsockname()[1]}/?directConnection=true"
    limits = {"mongodb_timeout_seconds": 1.0, "commit_deadline_seconds": 1.0}
    async with server, open_shop(uri, database_name, **limits) as shop:
        await shop.stock_up({"LAMP": {"EAST": 5}})
        stranger = await shop.client(Scope.INVENTORY_READ)
        proxy.cuts = 10**9
        adjusted, read, created, unread = await asyncio.gather(
            shop.owner.adjust("k", "LAMP", {"EAST": -1}),
            shop.owner.refused(READ),
            shop.owner.ask(CREATE),
            stranger.http.post("/graphql", json={"query": READ}),
        )
        assert adjusted["userErrors"][0]["code"] in ("UNAVAILABLE", "OUTCOME_UNKNOWN")
        assert adjusted["userErrors"][0]["retryable"]
        assert read == {"code": "UNAVAILABLE", "field": [], "retryable": True}
        assert created["itemCreate"]["userErrors"] == [{"code": "UNAVAILABLE", "retryable": True}]
        # Whether this key is right is not known either.
        assert (unread.status_code, unread.headers["retry-after"]) == (503, "1")
        assert unread.json()["errors"][0]["extensions"] == {"code": "UNAVAILABLE"}
        proxy.cuts = 0
        again = await _until_answered(shop)
        assert again["inventoryItem"]["totalAvailableQuantity"] == 4


async def _until_answered(shop: Shop) -> dict[str, Any]:
    """A request waits itself for the database, up to its own limit, so this is no busy loop."""
    while True:
        answer = await shop.owner.send(
            """
            mutation {
              inventoryAdjust(
                input: {sku: "LAMP", adjustments: [{locationId: "EAST", delta: -1}], idempotencyKey: "k"}
              ) { inventoryItem { totalAvailableQuantity } userErrors { code } }
            }
            """
        )
        if answer.get("data") and not answer["data"]["inventoryAdjust"]["userErrors"]:
            payload: dict[str, Any] = answer["data"]["inventoryAdjust"]
            return payload
