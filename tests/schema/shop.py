"""A small shop on a real database, asked through the application as any client asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.bootstrap import Gateway
from gateway.health import Health
from gateway.inventory.access import Scope
from tests.kernel import kernel

CREATE_ITEM = "mutation($input: ItemCreateInput!) { itemCreate(input: $input) { userErrors { code field message } } }"
CREATE_LOCATION = """
mutation($input: LocationCreateInput!) { locationCreate(input: $input) { userErrors { code field message } } }
"""
ADJUST = """
mutation($input: InventoryAdjustmentInput!) {
  inventoryAdjust(input: $input) {
    replayed
    inventoryItem { id sku totalAvailableQuantity version }
    adjustment { idempotencyKey }
    syncStatus { channelId }
    userErrors { field message code retryable actualQuantity differingPaths }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Client:
    """One client with its API key."""

    http: httpx.AsyncClient

    async def send(self, document: str, **variables: Any) -> dict[str, Any]:
        """The whole answer, errors included."""
        answer = await self.http.post("/graphql", json={"query": document, "variables": variables})
        payload: dict[str, Any] = answer.json()
        return payload

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """The data of an answer without errors."""
        payload = await self.send(document, **variables)
        assert "errors" not in payload, payload["errors"]
        data: dict[str, Any] = payload["data"]
        return data

    async def refused(self, document: str, **variables: Any) -> dict[str, Any]:
        """The extensions of the one error of an answer."""
        payload = await self.send(document, **variables)
        [error] = payload["errors"]
        extensions: dict[str, Any] = error["extensions"]
        return extensions

    async def adjust(self, key: str, sku: str, deltas: Mapping[str, object], **fields: object) -> dict[str, Any]:
        """The payload of `inventoryAdjust`."""
        lines = [{"locationId": location_id, "delta": delta} for location_id, delta in deltas.items()]
        answer = await self.ask(ADJUST, input={"sku": sku, "adjustments": lines, "idempotencyKey": key, **fields})
        payload: dict[str, Any] = answer["inventoryAdjust"]
        return payload


class Shop:
    """A gateway, its application, and a client that may do everything about stock."""

    def __init__(self, gateway: Gateway, app: Starlette, owner: Client) -> None:
        self.gateway = gateway
        self.owner = owner
        self._app = app

    async def client(self, *scopes: Scope, name: str = "guest") -> Client:
        """Another client; its connection needs no closing, for there is no network."""
        return Client(_http(self._app, await self.gateway.keys.create(name, scopes)))

    async def stock_up(self, stock: Mapping[str, Mapping[str, int]]) -> None:
        """Create items and locations through the API, and put units there."""
        for location_id in sorted({location_id for levels in stock.values() for location_id in levels}):
            created = await self.owner.ask(CREATE_LOCATION, input={"id": location_id})
            assert created["locationCreate"]["userErrors"] == []
        for sku, levels in stock.items():
            created = await self.owner.ask(CREATE_ITEM, input={"sku": sku, "name": sku.title()})
            assert created["itemCreate"]["userErrors"] == []
            units = {location_id: quantity for location_id, quantity in levels.items() if quantity}
            if units:
                assert (await self.owner.adjust(f"stock-{sku}", sku, units))["userErrors"] == []


@asynccontextmanager
async def open_shop(uri: str, database: str, **settings: Any) -> AsyncIterator[Shop]:
    async with kernel(uri, database, **settings) as gateway:
        app = create_app(gateway, Health(gateway.database))
        key = await gateway.keys.create("owner", [Scope.INVENTORY_READ, Scope.INVENTORY_WRITE])
        yield Shop(gateway, app, Client(_http(app, key)))


def _http(app: Starlette, key: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://gateway", headers={"authorization": f"Bearer {key}"}
    )
