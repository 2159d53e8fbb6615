"""The one module that knows the MongoDB driver: Motor, or PyMongo's own asynchronous client.

The two differ in which calls are awaited; everything else in `store/` uses what they share. Motor is in its
critical-fixes-only period, so `GATEWAY_MONGODB_DRIVER=pymongo` must always be able to replace it.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient, ReadPreference, WriteConcern
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteConcernError,
)
from pymongo.read_concern import ReadConcern

from gateway.inventory.ports import CommitUnknown, StorageError, StoreUnavailable, WriteConflict
from gateway.store.cancellation import mend_wait_for

Document = dict[str, Any]

_log = structlog.get_logger(__name__)

mend_wait_for()

DURABLE = WriteConcern("majority", j=True)
COMMIT_TRIES = 3
TRANSACTION_LIFETIME_SECONDS = 3
"""How long the server keeps the transaction of a process that died: until then its documents are blocked."""

_DUPLICATE_KEY = 11000
_TRANSIENT = "TransientTransactionError"
_UNKNOWN_COMMIT = "UnknownTransactionCommitResult"


class Database:
    """A connected database. Its collections are the driver's own, with durable writes and aware datetimes."""

    def __init__(self, uri: str, name: str, *, driver: str = "pymongo", timeout_seconds: float = 5.0) -> None:
        milliseconds = int(timeout_seconds * 1000)
        options: dict[str, Any] = {
            "serverSelectionTimeoutMS": milliseconds,
            "connectTimeoutMS": milliseconds,
            "socketTimeoutMS": milliseconds,
            "waitQueueTimeoutMS": milliseconds,
            "maxPoolSize": 50,
            "appname": "inventory-gateway",
        }
        self.client: Any = (AsyncIOMotorClient if driver == "motor" else AsyncMongoClient)(uri, **options)
        self.handle: Any = self.client.get_database(
            name,
            codec_options=CodecOptions(tz_aware=True),
            read_preference=ReadPreference.PRIMARY,
            write_concern=DURABLE,
            read_concern=ReadConcern("majority"),
        )
        self.timeout_seconds = timeout_seconds

    def __getitem__(self, collection: str) -> Any:
        return self.handle[collection]

    async def ping(self) -> None:
        """Raise StoreUnavailable unless a primary answers."""
        try:
            await self.handle.command("ping")
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def limit_transaction_lifetime(self) -> None:
        """Ask the server to end abandoned transactions after seconds instead of its default of a minute.

        A user without the right to set server parameters can still run the gateway; then the stock that a killed
        process was just writing stays blocked for up to a minute, which the log says.
        """
        command = {"setParameter": 1, "transactionLifetimeLimitSeconds": TRANSACTION_LIFETIME_SECONDS}
        try:
            await self.client.admin.command(command)
        except OperationFailure as error:
            _log.warning("transaction_lifetime_not_limited", error=str(error)[:300])
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def aggregate(
        self, collection: str, pipeline: Sequence[Mapping[str, Any]], length: int, **options: Any
    ) -> list[Document]:
        """Run a pipeline and return at most `length` documents."""
        cursor = await _settled(self.handle[collection].aggregate(list(pipeline), **options))
        documents: list[Document] = await cursor.to_list(length)
        return documents

    @asynccontextmanager
    async def watch(self, collection: str, pipeline: Sequence[Mapping[str, Any]], **options: Any) -> AsyncIterator[Any]:
        """A change stream on one collection, closed at the end."""
        stream = await _settled(self.handle[collection].watch(list(pipeline), **options))
        try:
            yield stream
        finally:
            await stream.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """A session inside a transaction, committed at the end and aborted on any error.

        Raises WriteConflict, StoreUnavailable or CommitUnknown. The body's own exceptions pass through.
        """
        try:
            session = await _settled(self.client.start_session())
        except PyMongoError as error:
            raise as_storage_error(error) from error
        try:
            await _settled(session.start_transaction(read_concern=ReadConcern("snapshot"), write_concern=DURABLE))
            try:
                yield session
            except PyMongoError as error:
                raise as_storage_error(error) from error
            await self._commit(session)
        finally:
            # Ending the session aborts a transaction that is still open, so every way out of the body ends it.
            await session.end_session()

    async def _commit(self, session: Any) -> None:
        for tries_left in reversed(range(COMMIT_TRIES)):
            try:
                await session.commit_transaction()
                return
            except PyMongoError as error:
                if error.has_error_label(_TRANSIENT) or not error.has_error_label(_UNKNOWN_COMMIT):
                    raise as_storage_error(error) from error
                if tries_left == 0:
                    await self._kill(session)
                    raise CommitUnknown(str(error)) from error

    async def _kill(self, session: Any) -> None:
        """End whatever the session still holds open at the server: it would block its documents for a minute."""
        try:
            await self.client.admin.command({"killSessions": [session.session_id]})
        except PyMongoError as error:
            # The database is away; what it still held open ends with its transaction lifetime.
            _log.warning("session_not_killed", error=str(error)[:300])

    async def close(self) -> None:
        if inspect.iscoroutinefunction(self.client.close):
            await self.client.close()
        else:
            # Motor's close talks to the server without yielding to the event loop.
            await asyncio.to_thread(self.client.close)


def as_storage_error(error: PyMongoError) -> StorageError:
    """What a driver's error means to the operations."""
    if error.has_error_label(_TRANSIENT) or is_duplicate_key(error):
        if isinstance(error, ConnectionFailure):
            return StoreUnavailable(str(error))
        return WriteConflict(str(error))
    if isinstance(error, AutoReconnect | ConnectionFailure | ServerSelectionTimeoutError):
        return StoreUnavailable(str(error))
    # Written, but perhaps not for good: the primary shuts down (which it does not always label as to be tried again),
    # or too few of the others answer.
    if isinstance(error, WriteConcernError) or (isinstance(error, BulkWriteError) and _only_concern(error)):
        return StoreUnavailable(str(error))
    if isinstance(error, OperationFailure) and error.timeout:
        return StoreUnavailable(str(error))
    return StorageError(str(error))


def is_duplicate_key(error: PyMongoError) -> bool:
    """Whether a unique index refused the write."""
    if isinstance(error, DuplicateKeyError):
        return True
    return isinstance(error, OperationFailure) and error.code == _DUPLICATE_KEY


def only_duplicates(error: BulkWriteError) -> bool:
    """Whether a bulk write failed at nothing but documents that are there already."""
    details = error.details
    return not details["writeConcernErrors"] and all(one["code"] == _DUPLICATE_KEY for one in details["writeErrors"])


def _only_concern(error: BulkWriteError) -> bool:
    return bool(error.details["writeConcernErrors"]) and not error.details["writeErrors"]


async def _settled(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value
