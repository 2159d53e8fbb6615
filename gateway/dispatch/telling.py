"""Handing messages over to webhook endpoints: one process does it, each endpoint at its own pace."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

import structlog
from standardwebhooks import Webhook

from connectors.errors import ConnectorError
from connectors.exchange import Request, Response
from connectors.status import retry_after_seconds
from gateway.inventory.deliveries import Attempt, Delivery
from gateway.inventory.errors import InventoryError
from gateway.inventory.ports import StorageError
from gateway.inventory.webhook_endpoints import WebhookEndpoint
from gateway.operations.clock import Clock
from gateway.operations.platforms import SecretsUnreadable
from gateway.operations.telling import Teller
from gateway.store.deliveries import DeliveryStore
from gateway.store.leases import LeaseStore

LEASE = "webhooks"
LEASE_SECONDS = 30.0
LOOK_SECONDS = 1.0
AT_ONCE = 50
"""Deliveries of one endpoint between two looks; they are handed over one after the other."""
ERROR_LENGTH_MAX = 300
GONE = 410

_log = structlog.get_logger(__name__)


class Sender(Protocol):
    async def send(self, request: Request) -> Response: ...


class Endpoints(Protocol):
    async def all(self) -> list[WebhookEndpoint]: ...

    def secrets(self, endpoint: WebhookEndpoint) -> list[str]: ...

    async def change(
        self, endpoint_id: str, changed: Callable[[WebhookEndpoint], WebhookEndpoint]
    ) -> WebhookEndpoint: ...


class Telling:
    """Tells the endpoints what they are owed. A crash may tell one message twice: receivers know it by its id."""

    def __init__(
        self,
        teller: Teller,
        endpoints: Endpoints,
        deliveries: DeliveryStore,
        sender: Sender,
        leases: LeaseStore,
        clock: Clock,
    ) -> None:
        self.teller = teller
        self._endpoints = endpoints
        self._deliveries = deliveries
        self._sender = sender
        self._leases = leases
        self._clock = clock
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    await self.look()
                except StorageError as error:
                    _log.warning("webhooks_not_sent", error=str(error)[:ERROR_LENGTH_MAX])
                except Exception:
                    # A fault that nobody has thought of must not end the telling for good.
                    _log.exception("telling_failed")
                await asyncio.sleep(LOOK_SECONDS * random.uniform(0.8, 1.0))
        finally:
            await self._end()

    async def look(self) -> None:
        """Begin to send what is due, unless another process does. Raises a StorageError."""
        if await self._leases.acquire(LEASE) is None:
            return
        while await self.teller.tell():
            pass
        for endpoint in await self._endpoints.all():
            if endpoint.enabled and endpoint.id not in self._busy:
                task = asyncio.create_task(self._serve(endpoint), name=f"webhook {endpoint.id}")
                self._busy[endpoint.id] = task
                task.add_done_callback(partial(self._served, endpoint.id))

    def _served(self, endpoint_id: str, task: asyncio.Task[None]) -> None:
        del self._busy[endpoint_id]

    async def idle(self) -> None:
        """Until all that was begun is done."""
        while self._busy:
            await asyncio.wait(self._busy.values())

    async def _serve(self, endpoint: WebhookEndpoint) -> None:
        try:
            for delivery in await self._deliveries.due(endpoint.id, self._clock(), AT_ONCE):
                endpoint = await self._hand_over(endpoint, delivery)
                if not endpoint.enabled:
                    return
        except (StorageError, InventoryError) as error:
            _log.warning("webhook_interrupted", endpoint=endpoint.id, error=str(error)[:ERROR_LENGTH_MAX])
        except Exception:
            _log.exception("webhook_failed", endpoint=endpoint.id)

    async def _hand_over(self, endpoint: WebhookEndpoint, delivery: Delivery) -> WebhookEndpoint:
        now, started = self._clock(), time.monotonic()
        status, error, wished = await self._attempt(endpoint, delivery, now)
        attempt = Attempt(now, round((time.monotonic() - started) * 1_000), status, error)
        await self._deliveries.replace(delivery.after(attempt, wished, random.random()))
        if error is None:
            return await self._endpoints.change(endpoint.id, WebhookEndpoint.answered)
        why, gone = error, status == GONE
        return await self._endpoints.change(endpoint.id, lambda known: known.refused(now, why, gone=gone))

    async def _attempt(
        self, endpoint: WebhookEndpoint, delivery: Delivery, now: datetime
    ) -> tuple[int | None, str | None, float | None]:
        """Status, what went wrong, and how long the receiver wants to be left alone."""
        try:
            request = signed(endpoint.url, delivery, now, self._endpoints.secrets(endpoint))
            response = await self._sender.send(request)
        except (ConnectorError, SecretsUnreadable) as error:
            return None, str(error)[:ERROR_LENGTH_MAX], None
        if 200 <= response.status < 300:
            return response.status, None, None
        return response.status, f"It answered {response.status}.", retry_after_seconds(response)

    async def _end(self) -> None:
        tasks = list(self._busy.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def signed(url: str, delivery: Delivery, now: datetime, secrets: Sequence[str]) -> Request:
    """A message as the specification has it, signed with every secret that may be known to the receiver."""
    body = delivery.body.decode()
    signatures = [Webhook(secret).sign(delivery.message_id, now, body) for secret in secrets]
    headers = {
        "Content-Type": "application/json",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    return Request(method="POST", url=url, headers=headers, body=delivery.body)
