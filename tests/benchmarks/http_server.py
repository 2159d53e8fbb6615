"""The server of the HTTP benchmark: the real application, and at `/empty` mutations and queries that do nothing.

Run as a process of its own, with a directory for the database; prints its port and the API key when it is ready, and
ends at SIGTERM.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from pathlib import Path

import strawberry
from starlette.requests import HTTPConnection
from starlette.routing import Route
from strawberry.schema.config import StrawberryConfig

from gateway.app import create_app
from gateway.bootstrap import open_gateway
from gateway.health import Health
from gateway.inventory.access import Scope
from gateway.serving.collector import relieve_collector
from gateway.serving.server import run_server
from gateway.settings import Settings
from gateway.store.private_mongod import private_database
from gateway.transport.endpoint import GraphQLEndpoint
from schema.errors import UserError
from schema.scalars import SCALARS, Quantity
from schema.sync import SyncStatus
from tests.kernel import stock_up

UNITS = 10**9


# The reference takes the same input in Strawberry's own way; ours is read in a quicker one.
@strawberry.input(name="InventoryAdjustmentLineInput")
class EmptyLineInput:
    location_id: str
    delta: Quantity


@strawberry.input(name="InventoryAdjustmentInput")
class EmptyInput:
    sku: str
    adjustments: list[EmptyLineInput]
    idempotency_key: str
    reason: str | None = None
    reference: str | None = None
    channel_id: str | None = None
    allow_backorder: bool = False


@strawberry.type
class EmptyItem:
    id: strawberry.ID
    sku: str
    total_available_quantity: Quantity


@strawberry.type
class EmptyPayload:
    inventory_item: EmptyItem | None
    sync_status: list[SyncStatus]
    user_errors: list[UserError]


@strawberry.type
class EmptyQuery:
    @strawberry.field
    async def inventory_item(self, sku: str) -> EmptyItem:
        return EmptyItem(id=strawberry.ID("x"), sku=sku, total_available_quantity=Quantity(1))


@strawberry.type
class EmptyMutation:
    @strawberry.mutation
    async def inventory_adjust(self, input: EmptyInput) -> EmptyPayload:
        item = EmptyItem(id=strawberry.ID("x"), sku=input.sku, total_available_quantity=Quantity(1))
        return EmptyPayload(inventory_item=item, sync_status=[], user_errors=[])


async def _nobody(connection: HTTPConnection) -> None:
    return None


async def serve(directory: Path, skus: int, driver: str) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    settings = Settings(data_dir=directory, mongodb_driver=driver)  # type: ignore[arg-type]
    empty = strawberry.Schema(EmptyQuery, EmptyMutation, config=StrawberryConfig(scalar_map=SCALARS))
    async with private_database(directory) as database, open_gateway(settings, database.uri) as gateway:
        await stock_up(gateway, {f"SKU-{n}": {"EAST": UNITS, "WEST": UNITS} for n in range(skus)})
        relieve_collector()
        key = await gateway.keys.create("benchmark", [Scope.ADMIN])
        health = Health(gateway.database)
        app = create_app(gateway, health)
        app.router.routes.append(Route("/empty", GraphQLEndpoint(empty, _nobody)))
        listener = socket.create_server(("127.0.0.1", 0))
        async with gateway.channels.running():
            await run_server(
                app,
                listener,
                settings,
                health,
                stopping=stopping,
                on_started=lambda: print(listener.getsockname()[1], key, flush=True),
            )


if __name__ == "__main__":
    import uvloop

    uvloop.run(serve(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
