"""The webhook endpoint: verify, store in the inbox, answer; the work comes later."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from dataclasses import replace
from datetime import UTC, datetime

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from connectors.errors import ConnectorError, Untrusted
from connectors.exchange import Notification, headers_of
from gateway.dispatch.connections import ChannelUnreadable, Connection, Connections
from gateway.dispatch.reception import Reception
from gateway.inventory.events import EventSource
from gateway.inventory.ports import StorageError
from gateway.store.channels import ChannelDirectory
from gateway.transport.body import read_bounded
from gateway.transport.refusals import RequestRefused

STORE_SECONDS_MAX = 4.0
"""Platforms give up after five seconds and send again."""

_log = structlog.get_logger(__name__)


class Intake:
    """Answers `POST /webhooks/{channelId}`."""

    def __init__(
        self,
        directory: ChannelDirectory,
        connections: Connections,
        reception: Reception,
        *,
        public_url: str | None,
        body_bytes_max: int,
        body_seconds_max: float,
    ) -> None:
        """`public_url` is the address that platforms know us by."""
        self._directory = directory
        self._connections = connections
        self._reception = reception
        self._public_url = public_url.rstrip("/") if public_url else None
        self._body_bytes_max = body_bytes_max
        self._body_seconds_max = body_seconds_max
        self._nobodys_key = secrets.token_bytes(32)

    async def receive(self, request: Request) -> Response:
        """200 once the event is durably stored, or was before; 401 and no trace when it is not proven genuine."""
        try:
            body = await read_bounded(request, self._body_bytes_max, self._body_seconds_max)
        except RequestRefused as refusal:
            return PlainTextResponse(str(refusal), refusal.status, headers=refusal.headers)
        except ClientDisconnect:
            return Response(status_code=400)
        channel_id = request.path_params["channel_id"]
        try:
            async with asyncio.timeout(STORE_SECONDS_MAX):
                return await self._take(channel_id, self._notification(request, body))
        except ChannelUnreadable:
            # Genuine or not: nobody can tell until its secrets are entered again, and it is to be sent again then.
            return _try_again()
        except (StorageError, TimeoutError) as error:
            _log.warning("webhook_not_stored", error=str(error)[:300] or f"not within {STORE_SECONDS_MAX:g} seconds")
            return _try_again()

    async def challenge(self, request: Request) -> Response:
        """Some platforms send their challenge by GET; anything else is nothing to get."""
        channel_id = request.path_params["channel_id"]
        try:
            async with asyncio.timeout(STORE_SECONDS_MAX):
                connection = await self._connection(channel_id)
        except (ChannelUnreadable, StorageError, TimeoutError):
            return _try_again()
        notification = self._notification(request, b"")
        answer = _handshake(channel_id, connection, notification) if connection is not None else None
        return answer or PlainTextResponse("Notifications are posted here.", 405, headers={"Allow": "POST"})

    async def _take(self, channel_id: str, notification: Notification) -> Response:
        connection = await self._connection(channel_id)
        if connection is None:
            # As much work and the same answer as for a forgery, so nobody can try out which channels exist.
            hmac.digest(self._nobodys_key, notification.body, "sha256")
            return _untrusted()
        connector = connection.connector
        if (answer := _handshake(channel_id, connection, notification)) is not None:
            return answer
        try:
            addresses = connector.key_addresses(connection.config, notification)
            keys = await self._connections.public_keys.of(addresses)
            connector.verify(connection.config, replace(notification, public_keys=keys))
        except Untrusted as error:
            _log.warning("webhook_untrusted", channel=channel_id, reason=error.reason)
            return _untrusted()
        except ConnectorError as error:
            _log.warning("webhook_keys_missing", channel=channel_id, reason=error.reason)
            return _try_again()
        await self._reception.take(channel_id, EventSource.WEBHOOK, connector, notification)
        return Response(status_code=200)

    async def _connection(self, channel_id: str) -> Connection | None:
        channel = await self._directory.get(channel_id)
        return None if channel is None else self._connections.of(channel)

    def _notification(self, request: Request, body: bytes) -> Notification:
        url = str(request.url)
        if self._public_url is not None:
            query = f"?{request.url.query}" if request.url.query else ""
            url = f"{self._public_url}{request.url.path}{query}"
        return Notification(body=body, headers=headers_of(request.headers), received_at=datetime.now(UTC), url=url)


def _handshake(channel_id: str, connection: Connection, notification: Notification) -> Response | None:
    reply = connection.connector.handshake(connection.config, notification)
    if reply is None:
        return None
    if reply.note:
        _log.info("webhook_handshake", channel=channel_id, note=reply.note)
    return Response(reply.body, reply.status, media_type=reply.content_type)


def _try_again() -> Response:
    return PlainTextResponse("Try again.", 503, headers={"Retry-After": "5"})


def _untrusted() -> Response:
    return PlainTextResponse("The signature does not fit.", 401)
