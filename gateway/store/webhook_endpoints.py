"""Webhook endpoints as MongoDB documents."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bson import Binary
from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError, PyMongoError

from gateway.inventory.webhook_endpoints import EventType, WebhookEndpoint
from gateway.store.driver import Database, Document, as_storage_error

ENDPOINTS = "webhook_endpoints"
ENDPOINTS_MAX = 50


class WebhookEndpointStore:
    """Found by id alone, or all of them: there are few."""

    def __init__(self, database: Database) -> None:
        self._endpoints = database[ENDPOINTS]

    async def all(self) -> list[WebhookEndpoint]:
        try:
            documents = await self._endpoints.find().sort("_id", ASCENDING).limit(ENDPOINTS_MAX).to_list(ENDPOINTS_MAX)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [_read(document) for document in documents]

    async def get(self, endpoint_id: str) -> WebhookEndpoint | None:
        try:
            document = await self._endpoints.find_one({"_id": endpoint_id})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return None if document is None else _read(document)

    async def insert(self, endpoint: WebhookEndpoint) -> bool:
        """False where there is one with its id."""
        try:
            await self._endpoints.insert_one({**_document(endpoint), "_id": endpoint.id, "revision": 1})
        except DuplicateKeyError:
            return False
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return True

    async def replace(self, endpoint: WebhookEndpoint) -> WebhookEndpoint | None:
        """Store a changed endpoint; None where it was changed meanwhile, or deleted."""
        after = replace(endpoint, revision=endpoint.revision + 1)
        known = {"_id": endpoint.id, "revision": endpoint.revision}
        try:
            answer = await self._endpoints.replace_one(known, {**_document(after), "revision": after.revision})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return after if answer.matched_count else None

    async def delete(self, endpoint_id: str) -> bool:
        try:
            answer = await self._endpoints.delete_one({"_id": endpoint_id})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return bool(answer.deleted_count)


def _document(endpoint: WebhookEndpoint) -> Document:
    return {
        "url": endpoint.url,
        "description": endpoint.description,
        "eventTypes": [event_type.value for event_type in endpoint.event_types],
        "sealed": Binary(endpoint.sealed),
        "enabled": endpoint.enabled,
        "disabledBecause": endpoint.disabled_because,
        "failingSince": endpoint.failing_since,
        "rotatedUntil": endpoint.rotated_until,
        "createdAt": endpoint.created_at,
        "updatedAt": endpoint.updated_at,
    }


def _read(document: dict[str, Any]) -> WebhookEndpoint:
    return WebhookEndpoint(
        id=document["_id"],
        url=document["url"],
        description=document["description"],
        event_types=tuple(EventType(name) for name in document["eventTypes"]),
        sealed=bytes(document["sealed"]),
        enabled=document["enabled"],
        disabled_because=document["disabledBecause"],
        failing_since=document["failingSince"],
        rotated_until=document["rotatedUntil"],
        created_at=document["createdAt"],
        updated_at=document["updatedAt"],
        revision=document["revision"],
    )
