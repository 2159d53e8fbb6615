"""API keys. Only the SHA-256 of a secret is stored: it has 256 random bits, so a slow hash would add nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import PyMongoError

from gateway.inventory.access import ApiKey, Scope
from gateway.store.driver import Database, Document, as_storage_error

API_KEYS = "api_keys"
KEYS_MAX = 1_000

API_KEY_INDEXES = [IndexModel([("hash", ASCENDING)], unique=True)]


class ApiKeyStore:
    """Implements `gateway.operations.keys.KeyRepository`."""

    def __init__(self, database: Database) -> None:
        self._keys = database[API_KEYS]

    async def add(self, key: ApiKey, secret_hash: str) -> None:
        await self._run(self._keys.insert_one(_document(key) | {"hash": secret_hash}))

    async def all(self) -> list[ApiKey]:
        """Every key, revoked ones included, the oldest first."""
        documents = await self._run(self._keys.find().sort("createdAt", ASCENDING).limit(KEYS_MAX).to_list(KEYS_MAX))
        return [_read(document) for document in documents]

    async def by_hash(self, secret_hash: str) -> ApiKey | None:
        document = await self._run(self._keys.find_one({"hash": secret_hash}))
        return _read(document) if document else None

    async def revoke(self, name_or_id: str, at: datetime) -> int:
        """Revoke the key of that id, or every key of that name; how many were still valid."""
        query = {"$or": [{"_id": name_or_id}, {"name": name_or_id}], "revokedAt": None}
        result = await self._run(self._keys.update_many(query, {"$set": {"revokedAt": at}}))
        return int(result.modified_count)

    async def used(self, key_id: str, at: datetime) -> None:
        await self._run(self._keys.update_one({"_id": key_id}, {"$max": {"lastUsedAt": at}}))

    async def _run(self, work: Any) -> Any:
        try:
            return await work
        except PyMongoError as error:
            raise as_storage_error(error) from error


def _document(key: ApiKey) -> Document:
    return {
        "_id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "createdAt": key.created_at,
        "revokedAt": key.revoked_at,
        "lastUsedAt": key.last_used_at,
    }


def _read(document: Document) -> ApiKey:
    return ApiKey(
        id=document["_id"],
        name=document["name"],
        scopes=frozenset(Scope(scope) for scope in document["scopes"]),
        created_at=document["createdAt"],
        revoked_at=document["revokedAt"],
        last_used_at=document["lastUsedAt"],
    )
