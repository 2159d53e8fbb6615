"""Tokens granted against a refresh token, which many platforms let nobody use twice: one process renews a channel's,
all use it, and the next life of the gateway begins with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import structlog

from connectors.auth import Auth, OAuth2, Token
from connectors.errors import Retriable
from gateway.inventory.ports import StorageError
from gateway.operations.platforms import Cipher, SecretsUnreadable
from gateway.store.channel_tokens import ChannelTokenStore, SealedToken
from gateway.store.leases import Lease, LeaseStore

LEASE_SECONDS = 60.0
"""Longer than a grant takes."""
TRIES = 50
TRY_SECONDS = 0.2

_log = structlog.get_logger(__name__)


class SharedTokens:
    """The shelves of all channels."""

    def __init__(self, tokens: ChannelTokenStore, leases: Callable[[], LeaseStore], cipher: Cipher) -> None:
        """`leases` are of another owner each time: what one client renews, no other one of this process does."""
        self._tokens = tokens
        self._leases = leases
        self._cipher = cipher

    def shelf(self, channel_id: str, auth: Auth) -> ChannelShelf | None:
        """None for a channel whose tokens anybody may be granted at any time."""
        if not isinstance(auth, OAuth2) or auth.refresh_token is None:
            return None
        origin = sha256(f"{auth.client_id}/{auth.refresh_token}".encode()).hexdigest()
        return ChannelShelf(channel_id, origin, self._tokens, self._leases(), self._cipher)


class ChannelShelf:
    """Implements `connectors.tokens.TokenShelf`."""

    def __init__(
        self, channel_id: str, origin: str, tokens: ChannelTokenStore, leases: LeaseStore, cipher: Cipher
    ) -> None:
        self._channel_id = channel_id
        self._origin = origin
        self._tokens = tokens
        self._leases = leases
        self._cipher = cipher

    @asynccontextmanager
    async def renewing(self) -> AsyncIterator[Token | None]:
        """Raises Retriable while another process is at it, or a StorageError."""
        lease = await self._lease()
        try:
            yield await self._get()
        finally:
            try:
                await self._leases.release(lease)
            except StorageError as error:
                _log.warning("lease_not_released", error=str(error)[:300])

    async def put(self, token: Token) -> None:
        """Tried hard: without it the next life of the gateway has no way in. Never raises a StorageError."""
        lifetime = token.lifetime_seconds
        expires_at = None if lifetime is None else datetime.now(UTC) + timedelta(seconds=lifetime)
        sealed = self._cipher.encrypt(json.dumps([token.value, token.refresh]).encode())
        for _ in range(TRIES):
            try:
                await self._tokens.put(self._channel_id, SealedToken(self._origin, sealed, expires_at))
                return
            except StorageError as error:
                _log.error("token_not_stored", channel=self._channel_id, error=str(error)[:300])
                await asyncio.sleep(TRY_SECONDS)

    async def _lease(self) -> Lease:
        for _ in range(TRIES):
            lease = await self._leases.acquire(f"token/{self._channel_id}")
            if lease is not None:
                return lease
            await asyncio.sleep(TRY_SECONDS)
        raise Retriable("another process is renewing the channel's token", after_seconds=1.0)

    async def _get(self) -> Token | None:
        stored = await self._tokens.get(self._channel_id)
        if stored is None or stored.origin != self._origin:
            return None
        try:
            value, refresh = json.loads(self._cipher.decrypt(stored.sealed))
        except SecretsUnreadable:
            return None
        left = None if stored.expires_at is None else (stored.expires_at - datetime.now(UTC)).total_seconds()
        return Token(value, left, refresh)
