"""Reconciliations as MongoDB documents: the latest of each channel, and when the next is due."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from gateway.inventory.discoveries import RunState
from gateway.inventory.drifts import ReconcileMode, Reconciliation
from gateway.store.driver import Database, Document, as_storage_error

DUE_MAX = 1_000
ACTIVE_STATES = [RunState.REQUESTED.value, RunState.RUNNING.value]


class ReconciliationStore:
    """Keeps one reconciliation per channel, and its schedule."""

    def __init__(self, database: Database) -> None:
        self._reconciliations = database["reconciliations"]

    async def get(self, channel_id: str) -> Reconciliation | None:
        """None also while there is only a schedule."""
        try:
            document = await self._reconciliations.find_one({"_id": channel_id, "run_id": {"$exists": True}})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return None if document is None else _read(document)

    async def begin(self, run: Reconciliation) -> None:
        """Put it in the place of the channel's last one."""
        await self._replace({"_id": run.channel_id}, run, upsert=True)

    async def save(self, run: Reconciliation) -> bool:
        """Store how far it has come; False when another one of the channel was begun meanwhile."""
        return await self._replace({"_id": run.channel_id, "run_id": run.run_id}, run, upsert=False)

    async def schedule(self, times: Collection[tuple[str, datetime]]) -> None:
        """First times of channels that have none."""
        writes = [UpdateOne({"_id": at[0]}, {"$setOnInsert": {"next_at": at[1]}}, upsert=True) for at in times]
        if not writes:
            return
        try:
            await self._reconciliations.bulk_write(writes, ordered=False)
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def bring_forward(self, channel_id: str, now: datetime, idle_since: datetime) -> None:
        """Make the next one due now, unless one is under way or the last ended later than `idle_since`."""
        wanted = {
            "_id": channel_id,
            "state": {"$nin": ACTIVE_STATES},
            "next_at": {"$gt": now},
            "$or": [{"finished_at": None}, {"finished_at": {"$lte": idle_since}}],
        }
        try:
            await self._reconciliations.update_one(wanted, {"$set": {"next_at": now}})
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def due(self, now: datetime) -> dict[str, bool]:
        """Channels to reconcile: whether a run of theirs was asked for or broken off, rather than scheduled."""
        wanted = {"$or": [{"state": {"$in": ACTIVE_STATES}}, {"next_at": {"$lte": now}}]}
        try:
            found = await self._reconciliations.find(wanted, {"state": 1}).to_list(DUE_MAX)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return {document["_id"]: document.get("state") in ACTIVE_STATES for document in found}

    async def scheduled(self) -> set[str]:
        """Ids of the channels that have a time."""
        try:
            found = await self._reconciliations.find({"next_at": {"$ne": None}}, {"_id": 1}).to_list(DUE_MAX)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return {document["_id"] for document in found}

    async def _replace(self, wanted: Document, run: Reconciliation, *, upsert: bool) -> bool:
        try:
            answer = await self._reconciliations.replace_one(wanted, _document(run), upsert=upsert)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return bool(answer.matched_count)


def _document(run: Reconciliation) -> Document:
    document = asdict(run)
    document["_id"] = document.pop("channel_id")
    document["mode"], document["state"] = run.mode.value, run.state.value
    document["updated_at"] = datetime.now(UTC)
    return document


def _read(document: dict[str, Any]) -> Reconciliation:
    values = {name: value for name, value in document.items() if name != "_id"}
    values["mode"], values["state"] = ReconcileMode(values["mode"]), RunState(values["state"])
    return Reconciliation(channel_id=document["_id"], **values)
