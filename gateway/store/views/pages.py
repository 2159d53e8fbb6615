"""Reading documents that are listed by the time of their creation, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import DESCENDING
from pymongo.errors import PyMongoError

from gateway.store.driver import Document, as_storage_error

Place = tuple[int, str]
"""Where a page ended: creation of its last document, in milliseconds since 1970, and its id."""

MILLISECONDS_MAX = 5_000
"""Limit of one listing at the server, since a filter may match little of much."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AGE_MAX = 2**47


def place_of(created_at: datetime, document_id: str) -> Place:
    return (created_at - _EPOCH) // timedelta(milliseconds=1), document_id


async def newest_first(
    collection: Any,
    query: Mapping[str, Any],
    after: Place | None,
    limit: int,
    *,
    field: str = "createdAt",
    without: Sequence[str] = (),
) -> list[Document]:
    """Up to `limit` matching documents by `field`, a time, from the one after `after` on; some fields left out."""
    conditions = [query]
    if after is not None:
        age, document_id = after
        at = _EPOCH + timedelta(milliseconds=min(max(age, 0), _AGE_MAX))
        conditions.append({"$or": [{field: {"$lt": at}}, {field: at, "_id": {"$lt": document_id}}]})
    found = collection.find({"$and": conditions}, dict.fromkeys(without, 0) or None, max_time_ms=MILLISECONDS_MAX)
    try:
        documents: list[Document] = (
            await found.sort([(field, DESCENDING), ("_id", DESCENDING)]).limit(limit).to_list(limit)
        )
    except PyMongoError as error:
        raise as_storage_error(error) from error
    return documents


async def one(collection: Any, document_id: str) -> Document | None:
    try:
        document: Document | None = await collection.find_one({"_id": document_id})
    except PyMongoError as error:
        raise as_storage_error(error) from error
    return document
