"""Leases with fencing tokens: at most one process at a time does a thing, and a late one can be told apart.

Times are the database server's, so the clocks of the gateway's machines need not agree.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from gateway.store.driver import Database, Document, as_storage_error, is_duplicate_key


@dataclass(frozen=True, slots=True)
class Lease:
    """`token` grows with every change of owner; `valid_until` is on this process's monotonic clock, in seconds."""

    name: str
    owner: str
    token: int
    valid_until: float

    @property
    def seconds_left(self) -> float:
        return self.valid_until - time.monotonic()


class LeaseStore:
    """Takes, renews and gives up leases of `ttl_seconds`."""

    def __init__(self, database: Database, owner: str, ttl_seconds: float) -> None:
        """`owner` is unique to this process."""
        self._leases = database["leases"]
        self._owner = owner
        self.ttl_seconds = ttl_seconds

    async def acquire(self, name: str) -> Lease | None:
        """Take a free or expired lease, or renew one's own; None while another owner holds it."""
        # Counted from before the request, so that our own view always ends earlier than the server's.
        started = time.monotonic()
        try:
            document: dict[str, Any] = await self._leases.find_one_and_update(
                {"_id": name}, [{"$set": self._claim()}], upsert=True, return_document=ReturnDocument.AFTER
            )
        except PyMongoError as error:
            # Two owners have made the lease at the same moment, and the other one was first.
            if is_duplicate_key(error):
                return None
            raise as_storage_error(error) from error
        if document["owner"] != self._owner:
            return None
        return Lease(name, self._owner, document["token"], started + self.ttl_seconds)

    def _claim(self) -> Document:
        """Changes nothing while another owner's time is not up: an upsert's filter cannot look at the clock."""
        free = {"$lte": [{"$ifNull": ["$expiresAt", "$$NOW"]}, "$$NOW"]}
        mine = {"$eq": ["$owner", self._owner]}
        ours = {"$or": [mine, free]}
        token = {"$ifNull": ["$token", 0]}
        expiry = {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": int(self.ttl_seconds * 1_000)}}
        return {
            "owner": {"$cond": [ours, {"$literal": self._owner}, "$owner"]},
            "token": {"$cond": [mine, token, {"$cond": [free, {"$add": [token, 1]}, token]}]},
            "expiresAt": {"$cond": [ours, expiry, "$expiresAt"]},
        }

    async def release(self, lease: Lease) -> None:
        """Let the next owner take over at once; nothing happens when the lease is no longer ours."""
        try:
            await self._leases.update_one(
                {"_id": lease.name, "owner": self._owner, "token": lease.token},
                [{"$set": {"owner": None, "expiresAt": "$$NOW"}}],
            )
        except PyMongoError as error:
            raise as_storage_error(error) from error
