"""The reorder plan as MongoDB documents: the suggestions of each run, and which run is in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import PyMongoError

from gateway.inventory.inbound import supplier_key
from gateway.planning.suggestions import PlanRun, PlanState, Suggestion, SuggestionFilter, SuggestionState
from gateway.store.driver import Database, Document, as_storage_error, is_duplicate_key
from gateway.store.suggestion_documents import read_suggestion, suggestion_document

SUGGESTIONS = "reorder_suggestions"
KEPT = timedelta(days=90)
"""An accepted suggestion is remembered for so long, so that accepting it again finds what was made of it."""
DELETED_AT_ONCE = 1_000

SUGGESTION_INDEXES = [
    IndexModel([("runId", ASCENDING), ("place", ASCENDING)]),
    IndexModel([("runId", ASCENDING), ("supplierKey", ASCENDING), ("place", ASCENDING)]),
    IndexModel([("runId", ASCENDING), ("locationId", ASCENDING), ("place", ASCENDING)]),
    # What former runs have left behind.
    IndexModel([("state", ASCENDING), ("runId", ASCENDING)]),
    IndexModel([("acceptedAt", ASCENDING)], expireAfterSeconds=int(KEPT.total_seconds())),
]

_STATE = "reorder"


class SuggestionStore:
    """Implements what `gateway.operations.reorder` and `reorder_walk` need of suggestions."""

    def __init__(self, database: Database) -> None:
        self._suggestions = database[SUGGESTIONS]
        self._planning = database["planning"]

    async def state(self) -> PlanState:
        try:
            document = await self._planning.find_one({"_id": _STATE})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return PlanState() if document is None else _read_state(document)

    async def request(self, at: datetime) -> None:
        """Have a plan made that begins later than `at`."""
        try:
            await self._planning.update_one({"_id": _STATE}, {"$max": {"requestedAt": at}}, upsert=True)
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def add(self, suggestions: Sequence[Suggestion]) -> None:
        """Keep those of a run; nobody sees them before the run is in force."""
        if not suggestions:
            return
        try:
            await self._suggestions.insert_many([suggestion_document(one) for one in suggestions], ordered=False)
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def publish(self, run: PlanRun, token: int) -> bool:
        """Put the run in force, and forget what others suggested; False where a newer lease has done so before."""
        document = {
            "runId": run.id,
            "plannedAt": run.planned_at,
            "finishedAt": run.finished_at,
            "items": run.items,
            "suggestions": run.suggestions,
            "token": token,
        }
        ours = {"_id": _STATE, "$or": [{"token": {"$exists": False}}, {"token": {"$lte": token}}]}
        try:
            await self._planning.update_one(ours, {"$set": document}, upsert=True)
        except PyMongoError as error:
            if is_duplicate_key(error):
                return False
            raise as_storage_error(error) from error
        await self._forget_others(run.id)
        return True

    async def get(self, suggestion_id: str) -> Suggestion | None:
        try:
            document = await self._suggestions.find_one({"_id": suggestion_id})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return None if document is None else read_suggestion(document)

    async def page(self, run_id: str, wanted: SuggestionFilter, after: str | None, limit: int) -> list[Suggestion]:
        """By place, behind the place `after`."""
        query: Document = {"runId": run_id}
        if wanted.kind is not None:
            query["kind"] = wanted.kind.value
        if wanted.supplier is not None:
            query["supplierKey"] = supplier_key(wanted.supplier)
        if wanted.location_id is not None:
            query["locationId"] = wanted.location_id
        if after is not None:
            query["place"] = {"$gt": after}
        try:
            found = await self._suggestions.find(query).sort("place", ASCENDING).limit(limit).to_list(limit)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [read_suggestion(document) for document in found]

    async def accept(self, suggestion_id: str, document_id: str, at: datetime) -> None:
        """`document_id` is being made of it; nothing happens the second time."""
        accepted = {"state": SuggestionState.ACCEPTED.value, "documentId": document_id, "acceptedAt": at}
        await self._change(suggestion_id, SuggestionState.OPEN, {"$set": accepted})

    async def reopen(self, suggestion_id: str) -> None:
        """Nothing was made of it."""
        opened = {"state": SuggestionState.OPEN.value, "documentId": None}
        await self._change(suggestion_id, SuggestionState.ACCEPTED, {"$set": opened, "$unset": {"acceptedAt": ""}})

    async def _change(self, suggestion_id: str, state: SuggestionState, change: Document) -> None:
        try:
            await self._suggestions.update_one({"_id": suggestion_id, "state": state.value}, change)
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def _forget_others(self, run_id: str) -> None:
        others = {"state": SuggestionState.OPEN.value, "runId": {"$lt": run_id}}
        try:
            while found := await self._suggestions.find(others, {"_id": 1}).limit(DELETED_AT_ONCE).to_list(None):
                await self._suggestions.delete_many({**others, "_id": {"$in": [one["_id"] for one in found]}})
        except PyMongoError as error:
            raise as_storage_error(error) from error


def _read_state(document: dict[str, Any]) -> PlanState:
    run = None
    if "runId" in document:
        run = PlanRun(
            document["runId"],
            document["plannedAt"],
            document["finishedAt"],
            document["items"],
            document["suggestions"],
        )
    return PlanState(run, document.get("requestedAt"))
