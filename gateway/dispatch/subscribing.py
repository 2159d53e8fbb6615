"""Asking a platform to tell us of its orders."""

from __future__ import annotations

from datetime import timedelta

import structlog

from connectors.errors import ConnectorError, Retriable
from gateway.dispatch.connections import ChannelUnreadable, Connections
from gateway.inventory.errors import Code, Conflict, InvalidInput, NotFound, Unavailable
from gateway.store.channels import ChannelDirectory
from gateway.store.registrations import RegistrationStore

SUBSCRIBE_SECONDS_MAX = 10.0

_log = structlog.get_logger(__name__)


class Subscriber:
    """Registers our webhook with the platform of a channel."""

    def __init__(
        self,
        directory: ChannelDirectory,
        connections: Connections,
        registrations: RegistrationStore,
        public_url: str | None,
        renew_seconds: float,
    ) -> None:
        """`renew_seconds`: time until a registration is due to be renewed."""
        self._directory = directory
        self._connections = connections
        self._registrations = registrations
        self._renew_in = timedelta(seconds=renew_seconds)
        self._public_url = public_url.rstrip("/") if public_url else None

    async def subscribe(self, channel_id: str) -> tuple[str, ...]:
        """Subscribe, also again, to everything we act on, now and whenever it is due; what a person has to do by hand.

        Raises an InventoryError: CHANNEL_NOT_FOUND, INVALID_INPUT where our own address is not set or the platform
        refuses, UNAVAILABLE where it does not answer.
        """
        channel = await self._directory.get(channel_id)
        if channel is None:
            raise NotFound(Code.CHANNEL_NOT_FOUND, f"There is no channel '{channel_id[:64]}'.", ("channelId",))
        if self._public_url is None:
            message = "Set GATEWAY_PUBLIC_URL to the address that platforms reach this gateway at."
            raise Conflict(Code.INVALID_INPUT, message)
        try:
            connection = self._connections.of(channel)
            flow = connection.connector.subscribe(connection.config, f"{self._public_url}/webhooks/{channel.id}")
            by_hand = await connection.client.run(flow, seconds_max=SUBSCRIBE_SECONDS_MAX)
        except Retriable as error:
            raise Unavailable(Code.UNAVAILABLE, f"The platform did not do it: {error.reason}") from error
        except (ConnectorError, ChannelUnreadable) as error:
            raise InvalidInput(Code.INVALID_INPUT, f"The platform refuses: {error}", ("channelId",)) from error
        await self._registrations.renewed(channel.id, by_hand, self._renew_in)
        _log.info("channel_subscribed", channel=channel.id, by_hand=len(by_hand))
        return by_hand
