"""The wiring of what is withheld from channels, and the learning of dynamic buffers in the background."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import structlog

from gateway.channel_services import ChannelServices
from gateway.inventory.buffers import NO_RULES, BufferRules
from gateway.inventory.ports import StorageError
from gateway.operations.buffers import BufferOperations
from gateway.operations.clock import Clock
from gateway.operations.dynamic_buffers import DemandRisks, DynamicBuffers
from gateway.operations.offer_preview import OfferPreviews
from gateway.store.buffer_rules import BufferRuleStore
from gateway.store.delays import DelayStore
from gateway.store.driver import Database
from gateway.store.learned_buffers import LearnedBuffers
from gateway.store.leases import LeaseStore
from gateway.store.listing_walks import ListingWalk
from gateway.store.listings import ListingStore
from gateway.store.stock import MongoStockStore
from gateway.store.velocity import VelocityStore

LEASE = "buffers"
LEASE_SECONDS = 60.0
LOOK_SECONDS = 5.0
"""Between two looks whether there are other rules."""
REFRESH_SECONDS = 600.0
"""Otherwise, between two looks at all listings: rates of demand change from day to day, delays within minutes."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class BufferServices:
    """Rules, their explanation and preview; and what learns for them."""

    operations: BufferOperations
    previews: OfferPreviews
    delays: DelayStore
    dynamic: DynamicBuffers
    _channels: ChannelServices
    _leases: LeaseStore
    _learned_by: BufferRules = NO_RULES
    _due_at: float = 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Learn, in one process at a time."""
        learning = asyncio.create_task(self._learn(), name="buffers")
        try:
            yield
        finally:
            learning.cancel()
            await asyncio.gather(learning, return_exceptions=True)

    async def look(self) -> None:
        """Learn anew if it is time to or the rules have changed, unless another process does."""
        now = asyncio.get_running_loop().time()
        rules = await self._channels.buffer_rules.all()
        if (now < self._due_at and rules is self._learned_by) or not await self._leases.acquire(LEASE):
            return
        changes = await self.dynamic.refresh()
        self._learned_by, self._due_at = rules, now + REFRESH_SECONDS
        if changes:
            _log.info("buffers_learned", listings=changes)

    async def _learn(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS * random.uniform(0.9, 1.1))
            try:
                await self.look()
            except StorageError as error:
                _log.warning("buffers_not_learned", error=str(error)[:300])
            except Exception:
                _log.exception("buffers_failed")


def create_buffer_services(
    database: Database, stock_store: MongoStockStore, channels: ChannelServices, clock: Clock
) -> BufferServices:
    """Wire the services; nothing works in the background until `running` is entered."""
    delays, walk, rules = DelayStore(database), ListingWalk(database), channels.buffer_rules
    risks = DemandRisks(VelocityStore(database), delays, clock)
    operations = BufferOperations(
        BufferRuleStore(database),
        rules,
        stock_store,
        channels.directory,
        ListingStore(database),
        risks,
        clock,
        on_change=rules.forget,
    )
    return BufferServices(
        operations,
        OfferPreviews(operations, rules, channels.directory, stock_store, walk, risks),
        delays,
        DynamicBuffers(channels.directory, stock_store, rules, walk, LearnedBuffers(database), risks),
        channels,
        LeaseStore(database, uuid4().hex, LEASE_SECONDS),
    )
