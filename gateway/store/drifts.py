"""Drifts as MongoDB documents; those that are over are kept for a while as the record of what was repaired."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.errors import PyMongoError

from gateway.inventory.drifts import REPAIRABLE, Drift, DriftCause, DriftState
from gateway.store.driver import Database, Document, as_storage_error

KEPT_SECONDS = 90 * 86_400
UNRESOLVED = (DriftState.SUSPECTED, DriftState.OPEN)

DRIFT_INDEXES = [
    # One that is not over per listing and place.
    IndexModel([("key", ASCENDING)], unique=True, partialFilterExpression={"unresolved": True}),
    IndexModel([("channel_id", ASCENDING), ("state", ASCENDING), ("_id", DESCENDING)]),
    IndexModel([("channel_id", ASCENDING), ("_id", DESCENDING)]),
    IndexModel([("resolved_at", ASCENDING)], expireAfterSeconds=KEPT_SECONDS),
]


class DriftStore:
    """Records what was seen, and what became of it."""

    def __init__(self, database: Database) -> None:
        self._drifts = database["drifts"]

    async def unresolved(self, keys: Collection[str]) -> dict[str, Drift]:
        """By key."""
        found = await self._find({"key": {"$in": list(keys)}, "unresolved": True}, len(keys))
        return {drift.key: drift for drift in found}

    async def save(self, drifts: Collection[Drift]) -> None:
        """Store each in the place of the unresolved one with its key, if there is one."""
        writes = []
        for drift in drifts:
            document = _document(drift)
            made = {"_id": document.pop("_id")}
            wanted = {"key": drift.key, "unresolved": True}
            writes.append(UpdateOne(wanted, {"$set": document, "$setOnInsert": made}, upsert=True))
        await self._write(writes)

    async def close(self, ids: Collection[str], state: DriftState, at: datetime) -> None:
        """The drifts are over."""
        change = {"$set": {"state": state.value, "resolved_at": at, "unresolved": False}}
        await self._write([UpdateOne({"_id": some}, change) for some in ids])

    async def close_others(self, channel_id: str, causes: Collection[DriftCause], mark: str, at: datetime) -> None:
        """What was not seen at this look any more has gone by itself."""
        wanted = {
            "channel_id": channel_id,
            "unresolved": True,
            "mark": {"$ne": mark},
            "cause": {"$in": [cause.value for cause in causes]},
        }
        change = {"$set": {"state": DriftState.GONE.value, "resolved_at": at, "unresolved": False}}
        try:
            await self._drifts.update_many(wanted, change)
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def suspected(self, channel_id: str, mark: str) -> bool:
        """Whether this look has found something that needs another one."""
        wanted = {"channel_id": channel_id, "state": DriftState.SUSPECTED.value, "mark": mark}
        return bool(await self._find(wanted, 1))

    async def open_count(self, channel_id: str) -> int:
        return await self._count({"channel_id": channel_id, "state": DriftState.OPEN.value})

    async def planned(self, channel_id: str, mark: str, *, zeros: bool = False) -> int:
        """How many repairs follow from a look; with `zeros`, of those that set the channel to zero."""
        return await self._count(_repairable(channel_id, mark, zeros))

    async def repairable(self, channel_id: str, mark: str, limit: int, *, zeros: bool = False) -> list[Drift]:
        """Some of the planned repairs that are still to be done."""
        return await self._find(_repairable(channel_id, mark, zeros), limit)

    async def page(self, channel_id: str, state: DriftState | None, after: str | None, limit: int) -> list[Drift]:
        """The newest first, those after drift id `after`; without a state, those of every state but SUSPECTED."""
        wanted: Document = {"channel_id": channel_id}
        wanted["state"] = state.value if state is not None else {"$ne": DriftState.SUSPECTED.value}
        if after is not None:
            wanted["_id"] = {"$lt": after}
        return await self._find(wanted, limit, [("_id", DESCENDING)])

    async def _find(self, wanted: Document, limit: int, sort: Sequence[tuple[str, int]] = ()) -> list[Drift]:
        if limit == 0:
            return []
        try:
            cursor = self._drifts.find(wanted).limit(limit)
            found = await (cursor.sort(list(sort)) if sort else cursor).to_list(limit)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [_read(document) for document in found]

    async def _count(self, wanted: Document) -> int:
        try:
            count: int = await self._drifts.count_documents(wanted)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return count

    async def _write(self, writes: list[UpdateOne]) -> None:
        if not writes:
            return
        try:
            await self._drifts.bulk_write(writes, ordered=False)
        except PyMongoError as error:
            raise as_storage_error(error) from error


def _repairable(channel_id: str, mark: str, zeros: bool) -> Document:
    wanted: Document = {
        "channel_id": channel_id,
        "state": DriftState.OPEN.value,
        "mark": mark,
        "cause": {"$in": [cause.value for cause in REPAIRABLE]},
    }
    return {**wanted, "ours": 0, "theirs": {"$gt": 0}} if zeros else wanted


def _document(drift: Drift) -> Document:
    document = asdict(drift)
    document["_id"] = document.pop("id")
    document["cause"], document["state"] = drift.cause.value, drift.state.value
    document["unresolved"] = drift.state in UNRESOLVED
    return document


def _read(document: dict[str, Any]) -> Drift:
    values = {name: value for name, value in document.items() if name not in ("_id", "unresolved")}
    values["cause"], values["state"] = DriftCause(values["cause"]), DriftState(values["state"])
    return Drift(id=document["_id"], **values)
