"""A gateway on the test database, with stock that has come through its ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from gateway.bootstrap import Gateway, open_gateway
from gateway.inventory.catalog import Location
from gateway.inventory.decision import Outcome, Submission
from gateway.operations.clock import Clock, utc_now
from gateway.settings import Settings
from gateway.store.item_documents import item_document
from gateway.store.locations import location_document
from tests.builders import NOW, adjust, item

PATIENCE = {"mongodb_timeout_seconds": 60, "commit_deadline_seconds": 60, "request_timeout_seconds": 60}


@asynccontextmanager
async def kernel(uri: str, database: str, *, clock: Clock = utc_now, **settings: object) -> AsyncIterator[Gateway]:
    """A gateway of its own, as another process would open it; unless told otherwise, patient with a busy machine."""
    chosen = Settings(mongodb_database=database, **{**PATIENCE, **settings})  # type: ignore[arg-type]
    opened = open_gateway(chosen, uri, clock=clock)
    async with opened as gateway:
        yield gateway


async def stock_up(gateway: Gateway, stock: Mapping[str, Mapping[str, int]], backorder_limit: int = 0) -> None:
    """Create the items and their locations, and put the units there through the ledger."""
    known = await gateway.stock_store.locations(fresh=True)
    locations = {location_id for levels in stock.values() for location_id in levels} - known.keys()
    if locations:
        new = [location_document(Location(at, at, True, 0, NOW, NOW)) for at in sorted(locations)]
        await gateway.database["locations"].insert_many(new)
        await gateway.stock_store.locations(fresh=True)
    documents = [item_document(item(sku, {}, backorder_limit=backorder_limit)) for sku in stock]
    await gateway.database["items"].insert_many(documents)
    commands = [adjust(f"stock-{sku}", sku, levels) for sku, levels in stock.items() if any(levels.values())]
    if not commands:
        return
    for result in await gateway.committer.submit(Submission(tuple(commands))):
        assert isinstance(result, Outcome), result
