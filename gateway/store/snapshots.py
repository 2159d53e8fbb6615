"""Several reads of one moment, while others go on writing."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from pymongo.errors import OperationFailure, PyMongoError

from gateway.inventory.ports import StoreUnavailable
from gateway.store.driver import Database, Document, as_storage_error

MILLISECONDS_MAX = 4_500
"""Limit of one read at the server: just below that of the connection, so that the server's own words arrive."""

TRIES = 4
RETRY_SECONDS = 0.05

# The collection or an index was made after the moment that the server chose, or the moment is too long ago.
_MOMENT_GONE = (246, 239)

T = TypeVar("T")


class Snapshot:
    """Reads as of one moment; not more than one at a time."""

    def __init__(self, database: Database, session: Any) -> None:
        self._database = database
        self._session = session

    async def find(self, collection: str, query: Mapping[str, Any], limit: int, **options: Any) -> list[Document]:
        """Up to `limit` documents; `options` as the driver's `find` has them."""
        options = {"max_time_ms": MILLISECONDS_MAX, **options}
        cursor = self._database[collection].find(query, limit=limit, session=self._session, **options)
        documents: list[Document] = await cursor.to_list(limit)
        return documents

    async def aggregate(
        self, collection: str, pipeline: Sequence[Mapping[str, Any]], **options: Any
    ) -> AsyncIterator[Document]:
        """The documents that a pipeline yields; `options` as the driver's `aggregate` has them."""
        options = {"maxTimeMS": MILLISECONDS_MAX, **options}
        cursor = self._database[collection].aggregate(list(pipeline), session=self._session, **options)
        async for document in await cursor if inspect.isawaitable(cursor) else cursor:
            yield document


async def in_snapshot(database: Database, work: Callable[[Snapshot], Awaitable[T]]) -> T:
    """Do `work` on one moment's data, begun anew on a newer moment where the server can no longer tell of the old one.

    Raises a StorageError.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            starting = database.client.start_session(snapshot=True)
            session = await starting if inspect.isawaitable(starting) else starting
            try:
                return await work(Snapshot(database, session))
            finally:
                await session.end_session()
        except OperationFailure as error:
            if error.code not in _MOMENT_GONE or tries_left == 0:
                raise as_storage_error(error) from error
            await asyncio.sleep(RETRY_SECONDS)
        except PyMongoError as error:
            raise as_storage_error(error) from error
    raise StoreUnavailable("the database could not read one moment's data")
