"""API keys: made once, shown once, stored as a hash, revoked at any time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Protocol
from uuid import uuid4

from cachetools import TTLCache

from gateway.inventory.access import ApiKey, Principal, Scope
from gateway.inventory.errors import Code, Conflict, NotFound
from gateway.inventory.identifiers import check_count, check_slug
from gateway.operations.reclaiming import SYSTEM

SECRET_PREFIX = "igw_"
REVOCATION_SECONDS_MAX = 2.0
"""How long a revoked key may still work in a process that has just used it."""

# Less than that, since a look-up takes a while, and it is what it found at its beginning that is remembered.
CACHED_SECONDS = 1.5
CACHED_KEYS_MAX = 10_000
USE_NOTED_EVERY = timedelta(minutes=1)


class KeyRepository(Protocol):
    """Where keys are kept."""

    async def add(self, key: ApiKey, secret_hash: str) -> None: ...

    async def all(self) -> list[ApiKey]: ...

    def by_hash(self, secret_hash: str) -> Coroutine[None, None, ApiKey | None]: ...

    async def revoke(self, name_or_id: str, at: datetime) -> int: ...

    async def used(self, key_id: str, at: datetime) -> None: ...


class KeyOperations:
    """Creates, lists, revokes and recognises API keys."""

    def __init__(self, keys: KeyRepository) -> None:
        self._keys = keys
        self._known: TTLCache[str, ApiKey] = TTLCache(CACHED_KEYS_MAX, CACHED_SECONDS)
        self._searches: dict[str, asyncio.Task[ApiKey | None]] = {}
        self._noted: TTLCache[str, bool] = TTLCache(CACHED_KEYS_MAX, USE_NOTED_EVERY.total_seconds())

    async def create(self, name: str, scopes: Collection[Scope]) -> str:
        """Make a key for the client `name`; the returned secret is not stored and cannot be shown again."""
        check_slug(name, ("name",))
        if name == SYSTEM:
            # What the gateway does by itself has idempotency keys of its own under this name.
            raise Conflict(Code.TAKEN, f"The name '{SYSTEM}' is the gateway's own. Choose another one.", ("name",))
        check_count(scopes, ("scopes",), len(Scope))
        secret = SECRET_PREFIX + secrets.token_urlsafe(32)
        key = ApiKey(uuid4().hex[:12], name, frozenset(scopes), datetime.now(UTC))
        await self._keys.add(key, _hash(secret))
        return secret

    async def all(self) -> Sequence[ApiKey]:
        """Every key, revoked ones included, the oldest first."""
        return await self._keys.all()

    async def revoke(self, name_or_id: str) -> int:
        """Revoke one key by id or every key of a client by name; how many. Raises NotFound where none is valid.

        Every process refuses the key within `REVOCATION_SECONDS_MAX`.
        """
        revoked = await self._keys.revoke(name_or_id, datetime.now(UTC))
        self._known.clear()
        if revoked == 0:
            raise NotFound(Code.KEY_NOT_FOUND, f"There is no valid key with the name or id '{name_or_id}'.", ("key",))
        return revoked

    async def authenticate(self, secret: str) -> Principal | None:
        """The client that holds this secret; None when it is unknown or revoked.

        The look-up is by the secret's hash, so its time tells nothing about the secrets that exist.
        """
        digest = _hash(secret)
        key = self._known.get(digest)
        if key is None:
            key = await self._find(digest)
            if key is None or key.revoked_at is not None:
                return None
            self._known[digest] = key
        if key.id not in self._noted:
            self._noted[key.id] = True
            await self._keys.used(key.id, datetime.now(UTC))
        return key.principal

    async def _find(self, digest: str) -> ApiKey | None:
        """Look a key up once for all requests that come with it meanwhile."""
        search = self._searches.get(digest)
        if search is None:
            search = self._searches[digest] = asyncio.create_task(self._keys.by_hash(digest))
            search.add_done_callback(lambda _: self._searches.pop(digest))
        # Shielded: a caller that is cancelled must not cancel what others wait for too.
        return await asyncio.shield(search)


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
