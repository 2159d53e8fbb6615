"""What is owed to webhook endpoints, as MongoDB documents."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from bson import Binary
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import BulkWriteError, PyMongoError

from gateway.inventory.deliveries import Attempt, Delivery, DeliveryState
from gateway.inventory.webhook_endpoints import EventType
from gateway.store.driver import Database, Document, as_storage_error, only_duplicates
from gateway.store.views.pages import Place, newest_first, one

DELIVERIES = "webhook_deliveries"
KEPT = timedelta(days=30)

_PENDING = {"state": DeliveryState.PENDING.value}

DELIVERY_INDEXES = [
    IndexModel([("createdAt", ASCENDING)], expireAfterSeconds=int(KEPT.total_seconds())),
    # What is due at one endpoint, the oldest first.
    IndexModel([("endpointId", ASCENDING), ("nextAt", ASCENDING)], partialFilterExpression=_PENDING),
    # The queries of people.
    IndexModel([("endpointId", ASCENDING), ("createdAt", DESCENDING), ("_id", DESCENDING)]),
    IndexModel([("state", ASCENDING), ("createdAt", DESCENDING), ("_id", DESCENDING)]),
    IndexModel([("createdAt", DESCENDING), ("_id", DESCENDING)]),
]


class DeliveryStore:
    """Owes each message to each endpoint once."""

    def __init__(self, database: Database) -> None:
        self._deliveries = database[DELIVERIES]

    async def owe(self, deliveries: Sequence[Delivery]) -> None:
        """Store those that are not known by their ids yet."""
        if not deliveries:
            return
        documents = [{**_document(delivery), "_id": delivery.id} for delivery in deliveries]
        try:
            await self._deliveries.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            if not only_duplicates(error):
                raise as_storage_error(error) from error
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def due(self, endpoint_id: str, now: datetime, limit: int) -> list[Delivery]:
        """What is to be sent to the endpoint now, the longest due first."""
        wanted = {**_PENDING, "endpointId": endpoint_id, "nextAt": {"$lte": now}}
        try:
            documents = await self._deliveries.find(wanted).sort("nextAt", ASCENDING).limit(limit).to_list(limit)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [_read(document) for document in documents]

    async def replace(self, delivery: Delivery) -> None:
        try:
            await self._deliveries.replace_one({"_id": delivery.id}, _document(delivery))
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def get(self, delivery_id: str) -> Delivery | None:
        document = await one(self._deliveries, delivery_id)
        return None if document is None else _read(document)

    async def page(
        self, endpoint_id: str | None, states: Collection[DeliveryState], after: Place | None, limit: int
    ) -> list[Delivery]:
        """Newest first, from the delivery after `after` on; of any endpoint, and in any state, where none is named."""
        wanted: Document = {} if endpoint_id is None else {"endpointId": endpoint_id}
        if states:
            wanted["state"] = {"$in": [state.value for state in states]}
        return [_read(document) for document in await newest_first(self._deliveries, wanted, after, limit)]

    async def forget(self, endpoint_id: str) -> None:
        """Owe an endpoint nothing any more."""
        try:
            await self._deliveries.delete_many({"endpointId": endpoint_id})
        except PyMongoError as error:
            raise as_storage_error(error) from error


def _document(delivery: Delivery) -> Document:
    return {
        "messageId": delivery.message_id,
        "endpointId": delivery.endpoint_id,
        "eventType": delivery.event_type.value,
        "body": Binary(delivery.body),
        "state": delivery.state.value,
        "attempts": [
            {
                "at": attempt.at,
                "durationMs": attempt.duration_ms,
                "status": attempt.status,
                "error": attempt.error,
            }
            for attempt in delivery.attempts
        ],
        "nextAt": delivery.next_at,
        "createdAt": delivery.created_at,
    }


def _read(document: dict[str, Any]) -> Delivery:
    return Delivery(
        id=document["_id"],
        message_id=document["messageId"],
        endpoint_id=document["endpointId"],
        event_type=EventType(document["eventType"]),
        body=bytes(document["body"]),
        state=DeliveryState(document["state"]),
        attempts=tuple(
            Attempt(attempt["at"], attempt["durationMs"], attempt["status"], attempt["error"])
            for attempt in document["attempts"]
        ),
        next_at=document["nextAt"],
        created_at=document["createdAt"],
    )
