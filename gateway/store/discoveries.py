"""Discoveries as MongoDB documents: the latest of each channel."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pymongo.errors import PyMongoError

from gateway.inventory.discoveries import Discovery, RunState, Twice
from gateway.store.driver import Database, Document, as_storage_error

ACTIVE_STATES = [RunState.REQUESTED.value, RunState.RUNNING.value]
ACTIVE_MAX = 1_000


class DiscoveryStore:
    """Keeps one discovery per channel."""

    def __init__(self, database: Database) -> None:
        self._discoveries = database["discoveries"]

    async def get(self, channel_id: str) -> Discovery | None:
        try:
            document = await self._discoveries.find_one({"_id": channel_id})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return None if document is None else _read(document)

    async def save(self, discovery: Discovery) -> bool:
        """Store how far it has come; False when another discovery was begun meanwhile, or this one is further."""
        wanted = {"_id": discovery.channel_id, "run_id": discovery.run_id, "pages": {"$lte": discovery.pages}}
        try:
            answer = await self._discoveries.replace_one(wanted, _document(discovery))
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return bool(answer.matched_count)

    async def begin(self, discovery: Discovery) -> None:
        """Put it in the place of the channel's last one."""
        try:
            await self._discoveries.replace_one({"_id": discovery.channel_id}, _document(discovery), upsert=True)
        except PyMongoError as error:
            raise as_storage_error(error) from error

    async def active(self) -> list[str]:
        """Ids of the channels whose discovery is to be begun or gone on with."""
        try:
            found = await self._discoveries.find({"state": {"$in": ACTIVE_STATES}}, {"_id": 1}).to_list(ACTIVE_MAX)
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return [document["_id"] for document in found]


def _document(discovery: Discovery) -> Document:
    document = asdict(discovery)
    document["_id"] = document.pop("channel_id")
    document["state"] = discovery.state.value
    document["updated_at"] = datetime.now(UTC)
    document["unmatched_skus"] = list(discovery.unmatched_skus)
    # Pairs: a platform's names are no field names of ours.
    document["twice_skus"] = [
        [some.sku, [list(pair) for pair in some.ids.items()], some.reason] for some in discovery.twice_skus
    ]
    return document


def _read(document: dict[str, Any]) -> Discovery:
    values = {name: value for name, value in document.items() if name != "_id"}
    values["state"] = RunState(values["state"])
    values["unmatched_skus"] = tuple(values["unmatched_skus"])
    values["twice_skus"] = tuple(Twice(sku, dict(ids), reason) for sku, ids, reason in values["twice_skus"])
    return Discovery(channel_id=document["_id"], **values)
