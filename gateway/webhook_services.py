"""The wiring of webhooks that go out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from connectors.session import HttpSession
from gateway.channel_services import PRIVATE_NETWORKS, StoredSecrets
from gateway.dispatch.telling import LEASE_SECONDS, Telling
from gateway.operations.clock import Clock
from gateway.operations.telling import Teller
from gateway.operations.webhook_endpoints import WebhookEndpointOperations
from gateway.settings import Settings
from gateway.store.alerts import AlertStore
from gateway.store.deliveries import DeliveryStore
from gateway.store.driver import Database
from gateway.store.leases import LeaseStore
from gateway.store.webhook_endpoints import ENDPOINTS_MAX, WebhookEndpointStore

ATTEMPT_SECONDS_MAX = 15.0
ANSWER_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class WebhookServices:
    """Who is told what happens here, and the telling."""

    endpoints: WebhookEndpointOperations
    telling: Telling

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell the endpoints."""
        telling = asyncio.create_task(self.telling.run(), name="webhooks")
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)


@asynccontextmanager
async def open_webhook_services(settings: Settings, database: Database, clock: Clock) -> AsyncIterator[WebhookServices]:
    """Wire the services; nothing works in the background until `running` is entered."""
    networks = PRIVATE_NETWORKS if settings.allow_private_addresses else ()
    session = HttpSession(allowed_networks=networks, total_seconds=ATTEMPT_SECONDS_MAX, body_bytes_max=ANSWER_BYTES_MAX)
    async with session:
        store, deliveries = WebhookEndpointStore(database), DeliveryStore(database)
        endpoints = WebhookEndpointOperations(
            store, deliveries, StoredSecrets(settings), clock, endpoints_max=ENDPOINTS_MAX
        )
        teller = Teller(AlertStore(database), store, deliveries, clock)
        leases = LeaseStore(database, uuid4().hex, LEASE_SECONDS)
        yield WebhookServices(endpoints, Telling(teller, endpoints, deliveries, session, leases, clock))
