"""When our webhook was last registered at each channel's platform, and when that is to be renewed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pymongo import ASCENDING, IndexModel
from pymongo.errors import PyMongoError

from gateway.inventory.registrations import Registration
from gateway.store.driver import Database, as_storage_error

REGISTRATIONS = "registrations"
ERROR_LENGTH_MAX = 500

REGISTRATION_INDEXES = [IndexModel([("dueAt", ASCENDING)])]


class RegistrationStore:
    """One document per channel that was ever subscribed."""

    def __init__(self, database: Database) -> None:
        self._registrations = database[REGISTRATIONS]

    async def renewed(self, channel_id: str, by_hand: Sequence[str], due_in: timedelta) -> None:
        """It has just been registered, and is to be again after `due_in`."""
        now = datetime.now(UTC)
        document = {"renewedAt": now, "byHand": list(by_hand), "error": None, "dueAt": now + due_in}
        try:
            await self._registrations.replace_one({"_id": channel_id}, document, upsert=True)
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def take_due(self, retry_in: timedelta) -> str | None:
        """A channel whose time has come, for this process alone; it is due again after `retry_in` unless renewed."""
        now = datetime.now(UTC)
        try:
            document = await self._registrations.find_one_and_update(
                {"dueAt": {"$lte": now}}, {"$set": {"dueAt": now + retry_in}}, sort=[("dueAt", ASCENDING)]
            )
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return None if document is None else document["_id"]

    async def failed(self, channel_id: str, reason: str) -> None:
        change = {"$set": {"error": reason[:ERROR_LENGTH_MAX]}}
        try:
            await self._registrations.update_one({"_id": channel_id}, change)
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def of(self, channel_id: str) -> Registration | None:
        """None where the channel was never subscribed."""
        try:
            document = await self._registrations.find_one({"_id": channel_id})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        if document is None:
            return None
        return Registration(channel_id, document["renewedAt"], tuple(document["byHand"]), document["error"])
