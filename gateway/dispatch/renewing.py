"""Registering our webhooks again now and then, since platforms drop one that they could not reach.

Shopify deletes a webhook after 8 failures in a row, WooCommerce disables it after 5, Square after three weeks.
https://shopify.dev/docs/apps/build/webhooks/troubleshooting-webhooks
https://woocommerce.com/document/webhooks/
https://developer.squareup.com/docs/webhooks/overview
"""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import structlog

from gateway.dispatch.subscribing import Subscriber
from gateway.inventory.errors import InventoryError
from gateway.inventory.ports import StorageError
from gateway.store.registrations import RegistrationStore

LOOK_SECONDS = 30.0
RETRY = timedelta(minutes=5)

_log = structlog.get_logger(__name__)


class Renewals:
    """Any number of processes may run it: a channel whose time has come is taken by one of them."""

    def __init__(self, registrations: RegistrationStore, subscriber: Subscriber) -> None:
        self._registrations = registrations
        self._subscriber = subscriber

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.renew_due()
            except StorageError as error:
                _log.warning("webhooks_not_renewed", error=str(error)[:300])
            await asyncio.sleep(LOOK_SECONDS * random.uniform(0.8, 1.0))

    async def renew_due(self) -> None:
        """Renew what is due, one after the other. Raises a StorageError."""
        while (channel_id := await self._registrations.take_due(RETRY)) is not None:
            try:
                await self._subscriber.subscribe(channel_id)
            except InventoryError as error:
                _log.warning("webhook_not_renewed", channel=channel_id, reason=error.message)
                await self._registrations.failed(channel_id, error.message)
